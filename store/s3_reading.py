"""A blob of an S3-compatible store read as a stream; its last bytes come only if all of them were the right ones."""

import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from store.s3_client import Client, Damaged

if TYPE_CHECKING:
    from obstore import GetResult
    from typing_extensions import Buffer

_BLOCK = 1024 * 1024


class Reading(io.RawIOBase):
    """Reads as the bytes come; Damaged at the end when they are not those of the name, StoreAway when they stop."""

    def __init__(self, found: "GetResult", digest: str, client: Client) -> None:
        self._blocks: Iterator[Buffer] = iter(found.stream(min_chunk_size=_BLOCK))
        self._name, self._client = digest, client
        self._digest = hashlib.sha256()
        self._left = memoryview(b"")
        self._ended = False

    def buffered(self) -> BinaryIO:
        """As `open` gives it."""
        return cast("BinaryIO", io.BufferedReader(self, _BLOCK))

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: "Buffer", /) -> int:
        """The next bytes, as many as there are; 0 at the end."""
        room = memoryview(target).cast("B")
        while not self._left and not self._ended:
            self._next()
        taken = min(len(room), len(self._left))
        room[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken

    def _next(self) -> None:
        with self._client.talking("read a blob"):
            block = next(self._blocks, None)
        if block is None:
            self._ended = True
            if self._digest.hexdigest() != self._name:
                raise Damaged(f"the blob {self._name} came from the S3 store with other bytes than it was put with")
            return
        self._left = memoryview(bytes(block))
        self._digest.update(self._left)
