"""Small words and lists that letters are made of: names, files, readers, and why somebody gets a letter."""

from desk.clean import line as line
from desk.language import Language, Languages
from desk.said import say
from gateway.letter import PERSONAL, TALK
from gateway.letter_data import LetterData, entries
from store.tables import Attachment, Contact, Event, Outbox, Ticket

MAX_FILES = 20
# Kinds that somebody gets for a reason of their own, whatever they are to the ticket.
_OWN_REASON = {
    "copy": "copy",
    "alert": "alert",
    "approval": "approver",
    "answer": "asked",
    "digest": "digest",
    "announcement": "news",
    "day_sheet": "day_sheet",
}


def reason(row: Outbox, data: LetterData) -> str:
    """Why somebody gets a letter, in one word: X-Ticket-Reason, and the last line of the letter."""
    ticket = data.tickets.get(row.ticket_id or 0)
    if row.kind == "confirm":
        return "confirm"
    if is_stranger(row):
        return "first"
    if row.kind in _OWN_REASON:
        return _OWN_REASON[row.kind]
    if ticket is None:
        if row.kind in ("credentials", "sign_in_link", "password_changed", "two_step"):
            return "account"
        if row.kind == "address_changed":
            return "address"
        return "asked" if row.kind in PERSONAL else "staff"
    if row.contact_id is not None:
        return _of_contact(row.contact_id, row, ticket, data)
    if row.staff_id is not None:
        if ticket.assignee_id == row.staff_id:
            return "assigned"
        return "team" if ticket.team_id else "staff"
    return "queue" if ticket.team_id else "staff"


def _of_contact(contact_id: int, row: Outbox, ticket: Ticket, data: LetterData) -> str:
    if contact_id == ticket.requester_id:
        return "contact"
    role = data.roles.get((ticket.id, contact_id))
    if role is None and row.kind == "shared":
        return "shared"
    return role if role in ("watching", "approver") else "participant"


def is_stranger(row: Outbox) -> bool:
    """True for a letter to an address that nobody knows and nothing verifies: none of its words are repeated."""
    return row.first_receipt or (row.kind == "received" and not row.context.get("echo", False))


def is_internal(row: Outbox, data: LetterData) -> bool:
    """True when a reply to this letter must not reach the customer side."""
    if row.contact_id is not None:
        return False
    if row.kind not in TALK or row.staff_id is None:
        return True  # it answers a colleague about what they asked of the desk; or it went to a queue, to many at once
    return any(event.visibility != "public" and _has_words(event, data) for event in entries(row, data))


def _has_words(event: Event, data: LetterData) -> bool:
    """True for an entry that holds something besides a change that everybody at the desk may know."""
    return event.kind != "change" or bool(event.text or data.files.get(event.id))


def language_of(row: Outbox, data: LetterData, languages: Languages) -> Language:
    """The language of a letter: the reader's own, else that of their organisation, else the desk's."""
    if contact := data.contacts.get(row.contact_id or 0):
        organisation = data.organisations.get(contact.organisation_id or 0)
        return languages.find(contact.language, organisation.language if organisation else "")
    staff = data.staff.get(row.staff_id or 0)
    return languages.find(staff.language if staff else "")


def sentences(row: Outbox, key: str, language: Language) -> list[str]:
    """Sentences that the cause of a letter brought along."""
    return [line(language.told(sentence)) for sentence in row.context.get(key, ())][:50]


def brought(row: Outbox, key: str, language: Language) -> str:
    """A name or a sentence that the cause of a letter brought along, on one line; "" where there is none."""
    return line(language.told(row.context.get(key) or ""))


def files(attached: list[Attachment], language: Language) -> list[str]:
    """switch.jpg (48 KB)"""
    shown = [f"{line(file.name)} ({language.size(file.size)})" for file in attached[:MAX_FILES]]
    more = len(attached) - MAX_FILES
    return [*shown, language.say_many("and {n} more", "and {n} more", more)] if more > 0 else shown


def name(contact: Contact) -> str:
    """A contact's name, or the address where there is none."""
    return line(contact.name) or contact.address


def person(contact: Contact) -> str:
    """Jane Doe, jane@example.com"""
    known = name(contact)
    return known if known == contact.address else f"{known}, {contact.address}"


def readers(ticket: Ticket, data: LetterData, language: Language) -> str:
    """Who reads a public reply, by name while they are few: as desk/notices.py chooses them."""
    asked = ticket.approval == "Requested"
    others = {i for i in data.participants[ticket.id] if asked or data.roles.get((ticket.id, i)) != "approver"}
    ids = [ticket.requester_id, *sorted(others - {ticket.requester_id})]
    people = [data.contacts[i] for i in ids if i in data.contacts]
    names = [name(one) for one in people]
    if len(names) > 3:
        more = len(names) - 1
        return language.say_many("{name} and {n} other", "{name} and {n} others", more, name=names[0])
    return language.all_of(names)


def warnings(row: Outbox, events: list[Event], requester: Contact, language: Language) -> list[str]:
    """What staff should know before they trust a mail."""
    found = []
    if any(not event.verified for event in events) and not row.context.get("lane"):
        found.append(language.say("Nobody has checked that this mail is from the address it names."))
    if row.kind == "new_ticket" and not requester.known:
        found.append(language.say("{address} is not among your contacts.", address=requester.address))
    return [*found, *sentences(row, "hints", language)]


_LINKS = {
    "continues": say("It goes on from {number}, which is closed."),
    "mentions": say("It names {number}, to which the sender may not write."),
    "related": say("It has to do with {number}."),
    "split": say("It was split off from {number}."),
}


def link_words(kind: str, number: str, language: Language) -> str:
    """What staff should know of another ticket that this one has to do with."""
    return language.say(_LINKS.get(kind, _LINKS["related"]), number=number)
