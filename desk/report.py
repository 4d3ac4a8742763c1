"""Figures about the tickets that somebody may see: five counts, twelve months of work, and what is open now."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from desk import list_filters, lists, statuses
from desk.access import Person, visible_tickets
from desk.list_filters import Filter
from desk.lists import NOT_DONE, Counts, Query, View
from store.tables import Participant, Ticket

MONTHS = 12
_TIMES = (Ticket.created_at, Ticket.completed_at)
# As lists.is_open(), for the index of open tickets: they were never completed. That of all statuses would serve too,
# and much worse; what is in a function does not tempt the database.
_OPEN = (func.coalesce(Ticket.status, "").in_(NOT_DONE), Ticket.completed_at.is_(None))
_Condition = ColumnElement[bool]


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


def report(session: Session, person: Person, now: datetime, zone: ZoneInfo, site: Filter | None = None) -> Report:
    """Count; of one site alone where it is named. Every part of it is answered by an index."""
    starts = month_starts(now, zone)
    parts = _parts(person, site)
    types: Counter[str] = Counter()
    open_now: Counter[str] = Counter()
    totals = [0] * (len(_TIMES) * MONTHS)
    for part, is_many in parts:
        counted = _by_ranges(session, part, starts) if is_many else _by_rows(session, part, starts)
        totals = [total + number for total, number in zip(totals, counted, strict=True)]
        now_open = select(Ticket.type, Ticket.status, func.count()).where(*part, *_OPEN)
        for kind, status, number in session.execute(now_open.group_by(Ticket.type, Ticket.status)):
            types[kind] += number
            open_now[status] += number
    months = tuple(Month(start, totals[i], totals[MONTHS + i]) for i, start in enumerate(starts))
    by_status = tuple((status, open_now[status]) for status in statuses.ALL if status in open_now)
    return Report(months, tuple(sorted(types.items())), by_status)


def counts(session: Session, person: Person, now: datetime, found: Report, site: Filter | None = None) -> Counts:
    """The five figures, each of exactly the tickets that its list shows; `found` has counted the open ones."""
    narrowed = _narrowed(site)
    mine: dict[str, int] = {}
    if person.active:
        own = select(Ticket.status, func.count()).where(_own(person), ~Ticket.spam, *_OPEN, *narrowed)
        mine = {row[0]: row[1] for row in session.execute(own.group_by(Ticket.status))}

    def number(view: View) -> int:
        wanted = (visible_tickets(person), *lists.conditions(Query(view), person, now), *narrowed)
        return session.scalar(select(func.count()).select_from(Ticket).where(*wanted)) or 0

    waiting = sum(count for status, count in mine.items() if status in statuses.WAITING_ON_CUSTOMER)
    approval = 0 if person.contact_id is None else number("approval")
    return Counts(found.open, sum(mine.values()), waiting, approval, number("done"))


def month_starts(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The first moments of this month and the eleven before it, oldest first."""
    local = now.astimezone(zone)
    months = [divmod(local.year * 12 + local.month - 1 - back, 12) for back in range(MONTHS)]
    return [datetime(year, month + 1, 1, tzinfo=zone) for year, month in reversed(months)]


def _parts(person: Person, site: Filter | None) -> list[tuple[tuple[_Condition, ...], bool]]:
    """The rule of access (desk/access.py) in parts that have no ticket in common and an index each; which are large."""
    if not person.active:
        return []
    common, is_many = (~Ticket.spam, *_narrowed(site)), site is None
    if person.staff_id is not None:
        return [(common, is_many)]
    own, ids = _own(person), sorted(person.organisations)
    if not ids:
        return [((own, *common), False)]
    of_others = or_(Ticket.organisation_id.is_(None), Ticket.organisation_id.not_in(ids), ~Ticket.shared)
    theirs: tuple[_Condition, ...] = (Ticket.organisation_id.in_(ids), Ticket.shared == true(), *common)
    return [(theirs, is_many), ((own, of_others, *common), False)]


def _narrowed(site: Filter | None) -> Sequence[_Condition]:
    return () if site is None else list_filters.conditions([site])


def _own(person: Person) -> _Condition:
    """“My” tickets, open or not (features.md A1); of staff: what they took."""
    if person.staff_id is not None:
        return Ticket.assignee_id == person.staff_id
    taking_part = select(Participant.ticket_id).where(
        Participant.contact_id == person.contact_id, Participant.removed_at.is_(None)
    )
    return or_(Ticket.requester_id == person.contact_id, Ticket.id.in_(taking_part))


def _spans(starts: Sequence[datetime]) -> list[_Condition]:
    """What was created in each month, then what was completed in each."""
    ends: list[datetime | None] = [*starts[1:], None]
    return [
        and_(time >= start, true() if end is None else time < end)
        for time in _TIMES
        for start, end in zip(starts, ends, strict=True)
    ]


def _by_ranges(session: Session, part: Sequence[_Condition], starts: Sequence[datetime]) -> Sequence[int]:
    """Of many tickets: a range of an index for each month."""

    def number(span: _Condition) -> Any:
        return select(func.count()).select_from(Ticket).where(*part, span).scalar_subquery()

    return tuple(session.execute(select(*map(number, _spans(starts)))).one())


def _by_rows(session: Session, part: Sequence[_Condition], starts: Sequence[datetime]) -> Sequence[int]:
    """Of a few: each row is looked at once."""
    lately = or_(*(time >= starts[0] for time in _TIMES))
    sums = [func.count().filter(span) for span in _spans(starts)]
    return tuple(session.execute(select(*sums).select_from(Ticket).where(*part, lately)).one())
