"""The people of a mail as contacts: who wrote it, and who else is named in To and Cc."""

from collections.abc import Iterable

from desk import people
from desk.state import ContactState
from desk.writes import Writes
from gateway.case import Case, Decision
from gateway.commands.spec import Who
from gateway.envelope import Forwarded, Mailbox
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


def sender_of(mail: Forwarded, case: Case, writes: Writes) -> ContactState:
    """Who first wrote a mail that was passed on, as a contact."""
    return _contact(mail.sender, case, writes)


def named(case: Case, writes: Writes, *fields: Iterable[Mailbox], sure: bool) -> tuple[list[ContactState], list[str]]:
    """The people of some address fields, without ourselves, the author and staff: at most 20.

    Of a mail whose sender nothing proves (not `sure`), only people whom the desk knows: with a forged From and an own
    address in Cc a stranger would read every answer. The others come back as addresses, for staff to decide.
    """
    found: dict[str, ContactState] = {}
    waiting: dict[str, str] = {}
    for mailbox in (mailbox for field in fields for mailbox in field):
        key = mailbox.key
        if not key or key == case.mail.sender or key in case.view.staff_by_address or case.addresses.find(key):
            continue
        known = case.view.contacts.get(key)
        if not sure and not (known and known.known):
            waiting[key] = mailbox.address
        elif len(found) < MAX_CC and key not in found:
            found[key] = _contact(mailbox, case, writes)
    return list(found.values()), list(waiting.values())[:MAX_CC]


def is_sure(decision: Decision) -> bool:
    """True when something proves that the sender is who they say: a verified mail, or their own letter's token."""
    verdict = decision.verified.verdict
    return verdict == "pass" or (verdict != "fail" and decision.match.own_token)


def names_in(case: Case) -> list[str]:
    """Names that may stand below a mail or in its greeting: those of staff, and of whoever wrote it."""
    own = [case.mail.message.sender.name, case.contact.name if case.contact else ""]
    return [person.name for person in case.view.staff.values()] + [name for name in own if name]


def kind_of(case: Case) -> Who:
    """Whose commands the sender may use."""
    if case.staff is not None:
        return "staff"
    contact = case.contact
    admin = contact is not None and contact.active and case.rules.levels.of(contact.level).people
    return "admin" if admin else "customer"


def contact_of(mailbox: Mailbox, case: Case, writes: Writes) -> ContactState:
    """Somebody whom a mail names, as a contact; made when nobody has that address yet."""
    return _contact(mailbox, case, writes)


def _contact(mailbox: Mailbox, case: Case, writes: Writes) -> ContactState:
    contact = case.view.contacts.get(mailbox.key)
    if contact is None:
        # All mail that names nobody at all is one contact's, so that it can be counted and capped like any other.
        name = mailbox.name if mailbox.address else NOBODY
        contact = people.add_contact(writes, name=name, address=mailbox.address, now=case.now)
        case.view.contacts[mailbox.key] = contact
    return contact
