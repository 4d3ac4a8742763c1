"""The tickets a person may see, a page at a time, last change first, at the speed of the indexes."""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from desk import statuses
from desk.access import Person, visible_tickets
from store.tables import Contact, Participant, Ticket

PAGE = 50
MOST_WAYS = 200  # organisations that are looked into one by one, each by its index
_CURSOR = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after this change of this ticket. It stays right while new tickets come in."""

    updated_at: datetime
    ticket_id: int

    def __str__(self) -> str:
        return f"{round((self.updated_at - _EPOCH).total_seconds() * 1_000_000)}-{self.ticket_id}"


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of a list."""

    number: str
    title: str
    status: str
    contact: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TicketPage:
    """The lines of one page, and where the next begins."""

    rows: tuple[TicketRow, ...]
    older: Cursor | None


def read_cursor(text: str) -> Cursor:
    """ValueError when it is not one of ours."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise ValueError(text)
    try:
        moment = datetime.fromtimestamp(int(match[1]) // 1_000_000, UTC).replace(microsecond=int(match[1]) % 1_000_000)
    except (OverflowError, OSError) as error:
        raise ValueError(text) from error
    return Cursor(moment, int(match[2]))


def page(
    session: Session, person: Person, *, open_only: bool = False, after: Cursor | None = None, limit: int = PAGE
) -> TicketPage:
    """Up to `limit` tickets that the person may see."""
    statement = _statement(person, open_only, after is not None, limit)
    values = {"before": after.updated_at, "before_id": after.ticket_id} if after is not None else {}
    rows = session.execute(statement, values).all()
    last = rows[limit - 1] if len(rows) > limit else None
    older = Cursor(last.updated_at, last.id) if last is not None else None
    return TicketPage(
        tuple(TicketRow(row.number, row.title, row.status, row.name, row.updated_at) for row in rows[:limit]), older
    )


@functools.lru_cache(maxsize=256)  # putting it together takes longer than running it
def _statement(person: Person, open_only: bool, further: bool, limit: int) -> Select[int, str, str, str, datetime, str]:
    wanted = [visible_tickets(person)]
    if open_only:
        wanted.append(Ticket.status.in_([name for name in statuses.ALL if not statuses.is_done(name)]))
    if further:
        before = bindparam("before", type_=Ticket.updated_at.type)
        same_moment = and_(Ticket.updated_at == before, Ticket.id < bindparam("before_id"))
        wanted += [Ticket.updated_at <= before, or_(Ticket.updated_at < before, same_moment)]
    # The rule of access is one long "or", which no index serves. Each way to a ticket by itself has its index:
    # take the newest of each, with the rule applied, and of those the newest.
    newest = [_newest(way, wanted, limit + 1) for way in _ways(person, open_only=open_only)]
    ids = union_all(*(select(part.subquery().c.id) for part in newest))
    return (
        select(Ticket.id, Ticket.number, Ticket.title, Ticket.status, Ticket.updated_at, Contact.name)
        .join(Contact, Contact.id == Ticket.requester_id)
        .where(Ticket.id.in_(ids))
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
        .limit(limit + 1)
    )


def _newest(way: ColumnElement[bool], wanted: list[ColumnElement[bool]], count: int) -> Select[int]:
    order = (Ticket.updated_at.desc(), Ticket.id.desc())
    return select(Ticket.id).where(way, *wanted).order_by(*order).limit(count)


def _ways(person: Person, *, open_only: bool) -> list[ColumnElement[bool]]:
    """How this person can come to a ticket; together they cover the rule of access."""
    if person.staff_id is not None:
        return [Ticket.status == name for name in statuses.ALL if not (open_only and statuses.is_done(name))]
    part = select(Participant.ticket_id).where(Participant.contact_id == person.contact_id)
    ways = [Ticket.requester_id == person.contact_id, Ticket.id.in_(part)]
    if len(person.organisations) > MOST_WAYS:  # one query takes so many parts, and not many more
        return [*ways, Ticket.organisation_id.in_(sorted(person.organisations))]
    return [*ways, *(Ticket.organisation_id == organisation for organisation in sorted(person.organisations))]
