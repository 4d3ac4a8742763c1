"""Walks along an index of a long table, page by page; what has no index is looked for in a stretch of it at a time."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

STRETCH = 20_000  # rows that one page looks through
_CURSOR = re.compile(r"(?:(\d{1,17})-)?(\d{1,18})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which row a page begins; written into an address."""

    at: datetime | None
    id: int

    def __str__(self) -> str:
        if self.at is None:
            return str(self.id)
        since = self.at - _EPOCH
        return f"{(since.days * 86400 + since.seconds) * _MICROSECONDS + since.microseconds}-{self.id}"


def place(text: str) -> Place | None:
    """A place as an address says it; None for anything else."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    try:
        at = datetime.fromtimestamp(int(found[1]) // _MICROSECONDS, UTC) if found[1] else None
    except (OverflowError, OSError, ValueError):  # no year of ours
        return None
    return Place(at.replace(microsecond=int(found[1]) % _MICROSECONDS) if at else None, int(found[2]))


@dataclass(frozen=True, slots=True)
class Way:
    """An index: its conditions, the time that it is sorted by (None: by the id alone), the id, and the direction."""

    id: Any
    at: Any = None
    on: tuple[Any, ...] = ()
    newest_first: bool = True

    def order(self) -> list[Any]:
        """As ORDER BY."""
        columns = [self.at, self.id] if self.at is not None else [self.id]
        return [column.desc() for column in columns] if self.newest_first else columns

    def behind(self, place: Place | None) -> list[ColumnElement[bool]]:
        """What lies behind a place: as a range of the index first, then to the row."""
        if place is None or (self.at is not None) != (place.at is not None):
            return []
        before = self.id < place.id if self.newest_first else self.id > place.id
        if self.at is None:
            return [before]
        if self.newest_first:
            return [self.at <= place.at, or_(self.at < place.at, before)]
        return [self.at >= place.at, or_(self.at > place.at, before)]

    def up_to(self, place: Place) -> list[ColumnElement[bool]]:
        """What lies before a place, and the place itself."""
        here = self.id >= place.id if self.newest_first else self.id <= place.id
        if self.at is None:
            return [here]
        if self.newest_first:
            return [self.at >= place.at, or_(self.at > place.at, here)]
        return [self.at <= place.at, or_(self.at < place.at, here)]


@dataclass(frozen=True, slots=True)
class Steps:
    """The ids of a page, and where the next one begins; `searched` when this one looked through a stretch and no
    further."""

    ids: Sequence[int]
    next: Place | None
    searched: Place | None = None


def walk(
    session: Session,
    way: Way,
    filters: Sequence[ColumnElement[bool]],
    joined: Callable[[Select[Any]], Select[Any]],
    after: Place | None,
    most: int,
    stretch: int = STRETCH,
) -> Steps:
    """A page of rows along a way. `joined` adds the tables that `filters` look at."""
    columns = [way.id, way.at] if way.at is not None else [way.id]
    start = [*way.on, *way.behind(after)]
    end: Place | None = None
    if filters:
        last = session.execute(select(*columns).where(*start).order_by(*way.order()).offset(stretch - 1).limit(1))
        end = _place(last.first())
    statement = joined(select(*columns)).where(*start, *filters, *(way.up_to(end) if end else ()))
    rows = session.execute(statement.order_by(*way.order()).limit(most + 1)).all()
    ids = [row[0] for row in rows[:most]]
    if len(rows) > most:
        return Steps(ids, _place(rows[most - 1]))
    return Steps(ids, end, end)


def _place(row: Any) -> Place | None:
    if row is None:
        return None
    return Place(row[1] if len(row) > 1 else None, row[0])
