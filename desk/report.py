"""Figures about the tickets that somebody may see: five counts, twelve months of work, and what is open now."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, Executable, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import Session

from desk import access, list_filters, lists, statuses
from desk.access import Person, visible_tickets
from desk.list_filters import Filter
from desk.lists import NOT_DONE, Counts, Query, View
from store.tables import Ticket

MONTHS = 12
_TIMES = (Ticket.created_at, Ticket.completed_at)
# As lists.is_open(), for the index of open tickets: they were never completed. That of all statuses would serve too,
# and much worse; what is in a function does not tempt the database.
_OPEN = (func.coalesce(Ticket.status, "").in_(NOT_DONE), Ticket.completed_at.is_(None))
_Condition = ColumnElement[bool]
_Counted = tuple[tuple[int, ...], tuple[tuple[Any, ...], ...]]  # by month; then type, status, how many are open
Keep = Callable[[Hashable, Callable[[], _Counted]], _Counted]
_Part = Literal["all", "theirs", "own", "own of others"]


@dataclass(frozen=True, slots=True)
class Month:
    """What was created and what was completed in a month, by the desk's time zone."""

    first_day: datetime
    created: int
    completed: int


@dataclass(frozen=True, slots=True)
class Report:
    """Twelve months, the present one last, and the open tickets by type and by status."""

    months: tuple[Month, ...]
    by_type: tuple[tuple[str, int], ...]
    by_status: tuple[tuple[str, int], ...]

    @property
    def open(self) -> int:
        """All open tickets."""
        return sum(count for _, count in self.by_type)


def _count_now(_key: Hashable, count: Callable[[], _Counted]) -> _Counted:
    return count()


def report(
    session: Session, person: Person, now: datetime, zone: ZoneInfo, site: Filter | None = None, keep: Keep = _count_now
) -> Report:
    """Count; of one site alone where it is named. Every part of it is answered by an index.

    `keep` may hand out what was counted a moment ago for the same key: for all staff, or all who see the same
    organisations.
    """
    starts = month_starts(now, zone)
    values: dict[str, Any] = {"contact": person.contact_id, "organisations": sorted(person.organisations)}
    values |= {f"month{place}": start for place, start in enumerate(starts)}
    types: Counter[str] = Counter()
    open_now: Counter[str] = Counter()
    totals = [0] * (len(_TIMES) * MONTHS)
    for part in _parts(person):
        count = partial(_counted, session, part, site, values)
        whose = tuple(values["organisations"]) if part == "theirs" else ()
        counted, now_open = count() if part.startswith("own") else keep((part, whose, site), count)
        totals = [total + number for total, number in zip(totals, counted, strict=True)]
        for kind, status, number in now_open:
            types[kind] += number
            open_now[status] += number
    months = tuple(Month(start, totals[i], totals[MONTHS + i]) for i, start in enumerate(starts))
    by_status = tuple((status, open_now[status]) for status in statuses.ALL if status in open_now)
    return Report(months, tuple(sorted(types.items())), by_status)


def _counted(session: Session, part: _Part, site: Filter | None, values: dict[str, Any]) -> _Counted:
    year, now_open = _statements(part, site)
    return tuple(session.execute(year, values).one()), tuple(map(tuple, session.execute(now_open, values)))


def open_now(session: Session, person: Person) -> int:
    """How many tickets the view “open” shows; an index knows it, without the tickets."""
    values = {"contact": person.contact_id, "organisations": sorted(person.organisations)}
    found = [session.execute(_statements(part, None)[1], values) for part in _parts(person)]
    return sum(number for rows in found for *_, number in rows)


def done_lately(session: Session, person: Person, now: datetime, site: Filter | None = None) -> int:
    """How many tickets the view “done” shows."""
    return _number(session, "done", person, now, _narrowed(site))


def counts(session: Session, person: Person, now: datetime, found: Report, done: int, site: Filter | None) -> Counts:
    """The five figures, each of exactly the tickets that its list shows; `found` has counted the open ones."""
    narrowed = _narrowed(site)
    mine: dict[str, int] = {}
    if person.active:
        own = select(Ticket.status, func.count()).where(lists.mine(person), ~Ticket.spam, *_OPEN, *narrowed)
        mine = {row[0]: row[1] for row in session.execute(own.group_by(Ticket.status))}

    waiting = sum(count for status, count in mine.items() if status in statuses.WAITING_ON_CUSTOMER)
    approval = 0 if person.contact_id is None else _number(session, "approval", person, now, narrowed)
    return Counts(found.open, sum(mine.values()), waiting, approval, done)


def _number(session: Session, view: View, person: Person, now: datetime, narrowed: Sequence[_Condition]) -> int:
    wanted = (visible_tickets(person), *lists.conditions(Query(view), person, now), *narrowed)
    return session.scalar(select(func.count()).select_from(Ticket).where(*wanted)) or 0


def month_starts(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The first moments of this month and the eleven before it, oldest first."""
    local = now.astimezone(zone)
    months = [divmod(local.year * 12 + local.month - 1 - back, 12) for back in range(MONTHS)]
    return [datetime(year, month + 1, 1, tzinfo=zone) for year, month in reversed(months)]


def _parts(person: Person) -> tuple[_Part, ...]:
    """The rule of access (desk/access.py) in parts that have no ticket in common and an index each."""
    if not person.active:
        return ()
    if person.staff_id is not None:
        return ("all",)
    return ("theirs", "own of others") if person.organisations else ("own",)


# Made once: SQLAlchemy takes longer to put two dozen counts together than the database takes to count.
@lru_cache(maxsize=64)
def _statements(name: _Part, site: Filter | None) -> tuple[Executable, Executable]:
    """Of a part: what was created and completed in each month, and what is open, by type and status."""
    ids: BindParameter[Any] = bindparam("organisations", expanding=True)
    own = access.is_own(bindparam("contact"))
    parts: dict[_Part, tuple[_Condition, ...]] = {
        "all": (),
        "theirs": (Ticket.organisation_id.in_(ids), Ticket.shared == true()),
        "own": (own,),
        "own of others": (
            own, or_(Ticket.organisation_id.is_(None), Ticket.organisation_id.not_in(ids), ~Ticket.shared)
        ),
    }  # fmt: skip
    part = (*parts[name], ~Ticket.spam, *_narrowed(site))
    year = _by_ranges(part) if site is None and name in ("all", "theirs") else _by_rows(part)
    now_open = select(Ticket.type, Ticket.status, func.count()).where(*part, *_OPEN)
    return year, now_open.group_by(Ticket.type, Ticket.status)


def _narrowed(site: Filter | None) -> Sequence[_Condition]:
    return () if site is None else list_filters.conditions([site])


def _spans() -> list[_Condition]:
    """What was created in each month, then what was completed in each."""
    starts: list[BindParameter[Any]] = [bindparam(f"month{place}") for place in range(MONTHS)]
    ends = [*starts[1:], None]
    return [
        and_(time >= start, true() if end is None else time < end)
        for time in _TIMES
        for start, end in zip(starts, ends, strict=True)
    ]


def _by_ranges(part: Sequence[_Condition]) -> Executable:
    """Of many tickets: a range of an index for each month."""

    def number(span: _Condition) -> Any:
        return select(func.count()).select_from(Ticket).where(*part, span).scalar_subquery()

    return select(*map(number, _spans()))


def _by_rows(part: Sequence[_Condition]) -> Executable:
    """Of a few: each row is looked at once."""
    lately = or_(*(time >= bindparam("month0") for time in _TIMES))
    sums = [func.count().filter(span) for span in _spans()]
    return select(*sums).select_from(Ticket).where(*part, lately)
