"""What alerts look at, loaded for tickets that change without a mail: who waits for which stage, and the children."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from desk import known, load
from desk.known import Known
from desk.levels import Levels
from desk.state import ContactState


@dataclass(slots=True)
class Facts(Known):
    """By ticket: alerts not sent yet, and children; and whose these alerts are."""

    people: dict[int, ContactState] = field(default_factory=dict)


def of(session: Session, tickets: Collection[int]) -> Facts:
    """For these tickets: three queries for all."""
    found = Facts()
    known.alerts(session, tickets, found)
    known.children_of(session, tickets, found)
    named = {contact_id for wanted in found.alerts.values() for contact_id, _ in wanted}
    found.people = load.contacts_by_id(session, named, Levels())  # rights are looked at before a letter is sent
    return found
