"""The receipt for a new ticket: its number, what was noted of the mail, and what is still to be filled in."""

from typing import Any

from gateway import letter_text
from gateway.letter import DeskFacts
from gateway.letter_data import LetterData, entries
from gateway.letter_words import files, is_stranger, line, name, sentences
from store.tables import Contact, Outbox, Site, Ticket

_NOBODY_SAID = "(nobody said)"
_ASK = 4  # lines that a person is asked to fill in: more would be a form


def received(row: Outbox, data: LetterData, desk: DeskFacts) -> dict[str, Any]:
    """What the templates of “received” are given; a stranger's own words are not among it."""
    ticket = data.tickets[row.ticket_id or 0]
    requester = data.contacts[ticket.requester_id]
    echo = not is_stranger(row)
    to_requester = row.contact_id in (None, ticket.requester_id)
    said = frozenset(str(label) for label in row.context.get("said", ()))
    site = data.sites.get(ticket.site_id or 0)
    # A receipt goes to others as well: a file of a note for the desk alone is named to nobody.
    public = [event for event in entries(row, data) if event.visibility == "public"]
    attached = [shown for event in public for shown in files(data.files.get(event.id, []))]
    return {
        "echo": echo,
        "notes": sentences(row, "notes"),
        "by": name(requester) if echo and not to_requester else "",
        "opened_by": line(str(row.context.get("opened_by") or "")) if echo and to_requester else "",
        "after_call": ticket.source == "Phone",
        "facts": noted(ticket, requester, site, said, attached, desk) if echo else [],
        "blanks": blanks(ticket, said) if echo and to_requester else [],
        "due": letter_text.moment(ticket.due_at, desk.zone) if ticket.due_at else "",
    }


def noted(
    ticket: Ticket,
    requester: Contact,
    site: Site | None,
    said: frozenset[str],
    attached: list[str],
    desk: DeskFacts,
) -> list[tuple[str, str]]:
    """What the desk understood, line by line; of two things also that nobody said them."""
    is_incident = ticket.type == "Incident"
    facts = [
        ("Type", ticket.type),
        ("Site", site.name if site else ""),
        ("Service", ticket.service),
        ("Item", ticket.item),
        ("Urgency", _guessed(ticket.urgency, "Urgency" in said) if is_incident or "Urgency" in said else ""),
        ("Impact", _guessed(ticket.impact, "Impact" in said) if is_incident or "Impact" in said else ""),
        ("Our ref", ticket.customer_reference),
        ("Needed by", letter_text.date_words(ticket.needed_by) if ticket.needed_by else ""),
        ("Due", letter_text.moment(ticket.due_at, desk.zone) if ticket.due_at else ""),
        ("Contact", requester.address),
        ("Files", ", ".join(attached)),
    ]
    return [(label, value if label == "Files" else line(value)) for label, value in facts if value]


def _guessed(value: str, was_said: bool) -> str:
    return value if was_said else f"{value} {_NOBODY_SAID}"


def blanks(ticket: Ticket, said: frozenset[str]) -> list[tuple[str, str]]:
    """The lines that are worth a reply, each with a hint; gateway/commands/fields.py reads them when they come back.

    Empty lines of the ticket, and what an incident needs so that it gets its place in the queue.
    """
    wanted: list[tuple[str, str]] = []
    if ticket.type in ("Incident", "Change Request") and not ticket.item:
        wanted.append(("Item", "(or “not sure”)"))
    if ticket.type == "Incident":
        if "Urgency" not in said:
            wanted.append(("Urgency", "(Low, Medium or High)"))
        if "Impact" not in said:
            wanted.append(("Impact", "(Only Me, Others or Company)"))
    if ticket.type == "Change Request" and ticket.needed_by is None:
        wanted.append(("Needed by", ""))
    if not ticket.customer_reference:
        wanted.append(("Our ref", ""))
    return wanted[:_ASK]
