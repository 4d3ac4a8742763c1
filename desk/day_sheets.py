"""The day sheet: what waits for a member of staff on a working morning. Nothing where nothing waits."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from desk import load, notices
from desk.state import StaffState
from desk.writes import Writes
from store.tables import Organisation, Staff, TeamMember, Ticket

KIND = "day_sheet"  # of the letter
MOST = 10  # tickets that a part of it names
LONG = timedelta(days=5)  # without an answer of the customer
Name = Literal["overdue", "today", "unassigned", "waiting"]
NAMES: tuple[Name, ...] = ("overdue", "today", "unassigned", "waiting")  # a ticket is in the first that fits
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket."""

    number: str
    title: str
    organisation: str
    priority: str
    due_at: datetime | None
    waiting_since: datetime | None


@dataclass(slots=True)
class Sheet:
    """Of one member of staff: the first tickets of each part, how many each has, and how many others are theirs."""

    lines: dict[Name, list[Line]] = field(default_factory=lambda: {name: [] for name in NAMES})
    counts: dict[Name, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    others: int = 0

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to say."""
        return not any(self.counts.values()) and not self.others


def queue(session: Session, next_id: Callable[[], int], now: datetime, until: datetime) -> int:
    """A letter to everybody who wants one and has something on it. Returns how many."""
    wanting = select(Staff.id).where(Staff.day_sheet, Staff.deactivated_at.is_(None)).order_by(Staff.id)
    ids = session.scalars(wanting).all()
    sheets = of(session, ids, now, until)
    people: dict[int, StaffState] = load.staff(session) if sheets else {}
    writes = Writes(next_id)
    for staff_id in ids:
        if staff_id in sheets:
            notices.letter(writes, KIND, people[staff_id], now, context={"until": until.isoformat()})
    writes.flush(session)
    return len(sheets)


def of(session: Session, staff: Collection[int], now: datetime, until: datetime) -> dict[int, Sheet]:
    """The sheets of these members of staff, whose day ends at `until`; who has nothing is not in it.

    The unassigned are those of their teams, and of no team; of all teams for somebody who is in none.
    """
    if not staff:
        return {}
    teams: dict[int, set[int]] = {}
    for team_id, staff_id in session.execute(
        select(TeamMember.team_id, TeamMember.staff_id).where(TeamMember.staff_id.in_(staff))
    ):
        teams.setdefault(staff_id, set()).add(team_id)
    sheets = {staff_id: Sheet() for staff_id in staff}
    for row in session.execute(_ranked(staff, now, until)):
        for staff_id, sheet in sheets.items():
            if row.assignee_id is None:
                own = teams.get(staff_id)
                is_theirs = own is None or row.team_id is None or row.team_id in own
            else:
                is_theirs = row.assignee_id == staff_id
            if is_theirs:
                _put(sheet, row)
    return {staff_id: sheet for staff_id, sheet in sheets.items() if not sheet.is_empty}


def _put(sheet: Sheet, row: Row[Any]) -> None:
    part, rank, count = row.part, row.rank, row.in_all
    if part == _OTHER:
        sheet.others += count if rank == 1 else 0
        return
    sheet.counts[part] += count if rank == 1 else 0  # each team's part says its own count
    if len(sheet.lines[part]) < MOST:
        names = ("number", "title", "organisation", "priority", "due_at", "waiting_since")
        sheet.lines[part].append(Line(*(getattr(row, name) for name in names)))


def _ranked(staff: Collection[int], now: datetime, until: datetime) -> Select[Any]:
    """The first tickets of every part, of each of these people and of each team's unassigned ones."""
    runs: ColumnElement[bool] = and_(Ticket.due_at.is_not(None), Ticket.waiting_since.is_(None))
    part = case(
        (and_(runs, Ticket.due_at <= now), "overdue"),
        (and_(runs, Ticket.due_at < until), "today"),
        (Ticket.assignee_id.is_(None), "unassigned"),
        (Ticket.waiting_since < now - LONG, "waiting"),
        else_=_OTHER,
    ).label("part")
    groups = (Ticket.assignee_id, Ticket.team_id, part)
    first = (func.coalesce(Ticket.due_at, Ticket.waiting_since, Ticket.created_at), Ticket.id)
    rows = (
        select(
            Ticket.assignee_id,
            Ticket.team_id,
            part,
            Ticket.number,
            Ticket.title,
            Ticket.priority,
            Ticket.due_at,
            Ticket.waiting_since,
            func.coalesce(Organisation.name, "").label("organisation"),
            func.row_number().over(partition_by=groups, order_by=first).label("rank"),
            func.count().over(partition_by=groups).label("in_all"),
        )
        .outerjoin(Organisation, Organisation.id == Ticket.organisation_id)
        .where(
            Ticket.completed_at.is_(None),
            Ticket.merged_into_id.is_(None),
            ~Ticket.spam,
            or_(Ticket.assignee_id.in_(staff), Ticket.assignee_id.is_(None)),
        )
        .subquery()
    )
    return select(rows).where(rows.c.rank <= MOST).order_by(rows.c.rank, rows.c.number)
