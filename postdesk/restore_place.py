"""Where a restored desk goes: its files, its database, its bytes. Nothing that is there is ever written over."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import inspect

from postdesk import backup_database, backup_trial
from postdesk.backup_files import BLOBS
from postdesk.backup_manifest import BLOB_LIST, BackupError, Kept, Manifest, kept
from postdesk.preparing import UNFINISHED, unfinished
from postdesk.verify_blobs import read_through
from postdesk.wiring import House
from store.blobs import BlobStore, FolderBlobs
from store.database import Database
from store.disk import sync_folder

_THREADS = 4
_AT_ONCE = 1000


def check_digests(folder: Path, manifest: Manifest, tick: Callable[[int, int], None]) -> None:
    """BackupError unless every file is what the manifest says, and every blob what its name says."""
    wrong = [name for name, one in manifest.files.items() if not _same(folder / name, one)]
    if wrong:
        raise BackupError(f"The backup is damaged; these files are missing or changed: {', '.join(wrong[:5])}")
    if not manifest.blobs:
        return
    store, done = FolderBlobs(folder / BLOBS, create=False), 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="restore") as threads:
        for batch in _batches(folder):
            for digest, right in zip(batch, threads.map(lambda one: _right(store, one), batch), strict=True):
                if not right:
                    raise BackupError(f"The backup is damaged; this file is missing or changed: {store.path(digest)}")
            done += len(batch)
            tick(done, manifest.blob_count)


def _same(path: Path, one: Kept) -> bool:
    try:
        found = kept(path)
    except OSError:
        return False
    return (found.sha256, found.size) == (one.sha256, one.size)


def _right(store: BlobStore, digest: str) -> bool:
    try:
        with store.open(digest) as stream:
            return read_through(stream)[0] == digest
    except OSError:
        return False


def _batches(folder: Path) -> Iterator[list[str]]:
    with (folder / BLOB_LIST).open(encoding="ascii") as lines:
        while batch := [line.split()[0] for line in islice(lines, _AT_ONCE)]:
            yield batch


@dataclass(slots=True)
class Place:
    """Writes files below a folder and takes them away again when it comes to nothing."""

    home: Path
    aside: Path | None  # where what is there goes; None: it stays, and nothing is restored
    written: list[Path] = field(default_factory=list)
    moved: list[tuple[Path, Path]] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)  # where a file lies now → where it belongs

    def begin(self, beside: Path) -> None:
        """Note beside the settings that a restore is under way: should it be killed, nobody works with the rest."""
        marker = beside / UNFINISHED
        again = marker.exists()
        if again and self.aside is None:
            raise BackupError(unfinished(beside), 73)
        made = [path for path in (beside, *beside.parents) if not path.exists()]
        beside.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.written += reversed(made)
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT, 0o600))
        sync_folder(beside)
        self.written += [] if again else [marker]

    def free(self, path: Path) -> None:
        """Make sure that nothing is there."""
        if not path.exists():
            return
        if self.aside is None:
            raise BackupError(
                f"{path} is there already. Choose an empty folder, or add --replace, which puts it aside first.", 73
            )
        path, home = Path(os.path.normpath(path)), os.path.normpath(self.home)
        if not path.is_relative_to(home):
            raise BackupError(
                f"{path} is there already, and outside of {self.home}: it may be another desk's. Move it away "
                "yourself, or name another database: POSTDESK_DATABASE__URL=…", 73,
            )  # fmt: skip
        target = self.aside / path.relative_to(home)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(path, target)
        self.moved.append((path, target))

    def files(self, folder: Path, manifest: Manifest) -> None:
        """Settings, keys and the rest. What belongs outside of the folder is put into `elsewhere` in it."""
        for name, one in manifest.files.items():
            if not one.place:
                continue
            inside = not Path(one.place).is_absolute()
            target = self.home / (one.place if inside else name)
            self.free(target)
            self.write(folder / name, target)
            if not inside:
                self.elsewhere[str(target)] = one.place

    def write(self, source: Path, target: Path) -> None:
        """Copy one file, for its owner only, on disk when this returns."""
        made = [path for path in (target.parent, *target.parent.parents) if not path.exists()]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.written += reversed(made)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.written.append(target)
        with source.open("rb") as read, os.fdopen(handle, "wb") as out:
            shutil.copyfileobj(read, out, 1024 * 1024)
            out.flush()
            os.fsync(out.fileno())
        sync_folder(target.parent)

    def done(self, beside: Path) -> None:
        """All of it came to its end."""
        (beside / UNFINISHED).unlink(missing_ok=True)
        sync_folder(beside)

    def undo(self) -> None:
        """Everything is as it was."""
        for path in reversed(self.written):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)
        for path, target in reversed(self.moved):
            shutil.move(target, path)


def ready_for(house: House, manifest: Manifest, place: Place) -> None:
    """Make sure that the database can be put where the settings say: one of PostgreSQL must be there, and empty."""
    kind = "sqlite" if house.database.is_sqlite else "postgresql"
    if kind != manifest.database:
        raise BackupError(
            f"The backup holds a database of {manifest.database}, and database.url names one of {kind}. "
            "A backup goes back into the kind of database that it is of."
        )
    if house.database.file is not None:
        for path in house.database.files:
            place.free(path)
        return
    with house.database.reading() as session:
        there = inspect(session.connection()).get_table_names()
    if there:
        raise BackupError(
            f"The database {house.database.url.database} is not empty: it has {len(there)} tables. "
            "Make an empty one, and name it in database.url.", 73,
        )  # fmt: skip
    backup_database.program("pg_restore", house.database, house.settings.backup.pg_bin)


def database(house: House, folder: Path, place: Place) -> None:
    """Put it there, last of all: as a whole or not at all."""
    if house.database.file is not None:
        place.write(folder / backup_database.SQLITE, house.database.file)
        return
    restore = backup_database.program("pg_restore", house.database, house.settings.backup.pg_bin)
    backup_trial.fill(restore, folder / backup_database.POSTGRES, house.database.url)


def blobs(store: BlobStore, folder: Path, manifest: Manifest, tick: Callable[[int, int], None]) -> int:
    """Put the bytes into the store; those that it has already are left alone. How many were put."""
    if not manifest.blobs:
        return 0
    source, put, done = FolderBlobs(folder / BLOBS, create=False), 0, 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="restore") as threads:
        for batch in _batches(folder):
            put += sum(threads.map(lambda digest: _put(source, store, digest), batch))
            done += len(batch)
            tick(done, manifest.blob_count)
    return put


def _put(source: BlobStore, store: BlobStore, digest: str) -> bool:
    if _right(store, digest):
        return False
    writer = store.writer()
    try:
        with source.open(digest) as stream:
            while piece := stream.read(1024 * 1024):
                writer.write(piece)
        if writer.seal() != digest:
            raise BackupError(f"The backup is damaged; this file has changed: {digest}")
    finally:
        writer.abort()
    return True


def is_empty(found: Database) -> bool:
    """Whether there is no desk in this database."""
    if found.file is not None and not found.file.exists():
        return True
    with found.reading() as session:
        return not inspect(session.connection()).has_table("ticket")
