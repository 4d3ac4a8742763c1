"""Leases: one holder at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from store.database import Database
from store.leases import hold_lease, let_go

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TERM = timedelta(minutes=2)


def hold(database: Database, holder: str, now: datetime = NOW, name: str = "schedule") -> bool:
    """Ask for it in a transaction of its own."""
    with database.transaction(durable=False) as session:
        return hold_lease(session, name, holder, now, TERM)


def test_one_holder(database: Database) -> None:
    """The first has it and can renew it; another one gets it when the term is over; names are apart."""
    assert hold(database, "a")
    assert not hold(database, "b")
    assert hold(database, "b", name="other")
    assert hold(database, "a", NOW + timedelta(minutes=1))
    assert not hold(database, "b", NOW + timedelta(minutes=3))
    assert hold(database, "b", NOW + timedelta(minutes=3, seconds=1))
    assert not hold(database, "a", NOW + timedelta(minutes=3, seconds=2))


def test_a_race(database: Database) -> None:
    """Of eight at once, one."""
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda n: hold(database, f"h{n}"), range(8))) == 1


def test_let_go(database: Database) -> None:
    """Who gives it back holds up nobody; who does not have it takes nothing away."""
    assert hold(database, "a")
    for holder, free in (("b", False), ("a", True)):
        with database.transaction(durable=False) as session:
            let_go(session, "schedule", holder)
        assert hold(database, "c") is free
