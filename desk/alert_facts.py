"""What alerts look at, loaded for tickets that change without a mail: who waits for which stage, and the children."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import load
from desk.levels import Levels
from desk.state import ContactState
from store.tables import Alert, Ticket


@dataclass(slots=True)
class Facts:
    """By ticket: contact and stage of alerts not sent yet, and children; and who these contacts are."""

    alerts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    children: dict[int, list[Any]] = field(default_factory=dict)
    people: dict[int, ContactState] = field(default_factory=dict)


def of(session: Session, tickets: Collection[int]) -> Facts:
    """For these tickets: three queries for all."""
    found = Facts()
    waiting = select(Alert.ticket_id, Alert.contact_id, Alert.stage).where(
        Alert.ticket_id.in_(tickets), Alert.sent_at.is_(None)
    )
    for ticket_id, contact_id, stage in session.execute(waiting):
        found.alerts.setdefault(ticket_id, []).append((contact_id, stage))
    children = select(Ticket.id, Ticket.status, Ticket.parent_id).where(Ticket.parent_id.in_(tickets))
    for child in session.execute(children):
        found.children.setdefault(child.parent_id, []).append(child)
    named = {contact_id for wanted in found.alerts.values() for contact_id, _ in wanted}
    found.people = load.contacts_by_id(session, named, Levels())  # rights are looked at before a letter is sent
    return found
