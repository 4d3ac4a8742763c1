"""The people of old mail: whose ticket it is, who wrote as the desk, who takes part; new ones as strangers are made."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from gateway import who
from gateway.case import Case
from gateway.envelope import Mailbox
from gateway.rules import MAX_CC
from gateway.view import View

if TYPE_CHECKING:
    from gateway.moving import Old

IsOurs = Callable[[str], bool]


def requester(
    mails: "Sequence[Old]", opener: "Old", case: Case, writes: Writes, now: datetime, is_ours: IsOurs
) -> ContactState:
    """Who wrote first; of what the desk began, to whom it wrote; of what stayed inside, who began it."""
    if not opener.ours:
        return author(case, writes, now)
    message = opener.incoming.message
    outside = (box for box in (*message.to, *message.cc) if box.address and not is_ours(box.key))
    first = next(outside, None)
    if first is None:
        wrote = (m.incoming.message.sender for m in mails if not m.ours and not m.incoming.message.machine)
        first = next((box for box in wrote if box.address), None)
    return who.contact_of(first or message.sender, replace(case, now=now), writes)


def author(case: Case, writes: Writes, now: datetime) -> ContactState:
    """Who wrote a mail, as a contact; one that is new is of today."""
    return who.author(replace(case, now=now), writes)


def at_the_desk(sender: Mailbox, view: View) -> StaffState | None:
    """Who of staff wrote: by their own address, or by their name before the address of the desk."""
    if found := view.staff_by_address.get(sender.key):
        return found
    name = sender.name.partition(" via ")[0].partition("(")[0].strip().casefold()
    named = [person for person in view.staff.values() if name and person.name.casefold() == name]
    return named[0] if len(named) == 1 else None


def known(
    case: Case, writes: Writes, wrote: ContactState | None, ticket: TicketState, is_ours: IsOurs
) -> list[ContactState]:
    """Who takes part from now on: colleagues of the requester whom staff know.

    Nothing proves an old mail, and who takes part may read: with a forged one anybody could name themselves.
    """
    message = case.mail.message
    named, _ = who.named(case, writes, message.to, message.cc, sure=False)
    people = [*([wrote] if wrote and wrote.known else []), *named]
    return [person for person in people if _is_colleague(person, ticket) and not is_ours(person.address.lower())]


def not_added(mails: "Sequence[Old]", ticket: TicketState, view: View, is_ours: IsOurs) -> list[str]:
    """The addresses of the others who wrote or were named, for staff to decide about."""
    messages = [mail.incoming.message for mail in mails if not mail.incoming.message.machine]
    boxes = {box.key: box for m in messages for box in (m.sender, *m.to, *m.cc) if box.key and not is_ours(box.key)}
    people = ((view.contacts.get(key), box.address) for key, box in boxes.items())
    others = (
        address
        for person, address in people
        if person is None or not (person.id == ticket.requester.id or _is_colleague(person, ticket))
    )
    return list(islice(others, MAX_CC))


def _is_colleague(person: ContactState, ticket: TicketState) -> bool:
    requester = ticket.requester
    same = requester.organisation_id is not None and person.organisation_id == requester.organisation_id
    return same and person.known and person.id != requester.id
