"""Lists of tickets a page at a time, at the speed of the indexes, and how many tickets a list has."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, union_all
from sqlalchemy.orm import Session

from desk import lists
from desk.access import Person, visible_tickets
from desk.columns import Column, Row
from desk.lists import MAY_LACK, NOT_DONE, TIMES, Query, SortKey
from store.database import Database
from store.tables import Participant, Ticket

PAGE = 50
MOST_WAYS = 200  # organisations that are looked into one by one, each by its index
MOST_COUNTED = 1_000  # of more tickets it is said that they are more
BATCH = 1_000  # tickets of a file that are read at a time
_CURSOR = re.compile(r"([0-9]{1,18})-([^\0]{0,200})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID, _SORT = "ticket id", "sorted by"  # columns of our own, which nobody chooses


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind this ticket, which had this value then. It stays right while tickets come in."""

    ticket_id: int
    value: datetime | date | str | None

    def __str__(self) -> str:
        value = self.value
        if isinstance(value, datetime):
            return f"{self.ticket_id}-{(value - _EPOCH) // timedelta(microseconds=1)}"
        return f"{self.ticket_id}-{value.isoformat() if isinstance(value, date) else value or ''}"


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and where the next begins."""

    rows: list[Row]
    older: Cursor | None


def read_cursor(text: str, key: SortKey) -> Cursor:
    """A cursor of a list that is sorted so; ValueError when it is not one of ours."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise ValueError(text)
    said = match[2]
    if key.name in MAY_LACK and not said:
        return Cursor(int(match[1]), None)
    if key.name in TIMES:
        try:
            return Cursor(int(match[1]), _EPOCH + timedelta(microseconds=int(said)))
        except OverflowError as error:
            raise ValueError(text) from error
    return Cursor(int(match[1]), date.fromisoformat(said) if key.name == "needed" else said)


def page(
    session: Session,
    query: Query,
    person: Person,
    columns: Sequence[Column],
    now: datetime,
    *,
    after: Cursor | None = None,
    limit: int = PAGE,
    teams: Sequence[int] = (),
) -> Page:
    """Up to `limit` tickets with these columns, and where the next page begins."""
    key = lists.sorted_by(query)
    own = (Column(_ID, "", lambda: Ticket.id), Column(_SORT, "", lambda: key.column))
    picked = _picked(query, person, key, now, after, limit + 1, teams)
    rows = lists.values(session, picked, key, (*columns, *own))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(rows[:limit], Cursor(last[_ID], last[_SORT]) if last is not None else None)


def every(
    database: Database, query: Query, person: Person, columns: Sequence[Column], now: datetime, *, most: int,
    teams: Sequence[int] = (),
) -> Iterator[list[Row]]:  # fmt: skip
    """Up to `most` tickets, in batches that are each read by itself: nobody's slow line keeps a database waiting."""
    after = None
    while most > 0:
        with database.reading() as session:
            some = page(session, query, person, columns, now, after=after, limit=min(BATCH, most), teams=teams)
        yield some.rows
        most, after = most - len(some.rows), some.older
        if after is None:
            return


def count(session: Session, query: Query, person: Person, now: datetime, teams: Sequence[int] = ()) -> int:
    """How many tickets there are; of more than MOST_COUNTED one more than that."""
    wanted = lists.conditions(query, person, now, teams)
    some = select(Ticket.id).where(visible_tickets(person), *wanted).limit(MOST_COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _picked(
    query: Query, person: Person, key: SortKey, now: datetime, after: Cursor | None, count: int, teams: Sequence[int]
) -> Select[int]:
    wanted = lists.conditions(query, person, now, teams)
    if after is not None:
        wanted.append(_behind(after, key))
    # The rule of access is one long "or", which no index serves. Each way to a ticket by itself has its index:
    # take the first of each, and of those, with the rule applied, the first.
    ways = _ways(query, person, key)
    firsts = [select(Ticket.id).where(way, *wanted).order_by(*key.order()).limit(count).subquery() for way in ways]
    seen = Ticket.id.in_(union_all(*(select(first.c.id) for first in firsts)))
    picked = select(Ticket.id).where(seen, visible_tickets(person)).order_by(*key.order()).limit(count).subquery()
    return select(picked.c.id)


def _behind(after: Cursor, key: SortKey) -> ColumnElement[bool]:
    column, value = key.column, after.value
    same = Ticket.id < after.ticket_id if key.descending else Ticket.id > after.ticket_id
    if value is None:
        return and_(column.is_(None), same)
    further = column < value if key.descending else column > value
    # The range by itself comes first: an index can begin there.
    bound = column <= value if key.descending else column >= value
    rest = and_(bound, or_(further, same))
    return or_(rest, column.is_(None)) if key.name in MAY_LACK else rest


def _ways(query: Query, person: Person, key: SortKey) -> list[ColumnElement[bool]]:
    """How this person can come to a ticket of the view; together they cover the rule of access."""
    if query.words or query.view == "approval":  # an index finds the few; it is asked once
        return [visible_tickets(person)]
    if query.words:  # what they find is few, and is looked for once
        return [visible_tickets(person)]
    if person.staff_id is not None:
        by_status = query.view in ("open", "queue", "unassigned") and key.name in ("created", "updated")
        return [Ticket.status == name for name in NOT_DONE] if by_status else [true()]
    taking_part = (Participant.contact_id == person.contact_id, Participant.removed_at.is_(None))
    part = Ticket.id.in_(select(Participant.ticket_id).where(*taking_part))
    ways: list[ColumnElement[bool]] = [Ticket.requester_id == person.contact_id, part]
    organisations = [] if query.view == "my" else sorted(person.organisations)
    if query.view == "open" and len(organisations) > len(NOT_DONE):  # few are open: what is theirs is looked for there
        return [and_(Ticket.status == name, visible_tickets(person)) for name in NOT_DONE]
    if len(organisations) > MOST_WAYS:  # one query takes so many parts, and not many more
        return [*ways, and_(Ticket.organisation_id.in_(organisations), Ticket.shared)]
    return [*ways, *(and_(Ticket.organisation_id == one, Ticket.shared) for one in organisations)]
