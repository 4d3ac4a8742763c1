"""What happens to tickets by the clock alone: resolved ones become Complete, and alerts about due times go out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from desk import alerts, load, tickets
from desk.levels import USUAL
from desk.tickets import Note
from desk.writes import Writes
from store.tables import Alert, Pending, Ticket

AT_ONCE = 500  # tickets in one transaction; the rest has its turn a minute later
DUE_SOON = timedelta(minutes=30)
_STAGES: tuple[alerts.Stage, ...] = ("due", "overdue")
KEEP_QUESTIONS = timedelta(days=7)  # what nobody confirmed; it may hold people's data


@dataclass(slots=True)
class _Known:
    """What alerts look at."""

    alerts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    children: dict[int, list[Any]] = field(default_factory=dict)


def complete(session: Session, next_id: Callable[[], int], now: datetime, after: timedelta, *, lock: bool) -> int:
    """Resolved long enough ago, and nobody said otherwise: Complete. Returns how many.

    No letter: that of the resolution named the day until which a reply opens the ticket again.
    """
    due = select(Ticket.id).where(Ticket.status == "Resolved", Ticket.completed_at < now - after)
    ids = set(session.scalars(due.order_by(Ticket.completed_at).limit(AT_ONCE)))
    writes, done = Writes(next_id), 0
    for ticket in load.tickets(session, ids, lock=lock).values():
        if ticket.id not in ids or ticket.status != "Resolved":
            continue  # a survivor that came along, or one that was opened again while we waited for the lock
        changes = tickets.set_status(writes, ticket, "Complete", now)
        tickets.note(writes, ticket, Note(None, "", now, kind="change", visibility="internal", changes=changes))
        done += 1
    writes.flush(session)
    return done


def tell_of_due(session: Session, next_id: Callable[[], int], now: datetime) -> int:
    """Alerts “due” half an hour before the due time, and “overdue” after it. Returns how many went out."""
    wanted = (
        select(Alert.ticket_id, Alert.contact_id, Alert.stage, Ticket.due_at)
        .join(Ticket, Ticket.id == Alert.ticket_id)
        .where(
            Ticket.due_at <= now + DUE_SOON,
            Ticket.due_at.is_not(None),
            Ticket.completed_at.is_(None),
            Ticket.waiting_since.is_(None),  # time stands still for a ticket that waits for its customer
            or_(Alert.stage == "due", and_(Alert.stage == "overdue", Ticket.due_at <= now)),
            Alert.sent_at.is_(None),
        )
    )
    rows = session.execute(wanted.limit(AT_ONCE)).all()
    known, writes = _Known(), Writes(next_id)
    missed = {(row.ticket_id, row.contact_id) for row in rows if row.stage == "overdue"}
    for row in rows:
        if row.stage == "due" and (row.ticket_id, row.contact_id) in missed:  # after a night off: one letter says it
            key = {"ticket_id": row.ticket_id, "contact_id": row.contact_id, "stage": "due"}
            writes.set(Alert, key, sent_at=now)
            continue
        known.alerts.setdefault(row.ticket_id, []).append((row.contact_id, row.stage))
    people = load.contacts_by_id(session, {row.contact_id for row in rows}, USUAL)  # rights are looked at later
    for ticket in load.tickets(session, set(known.alerts)).values():
        for stage in _STAGES:
            alerts.reached(writes, ticket, stage, known, people, now)
    writes.flush(session)
    return len(rows)


def forget_questions(session: Session, now: datetime) -> None:
    """What waited for a “confirm” that never came."""
    session.execute(delete(Pending).where(Pending.expires_at < now - KEEP_QUESTIONS))
