"""Bytes kept under their SHA-256 in an S3-compatible store, behind the same face as the folder.

An object is there whole or not at all, for the service publishes it once it has all bytes. To put a blob that is there
is to put it again: its `Last-Modified` is then that of now, by which `forget` sees that it is wanted.

Nothing can be renamed, and a delete cannot be made to depend on when an object was last put. So whoever forgets a blob
copies it aside first, under `forgotten/`. Should somebody put the same bytes between the last look and the delete, what
is deleted is what they put; but the copy is there, whoever reads the blob finds it, and puts it back. The copy goes an
hour later, after the database was asked once more whether a row names it (`aside`, `settle`). A row is committed within
seconds of its bytes, so by then it is there, or never will be. No clock has to be exact for that, no process has to be
quick, and a put costs one request and no look at a lock.
"""

import hashlib
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import IO, BinaryIO, TypeVar

from store.s3_client import PART, Client, Damaged, S3Config, StoreAway
from store.s3_reading import Reading

T = TypeVar("T")

IN_MEMORY = 1024 * 1024  # of a blob that is being written; beyond it in a file without a name
_AT_ONCE = 8  # requests of one process side by side
_PAGE = 1000
_FORGOTTEN = "forgotten/"
_READINGS = 3  # of a blob whose bytes are not those of its name: a fault on the way passes, one at rest does not
_HEX = frozenset("0123456789abcdef")


class S3Blobs:
    """A bucket, or what lies below a prefix in one; nothing is asked of it before the first use."""

    def __init__(self, config: S3Config) -> None:
        self._client = Client(config)
        self._prefix = config.prefix
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None  # threads do not outlive a fork: made when first needed

    def key(self, digest: str) -> str:
        """The name of the object."""
        return f"{self._prefix}{digest[:2]}/{digest}"

    def writer(self) -> "S3Writer":
        """Start a blob of unknown size: it goes to the store when it is sealed, for its name comes last."""
        return S3Writer(self)

    def put_many(self, items: Iterable[bytes]) -> list[str]:
        """Keep each item, a few at a time, whose bytes are all that is held; the first fault ends it."""
        digests: list[str] = []
        begun: set[str] = set()
        running: dict[str, Future[None]] = {}
        try:
            for data in items:
                digest = hashlib.sha256(data).hexdigest()
                digests.append(digest)
                if digest in begun:
                    continue
                begun.add(digest)
                running[digest] = self._pool().submit(self.put, digest, data)
                if len(running) >= _AT_ONCE:
                    running.pop(next(iter(running))).result()
            for future in running.values():
                future.result()
        finally:
            for future in running.values():
                future.cancel()
        return digests

    def put(self, digest: str, data: bytes | IO[bytes]) -> None:
        """Put one object; a big one in parts, side by side, of which a broken upload leaves nothing to be seen."""
        import obstore

        with self._client.talking("keep a blob"):
            obstore.put(self._client.store, self.key(digest), data, chunk_size=PART, max_concurrency=4)

    def open(self, digest: str) -> BinaryIO:
        """Open a blob for reading; the end of it tells whether the bytes were right."""
        import obstore

        def opened() -> BinaryIO:
            with self._client.talking("read a blob"):
                found = obstore.get(self._client.store, self.key(digest))
            return Reading(found, digest, self._client).buffered()

        return self._or_put_back(digest, opened)

    def read(self, digest: str) -> bytes:
        """All bytes of a blob, and the right ones: Damaged when they are not those of its name."""
        for _ in range(_READINGS):
            data = self._or_put_back(digest, lambda: self._get(self.key(digest)))
            if hashlib.sha256(data).hexdigest() == digest:
                return data
        raise Damaged(f"the blob {digest} came from the S3 store with other bytes than it was put with")

    def _get(self, key: str) -> bytes:
        import obstore

        with self._client.talking("read a blob"):
            return bytes(obstore.get(self._client.store, key).bytes())

    def _or_put_back(self, digest: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except FileNotFoundError:
            try:
                self._copy(self._aside(digest), self.key(digest))
            except FileNotFoundError:
                raise FileNotFoundError(f"there is no blob {digest} in the S3 store") from None
            return read()

    def forget(self, digest: str, before: datetime) -> bool:
        """Put a blob aside that was last put before; the copy goes later, see the head of this file."""
        if not self._is_old(self.key(digest), before):
            return False
        try:
            self._copy(self.key(digest), self._aside(digest))
        except FileNotFoundError:
            return False  # somebody else forgot it
        if not self._is_old(self.key(digest), before):
            return False  # wanted again; the copy is found unneeded later
        self._delete(self.key(digest))
        return True

    def names(self, start: str, after: str, most: int) -> list[str]:
        """Digests that begin with these two hex digits and come behind `after`; a part of a digest is enough for it."""
        # "g" is behind all hex digits, so a name that `after` is a part of is not behind it.
        found = self._list(f"{self._prefix}{start}/", f"{self._prefix}{start}/{after}g" if after else "")
        return list(islice((name for name, _ in found if _is_digest(name)), most))

    def aside(self, before: datetime, most: int) -> list[str]:
        """Digests that were forgotten before, and whose copies are still there."""
        found = self._list(f"{self._prefix}{_FORGOTTEN}", "")
        return list(islice((name for name, at in found if at < before and _is_digest(name)), most))

    def settle(self, digest: str, *, wanted: bool) -> None:
        """The end of what was forgotten: it comes back if a row names it after all, and else goes for good."""
        if wanted:
            try:
                self._put_at(self.key(digest))
            except FileNotFoundError:
                self._copy(self._aside(digest), self.key(digest))
        self._delete(self._aside(digest))

    def drop_unfinished(self, before: datetime) -> int:
        """None: what is being gathered lies in a file without a name, which goes with its process."""
        return 0

    def check(self) -> None:
        """Write, read and remove a trial blob."""
        data = b"postdesk trial blob " + secrets.token_bytes(8)
        digest = hashlib.sha256(data).hexdigest()
        self.put(digest, data)
        try:
            if self.read(digest) != data:
                raise StoreAway("a trial blob came back changed")
        finally:
            self._delete(self.key(digest))

    def look(self) -> None:
        """Whether the store answers, and we may list what is in the bucket: a folder in which nothing ever lies."""
        next(self._list(f"{self._prefix}trial/", ""), None)

    def _aside(self, digest: str) -> str:
        return f"{self._prefix}{_FORGOTTEN}{digest}"

    def _put_at(self, key: str) -> datetime:
        import obstore

        with self._client.talking("look at a blob"):
            return obstore.head(self._client.store, key)["last_modified"]

    def _is_old(self, key: str, before: datetime) -> bool:
        try:
            return self._put_at(key) < before
        except FileNotFoundError:
            return False

    def _copy(self, source: str, target: str) -> None:
        import obstore

        with self._client.talking("copy a blob"):
            obstore.copy(self._client.store, source, target)

    def _delete(self, key: str) -> None:
        import obstore

        try:
            with self._client.talking("remove a blob"):
                obstore.delete(self._client.store, key)
        except FileNotFoundError:
            return  # some services say so, most do not

    def _list(self, folder: str, after: str) -> Iterator[tuple[str, datetime]]:
        """Names in a folder behind one of them, in order, with the time of each; asked for a thousand at a time."""
        import obstore

        with self._client.talking("list blobs"):
            for page in obstore.list(self._client.store, folder, offset=after or None, chunk_size=_PAGE):
                for found in page:
                    yield found["path"].rpartition("/")[2], found["last_modified"]

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blob-put")
            return self._threads


class S3Writer:
    """One blob on its way into S3Blobs: gathered here, a big one in a nameless file, and put when it is sealed."""

    def __init__(self, store: S3Blobs) -> None:
        self.size = 0
        self._store = store
        self._digest = hashlib.sha256()
        self._file: IO[bytes] | None = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it is sealed

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        if self._file is None:
            raise ValueError("the blob is sealed")
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def seal(self) -> str:
        """Put it, and return its SHA-256 in hex once the store has it."""
        if self._file is None:
            raise ValueError("the blob is sealed")
        digest = self._digest.hexdigest()
        self._file.seek(0)
        self._store.put(digest, self._file if self.size > PART else self._file.read())
        self.abort()
        return digest

    def abort(self) -> None:
        """Let go of what was gathered."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _is_digest(name: str) -> bool:
    return len(name) == 64 and _HEX.issuperset(name)
