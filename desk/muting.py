"""Addresses that get no letters, because a mail server says that nobody is there: muted, lifted and listed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.orm import Session

from desk import audit
from desk.writes import Writes
from store.tables import Contact, ContactAddress, Delivery, Outbox, Staff, Suppression, Ticket, core

# Word for word as in the partial index ix_outbox_given_up: SQLite uses one only when it sees the same condition.
_GIVEN_UP = text("outbox.state IN ('refused', 'expired', 'uncertain', 'failed')")


@dataclass(frozen=True, slots=True)
class Mute:
    """A time, still going on, in which an address gets no letters."""

    id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Whose address it is."""

    name: str
    role: str  # "contact" or "staff"


@dataclass(frozen=True, slots=True)
class LostLetter:
    """The letter that did not arrive."""

    id: int
    kind: str
    ticket: str  # its number; "" when the letter is about none
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Muted:
    """A mute with all that is known of it, for people."""

    address: str
    since: datetime
    reason: str
    lifted_at: datetime | None = None
    person: Person | None = None
    letter: LostLetter | None = None


_MUTES = core(Suppression).c
_ACTIVE = select(_MUTES.address, _MUTES.id, _MUTES.since).where(
    _MUTES.address.in_(bindparam("addresses", expanding=True)), _MUTES.lifted_at.is_(None)
)


def active(session: Session, addresses: Collection[str]) -> dict[str, list[Mute]]:
    """The mutes of these lower-case addresses that nobody has lifted; two processes may have made one each."""
    if not addresses:
        return {}
    found: dict[str, list[Mute]] = {}
    for row in session.connection().execute(_ACTIVE, {"addresses": list(addresses)}):
        found.setdefault(row.address, []).append(Mute(row.id, row.since))
    return found


def mute(writes: Writes, address: str, reason: str, now: datetime) -> Mute:
    """From now on the address gets no letters."""
    made = Mute(writes.next_id(), now)
    writes.add(Suppression, id=made.id, address=address.lower(), reason=reason, since=now, lifted_at=None)
    return made


def lift(writes: Writes, mutes: Iterable[Mute], now: datetime) -> None:
    """The next letter goes out again; what was muted, and when, is kept."""
    for found in mutes:
        writes.change(Suppression, found.id, lifted_at=now)


def lift_by_hand(session: Session, address: str, now: datetime, by: str = "") -> bool:
    """Lift the mutes of one lower-case address, and keep who did; False when it is not muted."""
    ids = select(Suppression.id).where(Suppression.address == address, Suppression.lifted_at.is_(None))
    found = session.scalars(ids).all()
    session.execute(
        update(Suppression)
        .where(Suppression.id.in_(found), Suppression.lifted_at.is_(None))
        .values(lifted_at=now, reason=Suppression.reason + (f" Lifted by {by}." if by else ""))
        .execution_options(synchronize_session=False)
    )
    if found:
        audit.note(session, "address.unmuted", "mute", found[0])
    return bool(found)


def last_lifted(session: Session, address: str) -> datetime | None:
    """When the last mute of an address ended; None when it was never muted."""
    return session.scalar(select(func.max(Suppression.lifted_at)).where(Suppression.address == address))


def of_staff(session: Session) -> tuple[int, int]:
    """How many people work at the desk, and how many of them get no letters because their addresses are muted."""
    active = select(func.count()).select_from(Staff).where(Staff.deactivated_at.is_(None))
    muted = (
        select(func.count(Staff.id.distinct()))
        .join(Suppression, Suppression.address == Staff.address)
        .where(Staff.deactivated_at.is_(None), Suppression.lifted_at.is_(None))
    )
    return session.scalar(active) or 0, session.scalar(muted) or 0


def count_lifted(session: Session) -> int:
    """How many mutes have ended."""
    return session.scalar(select(func.count()).where(Suppression.lifted_at.is_not(None))) or 0


def listed(session: Session, *, lifted: bool = False, limit: int | None = None, address: str = "") -> list[Muted]:
    """What is muted, newest first; with `lifted`, also what was; with `address`, that one alone."""
    statement = select(Suppression).order_by(Suppression.since.desc(), Suppression.id.desc()).limit(limit)
    if not lifted:
        statement = statement.where(Suppression.lifted_at.is_(None))
    if address:
        statement = statement.where(Suppression.address == address.lower())
    rows = session.scalars(statement).all()
    addresses = {row.address for row in rows}
    people, letters = _people(session, addresses), _letters(session, addresses)
    return [
        Muted(
            row.address,
            row.since,
            row.reason,
            row.lifted_at,
            people.get(row.address),
            letters.get((row.address, row.since)),
        )
        for row in rows
    ]


def _people(session: Session, addresses: Collection[str]) -> dict[str, Person]:
    """Whose these are; who is both works at the desk first of all."""
    contacts = (
        select(ContactAddress.address, Contact.name)
        .join(Contact, Contact.id == ContactAddress.contact_id)
        .where(ContactAddress.address.in_(addresses))
    )
    staff = select(Staff.address, Staff.name).where(Staff.address.in_(addresses))
    found = {address: Person(name, "contact") for address, name in session.execute(contacts)}
    return found | {address: Person(name, "staff") for address, name in session.execute(staff)}


def _letters(session: Session, addresses: Collection[str]) -> dict[tuple[str, datetime], LostLetter]:
    """The letters whose failure muted these addresses: noted in the same moment as the mute."""
    statement = (
        select(Outbox.id, Outbox.kind, Outbox.recipient, Outbox.created_at, Ticket.number, Delivery.at)
        .join(Delivery, Delivery.outbox_id == Outbox.id)
        .outerjoin(Ticket, Ticket.id == Outbox.ticket_id)
        .where(_GIVEN_UP, func.lower(Outbox.recipient).in_(addresses), Delivery.result.in_(("bounced", "refused")))
        .order_by(Outbox.id.desc())
    )
    return {
        (row.recipient.lower(), row.at): LostLetter(row.id, row.kind, row.number or "", row.created_at)
        for row in session.execute(statement)
    }
