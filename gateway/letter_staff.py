"""Letters to staff about a ticket: a new one, a customer's words, one that is theirs now, one that is due."""

from typing import Any

from desk import statuses
from gateway import letter_entries, letter_files, letter_text
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData
from gateway.letter_words import is_internal, line, link_words, person, readers, warnings
from store.tables import Event, Outbox, Ticket

Context = dict[str, Any]
_EARLIER = 3


def to_staff(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """What the templates of “new_ticket”, “customer_wrote” and “assigned” are given."""
    ticket = data.tickets[row.ticket_id or 0]
    if row.kind == "assigned" and ticket.assignee_id != row.staff_id:
        raise Superseded("the ticket is somebody else's by now")
    events = letter_files.told(row, data)
    requester = data.contacts[ticket.requester_id]
    internal = is_internal(row, data)
    earlier = _earlier(ticket, events, data, internal) if row.kind == "customer_wrote" else []
    links = (link_words(*link) for link in data.links[ticket.id])
    return {
        "entries": letter_entries.entries(events, data, letter_files.enclosed(events, data), desk.zone),
        "earlier": letter_entries.beginnings(earlier, desk.zone),
        "readers": readers(requester, data.participants[ticket.id], data),
        "internal": internal,
        "lane": line(str(row.context.get("lane") or "")),
        "warnings": [*warnings(row, events, requester), *links],
        "by": line(str(row.context.get("by") or "")),
        "hidden": row.kind == "assigned" and not internal and _has_inside(ticket, data),
        "place": _place(ticket, data),
        "facts": _facts(ticket, data, desk),
        "waiting": _waiting(events),
    }


def due(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """What the templates of “due” are given, from the time at which it was written."""
    ticket = data.tickets[row.ticket_id or 0]
    if ticket.due_at is None or statuses.is_done(ticket.status):
        raise Superseded("the ticket is done, or not due any more")
    left = ticket.due_at - row.created_at
    at = letter_text.moment(ticket.due_at, desk.zone)
    is_late = left.total_seconds() <= 0
    return {
        "readers": readers(data.contacts[ticket.requester_id], data.participants[ticket.id], data),
        "internal": False,
        "facts": _facts(ticket, data, desk),
        "when": f"Overdue since {at}." if is_late else f"Due in {letter_text.span(left)}.",
        "late": is_late,
        "waiting": "",
    }


def _facts(ticket: Ticket, data: LetterData, desk: DeskFacts) -> list[tuple[str, str]]:
    place = _place(ticket, data)
    facts = [
        ("From", person(data.contacts[ticket.requester_id])),
        ("Organisation", place),
        ("Type", ticket.type),
        ("Priority", ticket.priority),
        ("Status", ticket.status),
        ("Service", ticket.service),
        ("Item", ticket.item),
        ("Their ref", ticket.customer_reference),
        ("Needed by", letter_text.date_words(ticket.needed_by) if ticket.needed_by else ""),
        ("Due", letter_text.moment(ticket.due_at, desk.zone) if ticket.due_at else ""),
    ]
    return [(label, line(value)) for label, value in facts if value]


def _place(ticket: Ticket, data: LetterData) -> str:
    organisation = data.organisations.get(ticket.organisation_id or 0)
    site = data.sites.get(ticket.site_id or 0)
    return " / ".join(line(part.name) for part in (organisation, site) if part)


def _waiting(events: list[Event]) -> str:
    """Whose note waits for staff; "" when none does."""
    return next((line(event.author) or "the sender" for event in events if event.visibility == "pending"), "")


def _has_inside(ticket: Ticket, data: LetterData) -> bool:
    """True when there are notes that a letter whose reply customers read does not show."""
    return any(event.visibility != "public" for event in data.history[ticket.id])


def _earlier(ticket: Ticket, events: list[Event], data: LetterData, internal: bool) -> list[Event]:
    """The last entries before these, newest first; an answer that goes to customers may quote public ones only."""
    history = [e for e in data.history[ticket.id] if internal or e.visibility == "public"]
    if events:
        history = [e for e in history if (e.at, e.id) < (events[0].at, events[0].id)]
    return history[:_EARLIER]
