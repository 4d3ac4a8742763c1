"""What the desk has of a person, in numbers, before they are erased."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from desk import erasing
from store.tables import Disposition, Event, Outbox, Ticket


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    is_contact: bool
    begun: bool  # an erasure was begun, and is to go on
    tickets: int = 0
    entries: int = 0
    mails: int = 0
    letters: int = 0


def counts(session: Session, address: str, also: Collection[str] = ()) -> Counts:
    """Count; PeopleError when the address is a colleague's."""
    contact, begun = erasing.find(session, address)
    if begun is not None:
        return Counts(contact is not None, begun=True)
    who = contact.id if contact else 0
    named = [one.address for one in contact.addresses] if contact else [address.strip().lower()]
    addresses = sorted({*named, *(one.strip().lower() for one in also)})
    to_them = or_(Outbox.contact_id == who, func.lower(Outbox.recipient).in_(addresses))

    def count(condition: object) -> int:
        return session.scalar(select(func.count()).where(condition)) or 0  # type: ignore[arg-type]

    return Counts(
        contact is not None,
        begun=False,
        tickets=count(Ticket.requester_id == who),
        entries=count(Event.contact_id == who),
        mails=count(func.lower(Disposition.sender).in_(addresses)),
        letters=count(to_them),
    )
