"""Figures about the tickets that somebody may see: twelve months of work, and what is open now."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, literal, select, union_all
from sqlalchemy.orm import Session

from desk import statuses
from desk.access import Person, visible_tickets
from desk.lists import is_open
from store.tables import Ticket

MONTHS = 12


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


def report(session: Session, person: Person, now: datetime, zone: ZoneInfo) -> Report:
    """Count, in two queries."""
    starts = month_starts(now, zone)
    seen = (visible_tickets(person), ~Ticket.spam)
    counts: dict[tuple[str, int], int] = defaultdict(int)
    parts = []
    for name, moment in (("created", Ticket.created_at), ("completed", Ticket.completed_at)):
        # The first bound from the top that the moment has passed: one comparison for what is new.
        month = case(*((moment >= start, place) for place, start in reversed(list(enumerate(starts)))))
        inner = select(month.label("month")).where(*seen, moment >= starts[0]).subquery()
        grouped = select(literal(name).label("name"), inner.c.month, func.count().label("number"))
        parts.append(grouped.group_by(inner.c.month))
    for name, place, number in session.execute(union_all(*parts)):
        counts[name, place] = number
    months = [Month(start, counts["created", i], counts["completed", i]) for i, start in enumerate(starts)]
    types: dict[str, int] = defaultdict(int)
    open_now: dict[str, int] = defaultdict(int)
    now_open = select(Ticket.type, Ticket.status, func.count()).where(*seen, is_open())
    for kind, status, number in session.execute(now_open.group_by(Ticket.type, Ticket.status)):
        types[kind] += number
        open_now[status] += number
    by_status = tuple((status, open_now[status]) for status in statuses.ALL if status in open_now)
    return Report(tuple(months), tuple(sorted(types.items())), by_status)


def month_starts(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The first moments of this month and the eleven before it, oldest first."""
    local = now.astimezone(zone)
    months = [divmod(local.year * 12 + local.month - 1 - back, 12) for back in range(MONTHS)]
    return [datetime(year, month + 1, 1, tzinfo=zone) for year, month in reversed(months)]
