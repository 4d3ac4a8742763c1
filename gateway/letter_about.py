"""Letters that bring a ticket to somebody: a copy of a note, a shared ticket, an approval, an alert, a merge."""

from typing import Any

from desk import access, statuses
from desk.access import Person, TicketView
from gateway import letter_entries, letter_files, letter_text
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData
from gateway.letter_words import brought, line, name, person
from store.tables import Event, Outbox, Ticket

Context = dict[str, Any]
_SHARED_BYTES = 4_000  # of what a ticket began with, and of the words that came with it


def copy(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E13: a note for somebody who needs no account, and nothing else of the ticket."""
    events = letter_files.told(row, data)
    if not events:
        raise Superseded("there is nothing to copy: no public entry")
    return {
        "by": _by(row, desk),
        "entries": letter_entries.entries(events, data, letter_files.enclosed(row, events, data), desk),
    }


def shared(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E18: the ticket, and the words that it began with."""
    ticket = _seen(row, data)
    first = data.first.get(ticket.id)
    words = [event for event in letter_files.told(row, data) if event.text and event is not first]
    return {
        "by": _by(row, desk),
        "how": str(row.context.get("how") or "shared"),
        "entries": letter_entries.beginnings(words, desk, _SHARED_BYTES),
        "first": letter_entries.beginnings([first] if first else [], desk, _SHARED_BYTES),
    }


def approval(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E9: what is to be decided. Superseded once it is."""
    ticket = _theirs(row, data)
    if ticket.approval in ("Approved", "Rejected") or statuses.is_done(ticket.status):
        raise Superseded("it is decided already")
    events = letter_files.told(row, data)
    requester, language = data.contacts[ticket.requester_id], desk.language
    when = language.date(ticket.needed_by) if ticket.needed_by else language.say("no date was named")
    facts = [
        (language.say("What"), line(ticket.title)),
        (language.say("When"), when),
        (language.say("Asked by"), person(requester)),
    ]
    return {
        "requester": name(requester),
        "by": _by(row, desk),
        "is_change": ticket.type == "Change Request",
        "facts": facts,
        "entries": letter_entries.entries(events, data, letter_files.enclosed(row, events, data), desk),
        "sees": access.may_see(_as_person(row, data), _view(ticket, data)),
    }


def approval_result(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E10: who decided, what, when and why."""
    ticket = _theirs(row, data)
    event = data.events.get(row.event_id or 0)
    answer = str(row.context.get("answer") or ticket.approval).lower()
    reason = desk.language.told(row.context.get("reason") or "")
    text = letter_text.cut(letter_text.clean_text(reason), 3_000)[0]
    return {
        "by": _by(row, desk),
        "approved": answer.startswith("approv"),
        "at": desk.language.moment(_at(event, row), desk.zone),
        "text": text,
        "html": letter_text.as_html(text),
        "open": ticket.approval == "Requested",
    }


def alert(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E12: a stage that somebody asked to hear of. Superseded where it is not so any more."""
    ticket = _seen(row, data)
    stage = str(row.context.get("stage") or "")
    if stage in ("due", "overdue") and (ticket.due_at is None or statuses.is_done(ticket.status)):
        raise Superseded("the ticket is done, or not due any more")
    return {
        "stage": stage,
        "due": desk.language.moment(ticket.due_at, desk.zone) if ticket.due_at else "",
        "due_in": desk.language.within(ticket.due_at - row.created_at)
        if ticket.due_at and ticket.due_at > row.created_at
        else "",
    }


def merged(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """A ticket goes on under another number."""
    _seen(row, data)
    return {"old": line(str(row.context.get("old") or ""))}


def _by(row: Outbox, desk: DeskFacts) -> str:
    return brought(row, "by", desk.language) or desk.language.say("Somebody")


def _at(event: Event | None, row: Outbox) -> Any:
    return event.at if event else row.created_at


def _seen(row: Outbox, data: LetterData) -> Ticket:
    """The ticket, if the reader may still see it: the last look at rights is before sending."""
    ticket = _theirs(row, data)
    if not access.may_see(_as_person(row, data), _view(ticket, data)):
        raise Superseded("the person may not see the ticket any more")
    return ticket


def _theirs(row: Outbox, data: LetterData) -> Ticket:
    """The ticket, if the reader is still there."""
    if not _as_person(row, data).active:
        raise Superseded("the person is not there any more")
    return data.tickets[row.ticket_id or 0]


def _as_person(row: Outbox, data: LetterData) -> Person:
    if staff := data.staff.get(row.staff_id or 0):
        return Person(staff_id=staff.id, active=staff.deactivated_at is None)
    contact = data.contacts.get(row.contact_id or 0)
    if contact is None:
        return Person(active=False)
    own = contact.organisation_id
    return Person(
        contact_id=contact.id,
        organisation_id=own,
        organisations=access.organisations(own, data.seen_by(contact), data.below.get(own or 0, ())),
        active=contact.deactivated_at is None,
    )


def _view(ticket: Ticket, data: LetterData) -> TicketView:
    people = frozenset(data.participants[ticket.id])
    return TicketView(ticket.id, ticket.requester_id, ticket.organisation_id, ticket.shared, people)
