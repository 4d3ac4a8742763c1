"""Tickets: open, note, status, take, reopen. Each function collects its rows; the caller flushes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from desk import due, statuses
from desk.numbers import STANDARD, Numbers
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.writes import Writes
from store.tables import Attachment, Event, Participant, Ticket, TicketLink

TITLE_LENGTH = 200
NO_TITLE = "No subject"
Visibility = Literal["public", "internal", "pending"]


@dataclass(frozen=True, slots=True)
class File:
    """An attachment whose bytes are already in the blob store."""

    name: str
    original_name: str
    declared_type: str
    type: str
    size: int
    digest: str
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote, or what a machine said: one entry of the history, before it has a place."""

    author: ContactState | StaffState | None
    text: str
    at: datetime
    visibility: Visibility = "public"
    kind: Literal["note", "change", "automatic"] = "note"
    verified: bool = True
    folded: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    received_id: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    title: str = ""  # what it is about, where its author said so (features.md, row 137)


def open_ticket(
    writes: Writes,
    *,
    requester: ContactState,
    title: str,
    kind: str,
    desk_address: str,
    team: TeamState | None,
    now: datetime,
    source: str = "E-mail",
    priority: str = "Low",
) -> TicketState:
    """A new ticket without a number yet: `number_tickets` gives it one inside the transaction."""
    title = title[:TITLE_LENGTH].strip() or NO_TITLE
    state = TicketState(
        id=writes.next_id(),
        number="",
        title=title,
        status="New",
        requester=requester,
        desk_address=desk_address,
        organisation_id=requester.organisation_id,
        site_id=requester.site_id,
        shared=requester.ways.shares,
        team_id=team.id if team else None,
        type=kind,
        priority=priority,
        source=source,
        created_at=now,
    )
    due.opened(writes, state, now)
    insert(writes, state, now)
    return state


# Columns of a ticket that a TicketState has under the same name.
_SAME = (
    "id number title status type priority source desk_address organisation_id site_id assignee_id team_id "
    "merged_into_id shared resolution completed_at urgency impact service item customer_reference needed_by due_at "
    "parent_id minutes spam approval withdrawal requester_muted reopened_on reopened first_answer_due_at "
    "first_answered_at waiting_since reminded due_told due_fixed answers"
).split()


def insert(writes: Writes, state: TicketState, now: datetime) -> None:
    """Collect the row of a new ticket; what is changed before the flush changes this row."""
    writes.add(
        Ticket,
        **{name: getattr(state, name) for name in _SAME},
        letter_subject=state.title,
        requester_id=state.requester.id,
        reference_key=state.customer_reference.casefold(),
        created_at=now,
        updated_at=now,
    )


def number_tickets(
    session: Session, writes: Writes, states: Iterable[TicketState], now: datetime, zone: ZoneInfo,
    numbers: Numbers = STANDARD,
) -> None:  # fmt: skip
    """Give the new ones among these tickets their numbers, with one statement for all."""
    if fresh := [state for state in states if not state.number]:
        for state, number in zip(fresh, numbers.allocate(session, len(fresh), now, zone), strict=True):
            state.number = number
            writes.change(Ticket, state.id, number=number)


def note(writes: Writes, ticket: TicketState, entry: Note) -> int:
    """Add an entry to the history; returns the event's id."""
    event_id = writes.next_id()
    writes.add(
        Event,
        id=event_id,
        ticket_id=ticket.id,
        at=entry.at,
        kind=entry.kind,
        visibility=entry.visibility,
        contact_id=entry.author.id if isinstance(entry.author, ContactState) else None,
        staff_id=entry.author.id if isinstance(entry.author, StaffState) else None,
        author=(entry.author.name or entry.author.address)[:200] if entry.author else "",
        verified=entry.verified,
        title=entry.title,
        text=entry.text,
        folded=entry.folded,
        html=entry.html,
        changes=entry.changes,
        received_id=entry.received_id,
    )
    for file in entry.files:
        _attach(writes, ticket, event_id, file)
    writes.change(Ticket, ticket.id, updated_at=entry.at)
    if entry.kind == "note" and entry.visibility == "public" and isinstance(entry.author, StaffState):
        due.answered(writes, ticket, entry.at)
    return event_id


def _attach(writes: Writes, ticket: TicketState, event_id: int, file: File) -> None:
    writes.add(
        Attachment,
        id=writes.next_id(),
        ticket_id=ticket.id,
        event_id=event_id,
        name=file.name[:255],
        original_name=file.original_name[:500],
        declared_type=file.declared_type[:200],
        type=file.type[:200],
        size=file.size,
        digest=file.digest,
        inline=file.inline,
        content_id=file.content_id[:255],
        hidden_at=None,
    )


def set_status(writes: Writes, ticket: TicketState, status: str, now: datetime) -> dict[str, Any]:
    """Change the status; returns what changed, for the event. Done sets the Complete Date (features.md A14)."""
    if status == ticket.status:
        return {}
    changes: dict[str, Any] = {"status": [ticket.status, status]}
    before, ticket.status = ticket.status, status
    ticket.completed_at = (ticket.completed_at or now) if statuses.is_done(status) else None
    writes.change(Ticket, ticket.id, status=status, completed_at=ticket.completed_at, updated_at=now)
    due.status_changed(writes, ticket, before, now)
    return changes


def resolve(writes: Writes, ticket: TicketState, resolution: str, now: datetime) -> dict[str, Any]:
    """Set Resolved, and what was done."""
    changes = set_status(writes, ticket, "Resolved", now)
    if resolution and resolution != ticket.resolution:
        changes["resolution"] = [ticket.resolution, resolution]
        ticket.resolution = resolution
        writes.change(Ticket, ticket.id, resolution=resolution)
    return changes


def take(
    writes: Writes, ticket: TicketState, staff: StaffState, before: StaffState | None, now: datetime
) -> dict[str, Any]:
    """Make a member of staff responsible, who takes over from `before`."""
    if ticket.assignee_id == staff.id:
        return {}
    changes = {"assignee": [before.name if before else "", staff.name]}
    ticket.assignee_id = staff.id
    writes.change(Ticket, ticket.id, assignee_id=staff.id, updated_at=now)
    return changes


def staff_answered(writes: Writes, ticket: TicketState, now: datetime) -> dict[str, Any]:
    """A public answer starts the work, unless a command in the same mail says otherwise."""
    return set_status(writes, ticket, "In Progress", now) if ticket.status in ("New", "Update Added") else {}


def accepts_replies(ticket: TicketState, now: datetime, reopen_days: int) -> bool:
    """False when a ticket is closed for good, so that a reply to it opens a new one."""
    if not statuses.is_done(ticket.status):
        return True
    within = ticket.completed_at is not None and now - ticket.completed_at <= timedelta(days=reopen_days)
    return ticket.status == "Resolved" and within


def add_people(
    writes: Writes, ticket: TicketState, people: Iterable[ContactState], now: datetime, role: str = "added"
) -> list[ContactState]:
    """Additional contacts; those who take part already are left out. Returns the new ones."""
    added = []
    for person in people:
        if person.id == ticket.requester.id or person.id in ticket.people:
            continue
        if person.id in ticket.muted:
            continue  # they said “stop”: a Cc does not bring them back (taking_part.join does)
        ticket.people[person.id] = person
        ticket.roles[person.id] = role
        place: dict[str, Any] = {"ticket_id": ticket.id, "contact_id": person.id}
        if person.id in ticket.left:
            ticket.left.discard(person.id)
            writes.set(Participant, place, muted=False, role=role, added_at=now, removed_at=None)
        else:
            writes.add(Participant, **place, muted=False, role=role, added_at=now, removed_at=None)
        added.append(person)
    return added


def set_requester(
    writes: Writes,
    ticket: TicketState,
    contact: ContactState,
    now: datetime,
    *,
    keep: bool = True,
    site_id: int | None = None,
    anew: bool = False,
) -> dict[str, Any]:
    """Whom the ticket is for; who was that takes part on, if they are to `keep`.

    The organisation follows, and with another one, or in a ticket that is made `anew`, the site: `site_id` where that
    is one of theirs, else their own.
    """
    before, silent = ticket.requester, ticket.requester_muted
    if before.id == contact.id:
        return {}
    muted = contact.id in ticket.muted
    if contact.id in ticket.people:
        _end_part(writes, ticket, contact, now)
    _move(ticket, contact, site_id, anew=anew)
    ticket.requester, ticket.requester_muted = contact, muted
    writes.change(
        Ticket,
        ticket.id,
        requester_id=contact.id,
        organisation_id=ticket.organisation_id,
        site_id=ticket.site_id,
        shared=ticket.shared,
        requester_muted=muted,
        updated_at=now,
    )
    if keep:
        add_people(writes, ticket, [before], now)
        if silent:
            ticket.muted.add(before.id)
            writes.set(Participant, {"ticket_id": ticket.id, "contact_id": before.id}, muted=True)
    return {"contact": [before.name or before.address, contact.name or contact.address]}


def _move(ticket: TicketState, contact: ContactState, site_id: int | None, *, anew: bool) -> None:
    """To the organisation and site of a contact. What was not shared, or would not be there, stays unshared."""
    if contact.organisation_id != ticket.organisation_id:
        ticket.organisation_id, ticket.site_id = contact.organisation_id, site_id or contact.site_id
        ticket.shared = ticket.shared and contact.ways.shares
    elif anew:
        ticket.site_id = site_id or contact.site_id or ticket.site_id


def _end_part(writes: Writes, ticket: TicketState, contact: ContactState, now: datetime) -> None:
    """A requester is no additional contact as well: they would get every letter twice."""
    del ticket.people[contact.id]
    ticket.roles.pop(contact.id, None)
    ticket.left.add(contact.id)
    writes.set(Participant, {"ticket_id": ticket.id, "contact_id": contact.id}, removed_at=now)


def link(writes: Writes, ticket: TicketState, other_id: int, kind: str, now: datetime) -> None:
    """Note that two tickets have to do with each other: `continues` a closed one, or `mentions` it."""
    if ticket.id != other_id:
        writes.add(TicketLink, ticket_id=ticket.id, other_id=other_id, kind=kind, created_at=now)
