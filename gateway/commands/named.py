"""The people whom a command names by address: `#copy a@x; b@y`, `#cc +a@x -b@y`, `#ask approval a@x`."""

from collections.abc import Sequence

from desk.said import say
from desk.state import ContactState
from desk.writes import Writes
from gateway import who
from gateway.commands import values
from gateway.commands.spec import Fault, Scene
from gateway.envelope import Mailbox


def mailboxes(scene: Scene, command: str, argument: str, *, most: int) -> list[Mailbox] | Fault:
    """All of them, each fit to be written to; nobody of the desk, and no address of the desk itself."""
    found, strange = values.addresses_of(argument)
    if strange:
        return Fault(say("#{command}: “{text}” is no e-mail address.", command=command, text=strange[0][:100]))
    if not found:
        return Fault(say("#{command} needs an e-mail address, like #{command} jane@example.com.", command=command))
    if len(found) > most:
        said = say(
            "#{command} names {n} addresses; one mail can name {most}.", command=command, n=len(found), most=most
        )
        return Fault(said)
    view, addresses = scene.case.view, scene.case.addresses
    for mailbox in found:
        if addresses.find(mailbox.address):
            said = say("#{command}: {address} is an address of this desk.", command=command, address=mailbox.address)
            return Fault(said)
        if mailbox.key in view.staff_by_address:
            colleague = say(
                "#{command}: {address} is somebody at this desk, who reads the ticket in any case.",
                command=command,
                address=mailbox.address,
            )
            return Fault(colleague)
        if not _was_looked_up(scene, mailbox):
            address = mailbox.address[:100]
            return Fault(
                say("#{command}: “{address}” is no address that I can write to.", command=command, address=address)
            )
    return found


def _was_looked_up(scene: Scene, mailbox: Mailbox) -> bool:
    """False for what gateway/asks.py did not take for an address: who knows whether somebody has it already."""
    case = scene.case
    return scene.confirmed or mailbox.key in case.view.contacts or mailbox.key in case.mail.asks.addresses


def contacts(scene: Scene, found: Sequence[Mailbox], writes: Writes) -> list[ContactState]:
    """These people as contacts, each once; made when nobody has that address yet."""
    known = [who.contact_of(mailbox, scene.case, writes) for mailbox in found]
    return list({person.id: person for person in known}.values())


def known(scene: Scene, mailbox: Mailbox) -> ContactState | None:
    """The contact who has that address, if there is one."""
    return scene.case.view.contacts.get(mailbox.key)
