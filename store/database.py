"""The engine and its transactions, alike on SQLite and PostgreSQL."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from store.ids import Ids

# How long a statement waits for another process's write, in seconds.
BUSY_SECONDS = 60
_SYNCHRONOUS = "postdesk_synchronous"  # what a connection of SQLite does now
_LOCK = ".write-lock"  # beside a SQLite file: whoever holds it may write

# A server that drops our packets, or a machine that lost its power, is seen within a minute by whoever is left: by
# itself TCP takes two hours, and the locks of a dead session last as long. (libpq, "Parameter Key Words"; PostgreSQL,
# "Connections and Authentication", "Client Connection Defaults".)
_LIMITS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
_SESSION = {
    "synchronous_commit": "on",  # "250" means safe, whatever the server's own default is
    "tcp_keepalives_idle": 30,
    "tcp_keepalives_interval": 10,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


class Busy(TimeoutError):
    """Another process has kept the right to write for too long; trying later may help."""


class Database:
    """One database. `transaction()` writes, `reading()` sees one moment and changes nothing.

    With `create=False` a SQLite file that is not there is not made: the first use raises OperationalError.
    """

    def __init__(self, url: str | URL, *, pool_size: int = 10, create: bool = True) -> None:
        self.url = make_url(url)
        self.info: dict[str, Any] = {}  # what every session that writes is handed (desk/hooks.py)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        make = _sqlite_engine if self.is_sqlite else _postgres_engine
        self.engine = make(self.url, pool_size, create)
        self._reader = self.engine.execution_options(postdesk_mode="read")
        self._quick = self.engine.execution_options(postdesk_mode="quick")
        self._writer_lock = _FileLock(Path(f"{self.url.database}{_LOCK}")) if self.is_sqlite else None
        self.ids = Ids(self._begin)
        self.info["next_id"] = lambda: self.ids.next()  # of today: a fork begins a new block

    @property
    def file(self) -> Path | None:
        """The SQLite file, there or not; None on PostgreSQL."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The SQLite file and what stands next to it, there or not; none on PostgreSQL."""
        return tuple(Path(f"{self.file}{ending}") for ending in ("", "-wal", "-shm", _LOCK)) if self.file else ()

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
            Session(self.engine if durable else self._quick, expire_on_commit=False, info=self.info) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def rows(self) -> Iterator[Connection]:
        """Like a durable `transaction()`, without a session, which would cost more than a few rows do."""
        self.ids.reserve()
        with self._writer_lock or nullcontext(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Any]:
        """The driver's connection, outside of any transaction; on SQLite nobody else writes meanwhile."""
        with self._writer_lock or nullcontext():
            raw = self.engine.raw_connection()
            try:
                yield raw.driver_connection
            finally:
                raw.close()

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


def _sqlite_engine(url: URL, pool_size: int, create: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("Postdesk keeps SQLite in a file: sqlite:////var/lib/postdesk/desk.db")
    file = Path(url.database)
    if create:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with its final mode; the WAL and the shared memory beside it take the mode of the file (sqlite.org/wal).
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    else:
        url = url.set(database="file:" + quote(str(file)), query={**url.query, "mode": "rw", "uri": "true"})
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
    wanted, known = ("NORMAL" if mode == "quick" else "FULL"), connection.info
    if known.get(_SYNCHRONOUS) != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        known[_SYNCHRONOUS] = wanted
    # A deferred transaction that reads and then writes fails at once when another one wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres_engine(url: URL, pool_size: int, _create: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,  # an error is logged; the words of a mail are not
        connect_args={"options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()), **_limits(url)},
    )
    event.listen(engine, "begin", _postgres_begin)
    return engine


def _limits(url: URL) -> dict[str, int]:
    """How soon we see that the server is gone, as far as the address does not say otherwise."""
    return {name: value for name, value in _LIMITS.items() if name not in url.query}


def _postgres_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("postdesk_mode")
    if mode == "read":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    elif mode == "quick":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


class _FileLock:
    """A lock between the threads of this process and between processes on this machine, waited for so many seconds."""

    def __init__(self, path: Path, seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._seconds = seconds
        self._threads = threading.RLock()
        self._depth = 0
        self._file: IO[str] | None = None

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

    def _lock(self) -> IO[str]:
        """The open and locked file. Busy when another process does not let go of it in time."""
        file = self._file or open(self._path, "a", opener=_private)  # noqa: SIM115 - it stays open for the next time
        self._file = None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # flock has no time-out, and asking again and again would wake us late: a thread waits in our place.
            turn = _Turn(file)
            if not turn.come(self._seconds):
                raise Busy(f"another process has been writing to the database for {self._seconds:g} seconds") from None
        return file

    def __enter__(self) -> None:
        if not self._threads.acquire(timeout=self._seconds):
            raise Busy(f"another thread has been writing to the database for {self._seconds:g} seconds")
        try:
            if self._depth:
                raise RuntimeError("a transaction inside a transaction: hand the session on instead")
            self._file = self._lock()
            self._depth = 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._depth = 0
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()


class _Turn:
    """A thread that waits for a lock. When nobody wants the lock any more it closes the file, and so lets go of it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._locked = threading.Event()
        self._given_up = False
        threading.Thread(target=self._wait, name="write-lock", daemon=True).start()

    def come(self, seconds: float) -> bool:
        """True once the lock is ours; False when the time is up, and then the file is no longer ours either."""
        if self._locked.wait(seconds):
            return True
        with self._guard:
            self._given_up = not self._locked.is_set()
            return not self._given_up

    def _wait(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._guard:
            if self._given_up:
                self._file.close()
            else:
                self._locked.set()


def _private(path: str, flags: int) -> int:
    """For open(): a file that only its owner may read."""
    return os.open(path, flags, 0o600)
