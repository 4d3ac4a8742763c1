"""Which ticket a mail belongs to: every piece of evidence, and the one that decides. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from desk import access, statuses
from desk.access import Person, Proof, Verdict, Write
from desk.state import TicketState
from gateway import old_numbers
from gateway.desk_addresses import Addresses
from gateway.subject import own_numbers
from gateway.token import Token
from gateway.view import Incoming, View, letter_claims, message_key, references

# Which answer is the better one when pieces of evidence name different tickets.
_RANK: dict[Write, int] = {"note": 0, "reply": 0, "unverified": 1, "internal": 1, "lane": 2, "hold": 3, "new": 4}


_OF_TICKETS = ("contact", "staff")  # kinds of tokens


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing in a mail that names a ticket, and what the sender may do there because of it."""

    kind: str  # E1 … E6, as in docs/mail-flow.md
    value: str
    ticket: TicketState
    role: str
    proof: Proof
    write: Write
    token: Token | None = None

    @property
    def ticket_id(self) -> int:
        """The ticket it names."""
        return self.ticket.id

    def as_dict(self) -> dict[str, Any]:
        """For `explain` and for the disposition."""
        return {
            "kind": self.kind,
            "value": self.value,
            "ticket": self.ticket.number,
            "role": self.role,
            "proof": self.proof,
            "write": self.write,
        }


@dataclass(frozen=True, slots=True)
class Match:
    """All the evidence, and the piece that decides; None when the mail names no ticket of ours."""

    evidence: tuple[Evidence, ...] = ()
    chosen: Evidence | None = None
    conflict: bool = False  # the evidence names more than one ticket
    unknown_numbers: tuple[str, ...] = field(default=())
    own_token: bool = False  # it brings a token made for its sender, of whatever letter: they are who they say
    same_id: tuple[str, ...] = ()  # tickets with another mail of its Message-ID: a list's copy of it, or a forged name


def find(mail: Incoming, person: Person, verdict: Verdict, view: View, addresses: Addresses) -> Match:
    """Weigh the evidence: the ticket the sender may write to, and among several the strongest evidence."""
    pieces = (piece for piece in _pieces(mail, person, view, addresses) if _counts(piece, person))
    evidence = tuple(_weigh(piece, person, verdict) for piece in pieces)
    own = any(is_own(token, person) or _asked_them(token, person, view) for token in tokens(mail, addresses))
    known = {piece.ticket_id for piece in evidence}
    unknown = tuple(number for number in mail.numbers if number not in view.by_number)
    same = _same_id(mail, view)
    if not evidence:
        return Match(unknown_numbers=unknown, own_token=own, same_id=same)
    # min() keeps the first of equals, and the pieces come strongest first.
    chosen = min(evidence, key=lambda piece: _RANK[piece.write])
    return Match(evidence, chosen, len(known) > 1, unknown, own, same)


def _same_id(mail: Incoming, view: View) -> tuple[str, ...]:
    if not mail.message.message_id or mail.key in view.handled:  # itself, or a copy of it
        return ()
    found = view.known_messages.get(message_key(mail.message.message_id), ())
    return tuple(sorted({ticket.number for ticket_id in found if (ticket := view.ticket(ticket_id))}))


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str
    value: str
    ticket: TicketState
    proof: Proof
    token: Token | None = None


def _counts(piece: _Piece, person: Person) -> bool:
    """What staff marked as spam is no ticket that anybody else could go on in."""
    return not piece.ticket.spam or person.staff_id is not None


def tokens(mail: Incoming, addresses: Addresses) -> Iterator[Token]:
    """Every token that a mail brings, in addresses first, then in Message-IDs of ours that it answers."""
    yield from (recipient.token for recipient in mail.recipients if recipient.token)
    yield from (token for named in references(mail.message) if (token := addresses.token_of(named)))


def _pieces(mail: Incoming, person: Person, view: View, addresses: Addresses) -> Iterator[_Piece]:
    yield from _e1(mail, view)
    yield from _e2(mail, view, addresses)
    for named in references(mail.message):
        for ticket_id in view.known_messages.get(message_key(named), ()):
            if ticket := view.ticket(ticket_id):
                yield _Piece("E3", named, ticket, "thread")
    for number in mail.numbers:
        numbered = view.by_number.get(number)
        if numbered and (ticket := view.ticket(numbered)):
            yield _Piece("E4", number, ticket, "number")
    if view.by_number.keys().isdisjoint(mail.numbers):  # none, or only such as look like one
        yield from _e5(mail, person, view)
        yield from _e6(mail, view)


def _e5(mail: Incoming, person: Person, view: View) -> Iterator[_Piece]:
    """The customer's own number in the subject, where it names exactly one open ticket of theirs."""
    for reference in own_numbers(mail.message.subject):
        found = {
            ticket.id: ticket
            for ticket_id in view.more.references.get(reference, ())
            if (ticket := view.ticket(ticket_id)) and not statuses.is_done(ticket.status) and _is_theirs(person, ticket)
        }
        if len(found) == 1:
            yield _Piece("E5", reference, next(iter(found.values())), "number")


def _e6(mail: Incoming, view: View) -> Iterator[_Piece]:
    """The number that a ticket had in another system, before it was moved in."""
    for key in old_numbers.keys(mail.message.subject):
        for ticket_id in view.more.old_numbers.get(key, ()):
            if ticket := view.ticket(ticket_id):
                yield _Piece("E6", key, ticket, "number")


def _is_theirs(person: Person, ticket: TicketState) -> bool:
    """Of the same customer: another one may well use the same numbers."""
    if person.organisation_id is not None:
        return person.organisation_id == ticket.organisation_id
    return person.contact_id is not None and person.contact_id == ticket.requester.id


def _e1(mail: Incoming, view: View) -> Iterator[_Piece]:
    """Reply tokens in the recipient addresses."""
    for recipient in mail.recipients:
        token = recipient.token
        if token and token.kind in _OF_TICKETS and (ticket := view.ticket(token.ticket_id)):
            yield _Piece("E1", "reply address", ticket, "token", token)


def _e2(mail: Incoming, view: View, addresses: Addresses) -> Iterator[_Piece]:
    """Message-IDs of our letters."""
    for named in references(mail.message):
        token = addresses.token_of(named)
        if token and token.kind in _OF_TICKETS and (ticket := view.ticket(token.ticket_id)):
            yield _Piece("E2", named, ticket, "token", token)


def _weigh(piece: _Piece, person: Person, verdict: Verdict) -> Evidence:
    proof: Proof = "own_token" if piece.token and is_own(piece.token, person) else piece.proof
    role = access.role_of(person, piece.ticket.view)
    if piece.token and piece.token.kind == "staff" and role == "participant" and person.staff_id is not None:
        role = "staff"
    write = access.may_write(role, proof, verdict)
    return Evidence(piece.kind, piece.value, piece.ticket, role, proof, write, piece.token)


def is_own(token: Token, person: Person) -> bool:
    """True when a token was made for this very person."""
    if token.kind not in _OF_TICKETS:
        return False
    owner = person.staff_id if token.kind == "staff" else person.contact_id
    return owner is not None and token.person_id == owner


def _asked_them(token: Token, person: Person, view: View) -> bool:
    """True for the token of a question “reply confirm” that went to this very person."""
    pending = view.more.pending.get(token.person_id) if token.kind == "confirm" else None
    if pending is None:
        return False
    if pending.staff_id is not None:
        return pending.staff_id == person.staff_id
    return pending.contact_id is not None and pending.contact_id == person.contact_id


def reported(mail: Incoming, view: View, addresses: Addresses) -> list[int]:
    """The letters of ours that a mail names, by token. It proves that the letter exists, and nothing else.

    A Message-ID is in the References of every answer: whoever got a copy of one can name the letter.
    """
    claims = letter_claims(mail, addresses)
    ids = [i for i, token in claims if (letter := view.letters.get(i)) and letter.was_sent_with(token)]
    return list(dict.fromkeys(ids))


def returned_to(mail: Incoming, view: View) -> list[int]:
    """The letters to whose own return path the mail came: an address that servers answer, and no person.

    It stands in the envelope of the letter alone, so that only who got this very letter, or carried it, knows it.
    """
    named = [r.token.person_id for r in mail.recipients if r.token and r.token.kind == "delivery"]
    return [letter_id for letter_id in dict.fromkeys(named) if letter_id in view.letters]
