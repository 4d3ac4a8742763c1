"""Lists of tickets a page at a time, at the speed of the indexes, and how many tickets a list has."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, union_all
from sqlalchemy.orm import Session

from desk import lists, report, search
from desk.access import Person, takes_part, visible_tickets
from desk.columns import Column, Row
from desk.lists import MAY_LACK, NOT_DONE, TIMES, Query, SortKey
from desk.search import Look
from store.database import Database
from store.tables import Ticket

PAGE = 50
MOST_WAYS = 200  # organisations that are looked into one by one, each by its index
MOST_COUNTED = 1_000  # of more tickets it is said that they are more
BATCH = 1_000  # tickets of a file that are read at a time
MOST_READ = 40  # tickets that are read for each one of a page, when words are looked for that stand in many
_FEW = 6_000  # tickets that are read rather than all texts with a word
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
    look: Look | None = None,
) -> Page:
    """Up to `limit` tickets with these columns, and where the next page begins.

    `look` is what search.look found for the words of the query, where that is known already.
    """
    key = lists.sorted_by(query)
    own = (Column(_ID, "", lambda: Ticket.id), Column(_SORT, "", lambda: key.column))
    wanted = _Wanted(query, person, key, now, after, tuple(teams))
    picked = (
        _with_words(session, wanted, limit + 1, look) if query.words else select(_picked(wanted, limit + 1).subquery())
    )
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


def count(
    session: Session, query: Query, person: Person, now: datetime, teams: Sequence[int] = (), look: Look | None = None
) -> int:
    """How many tickets there are; of more than MOST_COUNTED one more than that."""
    bare = _Wanted(replace(query, words=()), person, lists.sorted_by(query), now, None, tuple(teams))
    if not query.words:
        if query.view == "open" and not query.filters:
            return min(report.open_now(session, person), MOST_COUNTED + 1)
        return _number(session, _any_of(bare), MOST_COUNTED)
    look = look or search.look(session, query.words, person)
    if len(look.common) > 1 and look.ids is None:  # each is common; all of them together may be rare
        look = search.look(session, query.words, person, search.LESS_RARE)
    held = [search.holding(word, person) for word in look.common]
    if look.ids is not None:
        return _number(session, _any_of(bare).where(search.among(session, look.ids), *held), MOST_COUNTED)
    long = [word for word in look.common if len(word) >= search.SHORTEST]
    if long and search.is_sqlite(session) and _number(session, _any_of(bare), _FEW) > _FEW:
        others = [search.holding(word, person) for word in look.common if word != long[0]]
        return _by_texts(session, _any_of(bare).where(*others), long[0], person)
    return _number(session, _any_of(bare).where(*held), MOST_COUNTED)


def _by_texts(session: Session, wanted: Select[int], word: str, person: Person) -> int:
    """Many tickets, and many texts with the word: those are gone through until there are tickets enough."""
    known, *others = search.hits(word, person, sqlite=True)
    texts, most = known.subquery(), MOST_COUNTED + 1
    joined = wanted.select_from(texts.join(Ticket, Ticket.id == texts.c.ticket_id)).distinct()
    found = set(session.scalars(joined.limit(most)))
    if len(found) < most:
        found.update(session.scalars(wanted.where(Ticket.id.in_(union_all(*others))).limit(most)))
    return min(len(found), most)


def _number(session: Session, found: Select[int], most: int) -> int:
    return session.scalar(select(func.count()).select_from(found.limit(most + 1).subquery())) or 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one page asks for."""

    query: Query
    person: Person
    key: SortKey
    now: datetime
    after: Cursor | None
    teams: tuple[int, ...]

    def conditions(self) -> list[ColumnElement[bool]]:
        """All but the rule of access."""
        wanted = lists.conditions(self.query, self.person, self.now, self.teams)
        return wanted if self.after is None else [*wanted, _behind(self.after, self.key)]


def _any_of(wanted: _Wanted) -> Select[int]:
    return select(Ticket.id).where(visible_tickets(wanted.person), *wanted.conditions())


def _with_words(session: Session, wanted: _Wanted, count: int, look: Look | None) -> Sequence[int]:
    """The first tickets that hold the words: by the index where a word is rare, else by reading one after another."""
    person, query = wanted.person, wanted.query
    look = look or search.look(session, query.words, person)
    bare = replace(wanted, query=replace(query, words=()))
    if look.ids is not None:
        return _of_these(session, bare, count, look)
    held = [search.holding(word, person) for word in look.common]
    most, size = count * MOST_READ, count * 2
    ids, found, start = session.scalars(_picked(bare, most)).all(), list[int](), 0
    while start < len(ids) and len(found) < count:
        part = ids[start : start + size]
        holding = set(session.scalars(select(Ticket.id).where(search.among(session, part), *held)))
        found += [one for one in part if one in holding]
        start, size = start + size, size * 2
    if len(found) >= count or len(ids) < most:
        return found[:count]
    # The words stand in what is further on.
    look = search.look(session, query.words, person, search.LESS_RARE)
    if look.ids is not None:
        return _of_these(session, bare, count, look)
    return session.scalars(_any_of(wanted).order_by(*wanted.key.order()).limit(count)).all()


def _of_these(session: Session, bare: _Wanted, count: int, look: Look) -> Sequence[int]:
    held = [search.holding(word, bare.person) for word in look.common]
    some = _any_of(bare).where(search.among(session, look.ids or ()), *held)
    return session.scalars(some.order_by(*bare.key.order()).limit(count)).all()


def _picked(wanted: _Wanted, count: int) -> Select[int]:
    # The rule of access is one long "or", which no index serves. Each way to a ticket by itself has its index:
    # take the first of each, and of those, with the rule applied, the first.
    person, order = wanted.person, wanted.key.order()
    ways, asked = _ways(wanted.query, person, wanted.key), wanted.conditions()
    if len(ways) == 1:
        return select(Ticket.id).where(ways[0], *asked, visible_tickets(person)).order_by(*order).limit(count)
    firsts = [select(Ticket.id).where(way, *asked).order_by(*order).limit(count).subquery() for way in ways]
    seen = Ticket.id.in_(union_all(*(select(first.c.id) for first in firsts)))
    return select(Ticket.id).where(seen, visible_tickets(person)).order_by(*order).limit(count)


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
    if query.view == "approval":  # an index finds the few; it is asked once
        return [true()]
    if person.staff_id is not None:
        by_status = query.view in ("open", "queue", "unassigned") and key.name in ("created", "updated")
        return [Ticket.status == name for name in NOT_DONE] if by_status else [true()]
    ways: list[ColumnElement[bool]] = [Ticket.requester_id == person.contact_id, takes_part(person.contact_id)]
    organisations = [] if query.view == "my" else sorted(person.organisations)
    if query.view == "open" and len(organisations) > len(NOT_DONE):  # few are open: what is theirs is looked for there
        return [and_(Ticket.status == name, visible_tickets(person)) for name in NOT_DONE]
    if len(organisations) > MOST_WAYS:  # one query takes so many parts, and not many more
        return [*ways, and_(Ticket.organisation_id.in_(organisations), Ticket.shared)]
    return [*ways, *(and_(Ticket.organisation_id == one, Ticket.shared) for one in organisations)]
