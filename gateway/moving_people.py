"""The people of old mail: whose ticket it is, who wrote as the desk, who takes part; new ones as strangers are made."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from gateway import who
from gateway.case import Case
from gateway.envelope import Mailbox
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
    """Who takes part from now on: people whom staff know. Nothing proves an old mail, and who takes part may read."""
    message = case.mail.message
    named, _ = who.named(case, writes, message.to, message.cc, sure=False)
    people = [*([wrote] if wrote and wrote.known else []), *named]
    return [person for person in people if person.id != ticket.requester.id and not is_ours(person.address.lower())]
