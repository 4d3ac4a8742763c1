"""Templates compiled once for all languages, and for every composer of this process: compiling takes half a second."""

from types import CodeType

import jinja2
from jinja2.bccache import Bucket

# What a template compiles to depends on the kind of environment, its name and place, and its text.
_codes: dict[tuple[str, str, str], CodeType] = {}


class Compiled(jinja2.BytecodeCache):
    """Keeps code in memory. A sandbox compiles the same text to other code: `kind` keeps them apart."""

    def __init__(self, kind: type[jinja2.Environment]) -> None:
        self._kind = kind.__qualname__

    def load_bytecode(self, bucket: Bucket) -> None:
        """The code of a template, where it was compiled before."""
        bucket.code = _codes.get((self._kind, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        if bucket.code is not None:
            _codes[self._kind, bucket.key, bucket.checksum] = bucket.code
