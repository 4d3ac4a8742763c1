"""Tickets that have to do with each other: one merged into another, linked, split off, or the task of another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func

from desk import access, notices, tickets
from desk.said import say
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from store.tables import Attachment, Event, Ticket, TicketLink

MAX_CHILDREN = 999


@dataclass(frozen=True, slots=True)
class Joining:
    """What a merge means for the people of the ticket that ends."""

    added: tuple[ContactState, ...]  # become additional contacts
    told: tuple[ContactState, ...]  # hear where it goes on: those who are added, and those who are there already
    unseen: tuple[ContactState, ...]  # may not see the other ticket
    removed: tuple[ContactState, ...]  # took part there once, until somebody ended that


def is_no_task() -> ColumnElement[bool]:
    """`parent_id` is empty: so written, SQLite takes no index of tasks for it, which would lead through all tickets."""
    return func.coalesce(Ticket.parent_id, 0) == 0


def joining(ticket: TicketState, survivor: TicketState) -> Joining:
    """Who comes along into the ticket that lives on. A merge opens it to nobody who could not see it before."""
    added, told, unseen, removed = [], [], [], []
    for person in {p.id: p for p in (ticket.requester, *ticket.people.values())}.values():
        takes_part = person.id == survivor.requester.id or person.id in survivor.people
        if not person.active:
            continue
        if person.id in survivor.left:
            removed.append(person)
        elif not access.may_see(person.person, survivor.view):
            unseen.append(person)
        elif ticket.wants_letters(person) and (not takes_part or survivor.wants_letters(person)):
            told.append(person)
            if not takes_part:
                added.append(person)
    return Joining(tuple(added), tuple(told), tuple(unseen), tuple(removed))


def no_merge(ticket: TicketState, survivor: TicketState, named: str, *, has_tasks: bool) -> str:
    """Why it cannot be merged into another one, which goes on in `survivor`; "" when it can."""
    if survivor.id == ticket.id and named != ticket.number:
        return say("{number} was merged into this ticket before.", number=named)
    if survivor.id == ticket.id:
        return say("a ticket cannot be merged into itself.")
    if survivor.spam:
        return say("{number} is marked as spam.", number=named)
    if ticket.spam:
        return say("this ticket is marked as spam.")
    if survivor.parent_id == ticket.id:
        return say("{number} is a task of this ticket. Merge it the other way round.", number=survivor.number)
    if has_tasks and survivor.parent_id is not None:
        number = survivor.number
        return say("this ticket has tasks, and {number} is a task itself: it can have none.", number=number)
    return ""


def no_child(ticket: TicketState, taken: Iterable[str]) -> str:
    """Why it can have no more tasks; `taken` are the numbers of those that it has. "" when it can."""
    if ticket.parent_id is not None:
        return say("this ticket is a task itself, and a task has none of its own.")
    if not child_number(ticket, taken):
        return say("the ticket has {n} tasks, and can have no more.", n=MAX_CHILDREN)
    return ""


def merge(
    writes: Writes, ticket: TicketState, survivor: TicketState, by: StaffState, now: datetime, fold: timedelta
) -> dict[str, Any]:
    """End a ticket whose matter goes on in another one; what it holds stays there. Returns what changed.

    Who may see the other ticket hears its number; the rest hear only that theirs is Complete.
    """
    people = joining(ticket, survivor)
    changes = tickets.set_status(writes, ticket, "Complete", now)
    if changes:
        event_id = tickets.note(writes, ticket, Note(by, "", now, kind="change", changes=changes))
        told = {person.id for person in people.told}
        notices.update(writes, ticket, event_id, now, author=by, has_words=False, fold=fold, told=told)
    ticket.merged_into_id = survivor.id
    writes.change(Ticket, ticket.id, merged_into_id=survivor.id)
    history(writes, ticket, by, {"merged into": ["", survivor.number]}, now)
    history(writes, survivor, by, {"merged from": ["", ticket.number]}, now)
    link(writes, ticket, survivor.id, "related", now)
    tickets.add_people(writes, survivor, people.added, now)
    for person in people.told:
        notices.letter(writes, "merged", person, now, ticket=survivor, context={"old": ticket.number})
    return changes


def move_entry(writes: Writes, event_id: int, to: TicketState) -> None:
    """A note that waits for staff goes on waiting where its ticket lives on."""
    writes.change(Event, event_id, ticket_id=to.id)
    writes.set(Attachment, {"event_id": event_id}, ticket_id=to.id)


def move_child(writes: Writes, child_id: int, child: TicketState | None, parent: TicketState) -> None:
    """A task belongs to another ticket from now on; it keeps its number."""
    writes.change(Ticket, child_id, parent_id=parent.id)
    if child is not None:
        child.parent_id = parent.id


def history(writes: Writes, ticket: TicketState, by: StaffState, changes: dict[str, Any], now: datetime) -> int:
    """An entry for the desk alone: the number of another ticket is not for everybody who sees this one."""
    entry = Note(by, "", now, visibility="internal", kind="change", changes=changes)
    return tickets.note(writes, ticket, entry)


def link(writes: Writes, ticket: TicketState, other_id: int, kind: str, now: datetime) -> None:
    """Two tickets have to do with each other; an earlier link between them makes room for this one."""
    writes.drop(TicketLink, {"ticket_id": ticket.id, "other_id": other_id})
    tickets.link(writes, ticket, other_id, kind, now)


def unlink(writes: Writes, ticket: TicketState, other_id: int) -> None:
    """They have nothing to do with each other, whichever of them named the other."""
    writes.drop(TicketLink, {"ticket_id": ticket.id, "other_id": other_id})
    writes.drop(TicketLink, {"ticket_id": other_id, "other_id": ticket.id})


def child_number(parent: TicketState, taken: Iterable[str]) -> str:
    """The number of the next task: that of the ticket with .001, .002 and so on; "" when there is none left."""
    start = f"{parent.number}."
    used = (number.removeprefix(start) for number in taken if number.startswith(start))
    last = max((int(end) for end in used if end.isascii() and end.isdigit()), default=0)
    return f"{start}{last + 1:03d}" if last < MAX_CHILDREN else ""


def open_child(
    writes: Writes, parent: TicketState, title: str, number: str, by: StaffState, now: datetime
) -> tuple[TicketState, int]:
    """A task of a ticket, for the same people; returns it and its first entry, which customers do not read."""
    child = TicketState(
        id=writes.next_id(),
        number=number,
        title=title[: tickets.TITLE_LENGTH].strip() or tickets.NO_TITLE,
        status="New",
        requester=parent.requester,
        desk_address=parent.desk_address,
        organisation_id=parent.organisation_id,
        site_id=parent.site_id,
        shared=parent.shared,
        team_id=parent.team_id,
        type=parent.type,
        parent_id=parent.id,
        created_at=now,
    )
    tickets.insert(writes, child, now)
    # In words too: the desk talks about a task among itself, and a letter that tells of internal words says so.
    words, changes = f"A task of {parent.number}.", {"task of": ["", parent.number]}
    entry = Note(by, words, now, visibility="internal", kind="change", changes=changes)
    return child, tickets.note(writes, child, entry)


def split(
    writes: Writes,
    ticket: TicketState,
    requester: ContactState,
    title: str,
    entry: Note,
    team: TeamState | None,
    now: datetime,
) -> tuple[TicketState, int]:
    """A note becomes a ticket of its author's; returns it and its first entry. It gets its number with the others."""
    made = tickets.open_ticket(
        writes,
        requester=requester,
        title=title,
        kind=ticket.type,
        desk_address=ticket.desk_address,
        team=team,
        now=now,
        source=ticket.source,
    )
    link(writes, made, ticket.id, "split", now)
    event_id = tickets.note(writes, made, entry)
    writes.change(Ticket, made.id, updated_at=now)
    return made, event_id
