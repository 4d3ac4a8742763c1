"""Transactions: all or nothing, one writer at a time on SQLite, a steady view for readers."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from store.database import Busy, Database, _FileLock
from store.tables import Lease, Tally
from tests.peers.postgres import Postgres

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def count(database: Database) -> int:
    """How many leases there are."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Lease)) or 0


@pytest.mark.parametrize("durable", [True, False])
def test_all_or_nothing(database: Database, durable: bool) -> None:
    """Committed at the end; an error takes all of it back."""
    with database.transaction(durable=durable) as session:
        session.add(Lease(name="a", holder="h", until=NOW))
    with pytest.raises(ZeroDivisionError), database.transaction(durable=durable) as session:  # noqa: PT012 - what fails is the transaction
        session.add(Lease(name="b", holder="h", until=NOW))
        session.flush()
        _ = 1 / 0
    assert count(database) == 1


def test_rows_alone(database: Database) -> None:
    """Committed at the end; an error takes all of it back."""
    with database.rows() as connection:
        connection.execute(insert(Lease), {"name": "a", "holder": "h", "until": NOW})
    with pytest.raises(ZeroDivisionError), database.rows() as connection:  # noqa: PT012 - what fails is the transaction
        connection.execute(insert(Lease), {"name": "b", "holder": "h", "until": NOW})
        _ = 1 / 0
    assert count(database) == 1


def test_a_reader_writes_nothing(database: Database) -> None:
    """PostgreSQL refuses, SQLite rolls back: either way nothing is there."""
    try:
        with database.reading() as session:
            session.execute(text("INSERT INTO lease (name, holder, until) VALUES ('a', 'b', '2026-11-23 12:00:00')"))
    except DBAPIError:
        assert not database.is_sqlite
    assert count(database) == 0


def test_a_reader_sees_one_moment(database: Database) -> None:
    """What is committed while it reads comes with the next reading."""
    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(Lease))
        with ThreadPoolExecutor(1) as other:
            other.submit(_add, database, "a").result()
        assert session.scalar(select(func.count()).select_from(Lease)) == before == 0
    assert count(database) == 1


def _add(database: Database, name: str) -> None:
    with database.transaction() as session:
        session.add(Lease(name=name, holder="h", until=NOW))


def test_no_update_is_lost(database: Database) -> None:
    """Eight threads count to 200 together: every step of each is in the sum."""

    def step(_: int) -> None:
        with database.transaction() as session:
            session.execute(update(Tally).where(Tally.name == "accepted").values(value=Tally.value + 1))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(step, range(200)))
    with database.reading() as session:
        assert session.scalars(select(Tally.value).where(Tally.name == "accepted")).one() == 200


def test_a_read_then_write_does_not_fail(database: Database) -> None:
    """What a deferred transaction on SQLite would do at once, however long the time-out."""
    started = threading.Barrier(2)

    def step() -> None:
        started.wait(20)
        with database.transaction() as session:
            value = session.scalars(select(Tally.value).where(Tally.name == "held").with_for_update()).one()
            session.execute(update(Tally).where(Tally.name == "held").values(value=value + 1))

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(step) for _ in range(2)]:
            done.result()
    with database.reading() as session:
        assert session.scalars(select(Tally.value).where(Tally.name == "held")).one() == 2


def test_two_databases_on_one_file(tmp_path: Path, database: Database) -> None:
    """Two processes' worth of engines: the lock file keeps their writers apart."""
    other = Database(database.url)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda n: _add(other if n % 2 else database, f"n{n}"), range(40)))
        assert count(other) == 40
    finally:
        other.close()


def test_a_transaction_inside_a_transaction_is_told(database: Database) -> None:
    """On SQLite it would wait for itself for ever: an error says what to do, and the outer one still commits."""
    with database.transaction() as session:
        if database.is_sqlite:
            with pytest.raises(RuntimeError, match="hand the session on"), database.transaction():
                pass
        session.add(Lease(name="a", holder="h", until=NOW))
    assert count(database) == 1


def test_times(database: Database) -> None:
    """Of any zone in, UTC out, the same moment; a time without a zone is refused."""
    there = datetime(2026, 11, 23, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2, minutes=30)))
    with database.transaction() as session:
        session.add(Lease(name="a", holder="h", until=there))
    with database.reading() as session:
        found = session.scalars(select(Lease.until)).one()
    assert found == there
    assert found.tzinfo is UTC
    with pytest.raises(StatementError, match="without a zone"), database.transaction() as session:
        session.add(Lease(name="b", holder="h", until=there.replace(tzinfo=None)))


def test_errors_do_not_tell_what_a_mail_said(database: Database) -> None:
    """An error is logged; the parameters of the statement are not in it."""
    with pytest.raises(DBAPIError) as caught, database.transaction() as session:
        session.execute(
            text("INSERT INTO tally (name, value) VALUES (:name, 'x'), (:name, 1)"), {"name": "secret words"}
        )
    assert "secret words" not in str(caught.value).replace("Failing row contains", "")


def test_only_leases_do_without_waiting_for_the_disk(database: Database) -> None:
    """SQLite: FULL does an fsync at commit, NORMAL none. PostgreSQL: as the server is set up, or not at all."""
    for durable in (True, False, True):
        with database.transaction(durable=durable) as session:
            if database.is_sqlite:
                assert session.scalar(text("PRAGMA synchronous")) == (2 if durable else 1)
                assert session.scalar(text("PRAGMA journal_mode")) == "wal"
                assert session.scalar(text("PRAGMA foreign_keys")) == 1
            else:
                ours = text("SELECT setting FROM pg_settings WHERE name = 'synchronous_commit' AND source = 'session'")
                assert session.scalar(ours) == (None if durable else "off")
        with database.rows() as connection:
            if database.is_sqlite:
                assert connection.scalar(text("PRAGMA synchronous")) == 2
            else:
                assert connection.scalar(ours) is None


def test_a_silent_end_is_seen_within_a_minute(postgres: Postgres) -> None:
    """Both sides of a connection ask whether the other one is there; what the address says comes first."""
    database = Database(f"{postgres.fresh_database()}?keepalives_idle=20")
    with database.reading() as session:
        connection = session.connection()
        raw = connection.connection.dbapi_connection
        assert isinstance(raw, psycopg.Connection)
        with socket.socket(fileno=os.dup(raw.fileno())) as ours:
            names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            assert [ours.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [20, 10, 3, 60_000]
        theirs = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        setting = text("SELECT setting FROM pg_settings WHERE name = :name")
        assert [connection.scalar(setting, {"name": name}) for name in theirs] == ["30", "10", "3", "60000"]
    database.close()


def test_check(database: Database) -> None:
    """The version of what answers."""
    assert database.check().startswith("SQLite 3." if database.is_sqlite else "PostgreSQL ")


def test_sqlite_needs_a_file() -> None:
    """Memory is no place for mail."""
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ValueError, match="in a file"):
            Database(url)


def test_a_password_in_the_address_is_not_shown() -> None:
    """Neither by the address nor by the engine."""
    database = Database("postgresql+psycopg://desk:secret@127.0.0.1:1/desk")
    assert "secret" not in f"{database.url} {database.engine!r}"
    database.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Database, WAL, shared memory and lock, and the folder made for them, whatever the umask."""
    before = os.umask(0o022)
    try:
        made = Database(f"sqlite:///{tmp_path}/new/desk.db")
        with made.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE a (b)")
        lock = _FileLock(Path(f"{made.file}.write-lock"))
        with lock:
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
        lock.close()
        made.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("desk.db", "desk.db-wal", "desk.db-shm", "desk.db.write-lock"), 0o600)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_nothing_is_made_without_leave(tmp_path: Path) -> None:
    """`create=False`: a path that is wrong is an error at the first use; one that is right is opened, odd names too."""
    absent = Database(f"sqlite:///{tmp_path}/no/desk.db", create=False)
    with pytest.raises(OperationalError, match="unable to open"):
        absent.check()
    assert list(tmp_path.iterdir()) == []
    Database(f"sqlite:///{tmp_path}/a%20b ?#.db").close()
    there = Database(f"sqlite:///{tmp_path}/a%20b ?#.db", create=False)
    assert there.check().startswith("SQLite 3.")
    there.close()


def test_a_lock_that_nobody_lets_go_of_is_an_error(tmp_path: Path) -> None:
    """After the time-out the waiter says so, in any thread; when the lock is free again it works, each time."""
    path = tmp_path / "lock"
    holder, waiter = _FileLock(path), _FileLock(path, seconds=0.1)
    for _ in range(2):
        with holder:
            for _ in range(2):
                with pytest.raises(Busy, match="another process has been writing"), waiter:
                    pass
        with ThreadPoolExecutor(1) as other, waiter, pytest.raises(Busy, match="another thread"):
            other.submit(waiter.__enter__).result()
    patient = _FileLock(path)
    with ThreadPoolExecutor(1) as other:
        with holder:
            entered = other.submit(patient.__enter__)
        assert entered.result(20) is None  # it was waiting, or came just after: either way it has its turn
        other.submit(patient.__exit__).result()
    for lock in (holder, waiter, patient):
        lock.close()
