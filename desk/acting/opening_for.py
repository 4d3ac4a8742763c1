"""Whose ticket it is, and who takes part as well: looked up, or made, under the rights of whoever opens it."""

from desk import caps, load, people, tickets
from desk.acting import wish
from desk.acting.opening_case import Opening
from desk.acting.rules import Refused
from desk.acting.wish import Faults, Unfilled
from desk.contact_import import NOT_USABLE
from desk.profile_values import is_address
from desk.said import say
from desk.state import ContactState, StaffState, TicketState
from store.tables import Contact

_ORDER = ("", "contact", "first_name", "last_name", "email", "title", "description")  # of the fields of the form


def requester(opening: Opening, faults: Faults) -> ContactState:
    """Whose ticket it is: nobody's yet where the form has faults."""
    found, author = None, opening.author
    try:
        if isinstance(author, StaffState):
            found = opening.offer.requester or _stranger(opening)
        elif opening.wish.new_person:
            found = _new_person(opening, author, faults)
        else:
            found = _colleague(opening, author)
            _below_cap(opening, found)
    except Refused as refused:
        faults = {refused.field: refused.said} | faults
    _people_faults(opening, faults)
    if faults or found is None:
        raise Unfilled(_in_order(faults))
    return found


def _in_order(faults: Faults) -> Faults:
    """As the form has its fields."""
    first = {name: faults[name] for name in _ORDER if name in faults}
    return first | faults


def _below_cap(opening: Opening, contact: ContactState) -> None:
    """In another's name, too, nobody opens more tickets than that person could."""
    most = opening.desk.rules.caps.new_tickets_per_sender
    if caps.opened_lately(opening.session, contact.id, opening.now) >= most:
        address = opening.desk.rules.desk_address
        if contact.id == opening.author.id:
            raise Refused(
                say("You opened {n} tickets within two hours. Try again later, or write to {address}.", n=most,
                    address=address)
            )  # fmt: skip
        raise Refused(
            say("{name} has {n} new tickets within two hours. Try again later, or write to {address}.",
                name=contact.name or contact.address, n=most, address=address),
            "contact",
        )  # fmt: skip


def _stranger(opening: Opening) -> ContactState:
    """Whom staff name, staff know."""
    filled = opening.wish
    return people.add_contact(opening.writes, name=filled.name, address=filled.contact, now=opening.now, known=True)


def _new_person(opening: Opening, author: ContactState, faults: Faults) -> ContactState | None:
    """Somebody new of the organisation of an Admin user; None where their fields have faults."""
    new = opening.wish.new_person
    if not opening.offer.adds_people:
        raise Refused(say("Contact “{address}”: this person is not known here.", address=new.address), "contact")
    missing = {
        "first_name": "" if new.first_name else say("Enter a first name"),
        "last_name": "" if new.last_name else say("Enter a last name"),
        "email": _address_fault(opening, new.address),
    }
    own = {name: said for name, said in missing.items() if said}
    faults |= own
    if own:
        return None
    made = people.add_contact(
        opening.writes, name=f"{new.first_name} {new.last_name}", address=new.address, now=opening.now,
        organisation_id=author.organisation_id, known=True,
    )  # fmt: skip
    opening.writes.change(Contact, made.id, first_name=new.first_name[:100], last_name=new.last_name[:100])
    made.ways = author.ways
    return made


def _address_fault(opening: Opening, address: str) -> str:
    key = address.lower()
    if not address:
        return say("Enter an e-mail address")
    if not is_address(address):
        return say("Enter an e-mail address in the correct format, like name@example.com")
    if opening.is_ours(key):
        return say("Contact “{address}” is an address of the desk.", address=address)
    known = load.contacts_by_address(opening.session, [key], opening.desk.rules.levels).get(key)
    if known is not None and known.organisation_id == opening.author.person.organisation_id:
        return say("A person with this e-mail address already exists")
    if known is not None:  # who it is, and that they are known here, is nobody else's to know
        return say("{Why}.", Why=NOT_USABLE)
    return ""


def _colleague(opening: Opening, author: ContactState) -> ContactState:
    """The visitor, or somebody of the same organisation: of another one is answered like an address nobody has."""
    address = opening.wish.contact
    key = address.lower()
    if not key or key == author.address.lower():
        return author
    if not is_address(address):
        raise Refused(say("Enter an e-mail address in the correct format, like name@example.com"), "contact")
    found = load.contacts_by_address(opening.session, [key], opening.desk.rules.levels).get(key)
    if found is not None and found.id == author.id:
        return author
    if found is None or author.organisation_id is None or found.organisation_id != author.organisation_id:
        raise Refused(say("Contact “{address}”: this person is not known here.", address=address), "contact")
    if not found.active:
        raise Refused(say("Contact “{address}”: this person is not active.", address=address), "contact")
    return found


def _people_faults(opening: Opening, faults: Faults) -> None:
    found, bad = wish.people_of(opening.wish.people)
    ours = next((address for _, address in found if opening.is_ours(address)), "")
    if bad:
        faults["people"] = say("“{address}” is not a complete e-mail address", address=bad)
    elif ours:
        faults["people"] = say("“{address}” is an address of the desk", address=ours)
    elif len(found) > wish.MAX_PEOPLE:
        faults["people"] = say("Enter {n} additional contacts or fewer", n=wish.MAX_PEOPLE)


def bring_in(opening: Opening, ticket: TicketState) -> list[ContactState]:
    """The additional contacts of the form, made where nobody has the address yet; returns those who take part now."""
    named, _ = wish.people_of(opening.wish.people)
    levels = opening.desk.rules.levels
    known = load.contacts_by_address(opening.session, [address.lower() for _, address in named], levels)
    found = []
    for name, address in named:
        person = known.get(address.lower())
        if person is None and address.lower() == ticket.requester.address.lower():
            continue  # somebody new, for whom the ticket is
        found.append(person or people.add_contact(opening.writes, name=name, address=address, now=opening.now))
    return tickets.add_people(opening.writes, ticket, found, opening.now)
