"""How much room the data takes: the database, its log, and the disks that everything lies on."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from store.database import Database


@dataclass(frozen=True, slots=True)
class Disk:
    """The room on the disk of a folder, in bytes."""

    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """In bytes; None for what cannot be told."""

    database: int | None = None
    log: int | None = None  # SQLite's write-ahead log
    disks: Mapping[str, Disk] = field(default_factory=dict)


def sizes(database: Database, folders: Mapping[str, Path]) -> Sizes:
    """The sizes of this moment. A folder that is not there (yet) is left out."""
    disks = {}
    for name, folder in folders.items():
        try:
            found = shutil.disk_usage(folder)
        except OSError:  # it is made with the first mail; the blob store's own check says when that fails
            continue
        disks[name] = Disk(found.free, found.total)
    if database.file is not None:
        return Sizes(_size(database.file), _size(Path(f"{database.file}-wal")), disks)
    with database.reading() as session:
        return Sizes(session.scalar(text("SELECT pg_database_size(current_database())")), None, disks)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None
