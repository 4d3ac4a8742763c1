"""Mail that waits for a person: put aside with a reason. What a person decides about it is in desk/held.py."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from desk import load, notices
from desk.writes import Writes
from gateway import held_notice
from gateway.held_notice import Held
from store import ledger
from store.tables import Disposition, ReceivedMail


def hold(session: Session, received_id: int, rule: str, reason: str, now: datetime, next_id: Callable[[], int]) -> None:
    """Give a mail that could not be read the disposition `held`, and tell staff. Its bytes stay where they are."""
    # Nothing of the mail can be trusted to be readable: the envelope names the sender.
    sender = session.get_one(ReceivedMail, received_id).reverse_path
    known = held_notice.lately(session, [sender], now)
    writes = Writes(next_id)
    writes.cause = received_id
    people = notices.members(None, load.staff(session))
    held_notice.tell(writes, Held(received_id, rule, reason, sender), people, known, now)
    writes.flush(session)
    session.execute(
        insert(Disposition).values(
            received_id=received_id,
            at=now,
            kind="held",
            rule=rule,
            reason=reason,
            sender=sender,
            subject="",
            evidence={},
        )
    )
    session.execute(update(ReceivedMail).where(ReceivedMail.id == received_id).values(waiting=False, lease_until=None))
    ledger.count(session.connection(), "held", 1)
