"""The digest: what waits for somebody, and what else of theirs is open. Nothing where there is nothing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, union
from sqlalchemy.orm import Session

from desk import load, notices, statuses, structure
from desk.levels import Levels
from desk.writes import Writes
from store.tables import Approval, Contact, Participant, Ticket

AT_ONCE = 300  # contacts in one transaction; the rest has its turn a minute later
KIND = "digest"  # of the letter
MOST = 20  # tickets that a part of it names


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket."""

    number: str
    title: str
    status: str


@dataclass(slots=True)
class Part:
    """The first tickets of a part, and how many it has in all."""

    lines: list[Line] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class Digest:
    """Of one contact."""

    waiting: Part = field(default_factory=Part)  # for this person's answer or approval
    others: Part = field(default_factory=Part)


def queue(session: Session, next_id: Callable[[], int], now: datetime, after: int) -> tuple[int, int]:
    """Letters to the next contacts with an open ticket. Returns how many, and with whom it ended; 0: with nobody."""
    wanting = select(Contact.id).where(
        Contact.id > after, Contact.digest, ~Contact.muted, Contact.deactivated_at.is_(None)
    )
    ids = session.scalars(wanting.order_by(Contact.id).limit(AT_ONCE)).all()
    if not ids:
        return 0, 0
    takes_part = _theirs(ids).subquery()
    busy = set(session.scalars(select(takes_part.c.who).distinct()))
    writes, people = Writes(next_id), load.contacts_by_id(session, busy, Levels())
    for contact_id in sorted(people):
        notices.letter(writes, KIND, people[contact_id], now)
    writes.flush(session)
    return len(people), ids[-1]


def of(session: Session, contacts: Collection[int]) -> dict[int, Digest]:
    """What is open of these contacts, in one query; who has nothing open is not in it."""
    if not contacts:
        return {}
    theirs = _theirs(contacts).subquery()
    asked = exists().where(
        Approval.ticket_id == Ticket.id,
        Approval.contact_id == theirs.c.who,
        Approval.answer == "",
        Ticket.approval == "Requested",
    )
    waits = or_(Ticket.status.in_(statuses.WAITING_ON_CUSTOMER), asked).label("waits")
    order = (Ticket.updated_at.desc(), Ticket.id.desc())
    columns = select(
        theirs.c.who,
        waits,
        Ticket.number,
        Ticket.title,
        Ticket.status,
        func.row_number().over(partition_by=(theirs.c.who, waits), order_by=order).label("rank"),
        func.count().over(partition_by=(theirs.c.who, waits)).label("in_all"),
    ).join(Ticket, Ticket.id == theirs.c.id)
    ranked = columns.subquery()
    found: dict[int, Digest] = {}
    for row in session.execute(select(ranked).where(ranked.c.rank <= MOST).order_by(ranked.c.rank)):
        digest = found.setdefault(row.who, Digest())
        part = digest.waiting if row.waits else digest.others
        part.lines.append(Line(row.number, row.title, row.status))
        part.count = row.in_all
    return found


def _theirs(contacts: Collection[int]) -> Select[tuple[int, int]]:
    """Contact and open ticket, once each: those they asked for, and those they take part in."""
    own = select(Ticket.requester_id.label("who"), Ticket.id.label("id")).where(
        Ticket.requester_id.in_(contacts), _is_shown()
    )
    others = (
        select(Participant.contact_id.label("who"), Ticket.id.label("id"))
        .join(Ticket, Ticket.id == Participant.ticket_id)
        .where(Participant.contact_id.in_(contacts), Participant.removed_at.is_(None), _is_shown())
    )
    both = union(own, others).subquery()
    return select(both.c.who, both.c.id)


def _is_shown() -> ColumnElement[bool]:
    """Open, and not a task: how the desk divides its work stands in the ticket that the customer knows."""
    return and_(Ticket.completed_at.is_(None), Ticket.merged_into_id.is_(None), structure.is_no_task(), ~Ticket.spam)
