"""The clock was set back: what waits comes sooner by as much, what is in hand stays so, what is due stays due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from store import mail_queue, queue
from store.database import Database
from store.tables import Lease, Pace, ReceivedMail

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def mail(number: int, until: datetime | None) -> ReceivedMail:
    """A received mail that somebody has in hand until then."""
    values: dict[str, Any] = {"source": "smtp", "peer": "", "helo": "", "reverse_path": "", "recipients": [], "size": 1}
    values |= {"blob": "", "waiting": True, "attempts": 1, "last_error": "", "earlier": [], "received_at": NOW}
    return ReceivedMail(id=number, lease_until=until, **values)


@pytest.mark.attack(88)
def test_what_is_from_before(database: Database) -> None:
    """On both databases: leases of before, leases of now, and the turns of a domain."""
    soon = NOW + timedelta(minutes=5)
    with database.transaction() as session:
        session.add_all([mail(1, soon + DAY), mail(2, soon), mail(3, None)])
        session.add_all([Lease(name="a", holder="x", until=soon + DAY), Lease(name="b", holder="x", until=soon)])
        session.add(Pace(domain="customer.test", free_ms=int((NOW + DAY).timestamp() * 1000), reply=""))
    with database.transaction() as session:
        assert queue.set_back(session, DAY, NOW) == 2
    with database.reading() as session:
        leases = session.scalars(select(ReceivedMail.lease_until).order_by(ReceivedMail.id)).all()
        assert list(leases) == [soon, soon, None]
        assert set(session.scalars(select(Lease.until))) == {soon}
        assert session.scalar(select(Pace.free_ms)) == int(NOW.timestamp() * 1000)


def test_a_claim_whose_commit_was_not_answered(database: Database) -> None:
    """Its rows are free again, and the attempt does not count; what is in hand otherwise stays so."""
    until, other = NOW + timedelta(minutes=5), NOW + timedelta(minutes=6)
    with database.transaction() as session:
        session.add_all([mail(1, None), mail(2, other)])
    with database.transaction() as session:
        assert mail_queue.take(session, 9, until, NOW) == [1]
    with database.transaction() as session:
        queue.give_back_unsure(session, ReceivedMail, until)
    with database.reading() as session:
        found = session.execute(select(ReceivedMail.lease_until, ReceivedMail.attempts).order_by(ReceivedMail.id))
        assert [tuple(row) for row in found] == [(None, 1), (other, 1)]
