"""Opens a ticket otherwise than by mail: for whoever signed in, for a colleague of theirs, by staff for a customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import audit_tickets, caps, load, notices, reading, tickets
from desk.access import Person
from desk.acting import files, offering, opening_for, opening_row, stage, wish
from desk.acting.files import Kept, Upload
from desk.acting.once import remember
from desk.acting.opening_case import Opening, form_key, opened_before
from desk.acting.rules import Desk, Refused
from desk.acting.wish import Wish
from desk.said import say
from desk.state import ContactState, StaffState, TicketState
from desk.tickets import Note
from store.tables import Contact, Staff

NOT_YOURS = say("New tickets are left to others of your organisation.")


@dataclass(frozen=True, slots=True)
class Opened:
    """The new ticket; or the one that the same form opened before."""

    number: str
    told: bool = True  # a letter to its contact is on its way
    for_another: bool = False
    refused: tuple[str, ...] = ()  # files that were not added, a sentence for each


def open_ticket(desk: Desk, person: Person, filled: Wish, uploads: Sequence[Upload], now: datetime) -> Opened:
    """The ticket with its first entry, its receipt and the letters to staff. Refused, or Unfilled with every fault."""
    key = form_key(filled, f"{person.staff_id} {person.contact_id}", uploads)
    with desk.database.reading() as session:
        opening = _opening(desk, session, person, filled, now)
        if before := _before(opening, key):
            return before
        opening_for.requester(opening, _checked(opening))
    kept = files.keep(desk, uploads)
    try:
        return _open(desk, person, filled, kept, key, now)
    except IntegrityError:  # at the same moment somebody else made the same contact: now they are there
        return _open(desk, person, filled, kept, key, now)


def _open(desk: Desk, person: Person, filled: Wish, kept: Kept, key: bytes | None, now: datetime) -> Opened:
    with desk.database.transaction() as session:
        opening = _opening(desk, session, person, filled, now)
        _one_by_one(session, opening.author)
        if before := _before(opening, key):
            return before
        ticket = opening_row.new_ticket(opening, opening_for.requester(opening, _checked(opening)))
        remember(opening.writes, key, ticket)
        added = opening_for.bring_in(opening, ticket)
        if isinstance(opening.author, ContactState):  # where it is for somebody else, whoever asked takes part
            tickets.add_people(opening.writes, ticket, [opening.author], now)
        event_id = tickets.note(opening.writes, ticket, Note(opening.author, filled.text, now, files=kept.files))
        told = _tell(opening, ticket, event_id, added, kept.refused)
        tickets.number_tickets(session, opening.writes, [ticket], now, desk.rules.zone, desk.rules.numbers)
        audit_tickets.note(opening.writes)
        opening.writes.flush(session)
        return Opened(ticket.number, told, ticket.requester.id != opening.author.id, kept.refused)


def _opening(desk: Desk, session: Session, person: Person, filled: Wish, now: datetime) -> Opening:
    by_staff = person.staff_id is not None
    if by_staff and not filled.contact:
        raise Refused(say("Enter an e-mail address"), "contact")
    offer = offering.of(session, desk, person, filled.contact if by_staff else "")
    staff = load.staff(session)
    writes = stage.new_writes(desk)
    return Opening(desk, session, writes, now, offer, filled, staff, load.teams(session, staff))


def _one_by_one(session: Session, author: ContactState | StaffState) -> None:
    """Two sendings of one form at the same moment wait for each other."""
    table: type[Contact] | type[Staff] = Contact if isinstance(author, ContactState) else Staff
    session.execute(select(table.id).where(table.id == author.id).with_for_update())


def _before(opening: Opening, key: bytes | None) -> Opened | None:
    found = opened_before(opening.session, key)
    return Opened(found.number, for_another=found.requester_id != opening.author.id) if found else None


def _checked(opening: Opening) -> wish.Faults:
    """The faults of the form; whoever may open no tickets is told that and no more."""
    if not opening.offer.may_create:
        raise Refused(NOT_YOURS)
    return wish.faults(opening.wish, opening.offer, opening.now)


def _tell(
    opening: Opening, ticket: TicketState, event_id: int, added: list[ContactState], refused: Sequence[str]
) -> bool:
    """The receipt to the contact and whoever was brought in, and the new ticket to staff; True when the first went."""
    author, writes, now = opening.author, opening.writes, opening.now
    context = {
        "echo": True,
        "reference": "",
        "notes": [say("{reason}.", reason=reason) for reason in refused],
        "said": opening_row.stated(opening),
        "opened_by": (author.name or author.address) if ticket.requester.id != author.id else "",
    }
    others = [person for person in added if person.id != author.id]
    readers = [ticket.requester, *others]
    full = caps.full_mailboxes(opening.session, [one.address for one in readers], opening.desk.rules.caps, now)
    for person in readers:
        if person.address not in full:
            notices.letter(writes, "received", person, now, ticket=ticket, event_id=event_id, context=context)
    besides = author if isinstance(author, StaffState) else None
    if besides:
        reading.has_read(writes, ticket, besides, now)
    for member in notices.staff_of(ticket, opening.teams, opening.staff, besides):
        notices.note_to_staff(writes, "new_ticket", member, now, ticket, event_id, {"hints": []})
    return ticket.requester.address not in full and ticket.requester.address != notices.NO_ADDRESS
