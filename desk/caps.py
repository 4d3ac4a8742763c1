"""What one person may cause in a while: tickets that are opened, and letters that the desk writes by itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.tables import Outbox, Ticket

OPENING = timedelta(hours=2)  # the stretch in which new tickets of one person are counted


@dataclass(frozen=True, slots=True)
class Caps:
    """Above these a mail is held, or a letter is not sent. The mail itself is never dropped."""

    new_tickets_per_sender: int = 20  # in two hours
    automatic_letters_per_day: int = 40  # to one address
    receipts_per_ticket: int = 5  # to one address in a day
    first_receipts_per_hour: int = 1  # to one address that nobody knows
    first_receipts_per_minute: int = 20  # to all of those together
    reopenings_per_day: int = 10  # of one ticket
    stranger_letters_per_hour: int = 30  # to one member of staff or queue, each about one ticket of somebody unknown


def opened_lately(session: Session, contact_id: int, now: datetime) -> int:
    """How many tickets are this person's that were opened within two hours."""
    lately = (Ticket.requester_id == contact_id, Ticket.created_at > now - OPENING)
    return session.scalar(select(func.count()).where(*lately)) or 0


def full_mailboxes(session: Session, addresses: Collection[str], caps: Caps, now: datetime) -> set[str]:
    """Of these addresses, as written, those that had as many automatic letters within a day as one may have."""
    if not addresses:
        return set()
    sent = (Outbox.recipient.in_(addresses), Outbox.created_at > now - timedelta(days=1), Outbox.automatic)
    counted = select(Outbox.recipient).where(*sent).group_by(Outbox.recipient)
    return set(session.scalars(counted.having(func.count() >= caps.automatic_letters_per_day)))


def may_greet(session: Session, address: str, caps: Caps, now: datetime) -> bool:
    """Whether a stranger's address gets another receipt: forged ones would fill the mailboxes of innocent people."""
    hour, minute = now - timedelta(hours=1), now - timedelta(minutes=1)
    first = select(func.count()).where(Outbox.first_receipt)
    mine = Outbox.recipient.in_({address, address.lower()})
    had = session.scalar(first.where(mine, Outbox.created_at > hour)) or 0
    together = session.scalar(first.where(Outbox.created_at > minute)) or 0
    return had < caps.first_receipts_per_hour and together < caps.first_receipts_per_minute
