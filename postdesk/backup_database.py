"""A copy of the database as it was in one moment, while the desk works on; and that moment to read from."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from postdesk.backup_manifest import BackupError
from store.database import BUSY_SECONDS, Database
from store.tables.base import Base

SQLITE, POSTGRES = "desk.db", "desk.pgdump"
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Copied:
    """The file, and a session that sees the very rows that are in it."""

    file: Path
    session: Session


@contextlib.contextmanager
def copied(database: Database, folder: Path, pg_bin: str) -> Iterator[Copied]:
    """Copy the database into a folder; BackupError when that cannot be."""
    make = _sqlite if database.is_sqlite else _postgres
    with make(database, folder, pg_bin) as made:
        yield made


@contextlib.contextmanager
def _sqlite(database: Database, folder: Path, _pg_bin: str) -> Iterator[Copied]:
    """VACUUM INTO: one read of one moment, beside which everybody may write; what was deleted does not come along.

    Connection.backup with few pages at a time begins anew whenever another process writes: under load it never ends.
    """
    target = folder / SQLITE
    source = sqlite3.connect(
        f"file:{quote(str(database.file))}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        source.execute("VACUUM INTO ?", (str(target),))
    finally:
        source.close()
    target.chmod(0o600)
    handle = os.open(target, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    with opened(target) as session:
        yield Copied(target, session)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Session]:
    """A SQLite file that nobody writes to, read without a trace beside it."""
    engine = create_engine(f"sqlite:///file:{quote(str(file))}?mode=ro&immutable=1&uri=true", hide_parameters=True)
    try:
        with Session(engine, expire_on_commit=False, autoflush=False) as session:
            yield session
    finally:
        engine.dispose()


@contextlib.contextmanager
def _postgres(database: Database, folder: Path, pg_bin: str) -> Iterator[Copied]:
    """pg_dump of an exported snapshot, which the session has too."""
    target = folder / POSTGRES
    dump = program("pg_dump", database, pg_bin)
    with database.reading() as session:
        snapshot = str(session.execute(text("SELECT pg_export_snapshot()")).scalar_one())
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        run(
            [dump, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"],
            database.url,
        )
        yield Copied(target, session)


def program(name: str, database: Database, folder: str) -> str:
    """Where pg_dump or pg_restore is; BackupError when it is not there, or older than the server."""
    with database.reading() as session:
        server = int(session.execute(text("SHOW server_version_num")).scalar_one()) // 10000
    places = [folder] if folder else [None, str(_DEBIAN / str(server) / "bin")]
    found = [path for place in places if (path := shutil.which(name, path=place))]
    if not found:
        where = f"in {folder}, which backup.pg_bin names" if folder else "on this machine"
        raise BackupError(
            f"There is no {name} {where}. Install the client programs of PostgreSQL {server} "
            f"(Debian: postgresql-client-{server}), or name their folder in backup.pg_bin.", 69,
        )  # fmt: skip
    versions = {path: _major(path) for path in found}
    best = max(found, key=lambda path: versions[path])
    if versions[best] < server:
        raise BackupError(
            f"{best} is of version {versions[best]}, and the server of version {server}: it must be as new. Install "
            f"postgresql-client-{server}, or name the folder of a newer one in backup.pg_bin.", 69,
        )  # fmt: skip
    return best


def _major(path: str) -> int:
    said = subprocess.run(  # noqa: S603 - a program that the operator installed, with words of ours
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found.group(1)) if found else 0


def run(command: list[str], url: URL, *, show: bool = False) -> str:
    """A client program of PostgreSQL at this address; the password is not on its command line."""
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    target = [] if show else [f"--dbname={address}"]
    done = subprocess.run(  # noqa: S603 - a program that the operator installed, with words of ours
        [command[0], *target, *command[1:]], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise BackupError(f"{Path(command[0]).name} failed: {said[-1] if said else done.returncode}")
    return done.stdout


def counted(session: Session) -> dict[str, int]:
    """How many rows each of our tables has, as far as it is there."""
    return {
        table.name: int(session.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one())  # noqa: S608
        for table in Base.metadata.sorted_tables
    }
