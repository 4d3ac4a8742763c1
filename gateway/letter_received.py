"""The receipt for a new ticket: its number, what was noted of the mail, and what is still to be filled in."""

from typing import Any

from desk.language import Language
from gateway import letter_timed
from gateway.letter import DeskFacts
from gateway.letter_blanks import blanks
from gateway.letter_data import LetterData, entries
from gateway.letter_words import brought, files, is_stranger, line, name, sentences
from store.tables import Contact, Outbox, Site, Ticket


def received(row: Outbox, data: LetterData, desk: DeskFacts) -> dict[str, Any]:
    """What the templates of “received” are given; a stranger's own words are not among it."""
    ticket = data.tickets[row.ticket_id or 0]
    requester = data.contacts[ticket.requester_id]
    echo = not is_stranger(row)
    to_requester = row.contact_id in (None, ticket.requester_id)
    said = frozenset(str(label) for label in row.context.get("said", ()))
    site = data.sites.get(ticket.site_id or 0)
    # Of the requester's own letter alone: others have no business with their telephone.
    phone = str(requester.details.get("Phone") or requester.details.get("Mobile") or "") if to_requester else ""
    kind = desk.catalogue.type(ticket.type)
    answer_at = ticket.first_answer_due_at if ticket.first_answered_at is None else None
    # A receipt goes to others as well: a file of a note for the desk alone is named to nobody.
    public = [event for event in entries(row, data) if event.visibility == "public"]
    attached = [shown for event in public for shown in files(data.files.get(event.id, []), desk.language)]
    return {
        "echo": echo,
        "live": letter_timed.live(row, data),
        "notes": sentences(row, "notes", desk.language),
        "by": name(requester) if echo and not to_requester else "",
        "opened_by": brought(row, "opened_by", desk.language) if echo and to_requester else "",
        "after_call": ticket.source == "Phone",
        "facts": noted(ticket, requester, site, said, attached, desk, phone) if echo else [],
        "blanks": _blanks(ticket, said, data, desk) if echo and to_requester else [],
        "message": desk.language.gettext(kind.message) if kind else "",
        "first_answer": desk.language.moment(answer_at, desk.zone) if answer_at else "",
    }


def noted(
    ticket: Ticket,
    requester: Contact,
    site: Site | None,
    said: frozenset[str],
    attached: list[str],
    desk: DeskFacts,
    phone: str = "",
) -> list[tuple[str, str]]:
    """What the desk understood, line by line; of two things also that nobody said them."""
    is_incident, language = ticket.type == "Incident", desk.language
    rated = {
        label: _guessed(value, label in said, language) if is_incident or label in said else ""
        for label, value in (("Urgency", ticket.urgency), ("Impact", ticket.impact))
    }
    facts = [
        (language.say("Type"), language.name(ticket.type)),
        (language.say("Site"), site.name if site else ""),
        (language.say("Service"), ticket.service),
        (language.say("Item"), ticket.item),
        (language.say("Urgency"), rated["Urgency"]),
        (language.say("Impact"), rated["Impact"]),
        (language.say("Our ref"), ticket.customer_reference),
        (language.say("Needed by"), language.date(ticket.needed_by) if ticket.needed_by else ""),
        (language.say("Due"), language.moment(ticket.due_at, desk.zone) if ticket.due_at else ""),
        (language.say("Contact"), requester.address),
        (language.say("Phone"), phone),
    ]
    answers = [(language.gettext(question), answer) for question, answer in ticket.answers.items()]
    shown = [(label, line(value)) for label, value in (*facts, *answers) if value]
    return [*shown, (language.say("Files"), ", ".join(attached))] if attached else shown


def _blanks(ticket: Ticket, said: frozenset[str], data: LetterData, desk: DeskFacts) -> list[tuple[str, str]]:
    organisation, site = data.organisations.get(ticket.organisation_id or 0), data.sites.get(ticket.site_id or 0)
    return blanks(ticket, said, organisation, site, desk.catalogue, desk.language)


def _guessed(value: str, was_said: bool, language: Language) -> str:
    named = language.name(value)
    return named if was_said else language.say("{value} (nobody said)", value=named)
