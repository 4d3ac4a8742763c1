"""Templates compiled once for all languages, and for every composer of this process: compiling takes half a second."""

from collections.abc import MutableMapping
from types import CodeType
from typing import Any

import jinja2
from jinja2.bccache import Bucket

# What a template compiles to depends on the kind of environment, its name and place, and its text.
_codes: dict[tuple[str, str, str], CodeType] = {}


class Fixed(jinja2.Environment):
    """An environment whose globals are complete before its first template, and whose templates do not change.

    Jinja's own way, for each piece of each letter: two tables of globals over one another, walked in Python, and a
    cache behind a lock where each template that another one extends is looked up, and asked whether it is up to date.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._found: dict[str, jinja2.Template] = {}

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        """A template by its name, which is the same wherever it stands."""
        if not isinstance(name, str) or globals:
            return super().get_template(name, parent, globals)
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = super().get_template(name, parent)
        return found

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What a template may name besides its context."""
        return {**self.globals, **(d or {})}


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
