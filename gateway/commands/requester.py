"""`Contact:` and #contact: whom a ticket is for, where that is not who wrote; and who takes part as well."""

from functools import partial

from desk import fields, notices, people, tickets
from desk.said import Said, both, say
from desk.state import ContactState, StaffState
from gateway import who
from gateway.commands.spec import Act, Doing, Fault, Scene, its_ticket
from gateway.commands.values import addresses_of
from gateway.commands.working import same
from gateway.envelope import Mailbox


def of_customer(scene: Scene, argument: str) -> Act | Fault:
    """Somebody of the same organisation: in a new mail the ticket is theirs, in a reply they take part as well.

    An address of another organisation is answered like one that nobody has.
    """
    box = _one(scene, argument)
    if isinstance(box, Fault):
        return box
    person = scene.case.view.contacts.get(box.key)
    if person is not None and _may_name(scene, person):
        if not person.active:
            return _not_active(box)
        return _instead(scene, person) if scene.opens else _besides(scene, person)
    if person is None and scene.opens and _may_add(scene):
        says = say("{name} is added, and is the contact of the ticket.", name=_shown(box))
        return _too_late(scene) or Act(says, partial(_add, box), confirm=True)
    return Fault(say("Contact “{address}”: this person is not known here.", address=box.address))


def _not_active(box: Mailbox) -> Fault:
    return Fault(say("Contact “{address}”: this person is not active.", address=box.address))


def _already(person: ContactState) -> Said:
    return say("{name} is the contact of the ticket already.", name=_name(person))


def _is_contact(name: str) -> Said:
    return say("{name} is the contact of the ticket.", name=name)


def of_staff(scene: Scene, argument: str) -> Act | Fault:
    """Anybody: the ticket is theirs, and a contact is made where nobody has the address."""
    box = _one(scene, argument)
    if isinstance(box, Fault):
        return box
    person = scene.case.view.contacts.get(box.key)
    if person is not None and not person.active:
        return _not_active(box)
    if person is not None and person.id == its_ticket(scene).requester.id:
        return same(_already(person))
    named = Mailbox(person.name or box.name, box.address) if person else box
    new = "" if person else say("Nobody had that address here before.")
    return Act(both(_is_contact(_shown(named)), new), partial(_known_or_new, box))


def _one(scene: Scene, argument: str) -> Mailbox | Fault:
    """The one address of the line, which is none of the desk's."""
    found, others = addresses_of(argument)
    if len(found) != 1 or others:
        text = argument[:60]
        return Fault(say("Contact “{text}”: write one address, like Contact: Ana Ode <ana@customer.test>.", text=text))
    (box,) = found
    if box.key in scene.case.view.staff_by_address or scene.case.addresses.find(box.key):
        return Fault(say("Contact “{address}” is an address of the desk.", address=box.address))
    return box


def _may_name(scene: Scene, person: ContactState) -> bool:
    author = scene.author
    if isinstance(author, StaffState) or person.id == author.id:
        return True
    return author.organisation_id is not None and person.organisation_id == author.organisation_id


def _may_add(scene: Scene) -> bool:
    """Admin users add people to their own organisation."""
    author = scene.author
    return (
        isinstance(author, ContactState) and author.organisation_id is not None and who.kind_of(scene.case) == "admin"
    )


def _instead(scene: Scene, person: ContactState) -> Act | Fault:
    if its_ticket(scene).requester.id == person.id:
        return same(_already(person))
    # In another's name nobody opens more tickets than that person could.
    if scene.case.view.opened[person.id] >= scene.case.rules.caps.new_tickets_per_sender:
        many = say(
            "Contact “{address}”: there are too many new tickets for this person. This one is yours.",
            address=person.address,
        )
        return Fault(many)
    return _too_late(scene) or Act(_is_contact(_name(person)), partial(_hand_over, person))


def _too_late(scene: Scene) -> Fault | None:
    """Between the question and the “confirm” the ticket may have become somebody else's."""
    if scene.confirmed and its_ticket(scene).requester.id != scene.author.id:
        return Fault(say("The contact of the ticket was changed before you confirmed."))
    return None


def _besides(scene: Scene, person: ContactState) -> Act | Fault:
    ticket = its_ticket(scene)
    if person.id == ticket.requester.id or person.id in ticket.people:
        return same(say("{name} takes part in the ticket already.", name=_name(person)))
    return Act(say("{name} takes part in the ticket now.", name=_name(person)), partial(_let_in, person))


def _let_in(person: ContactState, doing: Doing) -> None:
    ticket, now = doing.ticket, doing.scene.case.now
    tickets.add_people(doing.writes, ticket, [person], now)
    fields.merge(doing.changes, {"contact": ["", _name(person)]})
    if doing.scene.words or doing.scene.case.mail.files:
        return  # they get these words, like everybody who takes part
    context = {"by": _name(doing.scene.author), "how": "added"}

    def write(event_id: int) -> None:
        notices.letter(doing.writes, "shared", person, now, ticket=ticket, event_id=event_id or None, context=context)

    doing.after.append(write)


def _add(box: Mailbox, doing: Doing) -> None:
    """A new person of the organisation of the Admin user who names them."""
    case, author = doing.scene.case, doing.scene.author
    organisation = author.organisation_id if isinstance(author, ContactState) else None
    person = people.add_contact(
        doing.writes, name=box.name, address=box.address, now=case.now, organisation_id=organisation, known=True
    )
    case.view.contacts[box.key] = person
    _hand_over(person, doing)


def _known_or_new(box: Mailbox, doing: Doing) -> None:
    person = who.contact_of(box, doing.scene.case, doing.writes)
    people.confirm(doing.writes, person)  # whom staff name, staff know
    _hand_over(person, doing)


def _hand_over(person: ContactState, doing: Doing) -> None:
    """The ticket is for somebody else; who it was for takes part on, unless that is a colleague at the desk."""
    scene, ticket = doing.scene, doing.ticket
    view, before = scene.case.view, ticket.requester
    theirs = {site.id for site in view.more.sites.get(person.organisation_id or 0, ())}
    fresh = scene.opens and not scene.confirmed
    named = not fresh or bool({"Site", "site"} & scene.case.mail.asks.words)  # else it is the writer's own one
    changes = tickets.set_requester(
        doing.writes,
        ticket,
        person,
        scene.case.now,
        keep=before.address.lower() not in view.staff_by_address,
        site_id=ticket.site_id if named and ticket.site_id in theirs else None,
        anew=fresh,
    )
    fields.merge(doing.changes, changes)
    if fresh:  # the receipt goes to the contact
        view.opened[before.id] -= 1
        view.opened[person.id] += 1
        return
    context = {"echo": True, "reference": "", "notes": [], "opened_by": _name(scene.author), "said": []}
    notices.letter(doing.writes, "received", person, scene.case.now, ticket=ticket, context=context)


def _name(person: ContactState | StaffState) -> str:
    return person.name or person.address


def _shown(box: Mailbox) -> str:
    return f"{box.name} <{box.address}>" if box.name else box.address
