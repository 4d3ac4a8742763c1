"""A backup is restored into a place of its own, and verified there: only then it counts."""

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from postdesk import backup_database
from postdesk.backup_files import BLOBS, BlobCopier
from postdesk.backup_manifest import BackupError, Manifest
from postdesk.verify import Finding, Source, verify
from postdesk.wiring import House
from store.blobs import FolderBlobs
from store.database import Database

# Faults in these are faults of the copy; all others the desk has itself.
_OF_THE_COPY = ("bytes", "database file")


@dataclass(frozen=True, slots=True)
class Tried:
    """How it was tried, in words, and what is wrong with the desk itself."""

    how: str
    faults: tuple[Finding, ...]


def tried(house: House, half: Path, manifest: Manifest, copier: BlobCopier, tick: Callable[[int, int], None]) -> Tried:
    """Restore and verify; BackupError when the copy is not what it should be."""
    place = _sqlite(half) if house.database.is_sqlite else _postgres(house, half)
    with place as (reading, how):
        blobs = FolderBlobs(half / BLOBS, create=False) if manifest.blobs else None
        if reading is None:
            return Tried(how, ())
        with reading() as session:
            if (counted := backup_database.counted(session)) != manifest.rows:
                wrong = [name for name, count in manifest.rows.items() if counted.get(name) != count]
                raise BackupError(f"The restored database has other counts of rows: {', '.join(wrong)}.")
        source = Source(reading, house.database.is_sqlite, blobs, frozenset(manifest.lost))
        faults = _faults(source, tick)
        if blobs is not None and _mend(faults, copier):
            faults = _faults(source, tick)
    of_copy = [one for one in faults if one.part in _OF_THE_COPY]
    if of_copy:
        raise BackupError(
            "The backup is not what it should be, and is not kept:\n"
            + "\n".join(replace(f, hints=()).line for f in of_copy)
        )
    return Tried(how, tuple(faults))


def _faults(source: Source, tick: Callable[[int, int], None]) -> list[Finding]:
    return [one for one in verify(source, datetime.now(UTC), progress=tick) if one.faults]


def _mend(faults: list[Finding], copier: BlobCopier) -> bool:
    """Bytes that an earlier backup had are damaged there: they are copied anew."""
    bad = [digest for one in faults if one.part == "bytes" for digest in one.examples]
    mended = [copier.fetch(digest) for digest in bad]
    return any(size is not None for size in mended)


Place = tuple[Callable[[], contextlib.AbstractContextManager[Session]] | None, str]


@contextlib.contextmanager
def _sqlite(half: Path) -> Iterator[Place]:
    file = half / backup_database.SQLITE
    yield (lambda: backup_database.opened(file)), "its database was opened, and everything in it verified"


@contextlib.contextmanager
def _postgres(house: House, half: Path) -> Iterator[Place]:
    """A database beside ours that lives as long as this; where we may make none, the archive is only read through."""
    restore = backup_database.program("pg_restore", house.database, house.settings.backup.pg_bin)
    archive = half / backup_database.POSTGRES
    ours = house.database.url
    name = f"{_name(ours)}{secrets.token_hex(6)}"
    try:  # around the making too: who ends us while the server makes it must not leave it behind
        if not _make(ours, name):
            backup_database.run([restore, "--list", str(archive)], ours, show=True)
            yield (
                None,
                (
                    "its archive was read through, and not restored: the database user may not make a database. "
                    f"To allow that: ALTER ROLE {ours.username} CREATEDB"
                ),
            )
            return
        fill(restore, archive, ours.set(database=name))
        trial = Database(ours.set(database=name), pool_size=2)
        try:
            yield trial.reading, "it was restored into a database of its own, and everything in it verified"
        finally:
            trial.close()
    finally:
        with _beside(ours) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _make(ours: URL, name: str) -> bool:
    """An empty database; False where the database user may make none."""
    with _beside(ours) as connection:
        try:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
        except psycopg.errors.InsufficientPrivilege:
            return False
    return True


def _name(ours: URL) -> str:
    """How the databases of our trials begin: those of another desk on the same server are not ours to remove."""
    return f"postdesk_trial_{hashlib.sha256((ours.database or '').encode()).hexdigest()[:8]}_"


def _beside(ours: URL) -> "psycopg.Connection[Any]":
    admin = ours.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(admin, autocommit=True)


def drop_leftovers(house: House) -> list[str]:
    """Remove what trials left that were killed; only while the lease of backups is held, or one is at work in it."""
    if house.database.is_sqlite:
        return []
    ours = house.database.url
    with _beside(ours) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND pg_has_role(datdba, 'USAGE')",
            (_name(ours),),
        ).fetchall()
        for (name,) in rows:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
    return [name for (name,) in rows]


def fill(restore: str, archive: Path, url: URL) -> None:
    """Put an archive into an empty database, as a whole or not at all."""
    backup_database.run(
        [restore, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(archive)], url
    )
