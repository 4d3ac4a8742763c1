"""Who at the desk has read a ticket, and when: told by what they do. Customers are not watched (features.md A24)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.state import StaffState, TicketState
from desk.writes import Writes
from store.tables import Event, Reading, Staff


def has_read(writes: Writes, ticket: TicketState, reader: StaffState, now: datetime) -> None:
    """They answered it, or did something with it."""
    writes.put(Reading, {"ticket_id": ticket.id, "staff_id": reader.id}, at=now)


def saw_page(session: Session, ticket_id: int, staff_id: int, now: datetime) -> None:
    """They opened its page."""
    writes = Writes(_no_id)
    writes.put(Reading, {"ticket_id": ticket_id, "staff_id": staff_id}, at=now)
    writes.flush(session)


def readers(session: Session, ticket_id: int, most: int) -> list[tuple[str, datetime]]:
    """The name of each, and when they last read it: the latest ones, oldest first. An entry of theirs counts too."""
    read = select(Reading.staff_id, Reading.at).where(Reading.ticket_id == ticket_id)
    wrote = select(Event.staff_id, func.max(Event.at)).where(Event.ticket_id == ticket_id, Event.staff_id.is_not(None))
    latest: dict[int, datetime] = {}
    for statement in (read, wrote.group_by(Event.staff_id)):
        for staff_id, at in session.execute(statement):
            if staff_id is not None:
                latest[staff_id] = max(at, latest.get(staff_id, at))
    if not latest:
        return []
    names = _names(session, latest)
    return sorted(((names[i], at) for i, at in latest.items()), key=lambda reader: (reader[1], reader[0]))[-most:]


def _names(session: Session, staff: Mapping[int, datetime]) -> dict[int, str]:
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(staff)))
    return {row.id: row.name for row in rows}


def _no_id() -> int:
    raise RuntimeError("a reading has no id of its own")
