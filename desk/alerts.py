"""Alerts: somebody wants to hear when a ticket reaches a stage, and hears it once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from desk import notices, statuses
from desk.state import ContactState, TicketState
from desk.writes import Writes
from store.tables import Alert

Stage = Literal["due", "overdue", "completed", "in process", "tasks"]
STAGES: tuple[Stage, ...] = ("due", "overdue", "completed", "in process", "tasks")


class Child(Protocol):
    """A child ticket, as far as alerts look at it."""

    @property
    def id(self) -> int:
        """Its row."""

    @property
    def status(self) -> str:
        """Its status when the batch began."""


class Known(Protocol):
    """What was loaded about alerts and children."""

    @property
    def alerts(self) -> dict[int, list[tuple[int, str]]]:
        """By ticket: contact and stage of those not sent yet."""

    @property
    def children(self) -> Mapping[int, list[Any]]:
        """By parent: its children."""


def wanted(ticket: TicketState, contact: ContactState, known: Known) -> list[Stage]:
    """The stages that somebody waits to hear of."""
    theirs = {stage for who, stage in known.alerts.get(ticket.id, ()) if who == contact.id}
    return [stage for stage in STAGES if stage in theirs]


def want(writes: Writes, ticket: TicketState, contact: ContactState, stages: Collection[str], known: Known) -> None:
    """From now on these stages and no others; one that was reached and told before can be asked for again."""
    others = [(who, stage) for who, stage in known.alerts.get(ticket.id, ()) if who != contact.id]
    known.alerts[ticket.id] = [*others, *((contact.id, stage) for stage in STAGES if stage in stages)]
    writes.drop(Alert, {"ticket_id": ticket.id, "contact_id": contact.id})
    for stage in STAGES:
        if stage in stages:
            writes.add(Alert, ticket_id=ticket.id, contact_id=contact.id, stage=stage, sent_at=None)


def changed(
    writes: Writes,
    ticket: TicketState,
    changes: Mapping[str, Any],
    tickets: Mapping[int, TicketState],
    known: Known,
    people: Mapping[int, ContactState],
    now: datetime,
    author_id: int = 0,
) -> None:
    """After a change of status: “completed”, “in process”, and “tasks” of the ticket that this one is a child of.

    Its `author` knows.
    """
    people = {contact_id: person for contact_id, person in people.items() if contact_id != author_id}
    if "status" not in changes:
        return
    if ticket.status == "In Progress":
        reached(writes, ticket, "in process", known, people, now)
    if not statuses.is_done(ticket.status):
        return
    reached(writes, ticket, "completed", known, people, now)
    parent = tickets.get(ticket.parent_id or 0)
    if parent is None:
        return
    for child in known.children.get(parent.id, ()):
        current = tickets.get(child.id)
        if not statuses.is_done(current.status if current else child.status):
            return
    reached(writes, parent, "tasks", known, people, now)


def reached(
    writes: Writes,
    ticket: TicketState,
    stage: Stage,
    known: Known,
    people: Mapping[int, ContactState],
    now: datetime,
) -> None:
    """Tell everybody who wants to hear of this stage, and strike it off; the last look at rights is before sending."""
    rest = []
    for contact_id, other in known.alerts.get(ticket.id, ()):
        if other != stage:
            rest.append((contact_id, other))
            continue
        writes.set(Alert, {"ticket_id": ticket.id, "contact_id": contact_id, "stage": stage}, sent_at=now)
        person = people.get(contact_id)
        if person is not None and person.active and not person.muted:
            notices.letter(writes, "alert", person, now, ticket=ticket, context={"stage": stage})
    if rest or ticket.id in known.alerts:
        known.alerts[ticket.id] = rest
