"""Who takes part in a ticket, who wants no more letters about it, and whether the organisation sees it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from desk import tickets
from desk.state import ContactState, TicketState
from desk.writes import Writes
from store.tables import Contact, Participant, Ticket

Changes = dict[str, Any]


def join(
    writes: Writes, ticket: TicketState, people: Iterable[ContactState], now: datetime, role: str = "added"
) -> list[ContactState]:
    """Additional contacts from now on, also of those who once said “stop”; returns the new ones."""
    people = list(people)
    # A new start: whoever said “stop” as a reader of copies is asked for by name now.
    ticket.muted.difference_update(person.id for person in people if person.id in ticket.left)
    return tickets.add_people(writes, ticket, people, now, role)


def watch(writes: Writes, ticket: TicketState, person: ContactState, now: datetime) -> None:
    """They hear of every change from now on."""
    if person.id == ticket.requester.id:
        ticket.requester_muted = False
        writes.change(Ticket, ticket.id, requester_muted=False)
    elif person.id in ticket.people:
        ticket.muted.discard(person.id)
        writes.set(Participant, _place(ticket, person), muted=False)
    else:
        join(writes, ticket, [person], now, "watching")


def stop(writes: Writes, ticket: TicketState, person: ContactState, now: datetime) -> None:
    """No more letters but those that everybody gets. Who only watched leaves; who never took part is remembered."""
    if person.id == ticket.requester.id:
        ticket.requester_muted = True
        writes.change(Ticket, ticket.id, requester_muted=True)
    elif person.id in ticket.people and ticket.roles.get(person.id) != "watching":
        ticket.muted.add(person.id)
        writes.set(Participant, _place(ticket, person), muted=True)
    else:
        _end(writes, ticket, person, now, muted=True)


def remove(writes: Writes, ticket: TicketState, person: ContactState, now: datetime) -> None:
    """They take part no more, and their tokens no longer write. The requester stays."""
    if person.id in ticket.people:
        _end(writes, ticket, person, now, muted=person.id in ticket.muted)


def _end(writes: Writes, ticket: TicketState, person: ContactState, now: datetime, *, muted: bool) -> None:
    """The row stays, so that what was refused is known."""
    took_part = person.id in ticket.people
    place, values = _place(ticket, person), {"muted": muted, "removed_at": now}
    if took_part or person.id in ticket.left:
        writes.set(Participant, place, **values)
    else:
        writes.add(Participant, **place, role="added", added_at=now, **values)
    ticket.people.pop(person.id, None)
    ticket.roles.pop(person.id, None)
    ticket.left.add(person.id)
    if muted:
        ticket.muted.add(person.id)


def wants_none(ticket: TicketState, person: ContactState) -> bool:
    """True for somebody who said “stop”, here or to all."""
    stopped = person.id in ticket.muted or (person.id == ticket.requester.id and ticket.requester_muted)
    return person.muted or stopped


def stop_all(writes: Writes, person: ContactState, *, stop: bool = True) -> None:
    """No more letters about any ticket, but those that everybody gets; or letters again."""
    if person.muted != stop:
        person.muted = stop
        writes.change(Contact, person.id, muted=stop)


def share(writes: Writes, ticket: TicketState, *, shared: bool) -> Changes:
    """Let the requester's organisation see it, or not; who takes part sees it in any case."""
    if ticket.shared == shared:
        return {}
    ticket.shared = shared
    writes.change(Ticket, ticket.id, shared=shared)
    return {"shared with organisation": ["no", "yes"] if shared else ["yes", "no"]}


def _place(ticket: TicketState, person: ContactState) -> dict[str, int]:
    return {"ticket_id": ticket.id, "contact_id": person.id}
