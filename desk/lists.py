"""Lists of tickets: which of them a view shows to whom, narrowed by filters and words, sorted, and counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk import list_filters, search, statuses
from desk.access import Person, is_own, visible_tickets
from desk.columns import Column, Row
from desk.list_filters import FILTERS as FILTERS
from desk.list_filters import STAFF_FILTERS as STAFF_FILTERS
from desk.list_filters import TIMES as TIMES
from desk.list_filters import Condition
from desk.list_filters import Filter as Filter
from desk.list_filters import Span as Span
from desk.list_filters import holds as holds
from store.tables import Approval, Ticket

View = Literal["my", "open", "done", "all", "approval", "queue", "unassigned", "waiting", "due", "overdue"]
STAFF_VIEWS: frozenset[View] = frozenset({"queue", "unassigned", "waiting", "due", "overdue"})
LATELY = timedelta(days=7)  # "Recently completed" (features.md A14)
SOON = timedelta(days=1)  # what is due within it stands beside what is overdue
NOT_DONE = tuple(status for status in statuses.ALL if not statuses.is_done(status))


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
    "type": Ticket.type,
    "item": Ticket.item,
    "ref": Ticket.reference_key,
    "needed": Ticket.needed_by,
}
MAY_LACK = frozenset({"completed", "due", "needed"})  # what not every ticket has: those come last, either way


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
    key = sorted_by(query)
    found = and_(visible_tickets(person), *conditions(query, person, now, teams))
    picked = select(Ticket.id).where(found).order_by(*key.order()).limit(limit).subquery()
    return values(session, select(picked.c.id), key, columns)


def values(session: Session, picked: Any, key: "SortKey", columns: Sequence[Column]) -> list[Row]:
    """The columns of the tickets whose ids a statement picks, in their order.

    What stands in other tables is looked up for these alone, not for all that were sorted.
    """
    shown = [column.value().label(f"c{place}") for place, column in enumerate(columns)]
    found = session.execute(select(*shown).where(Ticket.id.in_(picked)).order_by(*key.order()))
    return [{column.key: value for column, value in zip(columns, row, strict=True)} for row in found]


@dataclass(frozen=True, slots=True)
class SortKey:
    """By what a list is sorted; the id decides between two that are alike."""

    name: str
    descending: bool

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        """The column of it."""
        return SORTS[self.name]

    def order(self) -> tuple[ColumnElement[Any], ...]:
        """For ORDER BY."""
        last = (Ticket.id.desc(),) if self.descending else (Ticket.id.asc(),)
        first = self.column.desc() if self.descending else self.column.asc()
        return (first.nulls_last() if self.name in MAY_LACK else first, *last)


def sorted_by(query: Query) -> SortKey:
    """As the query says, or its view has it: the oldest of a queue, the latest of what is due, else the newest."""
    if query.sort:
        return SortKey(query.sort, query.descending)
    if query.view in ("queue", "unassigned", "waiting"):
        return SortKey("created", descending=False)
    if query.view in ("due", "overdue"):
        return SortKey("due", descending=False)
    return SortKey("completed" if query.view == "done" else "created", descending=True)


def conditions(query: Query, person: Person, now: datetime, teams: Sequence[int] = ()) -> list[Condition]:
    """What a query asks of a ticket, beside that the person may see it."""
    viewed = _viewed(query.view, person, now, teams)
    narrowed = list_filters.conditions(query.filters)
    return [viewed, *narrowed, *(_says(word, person) for word in query.words)]


def is_open() -> Condition:
    """Somebody still has to do something."""
    return Ticket.status.in_(NOT_DONE)


def _done_lately(now: datetime) -> Condition:
    # What was completed was updated then, or later: by this the index on status and time serves.
    since = now - LATELY
    lately = and_(Ticket.status.in_(statuses.DONE), Ticket.updated_at > since, Ticket.completed_at > since)
    return and_(lately, Ticket.merged_into_id.is_(None))


def mine(person: Person) -> Condition:
    """“My” tickets, open or not; of staff: what they took."""
    return Ticket.assignee_id == person.staff_id if person.staff_id is not None else is_own(person.contact_id)


def _awaits(person: Person) -> Condition:
    """This person is asked to approve, and has not answered."""
    asked = select(Approval.ticket_id).where(Approval.contact_id == person.contact_id, Approval.answer == "")
    return and_(is_open(), Ticket.id.in_(asked))


def _unassigned(teams: Sequence[int]) -> Condition:
    free = and_(is_open(), Ticket.assignee_id.is_(None))
    return and_(free, or_(Ticket.team_id.in_(teams), Ticket.team_id.is_(None))) if teams else free


def _due(before: datetime) -> Condition:
    return and_(Ticket.due_at.is_not(None), Ticket.due_at < before, Ticket.completed_at.is_(None), is_open())


def _viewed(view: View, person: Person, now: datetime, teams: Sequence[int]) -> Condition:
    views: dict[View, Callable[[], Condition]] = {
        "my": lambda: and_(is_open(), mine(person)),
        "open": is_open,
        "done": lambda: _done_lately(now),
        "all": true,
        "approval": lambda: _awaits(person),
        "queue": lambda: _unassigned(teams),
        "unassigned": lambda: _unassigned(()),
        "waiting": lambda: Ticket.status.in_(statuses.WAITING_ON_CUSTOMER),
        "due": lambda: _due(now + SOON),
        "overdue": lambda: _due(now),
    }
    wanted = views[view]()
    # Spam is nobody's ticket; staff find it among all.
    return wanted if person.staff_id is not None and view == "all" else and_(wanted, ~Ticket.spam)


def _says(word: str, person: Person) -> Condition:
    """The title, or an entry that this person may read, holds the word; or it is the number, ours or the customer's."""
    return search.found(word, person)


def counts(session: Session, person: Person, now: datetime) -> Counts:
    """How many of each view, in one query that looks at open tickets and those of the last days alone."""
    seen = and_(visible_tickets(person), ~Ticket.spam)

    def number(*conditions: Condition) -> Any:
        return select(func.count()).select_from(Ticket).where(seen, *conditions).scalar_subquery()

    own = mine(person)
    row = session.execute(
        select(
            number(is_open()),
            number(is_open(), own),
            number(Ticket.status.in_(statuses.WAITING_ON_CUSTOMER), own),
            number(_awaits(person)),
            number(_done_lately(now)),
        )
    ).one()
    return Counts(*row)
