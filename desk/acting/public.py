"""A request of somebody who has not signed in: taken as an unknown sender's mail is, and nothing is told of anybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import audit_tickets, caps, gathering, load, notices, people, tickets, tries
from desk.acting import offering, opening_row, stage, wish
from desk.acting.once import remember
from desk.acting.opening_case import Opening, form_key, opened_before
from desk.acting.rules import Desk, Refused
from desk.acting.wish import Unfilled, Wish
from desk.profile_values import is_address
from desk.said import Said, say
from desk.state import ContactState, TicketState
from desk.tickets import Note
from store.tables import Contact, LoginTry

NAME = 200  # characters
SPAN = timedelta(minutes=10)
FROM_PEER = 10  # requests from one place within that span
OF_ADDRESS = 5  # requests of one address within an hour


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many requests: how many minutes until the next one."""

    minutes: int


def ask(desk: Desk, filled: Wish, peer: str, now: datetime, language: str = "") -> Wait | None:
    """Open the ticket; or say how long to wait. Unfilled with every fault. Somebody new is written to in `language`.

    Whether the address is known here makes no difference that could be seen.
    """
    offer = offering.public(desk)
    if faults := _faults(filled, offer, desk, now):
        raise Unfilled(faults)
    with desk.database.transaction(durable=False) as session:
        if wait := _begin(session, filled.contact.lower(), peer, now, desk):
            return wait
    try:
        _open(desk, offer, filled, now, language)
    except IntegrityError:  # the same address at the same moment: now it is there
        _open(desk, offer, filled, now, language)
    return None


def _faults(filled: Wish, offer: offering.Offer, desk: Desk, now: datetime) -> wish.Faults:
    if offer.service(filled.service) is None:
        raise Refused(say("Select a service"), "service")
    found: wish.Faults = {}
    if not filled.name:
        found["name"] = say("Enter your name")
    elif len(filled.name) > NAME:
        found["name"] = say("Name must be {n} characters or fewer", n=NAME)
    if not filled.contact:
        found["contact"] = say("Enter an e-mail address")
    elif not is_address(filled.contact):
        found["contact"] = say("Enter an e-mail address in the correct format, like name@example.com")
    elif filled.contact.lower() == desk.rules.desk_address.lower() or desk.rules.is_ours(filled.contact):
        found["contact"] = say("“{address}” is an address of the desk", address=filled.contact)
    return found | wish.faults(filled, offer, now)


def _begin(session: Session, address: str, peer: str, now: datetime, desk: Desk) -> Wait | None:
    """Count the request before it is made, like a sign-in (desk/tries.py)."""
    limits = (
        (f"request from:{peer[:45]}", SPAN, FROM_PEER),
        (f"request of:{address[:320]}", tries.REMEMBERED, OF_ADDRESS),
    )
    tries.one_by_one(session, *(subject for subject, _, _ in limits))
    session.execute(delete(LoginTry).where(tries.over(now)).execution_options(synchronize_session=False))
    for subject, span, most in limits:
        mine = (LoginTry.subject == subject, LoginTry.at > now - span)
        count, first = session.execute(select(func.count(), func.min(LoginTry.at)).where(*mine)).one()
        if count >= most:
            return Wait(tries.minutes(first + span - now))
    for subject, _, _ in limits:
        session.add(LoginTry(id=desk.database.ids.next(), subject=subject, at=now))
    return None


def _open(desk: Desk, offer: offering.Offer, filled: Wish, now: datetime, language: str) -> None:
    with desk.database.transaction() as session:
        staff = load.staff(session)
        writes = stage.new_writes(desk)
        opening = Opening(desk, session, writes, now, offer, filled, staff, load.teams(session, staff))
        requester, key = _requester(opening, language), form_key(filled, "")
        if opened_before(session, key):
            return  # the same form, sent twice
        ticket = opening_row.new_ticket(opening, requester)
        remember(writes, key, ticket)
        event_id = tickets.note(writes, ticket, Note(requester, filled.text, now, verified=False))
        _tell(opening, ticket, event_id)
        tickets.number_tickets(session, writes, [ticket], now, desk.rules.zone, desk.rules.numbers)
        audit_tickets.note(writes)
        writes.flush(session)


def _requester(opening: Opening, language: str) -> ContactState:
    """Whoever has the address, else somebody new whom nobody knows."""
    filled = opening.wish
    key = filled.contact.lower()
    known = load.contacts_by_address(opening.session, [key], opening.desk.rules.levels).get(key)
    if known is not None:  # two sendings of one form at the same moment wait for each other
        opening.session.execute(select(Contact.id).where(Contact.id == known.id).with_for_update())
        return known
    return people.add_contact(
        opening.writes, name=filled.name, address=filled.contact, now=opening.now, language=language
    )


def _tell(opening: Opening, ticket: TicketState, event_id: int) -> None:
    """The receipt, which repeats nothing of what was written: it may go to somebody who never asked. And staff."""
    requester, now = ticket.requester, opening.now
    rules = opening.desk.rules.caps
    full = caps.full_mailboxes(opening.session, [requester.address], rules, now)
    if not full and caps.may_greet(opening.session, requester.address, rules, now):
        context = {"echo": False, "reference": "", "notes": [], "said": [], "opened_by": ""}
        notices.letter(
            opening.writes, "received", requester, now, ticket=ticket, event_id=event_id, context=context,
            first_receipt=True,
        )  # fmt: skip
    hints, told = _hints(requester), gathering.told_lately(opening.session, now)
    for member in notices.staff_of(ticket, opening.teams, opening.staff):
        context, most = {"hints": hints}, rules.stranger_letters_per_hour
        gathering.tell(opening.writes, member, now, ticket, event_id, context, told, most)


def _hints(requester: ContactState) -> list[Said]:
    """What staff should know before they answer."""
    found = [say("It came by the form for people who have not signed in: nothing proves who wrote it.")]
    if not requester.may_create:
        found.append(say("This contact may open no tickets: their security level, or their organisation, says so."))
    return found
