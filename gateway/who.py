"""The people of a mail as contacts: who wrote it, and who else is named in To and Cc."""

from collections.abc import Iterable

from desk import people
from desk.state import ContactState
from desk.writes import Writes
from gateway.decide import Case
from gateway.envelope import Mailbox
from gateway.rules import MAX_CC

NOBODY = "Unknown sender"


def author(case: Case, writes: Writes) -> ContactState:
    """Who wrote, as a contact; made when nobody has that address yet.

    Without a readable From the reverse path stands in, so that somebody gets the receipt; it gives no rights.
    """
    sender = case.mail.message.sender
    if sender.address:
        return _contact(sender, case, writes)
    return _contact(Mailbox("", case.mail.envelope.reverse_path), case, writes)


def named(case: Case, writes: Writes, *fields: Iterable[Mailbox]) -> list[ContactState]:
    """The people of some address fields, without ourselves, the author and staff: at most 20."""
    found: dict[str, ContactState] = {}
    for mailbox in (mailbox for field in fields for mailbox in field):
        key = mailbox.key
        if not key or key == case.mail.sender or key in case.view.staff_by_address or case.addresses.find(key):
            continue
        if len(found) < MAX_CC and key not in found:
            found[key] = _contact(mailbox, case, writes)
    return list(found.values())


def _contact(mailbox: Mailbox, case: Case, writes: Writes) -> ContactState:
    contact = case.view.contacts.get(mailbox.key)
    if contact is None:
        # All mail that names nobody at all is one contact's, so that it can be counted and capped like any other.
        name = mailbox.name if mailbox.address else NOBODY
        contact = people.add_contact(writes, name=name, address=mailbox.address, now=case.now)
        case.view.contacts[mailbox.key] = contact
    return contact
