"""The engine and its transactions, alike on SQLite and PostgreSQL."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from store.ids import Ids

# How long a statement waits for another process's write, in seconds.
BUSY_SECONDS = 60


class Database:
    """One database. `transaction()` writes, `reading()` sees one moment and changes nothing."""

    def __init__(self, url: str | URL, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url, pool_size) if self.is_sqlite else _postgres_engine(self.url, pool_size)
        self._reader = self.engine.execution_options(postdesk_mode="read")
        self._quick = self.engine.execution_options(postdesk_mode="quick")
        self._writer_lock = _FileLock(Path(f"{self.url.database}.write-lock")) if self.is_sqlite else None
        self.ids = Ids(self._begin)

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Session]:
        """All or nothing. With `durable` the commit returns only after the bytes are on disk.

        `durable=False` is for leases and heartbeats: a power cut may undo them, a crash does not.
        """
        self.ids.reserve()
        with self._begin(durable=durable) as session:
            yield session

    @contextmanager
    def _begin(self, *, durable: bool = True) -> Iterator[Session]:
        # SQLite has one writer; a lock of our own wakes the next one at once, its busy time-out sleeps.
        with (
            self._writer_lock or nullcontext(),
            Session(self.engine if durable else self._quick, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view; whatever is written through it is rolled back. Objects read stay usable after it."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def check(self) -> str:
        """Ask the server for its version; raises when it does not answer."""
        with self._reader.connect() as connection:
            if self.is_sqlite:
                return "SQLite " + str(connection.execute(text("select sqlite_version()")).scalar())
            return "PostgreSQL " + str(connection.execute(text("show server_version")).scalar())

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if self._writer_lock:
            self._writer_lock.close()

    def forget_connections(self) -> None:
        """After a fork: leave the parent's connections alone and open our own."""
        self.engine.dispose(close=False)
        if self._writer_lock:
            self._writer_lock.reset()
        self.ids = Ids(self._begin)


def _sqlite_engine(url: URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("Postdesk keeps SQLite in a file: sqlite:////var/lib/postdesk/desk.db")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        hide_parameters=True,  # an error is logged; the words of a mail are not
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connected(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("postdesk_mode")
    if mode == "read":
        connection.exec_driver_sql("BEGIN")
        return
    # WAL with NORMAL does no fsync at commit, FULL does one (https://sqlite.org/pragma.html#pragma_synchronous).
    connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if mode == 'quick' else 'FULL'}")
    # A deferred transaction that reads and then writes fails at once when another one wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres_engine(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,  # an error is logged; the words of a mail are not
        # "250" means safe, whatever the server's own default is.
        connect_args={"options": "-c synchronous_commit=on"},
    )
    event.listen(engine, "begin", _postgres_begin)
    return engine


def _postgres_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("postdesk_mode")
    if mode == "read":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    elif mode == "quick":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


class _FileLock:
    """A lock between the threads of this process and between processes on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file: Any = None

    def reset(self) -> None:
        """Forget the state that a fork copied; the open file would share its lock with the parent."""
        self._threads = threading.RLock()
        self._depth = 0
        self._file = None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._depth:
                raise RuntimeError("a transaction inside a transaction: hand the session on instead")
            if self._file is None:
                self._file = self._path.open("a")
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._depth = 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._depth = 0
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()
