"""Transactions: all or nothing, one writer at a time on SQLite, a steady view for readers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError

from store.database import Database
from store.tables import Lease, Tally

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
