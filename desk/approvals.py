"""Approvals: somebody is asked whether a change may be made, answers, and that decides."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import audit, statuses, taking_part, tickets
from desk.state import ContactState, TicketState
from desk.writes import Writes
from store.tables import Approval, Approver, Contact, Ticket

Answer = Literal["approve", "reject"]
Answers = dict[int, str]  # by contact: approve, reject, or "" while there is none
Mode = Literal["any", "all"]  # whose answer decides: the first one; or all have to approve
REQUESTED, APPROVED, REJECTED = "Requested", "Approved", "Rejected"
_MEANS: dict[str, str] = {"approve": APPROVED, "reject": REJECTED}


def ask(
    writes: Writes, ticket: TicketState, people: Sequence[ContactState], known: dict[int, Answers], now: datetime
) -> dict[str, Any]:
    """Ask these people, besides those who are asked already; a decided ticket is decided anew. Returns the changes."""
    if ticket.approval != REQUESTED:
        writes.drop(Approval, {"ticket_id": ticket.id})
        known[ticket.id] = {}
    answers = known.setdefault(ticket.id, {})
    for person in unasked(ticket, people, answers):
        answers[person.id] = ""
        writes.add(Approval, ticket_id=ticket.id, contact_id=person.id, asked_at=now, answer="", answered_at=None)
    _let_in(writes, ticket, people, now)
    return _set(writes, ticket, REQUESTED) | tickets.set_status(writes, ticket, "Waiting Approval", now)


def unasked(ticket: TicketState, people: Iterable[ContactState], answers: Answers) -> list[ContactState]:
    """Those of the people who are not asked already in the round that runs."""
    return [person for person in people if ticket.approval != REQUESTED or person.id not in answers]


def _let_in(writes: Writes, ticket: TicketState, people: Sequence[ContactState], now: datetime) -> None:
    """Approvers take part, so that they can see what they decide about. A “stop” of theirs still holds."""
    stopped = ticket.muted & {person.id for person in people}
    taking_part.join(writes, ticket, people, now, "approver")
    for person in people:
        if person.id in stopped and person.id in ticket.people:
            taking_part.stop(writes, ticket, person, now)


def answer(
    writes: Writes,
    ticket: TicketState,
    person: ContactState,
    said: Answer,
    known: dict[int, Answers],
    mode: Mode,
    now: datetime,
) -> dict[str, Any]:
    """Keep an answer; where it decides, the ticket goes on: In Progress, or Update Added so that staff look at it."""
    answers = known.setdefault(ticket.id, {})
    answers[person.id] = said
    writes.set(Approval, {"ticket_id": ticket.id, "contact_id": person.id}, answer=said, answered_at=now)
    decided = _decided(answers, said, mode)
    if not decided:
        return {"answer": ["", said]}
    changes = _set(writes, ticket, decided)
    if not statuses.is_done(ticket.status):
        changes |= tickets.set_status(writes, ticket, "In Progress" if decided == APPROVED else "Update Added", now)
    return changes


def _decided(answers: Answers, said: Answer, mode: Mode) -> str:
    """What an answer decides: with “all”, a single “reject” is enough, and the last “approve” is needed."""
    if mode == "all" and said == "approve" and any(one != "approve" for one in answers.values()):
        return ""
    return _MEANS[said]


def _set(writes: Writes, ticket: TicketState, approval: str) -> dict[str, Any]:
    if ticket.approval == approval:
        return {}
    before, ticket.approval = ticket.approval, approval
    writes.change(Ticket, ticket.id, approval=approval)
    return {"approval": [before, approval]}


def deciders(ticket: TicketState, answers: Answers) -> list[int]:
    """Contacts whose answer is what was decided."""
    return [contact_id for contact_id, said in answers.items() if _MEANS.get(said) == ticket.approval]


def join_board(session: Session, contact: Contact, board: str) -> bool:
    """Make somebody an approver of their organisation; False when they are one already. ValueError without one."""
    if contact.organisation_id is None:
        raise ValueError(f"{contact.address} belongs to no organisation")
    place = (contact.organisation_id, board_name(board), contact.id)
    if session.get(Approver, place) is not None:
        return False
    session.add(Approver(organisation_id=place[0], board=place[1], contact_id=contact.id))
    audit.note(session, "board.joined", "contact", contact.id)
    return True


def leave_board(session: Session, contact: Contact, board: str) -> bool:
    """They are asked no more; False when they were not on that board. What they were asked stays theirs to answer."""
    mine = (Approver.contact_id == contact.id, Approver.board == board_name(board))
    rows = session.scalars(select(Approver).where(*mine)).all()
    for row in rows:
        session.delete(row)
    if rows:
        audit.note(session, "board.left", "contact", contact.id)
    return bool(rows)


def board_name(text: str) -> str:
    """As it is kept: in lower case, at most 60 characters."""
    return " ".join(text.lower().split())[:60]
