"""Bytes kept under their SHA-256, in a folder; a name appears only when all of its bytes are on disk."""

import hashlib
import heapq
import os
import secrets
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from store.disk import sync_folder, write_all
from store.points import reached

_ASIDE = ".forgotten"  # ends the name of a blob that is just being forgotten
_LEFT = timedelta(days=1)  # whoever writes a blob has written something within that


class BlobWriter(Protocol):
    """A blob being written: `write` any number of times, then `seal`, or `abort`."""

    size: int

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""

    def seal(self) -> str:
        """Make it durable and return its SHA-256 in hex."""

    def abort(self) -> None:
        """Forget it; safe to call after `seal`."""


class BlobStore(Protocol):
    """Where bytes live: a folder, or an S3-compatible store (s3_blobs.py)."""

    def writer(self) -> BlobWriter:
        """Start a blob of unknown size."""

    def put_many(self, items: Iterable[bytes]) -> list[str]:
        """Keep each item durably, with one wait for the disk for all; SHA-256 in hex, in order."""

    def open(self, digest: str) -> BinaryIO:
        """Open a blob for reading; FileNotFoundError when there is none."""

    def read(self, digest: str) -> bytes:
        """All bytes of a blob; FileNotFoundError when there is none."""

    def forget(self, digest: str, before: datetime) -> bool:
        """Remove a blob that was last put before; True when it is gone. One that was put again since stays."""

    def names(self, start: str, after: str, most: int) -> list[str]:
        """Digests that begin with these two hex digits and come behind `after`, in order, so many at most."""

    def aside(self, before: datetime, most: int) -> list[str]:
        """Digests forgotten before then that could still come back; whoever asks looks what names them, and settles."""

    def settle(self, digest: str, *, wanted: bool) -> None:
        """The end of what was forgotten and lies aside: it comes back, or goes for good."""

    def drop_unfinished(self, before: datetime) -> int:
        """Remove what was written last before then, and never became a blob: whoever wrote it died; how many."""

    def check(self) -> None:
        """Write, read and remove a trial blob; OSError says what does not work."""

    def look(self) -> None:
        """Whether the store is there, and not read-only, with nothing written for it; OSError says what is wrong."""


class FolderBlobs:
    """A folder with 256 sub-folders; files are named by digest and never change. `create=False` makes no folder."""

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self.root = root
        self._incoming = root / "incoming"
        if create:
            self._incoming.mkdir(parents=True, exist_ok=True)
            self._tidy()
            self.drop_unfinished(datetime.now(UTC) - _LEFT)
        self._syncers: ThreadPoolExecutor | None = None  # threads do not outlive a fork: made when first needed

    def path(self, digest: str) -> Path:
        """Where a blob lies."""
        return self.root / digest[:2] / digest

    def writer(self) -> "FolderWriter":
        """Start a blob of unknown size."""
        return FolderWriter(self, self._incoming / secrets.token_hex(8))

    def put_many(self, items: Iterable[bytes]) -> list[str]:
        """Keep each item; all files are written before the first fsync, so that the disk sees one batch."""
        digests: list[str] = []
        fresh: dict[str, tuple[Path, int]] = {}
        named: set[Path] = set()  # folders with names of before
        try:
            for data in items:
                digest = hashlib.sha256(data).hexdigest()
                digests.append(digest)
                if digest in fresh:
                    continue
                if self._renewed(digest):  # whoever named it may not have got as far as to sync its folder
                    named |= {self.path(digest).parent, self.root}
                    continue
                temporary = self._incoming / secrets.token_hex(8)
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
                fresh[digest] = (temporary, handle)
                write_all(handle, data)
                reached("blob.written")
            self._side_by_side(os.fsync, [handle for _, handle in fresh.values()])
            self._publish({digest: temporary for digest, (temporary, _) in fresh.items()}, named)
        except BaseException:
            for temporary, _ in fresh.values():
                temporary.unlink(missing_ok=True)
            raise
        finally:
            for _, handle in fresh.values():
                os.close(handle)
        return digests

    def _renewed(self, digest: str) -> bool:
        """Whether a blob is there; its time is then that of now, by which `forget` sees that it is wanted again."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def _side_by_side(self, sync: Callable[[Any], None], items: Collection[Any]) -> None:
        """Sync all at once: the file system then writes its journal once for many (3 times faster, or more)."""
        if len(items) < 3:
            list(map(sync, items))
        else:
            self._syncers = self._syncers or ThreadPoolExecutor(8, thread_name_prefix="blob-sync")
            list(self._syncers.map(sync, items))

    def _publish(self, files: dict[str, Path], named: Collection[Path] = ()) -> None:
        """Rename synced files to their digests and sync each folder that changed, once, and those that were `named`."""
        folders = set(named)
        for digest, temporary in files.items():
            target = self.path(digest)
            if not target.parent.exists():
                target.parent.mkdir(exist_ok=True)
                folders.add(self.root)
            reached("blob.synced")
            os.rename(temporary, target)
            reached("blob.renamed")
            folders.add(target.parent)
        self._side_by_side(sync_folder, folders)

    def open(self, digest: str) -> BinaryIO:
        """Open a blob for reading."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            self._put_back(self._incoming.glob(f"{digest}.*{_ASIDE}"))
            return self.path(digest).open("rb")

    def read(self, digest: str) -> bytes:
        """All bytes of a blob."""
        with self.open(digest) as stream:
            return stream.read()

    def forget(self, digest: str, before: datetime) -> bool:
        """Remove a blob that was last put before.

        It is moved away first: whoever puts the same bytes now either renews them before that, and they come back,
        or does not find them any more, and writes them. Should this process die in between, whoever reads the blob
        or opens the store finds it under its digest, and puts it back.
        """
        path, aside = self.path(digest), self._incoming / f"{digest}.{secrets.token_hex(4)}{_ASIDE}"
        try:
            if not _is_old(path, before):
                return False
            os.rename(path, aside)
            if not _is_old(aside, before):
                os.rename(aside, path)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False  # somebody else forgot it, or has put it back
        return True

    def names(self, start: str, after: str, most: int) -> list[str]:
        """Digests that begin with these two hex digits and come behind `after`; a part of a digest is enough for it."""
        try:
            found = os.listdir(self.root / start)
        except FileNotFoundError:
            return []
        behind = (name for name in found if not after or name[: len(after)] > after)
        return heapq.nsmallest(most, behind)

    def aside(self, before: datetime, most: int) -> list[str]:
        """None: what a folder forgets is gone at once."""
        return []

    def settle(self, digest: str, *, wanted: bool) -> None:
        """Nothing is ever aside."""

    def _tidy(self) -> None:
        """Blobs that were being forgotten when a process died: one that is missing comes back, the others go."""
        missing = []
        for aside in self._incoming.glob(f"*{_ASIDE}"):
            if self.path(aside.name.partition(".")[0]).exists():
                aside.unlink(missing_ok=True)
            else:
                missing.append(aside)
        self._put_back(missing)

    def drop_unfinished(self, before: datetime) -> int:
        """Remove files that were written last before then, and never got the name of a blob."""
        dropped = 0
        for path in self._incoming.iterdir():
            try:
                if path.suffix != _ASIDE and _is_old(path, before):
                    path.unlink()
                    dropped += 1
            except FileNotFoundError:
                continue  # finished after all, or another process was quicker
        return dropped

    def _put_back(self, asides: Iterable[Path]) -> None:
        for aside in asides:
            try:
                os.utime(aside)  # it counts as new, as the one does that it may replace
                os.rename(aside, self.path(aside.name.partition(".")[0]))
            except FileNotFoundError:
                continue  # whoever forgets it has gone on meanwhile

    def check(self) -> None:
        """Write, read and remove a trial blob."""
        data = b"postdesk trial blob " + secrets.token_bytes(8)
        (digest,) = self.put_many([data])
        try:
            if self.read(digest) != data:
                raise OSError(f"{self.root}: a blob came back changed")
        finally:
            self.path(digest).unlink(missing_ok=True)

    def look(self) -> None:
        """Whether the folder is there, and names can be made in it."""
        for folder in (self.root, self._incoming):
            folder.stat()
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(f"{folder} cannot be written")


class FolderWriter:
    """One blob on its way into a FolderBlobs."""

    def __init__(self, store: FolderBlobs, temporary: Path) -> None:
        self.size = 0
        self._store = store
        self._temporary = temporary
        self._digest = hashlib.sha256()
        self._handle: int | None = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        if self._handle is None:
            raise ValueError("the blob is sealed")
        write_all(self._handle, data)
        self._digest.update(data)
        self.size += len(data)

    def seal(self) -> str:
        """Make it durable and return its SHA-256 in hex."""
        if self._handle is None:
            raise ValueError("the blob is sealed")
        digest = self._digest.hexdigest()
        reached("blob.written")
        os.fsync(self._handle)
        # Two writers of the same bytes rename over each other: the content is the same either way.
        self._store._publish({digest: self._temporary})
        self.abort()
        return digest

    def abort(self) -> None:
        """Close and remove what is left of an unsealed blob."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self._temporary.unlink(missing_ok=True)


def _is_old(path: Path, before: datetime) -> bool:
    return path.stat().st_mtime < before.timestamp()
