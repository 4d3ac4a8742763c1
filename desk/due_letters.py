"""Staff hear of due times: half an hour before and when one is missed, of the first answer and of the whole; once each.

While a ticket waits for its customer its time stands still, and nobody is told.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk import load, notices, statuses
from desk.state import TicketState
from desk.writes import Writes
from store.tables import Ticket

SOON = timedelta(minutes=30)
AT_ONCE = 200  # tickets in one transaction; the rest has its turn a minute later
Stage = Literal["answer due", "answer overdue", "due", "overdue"]
# What of it stands in `Ticket.due_told`, whose letters say which of these were told; a time that moves clears it.
_MARKS: dict[Stage, str] = {"answer due": "s", "answer overdue": "l", "due": "d", "overdue": "o"}


def tell(session: Session, next_id: Callable[[], int], now: datetime, *, lock: bool) -> int:
    """Letters to whoever has the ticket, else to its team. Returns how many tickets they are about."""
    ids = _missed(session, Ticket.due_at, now, "due", "overdue")
    unanswered = Ticket.first_answered_at.is_(None)
    ids |= _missed(session, Ticket.first_answer_due_at, now, "answer due", "answer overdue", unanswered)
    if not ids:
        return 0
    writes, people = Writes(next_id), load.staff(session)
    teams = load.teams(session, people)
    for ticket in load.tickets(session, ids, lock=lock).values():
        stages = list(reached(ticket, now)) if ticket.id in ids else []
        for stage in stages:
            for person in notices.staff_of(ticket, teams, people):
                # Not counted among what machines write: a busy day must not cost somebody the answers to their mail.
                notices.letter(writes, "due", person, now, ticket=ticket, context={"stage": stage}, automatic=False)
        if stages:
            ticket.due_told += "".join(_MARKS[stage] for stage in stages)
            writes.change(Ticket, ticket.id, due_told=ticket.due_told)
    writes.flush(session)
    return len(ids)


def reached(ticket: TicketState, now: datetime) -> Iterator[Stage]:
    """What staff are to hear of now. Of a time that is missed already nobody hears that it comes."""
    if statuses.is_done(ticket.status) or ticket.waiting_since is not None:
        return
    answer = None if ticket.first_answered_at else ticket.first_answer_due_at
    times: tuple[tuple[datetime | None, Stage, Stage], ...] = (
        (answer, "answer due", "answer overdue"),
        (ticket.due_at, "due", "overdue"),
    )
    for at, soon, late in times:
        if at is None or at > now + SOON:
            continue
        stage = late if at <= now else soon
        if stage == soon and ticket.created_at is not None and at - ticket.created_at <= 2 * SOON:
            continue  # whoever was told of the new ticket just now knows
        if _MARKS[stage] not in ticket.due_told:
            yield stage


def _missed(
    session: Session,
    at: InstrumentedAttribute[datetime | None],
    now: datetime,
    soon: Stage,
    late: Stage,
    *more: ColumnElement[bool],
) -> set[int]:
    """Tickets of which staff have something to hear, by the one time: each has an index of its own."""
    untold = or_(
        and_(at <= now, ~Ticket.due_told.contains(_MARKS[late])),
        and_(at > now, ~Ticket.due_told.contains(_MARKS[soon])),
    )
    wanted = select(Ticket.id).where(
        at.is_not(None),
        at <= now + SOON,
        Ticket.completed_at.is_(None),
        Ticket.waiting_since.is_(None),
        func.coalesce(Ticket.merged_into_id, 0) == 0,  # so written, its own index leads nobody astray
        ~Ticket.spam,
        untold,
        *more,
    )
    return set(session.scalars(wanted.order_by(at).limit(AT_ONCE)))
