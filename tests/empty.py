"""Empty databases with our tables: made once in each test process and copied, and what their engines can share."""

import functools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from store import database
from store.database import Database
from store.migrations import upgrade
from store.tables import Base

_STATEMENTS = 3000  # so many of each kind of database; the tests together have more, one file of them far less


def migrated(file: Path) -> Database:
    """A SQLite database as the migrations make it: a copy takes a hundredth of their time."""
    return _copied(upgrade, file)


def of_today(file: Path) -> Database:
    """One with the tables that the code maps, and not a row in them."""
    return _copied(_create, file)


def _create(made: Database) -> None:
    Base.metadata.create_all(made.engine)


def _copied(make: Callable[[Database], object], file: Path) -> Database:
    found = Database(f"sqlite:///{file}")  # which makes the file, with its mode
    file.write_bytes(_bytes_of(make))
    return found


@functools.cache
def _bytes_of(make: Callable[[Database], object]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="empty.") as folder:
        file = Path(folder) / "desk.db"
        made = Database(f"sqlite:///{file}")
        make(made)
        made.close()  # all of it is in the one file then
        return file.read_bytes()


@contextmanager
def shared_statements() -> Iterator[None]:
    """Within it, what SQLAlchemy compiled for one database need not be compiled for the next one of its kind.

    Each test has a database, so an engine, of its own. A service has one engine for all its life: its statements are
    shared by all it does, as they are here by all the tests of a process.
    """
    with (
        patch.object(database, "_sqlite_engine", _sharing(database._sqlite_engine)),
        patch.object(database, "_postgres_engine", _sharing(database._postgres_engine)),
    ):
        yield


def _sharing(make: Callable[..., Engine]) -> Callable[..., Engine]:
    compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)
    first: list[Engine] = []

    def made(*how: Any) -> Engine:
        engine = make(*how)
        engine.update_execution_options(compiled_cache=compiled)
        # The dialect is part of the key. It has asked its server who it is as soon as it knows the version.
        if first and first[0].dialect.server_version_info:
            engine.dialect = first[0].dialect
        else:
            first[:] = [engine]
        return engine

    return made
