"""#forward: a customer's mail that staff pass on becomes the customer's ticket; #resend-credentials."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from desk import granting, notices, people, structure, tickets
from desk.profile import Profile
from desk.said import say
from desk.state import StaffState, TicketState
from desk.tickets import Note
from gateway import on_behalf, who
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec
from gateway.commands.values import addresses_of
from gateway.envelope import Forwarded, Mailbox
from store.tables import Event

_IN_A_REPLY = say(
    "#forward is for a new mail: it makes a customer's mail that you pass on the customer's ticket. "
    "Forward that mail to the address of the desk, with #forward above it."
)
_NOTHING = say(
    "#forward: I found no mail that is passed on. Below your words must stand its header, with a From line that names "
    "one address."
)


def _forward(scene: Scene, argument: str) -> Act | Fault:
    ticket, view = scene.ticket, scene.case.view
    if ticket is None or not scene.opens:
        return Fault(_IN_A_REPLY)
    if argument:
        return Fault(say("“#forward {text}”: #forward stands alone. #contact names somebody else.", text=argument))
    mail = _kept(scene.kept) if scene.confirmed else scene.case.mail.message.forwarded
    if mail is None or not mail.sender.address:
        return Fault(_NOTHING)
    address = mail.sender.address
    if mail.sender.key in view.staff_by_address or scene.case.addresses.find(mail.sender.key):
        ours = say("#forward: {address} is an address of the desk, so the ticket stays yours.", address=address)
        return Fault(ours)
    person = view.contacts.get(mail.sender.key)
    if person is not None and not person.active:
        return Fault(say("#forward: {address} is not active, so the ticket stays yours.", address=address))
    if scene.confirmed and ticket.requester.address.lower() != scene.author.address.lower():
        return Fault(say("#forward: the contact of the ticket was changed before you confirmed."))
    says = say("The ticket is for {address}. Not right? Reply with #contact and the right address.", address=address)
    preview = (say("#forward: the ticket becomes that of {address}.", address=address),)
    return Act(says, partial(_hand_on, mail), preview=preview, keep={on_behalf.COMMAND: _keep(mail)})


def _keep(mail: Forwarded) -> Mapping[str, Any]:
    return {"name": mail.sender.name, "address": mail.sender.address, "text": mail.text}


def _kept(kept: Mapping[str, Any]) -> Forwarded | None:
    mail = kept.get(on_behalf.COMMAND)
    if not mail:
        return None
    return Forwarded(Mailbox(mail["name"], mail["address"]), "", "", attached=False, text=mail["text"])


def _hand_on(mail: Forwarded, doing: Doing) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    before = ticket.requester
    person = who.contact_of(mail.sender, case, doing.writes)
    # Nobody vouches for an address that stands in a quoted header: the contact is none that the desk knows.
    if not tickets.set_requester(doing.writes, ticket, person, case.now, keep=False):
        return  # the mail was attached, and the ticket is theirs from the start
    case.view.opened[before.id] -= 1
    case.view.opened[person.id] += 1
    if scene.confirmed:
        _after_all(mail, doing, ticket)


def _after_all(mail: Forwarded, doing: Doing, ticket: TicketState) -> None:
    """It was confirmed later: what stood there as a colleague's words stays inside, and the customer's come beside."""
    scene, case, person = doing.scene, doing.scene.case, ticket.requester
    if scene.entry:
        doing.writes.change(Event, scene.entry, visibility="internal")
    entry = Note(None, "", case.now, received_id=None)
    event_id = tickets.note(doing.writes, ticket, on_behalf.theirs(mail, entry, person))
    context = {"echo": True, "reference": "", "notes": [], "opened_by": scene.author.name, "said": []}
    notices.letter(doing.writes, "received", person, case.now, ticket=ticket, event_id=event_id, context=context)
    if isinstance(scene.author, StaffState):
        changes = {"passed on for": ["", person.address]}
        structure.history(doing.writes, ticket, scene.author, changes, case.now)


def _resend(scene: Scene, argument: str) -> Act | Fault:
    found, strange = addresses_of(argument)
    if len(found) != 1 or strange:
        text = say(
            "“#resend-credentials {text}”: it needs one address, like #resend-credentials a@x.test.", text=argument
        )
        return Fault(text)
    (box,) = found
    folk = scene.case.view.more.folk
    person = folk.profiles.get(folk.owners.get(box.key, 0))
    if box.key in scene.case.view.staff_by_address:
        ours = say(
            "#resend-credentials: {address} is at the desk. An administrator gives staff their access.",
            address=box.address,
        )
        return Fault(ours)
    if person is None:
        nobody = say("#resend-credentials: there is no contact with the address {address}.", address=box.address)
        return Fault(nobody)
    if not person.active:
        return Fault(say("#resend-credentials: {name} is not active.", name=person.shown))
    # The stored address: where the letter goes, whatever address of theirs was named.
    says = say("{name} has portal access, and a letter with credentials goes there.", name=person.shown)
    preview = (say("Write {name} a letter with credentials.", name=person.shown),)
    return Act(says, partial(_give, person), preview=preview)


def _give(person: Profile, doing: Doing) -> None:
    """Nothing of the secret is in this mail's answer, nor in any row: the letter makes it when it goes out."""
    case, author = doing.scene.case, doing.scene.author
    keys, policy = case.addresses.keys, case.rules.credentials
    person.account = granting.give(
        doing.writes, keys, policy, person.state, person.account, case.now, by=author.name or author.address
    )
    people.confirm(doing.writes, person.state)  # staff vouch for them
    person.known = True


COMMANDS: tuple[Spec, ...] = (
    Spec(
        "forward",
        ("staff",),
        "#forward",
        say("Above a mail that you pass on: the ticket is that of the customer who wrote it."),
        _forward,
    ),
    Spec(
        "resend-credentials",
        ("staff",),
        say("#resend-credentials address"),
        say("Gives a contact portal access, and writes them a new letter with credentials."),
        _resend,
        subject=True,
        ticket=False,
    ),
)
