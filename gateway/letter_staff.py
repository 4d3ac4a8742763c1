"""Letters to staff about a ticket: a new one, a customer's words, one that is theirs now, one that is due."""

from datetime import datetime, timedelta
from typing import Any

from desk import statuses
from desk.language import Language
from gateway import letter_entries, letter_files
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData
from gateway.letter_words import brought, is_internal, line, link_words, person, readers, warnings
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
    links = (link_words(*link, desk.language) for link in data.links[ticket.id])
    return {
        "entries": letter_entries.entries(events, data, letter_files.enclosed(row, events, data), desk),
        "earlier": letter_entries.beginnings(earlier, desk),
        "readers": readers(ticket, data, desk.language),
        "internal": internal,
        "lane": brought(row, "lane", desk.language),
        "warnings": [*warnings(row, events, requester, desk.language), *links],
        "by": brought(row, "by", desk.language),
        "hidden": row.kind == "assigned" and not internal and _has_inside(ticket, data),
        "place": _place(ticket, data),
        "facts": _facts(ticket, data, desk),
        "waiting": _waiting(events, desk.language),
    }


def due(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """What the templates of “due” are given, from the time at which it was written."""
    ticket = data.tickets[row.ticket_id or 0]
    is_answer = str(row.context.get("stage") or "").startswith("answer")
    answer_at = ticket.first_answer_due_at if ticket.first_answered_at is None else None
    due_at = answer_at if is_answer else ticket.due_at
    if due_at is None or statuses.is_done(ticket.status) or ticket.waiting_since is not None:
        raise Superseded("the ticket is done, or not due any more")
    left = due_at - row.created_at
    is_late = left.total_seconds() <= 0
    return {
        "readers": readers(ticket, data, desk.language),
        "internal": False,
        "facts": _facts(ticket, data, desk),
        "when": _when(left, due_at, desk, is_answer=is_answer),
        "late": is_late,
        "waiting": "",
    }


def _when(left: timedelta, due_at: datetime, desk: DeskFacts, *, is_answer: bool) -> str:
    language = desk.language
    at, within = language.moment(due_at, desk.zone), language.within(left)
    if left.total_seconds() <= 0:
        late = language.say("First answer overdue since {time}.", time=at)
        return late if is_answer else language.say("Overdue since {time}.", time=at)
    if is_answer:
        return language.say("First answer due {within}.", within=within)
    return language.say("Due {within}.", within=within)


def _facts(ticket: Ticket, data: LetterData, desk: DeskFacts) -> list[tuple[str, str]]:
    language = desk.language
    facts = [
        (language.say("From"), person(data.contacts[ticket.requester_id])),
        (language.say("Organisation"), _place(ticket, data)),
        (language.say("Type"), language.name(ticket.type)),
        (language.say("Priority"), language.name(ticket.priority)),
        (language.say("Status"), language.name(ticket.status)),
        (language.say("Service"), ticket.service),
        (language.say("Item"), ticket.item),
        (language.say("Their ref"), ticket.customer_reference),
        (language.say("Needed by"), language.date(ticket.needed_by) if ticket.needed_by else ""),
        (language.say("Due"), language.moment(ticket.due_at, desk.zone) if ticket.due_at else ""),
    ]
    answers = [(language.gettext(question), answer) for question, answer in ticket.answers.items()]
    return [(label, line(value)) for label, value in (*facts, *answers) if value]


def _place(ticket: Ticket, data: LetterData) -> str:
    organisation = data.organisations.get(ticket.organisation_id or 0)
    site = data.sites.get(ticket.site_id or 0)
    return " / ".join(line(part.name) for part in (organisation, site) if part)


def _waiting(events: list[Event], language: Language) -> str:
    """Whose note waits for staff; "" when none does."""
    return next(
        (line(event.author) or language.say("the sender") for event in events if event.visibility == "pending"), ""
    )


def _has_inside(ticket: Ticket, data: LetterData) -> bool:
    """True when there are notes that a letter whose reply customers read does not show."""
    return any(event.visibility != "public" for event in data.history[ticket.id])


def _earlier(ticket: Ticket, events: list[Event], data: LetterData, internal: bool) -> list[Event]:
    """The last entries before these, newest first; an answer that goes to customers may quote public ones only."""
    history = [e for e in data.history[ticket.id] if internal or e.visibility == "public"]
    if events:
        history = [e for e in history if (e.at, e.id) < (events[0].at, events[0].id)]
    return history[:_EARLIER]
