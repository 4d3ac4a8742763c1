"""Lists of tickets: which of them a view shows to whom, narrowed by filters and words, sorted, and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk import statuses
from desk.access import Person, visible_tickets
from desk.columns import Column, Row
from store.tables import (
    Approval,
    Contact,
    ContactAddress,
    Event,
    Organisation,
    Participant,
    Site,
    Staff,
    Team,
    Ticket,
)

View = Literal["my", "open", "done", "all", "approval", "queue", "overdue"]
LATELY = timedelta(days=7)  # "Recently completed" (features.md A14)
NOT_DONE = tuple(status for status in statuses.ALL if not statuses.is_done(status))
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A field must be, or hold, one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A time must lie from `since` on, and before `until`."""

    field: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody wants to see of the tickets that they may see."""

    view: View = "my"
    filters: tuple[Filter | Span, ...] = ()
    words: tuple[str, ...] = ()  # each of them stands in the title or in an entry
    sort: str = ""  # a key of SORTS; "" as the view has it
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """The line above a list."""

    open: int
    mine: int
    waiting_for_you: int
    approval: int
    done: int


SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "created": Ticket.created_at,
    "updated": Ticket.updated_at,
    "completed": Ticket.completed_at,
    "due": Ticket.due_at,
    "number": Ticket.number,
    "status": Ticket.status,
    "title": Ticket.title,
}
TIMES: dict[str, InstrumentedAttribute[Any]] = {
    name: SORTS[name] for name in ("created", "updated", "completed", "due")
}


def rows(
    session: Session,
    query: Query,
    person: Person,
    columns: Sequence[Column],
    now: datetime,
    *,
    limit: int,
    teams: Sequence[int] = (),
) -> list[Row]:
    """Up to `limit` tickets with these columns, in one query; `teams` are those of a member of staff."""
    order = _order(query)
    condition = and_(visible_tickets(person), _viewed(query.view, person, now, teams), *_narrowed(query, person))
    picked = select(Ticket.id).where(condition).order_by(*order).limit(limit).subquery()
    # What stands in other tables is looked up for the picked ones alone, not for all that were sorted.
    values = [column.value().label(f"c{place}") for place, column in enumerate(columns)]
    found = session.execute(select(*values).join(picked, picked.c.id == Ticket.id).order_by(*order))
    return [{column.key: value for column, value in zip(columns, row, strict=True)} for row in found]


def _order(query: Query) -> tuple[ColumnElement[Any], ...]:
    if query.sort:
        key = SORTS[query.sort]
        return (key.desc(), Ticket.id.desc()) if query.descending else (key.asc(), Ticket.id.asc())
    if query.view == "queue":
        return Ticket.created_at.asc(), Ticket.id.asc()
    if query.view == "overdue":
        return Ticket.due_at.asc(), Ticket.id.asc()
    newest = Ticket.completed_at if query.view == "done" else Ticket.created_at
    return newest.desc(), Ticket.id.desc()


def is_open() -> Condition:
    """Somebody still has to do something."""
    return Ticket.status.in_(NOT_DONE)


def _done_lately(now: datetime) -> Condition:
    # What was completed was updated then, or later: by this the index on status and time serves.
    since = now - LATELY
    lately = and_(Ticket.status.in_(statuses.DONE), Ticket.updated_at > since, Ticket.completed_at > since)
    return and_(lately, Ticket.merged_into_id.is_(None))


def _mine(person: Person) -> Condition:
    """Submitted, contact, or additional contact (features.md A1); of staff: what they took."""
    if person.staff_id is not None:
        return Ticket.assignee_id == person.staff_id
    taking_part = select(Participant.ticket_id).where(
        Participant.contact_id == person.contact_id, Participant.removed_at.is_(None)
    )
    return or_(Ticket.requester_id == person.contact_id, Ticket.id.in_(taking_part))


def _awaits(person: Person) -> Condition:
    """This person is asked to approve, and has not answered."""
    asked = select(Approval.ticket_id).where(Approval.contact_id == person.contact_id, Approval.answer == "")
    return and_(is_open(), Ticket.id.in_(asked))


def _unassigned(teams: Sequence[int]) -> Condition:
    free = and_(is_open(), Ticket.assignee_id.is_(None))
    return and_(free, or_(Ticket.team_id.in_(teams), Ticket.team_id.is_(None))) if teams else free


def _overdue(now: datetime) -> Condition:
    return and_(Ticket.due_at.is_not(None), Ticket.due_at < now, Ticket.completed_at.is_(None), is_open())


def _viewed(view: View, person: Person, now: datetime, teams: Sequence[int]) -> Condition:
    views: dict[View, Callable[[], Condition]] = {
        "my": lambda: and_(is_open(), _mine(person)),
        "open": is_open,
        "done": lambda: _done_lately(now),
        "all": true,
        "approval": lambda: _awaits(person),
        "queue": lambda: _unassigned(teams),
        "overdue": lambda: _overdue(now),
    }
    wanted = views[view]()
    # Spam is nobody's ticket; staff find it among all.
    return wanted if person.staff_id is not None and view == "all" else and_(wanted, ~Ticket.spam)


def holds(column: Any, words: str) -> Condition:
    """The column holds these words, in any case; `%` and `_` in them are themselves."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # SQLite's LIKE knows upper and lower case of ASCII letters only.
    forms = [escaped] if escaped.isascii() else [escaped, escaped.lower(), escaped.upper(), escaped.capitalize()]
    return or_(*(column.ilike(f"%{form}%", escape="\\") for form in dict.fromkeys(forms)))


def _narrowed(query: Query, person: Person) -> list[Condition]:
    found = [_filtered(one) for one in query.filters]
    return [*found, *(_says(word, person) for word in query.words)]


def _filtered(one: Filter | Span) -> Condition:
    if isinstance(one, Span):
        column = TIMES[one.field]
        bounds = [column >= one.since] if one.since else []
        return and_(true(), *bounds, *([column < one.until] if one.until else []))
    return or_(*(FILTERS[one.field](value) for value in one.values))


def _site(value: str) -> Condition:
    parts = (Site.name, Site.code, Site.place, Site.post_code, Site.account)
    return Ticket.site_id.in_(select(Site.id).where(or_(*(holds(part, value) for part in parts))))


def _contact(value: str) -> Condition:
    named = select(Contact.id).where(holds(Contact.name, value))
    written = select(ContactAddress.contact_id).where(holds(ContactAddress.address, value))
    return or_(Ticket.requester_id.in_(named), Ticket.requester_id.in_(written))


FILTERS: dict[str, Callable[[str], Condition]] = {
    "type": lambda value: Ticket.type == value,
    "status": lambda value: Ticket.status == value,
    "priority": lambda value: Ticket.priority == value,
    "title": lambda value: holds(Ticket.title, value),
    "number": lambda value: holds(Ticket.number, value),
    "ref": lambda value: Ticket.reference_key == value.casefold(),
    "item": lambda value: holds(Ticket.item, value),
    "site": _site,
    "contact": _contact,
    "organisation": lambda value: Ticket.organisation_id.in_(
        select(Organisation.id).where(holds(Organisation.name, value))
    ),
    "assignee": lambda value: Ticket.assignee_id.in_(select(Staff.id).where(holds(Staff.name, value))),
    "team": lambda value: Ticket.team_id.in_(select(Team.id).where(holds(Team.name, value))),
}
STAFF_FILTERS = frozenset({"organisation", "assignee", "team"})


def _says(word: str, person: Person) -> Condition:
    """The title, or an entry that this person may read, holds the word; or it is the number, ours or the customer's."""
    entry = [Event.ticket_id == Ticket.id, holds(Event.text, word)]
    if person.staff_id is None:
        entry.append(Event.visibility == "public")
    number = or_(
        Ticket.number == word.upper(), and_(Ticket.reference_key != "", Ticket.reference_key == word.casefold())
    )
    return or_(number, holds(Ticket.title, word), exists(select(1).where(*entry)))


def counts(session: Session, person: Person, now: datetime) -> Counts:
    """How many of each view, in one query that looks at open tickets and those of the last days alone."""
    seen = and_(visible_tickets(person), ~Ticket.spam)

    def number(*conditions: Condition) -> Any:
        return select(func.count()).select_from(Ticket).where(seen, *conditions).scalar_subquery()

    mine = _mine(person)
    row = session.execute(
        select(
            number(is_open()),
            number(is_open(), mine),
            number(Ticket.status.in_(statuses.WAITING_ON_CUSTOMER), mine),
            number(_awaits(person)),
            number(_done_lately(now)),
        )
    ).one()
    return Counts(*row)
