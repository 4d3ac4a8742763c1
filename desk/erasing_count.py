"""What the desk has of a person, in numbers, before they are erased."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from desk import erasing, erasing_mails, erasing_rows
from desk.erasing_words import Words
from store.tables import ContactAddress, Disposition, Event, Outbox, RawMail, Ticket


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    is_contact: bool
    begun: bool  # an erasure was begun, and is to go on
    tickets: int = 0
    entries: int = 0
    mails: int = 0
    letters: int = 0
    named: bool = True  # by anything that is kept


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

    found = Counts(
        contact is not None,
        begun=False,
        tickets=count(Ticket.requester_id == who),
        entries=count(Event.contact_id == who),
        mails=count(func.lower(Disposition.sender).in_(addresses)),
        letters=count(to_them),
    )
    if found.is_contact or found.mails or found.letters:
        return found
    return replace(found, named=_elsewhere(session, addresses))


def _elsewhere(session: Session, addresses: Collection[str]) -> bool:
    """Whether a text, or a mail of others as it came, may name one of these."""
    if session.scalar(select(ContactAddress.contact_id).where(ContactAddress.address.in_(addresses)).limit(1)):
        return True
    if erasing_rows.names(session, Words.of(addresses, "")):
        return True
    naming = or_(*(erasing_mails.holds(session, one.encode()) for one in addresses))
    return session.scalar(select(RawMail.id).where(naming).limit(1)) is not None
