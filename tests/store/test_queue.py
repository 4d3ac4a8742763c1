"""The queue: claimed rows are ours until the lease ends, and each claim counts one attempt."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from store import mail_queue
from store.database import Database
from store.queue import claim, give_back
from store.tables import Outbox, ReceivedMail

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
        return mail_queue.take(session, limit, now + LEASE, now)


def test_oldest_first(database: Database) -> None:
    """Up to the limit, in order; what is claimed is not claimed again."""
    fill(database, 5)
    assert take(database, 3) == [1, 2, 3]
    assert take(database, 3) == [4, 5]
    assert take(database, 3) == []


def test_oldest_by_time(database: Database) -> None:
    """Each process has ids of its own: an import of many mails does not go last, nor first, because of its ids."""
    with database.transaction() as session:
        for row_id, minutes in ((120_001, 1), (30_001, 2), (120_002, 3), (30_002, 0)):
            at = NOW + timedelta(minutes=minutes)
            session.add(ReceivedMail(id=row_id, received_at=at, source="file", recipients=[], size=0))
            letter = {"kind": "received", "recipient": "jane@customer.test", "context": {}, "created_at": NOW}
            session.add(Outbox(id=row_id, next_at=at, **letter))
    assert take(database, 3) == [30_002, 120_001, 30_001]
    with database.transaction(durable=False) as session:
        ids = claim(session, Outbox, Outbox.state == "waiting", limit=3, lease=LEASE, now=NOW)
    assert ids == [30_002, 120_001, 30_001]


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
    """A mail that waits; of letters the condition of the caller counts."""
    fill(database, 3)
    with database.transaction() as session:
        session.get_one(ReceivedMail, 2).waiting = False
        for row_id, kind in enumerate(("received", "update", "received"), 1):
            letter = {"recipient": "jane@customer.test", "context": {}, "created_at": NOW, "next_at": NOW}
            session.add(Outbox(id=row_id, kind=kind, **letter))
    assert take(database, 9) == [1, 3]
    with database.transaction() as session:
        assert claim(session, Outbox, Outbox.kind == "update", limit=9, lease=LEASE, now=NOW) == [2]


def test_what_came_since_is_left_alone(database: Database) -> None:
    """For whoever helps out, who takes what has waited for a while."""
    with database.transaction() as session:
        for row_id, seconds in ((1, 0), (2, 1), (3, 2)):
            at = NOW + timedelta(seconds=seconds)
            session.add(ReceivedMail(id=row_id, received_at=at, source="smtp", recipients=[], size=0))
    with database.transaction() as session:
        assert mail_queue.take(session, 9, NOW + LEASE, NOW, NOW + timedelta(seconds=1)) == [1, 2]
    assert take(database, 9) == [3]  # as long as the clock may be behind


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
            mail_queue.take(session, 2, NOW + LEASE, NOW)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert take(database, 2) == [1, 2]


def test_what_is_given_back_is_free_at_once(database: Database) -> None:
    """The attempt counts or does not, as is said; what another process holds, or nobody, is left alone."""
    fill(database, 4)
    take(database, 3)
    with database.transaction() as session:
        session.get_one(ReceivedMail, 3).holder = "elsewhere:1"
    with database.transaction() as session:
        give_back(session, ReceivedMail, [1, 3, 4])
        give_back(session, ReceivedMail, [2], attempt=False)
    with database.reading() as session:
        rows = session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)).all()
    assert [(row.attempts, row.lease_until is None) for row in rows] == [(0, True), (1, True), (1, False), (0, True)]
    assert [take(database, 9) for _ in range(4)] == [[1], [2], [4], []]  # what was tried once goes alone, in its turn
