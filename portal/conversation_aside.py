"""What stands beside the entries of a ticket: who takes part, who was asked, what belongs to it, what one can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk import alerts, known, load, reading
from desk.access import Person, visible_tickets
from desk.acting import possible
from desk.acting.possible import Possible
from desk.acting.rules import Desk
from desk.acting.stage import author_of
from desk.known import Known
from desk.state import ContactState, TicketState
from store.tables import Approval, Contact, Ticket, TicketLink

MOST_READERS = 20
MOST_RELATED = 50
MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked to approve."""

    name: str
    answer: str  # approve, reject, or "" while there is none
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Related:
    """Another ticket, and what it is to this one."""

    number: str
    title: str
    status: str
    how: str  # parent, child, merged, or the kind of a link


@dataclass(frozen=True, slots=True)
class Aside:
    """All of it, as the visitor may see it."""

    people: tuple[ContactState, ...]
    asked: tuple[Asked, ...]
    alerts: tuple[str, ...]  # the visitor's own
    readers: Sequence[tuple[str, datetime]]  # of the desk; customers are not watched
    related: tuple[Related, ...]
    possible: Possible
    muted: bool  # the visitor wants no letters at all


def read(desk: Desk, session: Session, person: Person, ticket: Ticket, now: datetime) -> Aside:
    """For one ticket that the visitor may see: a fixed number of queries."""
    author = author_of(session, person, desk)
    state = load.tickets(session, [ticket.id], levels=desk.rules.levels)[ticket.id]
    more = Known()
    known.alerts(session, [ticket.id], more)
    asked = _asked(session, ticket)
    answers = {contact_id: one.answer for contact_id, one in asked.items()}
    contact = author if isinstance(author, ContactState) else None
    return Aside(
        people=tuple(state.people.values())[:MOST_PEOPLE],
        asked=tuple(asked.values()),
        alerts=tuple(alerts.wanted(state, contact, more)) if contact else (),
        readers=reading.readers(session, ticket.id, MOST_READERS),
        related=_related(session, person, state),
        possible=possible.of(author, state, answers, desk.rules, now),
        muted=contact is not None and contact.muted,
    )


def _asked(session: Session, ticket: Ticket) -> Mapping[int, Asked]:
    """By contact, in the order in which they were asked."""
    if not ticket.approval:
        return {}
    rows = (
        select(Contact.id, Contact.name, Approval.answer, Approval.answered_at)
        .join(Approval, Approval.contact_id == Contact.id)
        .where(Approval.ticket_id == ticket.id)
        .order_by(Approval.asked_at, Contact.id)
    )
    return {row.id: Asked(row.name, row.answer, row.answered_at) for row in session.execute(rows)}


def _related(session: Session, person: Person, state: TicketState) -> tuple[Related, ...]:
    """Those that the visitor may see; of the others not even the number is told."""
    pair = (TicketLink.ticket_id, TicketLink.other_id, TicketLink.kind)
    links = session.execute(
        select(*pair).where(or_(TicketLink.ticket_id == state.id, TicketLink.other_id == state.id)).limit(MOST_RELATED)
    )
    how = {(other if one == state.id else one): kind for one, other, kind in links}
    wanted = [Ticket.parent_id == state.id, Ticket.merged_into_id == state.id]
    ids = [*how, *([state.parent_id] if state.parent_id else [])]
    wanted += [Ticket.id.in_(ids)] if ids else []
    columns = (Ticket.id, Ticket.number, Ticket.title, Ticket.status, Ticket.parent_id, Ticket.merged_into_id)
    rows = session.execute(
        select(*columns)
        .where(or_(*wanted), visible_tickets(person), Ticket.id != state.id)
        .order_by(Ticket.number)
        .limit(MOST_RELATED)
    )
    return tuple(Related(row.number, row.title, row.status, _how(state, row, how)) for row in rows)


def _how(state: TicketState, row: Any, links: Mapping[int, str]) -> str:
    if row.id == state.parent_id:
        return "parent"
    if row.parent_id == state.id:
        return "child"
    return "merged" if row.merged_into_id == state.id else links.get(row.id, "related")
