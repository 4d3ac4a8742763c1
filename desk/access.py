"""Who may see and do what: the one place."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, or_, select, true

from desk.levels import SEES, Level, Sees
from store.tables import Participant, Ticket

Verdict = Literal["pass", "none", "fail"]
# How a mail or a click proves that it belongs to a ticket.
#   own_token: a token made for this very person · token: a token made for somebody else
#   thread: an answer to a mail of the ticket that we did not send · number: the number or a reference, no more
Proof = Literal["own_token", "token", "thread", "number"]
Role = Literal["staff", "participant", "colleague", "stranger"]
Write = Literal[
    "note",  # a public note of the customer side
    "unverified",  # the same, marked "not verified", does not reopen
    "lane",  # pending: hidden from customers until staff approve
    "new",  # a new ticket, nothing about the old one told
    "reply",  # staff: public answer, and commands
    "internal",  # staff: internal note, commands wait
    "hold",  # a person decides
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the access rules see them. Staff who also ask for help have both ids."""

    contact_id: int | None = None
    staff_id: int | None = None
    organisation_id: int | None = None
    organisations: frozenset[int] = frozenset()  # of which they see the tickets that are shared
    active: bool = True


@dataclass(frozen=True, slots=True)
class TicketView:
    """What the rules need to know about a ticket."""

    id: int
    requester_id: int
    organisation_id: int | None
    shared: bool
    participants: frozenset[int] = frozenset()


def sees(own: str, level: Level, organisation: str | None) -> Sees:
    """Which tickets a contact sees: by a rule of their own, else by that of their level, else of their organisation."""
    said = own or level.sees or organisation or "own"
    return next((one for one in SEES if one == said), "own")


def organisations(organisation_id: int | None, seen: Sees, below: Collection[int] = ()) -> frozenset[int]:
    """Of which organisations somebody sees what is shared; `below` are those under their own, looked up for the few
    who see them."""
    if organisation_id is None or seen == "own":
        return frozenset()
    return frozenset({organisation_id, *below}) if seen == "sub-organisations" else frozenset({organisation_id})


def role_of(person: Person, ticket: TicketView) -> Role:
    """What somebody is to a ticket."""
    if not person.active:
        return "stranger"
    if person.contact_id is not None and (
        person.contact_id == ticket.requester_id or person.contact_id in ticket.participants
    ):
        return "participant"
    if person.staff_id is not None:
        return "staff"
    if ticket.shared and ticket.organisation_id in person.organisations:
        return "colleague"
    return "stranger"


def may_see(person: Person, ticket: TicketView) -> bool:
    """True for staff, those who take part, and colleagues with whom the ticket is shared."""
    return role_of(person, ticket) != "stranger"


def visible_tickets(person: Person) -> ColumnElement[bool]:
    """`may_see` as a condition on Ticket, for lists."""
    if not person.active:
        return ~true()
    if person.staff_id is not None:
        return true()
    rules: list[ColumnElement[bool]] = [Ticket.requester_id == person.contact_id, takes_part(person.contact_id)]
    if person.organisations:
        rules.append(and_(Ticket.organisation_id.in_(sorted(person.organisations)), Ticket.shared))
    return or_(*rules)


def takes_part(contact_id: Any) -> ColumnElement[bool]:
    """The tickets whose additional contact somebody is; their id may be a parameter."""
    # A list of ids, not a condition on each ticket: the few tickets of a person are then found by their index.
    return Ticket.id.in_(
        select(Participant.ticket_id).where(Participant.contact_id == contact_id, Participant.removed_at.is_(None))
    )


def is_own(contact_id: Any) -> ColumnElement[bool]:
    """Submitted, contact, or additional contact (features.md A1)."""
    return or_(Ticket.requester_id == contact_id, takes_part(contact_id))


# Who may write how: the table of docs/mail-flow.md, read by (role, proof, verdict).
_WRITE: dict[tuple[Role, Proof, Verdict], Write] = {
    ("participant", "own_token", "pass"): "note",
    ("participant", "own_token", "none"): "note",
    ("participant", "token", "pass"): "note",
    ("participant", "token", "none"): "note",
    ("participant", "thread", "pass"): "note",
    ("participant", "thread", "none"): "note",
    ("participant", "number", "pass"): "note",
    ("participant", "number", "none"): "unverified",
    ("colleague", "token", "pass"): "note",
    ("colleague", "token", "none"): "lane",
    ("colleague", "thread", "pass"): "note",
    ("colleague", "thread", "none"): "lane",
    ("colleague", "number", "pass"): "note",
    ("colleague", "number", "none"): "lane",
    ("stranger", "token", "pass"): "lane",
    ("stranger", "token", "none"): "lane",
    ("stranger", "thread", "pass"): "lane",
    ("stranger", "thread", "none"): "lane",
    ("stranger", "number", "pass"): "new",
    ("stranger", "number", "none"): "new",
    ("staff", "own_token", "pass"): "reply",
    ("staff", "own_token", "none"): "reply",
    ("staff", "token", "pass"): "internal",
    ("staff", "token", "none"): "internal",
    ("staff", "thread", "pass"): "internal",
    ("staff", "thread", "none"): "hold",
    ("staff", "number", "pass"): "internal",
    ("staff", "number", "none"): "hold",
}


def may_write(role: Role, proof: Proof, verdict: Verdict) -> Write:
    """What a mail of this person may do to the ticket it names. A failed verdict is always for a person to decide."""
    if verdict == "fail":
        return "hold"
    if proof == "own_token" and role in ("colleague", "stranger"):
        # A token outlives the rights it was made with: a removed participant's token no longer writes.
        proof = "token"
    return _WRITE[role, proof, verdict]
