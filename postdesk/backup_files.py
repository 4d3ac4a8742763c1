"""The files of a backup: settings, keys, words and letters of one's own; and the bytes that rows name."""

import errno
import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from postdesk.backup_manifest import BLOB_LIST, Kept, kept, write_private
from postdesk.settings import Loaded
from postdesk.verify_names import PARTS, Named, named
from store.blobs import BlobStore, FolderBlobs
from store.disk import sync_folder
from store.s3_client import Damaged

HOME, ELSEWHERE, BLOBS = "files", "elsewhere", "blobs"
_OPEN = ("catalogue.toml", "letters", "words", "locale")  # beside the settings; these hold no secrets
_THREADS = 4
_CHUNK = 1024 * 1024
_READINGS = 2  # a fault on the way passes, one at rest does not
_ALL = 10**9
_CHANGED = "is not what its name says"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of the desk that belongs into a backup."""

    path: Path
    secret: bool


def wanted(loaded: Loaded) -> list[Wanted]:
    """Settings, keys, what the settings name, and what lies beside them."""
    found: dict[Path, bool] = {}
    if loaded.file is not None:
        found[loaded.file] = has_secrets(loaded.file)
    for key, value in _named_files(loaded.settings):
        found[loaded.home / value] = not key.endswith(("certificate", "_ca"))
    for name in _OPEN:
        found |= dict.fromkeys(_below(loaded.home / name), False)
    dkim = getattr(loaded.settings, "dkim", None)
    found |= dict.fromkeys(_below(loaded.home / (dkim.folder if dkim else "dkim")), True)
    return [Wanted(path, secret) for path, secret in found.items() if path.is_file()]


def _named_files(section: BaseModel) -> Iterator[tuple[str, Path]]:
    """The settings whose value is a file: they end in _file, _key, _ca or certificate."""
    for key in type(section).model_fields:
        value = getattr(section, key)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, BaseModel):
                yield from _named_files(part)
            elif key.endswith(("_file", "_key", "_ca", "certificate")) and isinstance(part, str | Path) and str(part):
                yield key, Path(part)


def _below(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def has_secrets(file: Path) -> bool:
    """Whether a settings file has a password or the like in itself."""
    return _secret(tomllib.loads(file.read_text(encoding="utf-8")))


def _secret(value: Any, key: str = "") -> bool:
    if isinstance(value, dict):
        return any(_secret(part, str(name)) for name, part in value.items())
    if isinstance(value, list):
        return any(_secret(part, key) for part in value)
    if key == "url" and isinstance(value, str):
        with suppress(Exception):  # whatever is no address of a database has no password
            return bool(make_url(value).password)
    return isinstance(value, str) and bool(value) and key.endswith(("password", "secret", "token", "secret_key"))


def copy_files(loaded: Loaded, half: Path, *, secrets: bool) -> tuple[dict[str, Kept], list[str], str]:
    """Copy them; what is in the backup by name, what was left out, and the name of the settings file."""
    inside: dict[str, Kept] = {}
    left, settings = [], ""
    for one in wanted(loaded):
        if one.secret and not secrets:
            left.append(str(one.path))
            continue
        name, place = _name(one.path, loaded.home)
        target = half / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = write_private(target, one.path.read_bytes())
        inside[name] = Kept(made.sha256, made.size, place)
        if one.path == loaded.file:
            settings = name
    return inside, left, settings


def _name(path: Path, home: Path) -> tuple[str, str]:
    if path.is_relative_to(home):
        place = str(path.relative_to(home))
        return f"{HOME}/{place}", place
    return f"{ELSEWHERE}/{str(path).strip('/')}", str(path)


class _Unusable(Exception):
    """Bytes that the desk does not have any more as they were; why."""


class BlobCopier:
    """Copies what the rows of a session name; what an earlier backup has already is linked, not copied."""

    def __init__(self, store: BlobStore, half: Path, earlier: list[Path]) -> None:
        self._store, self._target = store, FolderBlobs(half / BLOBS, create=False)
        self._earlier = [FolderBlobs(path / BLOBS, create=False) for path in reversed(earlier)]
        self.count = self.bytes = self.linked = 0
        self.lost: dict[str, str] = {}  # what the desk itself does not have any more, or not as it was
        self.only_earlier: list[str] = []  # what the desk has lost, and an earlier backup still has

    def copy(self, session: Session, half: Path, tick: Callable[[int, int], None]) -> Kept:
        """Everything, a 256th at a time; the list of it as a file of the backup."""
        path = half / BLOB_LIST
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        (half / BLOBS).mkdir(mode=0o700)
        with os.fdopen(handle, "w", encoding="ascii") as out, ThreadPoolExecutor(_THREADS) as threads:
            for place, part in enumerate(PARTS):
                rows = named(session, part)
                if rows:
                    (half / BLOBS / part).mkdir(mode=0o700)
                self._look(rows)
                for one, size in zip(rows, threads.map(self._one, rows), strict=True):
                    if size is not None:
                        out.write(f"{one.digest} {size}\n")
                        self.count, self.bytes = self.count + 1, self.bytes + size
                if rows:
                    sync_folder(half / BLOBS / part)
                tick(place + 1, len(PARTS))
            out.flush()
            os.fsync(out.fileno())
        return kept(path)

    def _look(self, rows: list[Named]) -> None:
        """What is linked is not fetched: whether the desk still has it is looked for, without reading it."""
        if not rows or not self._earlier:
            return
        there = set(self._store.names(rows[0].digest[:2], "", _ALL))
        for row in rows:
            if row.digest not in there and any(earlier.path(row.digest).exists() for earlier in self._earlier):
                try:
                    self._store.open(row.digest).close()  # one that was just being forgotten comes back
                except FileNotFoundError:
                    self.only_earlier.append(row.digest)

    def _one(self, row: Named) -> int | None:
        target = self._target.path(row.digest)
        for earlier in self._earlier:
            source = earlier.path(row.digest)
            try:
                size = source.stat().st_size
                if row.most not in (None, size):
                    continue  # damaged; the desk's own is better
                os.link(source, target)
            except OSError:  # not there, too many links, or a file system without any: it is copied
                continue
            self.linked += 1
            return size
        return self.fetch(row.digest)

    def fetch(self, digest: str) -> int | None:
        """Copy one from the store, in place of what may be there; its size, or None when the desk has lost it."""
        target, why = self._target.path(digest), ""
        for _ in range(_READINGS):
            target.unlink(missing_ok=True)
            try:
                return self._fetched(digest, target)
            except _Unusable as error:
                why = str(error)
        target.unlink(missing_ok=True)
        self.lost[digest] = why
        return None

    def _fetched(self, digest: str, target: Path) -> int:
        seen, size = hashlib.sha256(), 0
        with target.open("xb") as out:
            target.chmod(0o600)
            for piece in self._pieces(digest):
                out.write(piece)
                seen.update(piece)
                size += len(piece)
            out.flush()
            os.fsync(out.fileno())
        if seen.hexdigest() != digest:
            raise _Unusable(_CHANGED)
        return size

    def _pieces(self, digest: str) -> Iterator[bytes]:
        """What the store gives, a piece at a time. Only its own faults are caught here, none of the copy's."""
        try:
            with self._store.open(digest) as stream:
                while piece := stream.read(_CHUNK):
                    yield piece
        except FileNotFoundError as error:
            raise _Unusable("is not there") from error
        except Damaged as error:
            raise _Unusable(_CHANGED) from error
        except OSError as error:
            if error.errno != errno.EIO:  # a store that is away has lost nothing: there is no backup now
                raise
            raise _Unusable("cannot be read from the disk") from error
