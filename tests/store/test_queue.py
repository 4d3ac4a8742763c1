"""The queue: claimed rows are ours until the lease ends, and each claim counts one attempt."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, true

from store.database import Database
from store.queue import claim
from store.tables import ReceivedMail

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def fill(database: Database, count: int) -> None:
    """So many mails, numbered from 1."""
    with database.transaction() as session:
        session.add_all(
            [ReceivedMail(id=i, received_at=NOW, source="smtp", recipients=[], size=0) for i in range(1, count + 1)]
        )


def take(database: Database, limit: int, now: datetime = NOW) -> list[int]:
    """Claim in a transaction of its own."""
    with database.transaction(durable=False) as session:
        return claim(session, ReceivedMail, ReceivedMail.waiting.is_(True), limit=limit, lease=LEASE, now=now)


def test_oldest_first(database: Database) -> None:
    """Up to the limit, in order; what is claimed is not claimed again."""
    fill(database, 5)
    assert take(database, 3) == [1, 2, 3]
    assert take(database, 3) == [4, 5]
    assert take(database, 3) == []


def test_the_lease_ends(database: Database) -> None:
    """One moment after it, another one may do the work; attempts are counted each time."""
    fill(database, 1)
    take(database, 1)
    assert take(database, 1, NOW + LEASE) == []
    assert take(database, 1, NOW + LEASE + timedelta(seconds=1)) == [1]
    with database.reading() as session:
        row = session.scalars(select(ReceivedMail)).one()
    assert (row.attempts, row.lease_until) == (2, NOW + LEASE + LEASE + timedelta(seconds=1))


def test_only_what_is_due(database: Database) -> None:
    """The condition of the caller counts."""
    fill(database, 3)
    with database.transaction() as session:
        session.get_one(ReceivedMail, 2).waiting = False
    assert take(database, 9) == [1, 3]
    with database.transaction() as session:
        assert claim(session, ReceivedMail, true(), limit=9, lease=LEASE, now=NOW) == [2]


def test_eight_at_once(database: Database) -> None:
    """400 rows, eight workers: each row to one of them, and none is left."""
    fill(database, 400)

    def work(_: int) -> list[int]:
        found: list[int] = []
        while part := take(database, 7):
            found += part
        return found

    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(work, range(8)))
    claimed = [i for part in parts for i in part]
    assert sorted(claimed) == list(range(1, 401))


def test_what_was_not_committed_is_free(database: Database) -> None:
    """A worker that dies in its claim holds nothing."""
    fill(database, 2)
    try:
        with database.transaction() as session:
            claim(session, ReceivedMail, ReceivedMail.waiting.is_(True), limit=2, lease=LEASE, now=NOW)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert take(database, 2) == [1, 2]
