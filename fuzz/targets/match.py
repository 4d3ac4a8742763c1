"""Which ticket a mail belongs to: no mail finds one without the right to, whatever it names and says."""

from dataclasses import dataclass, field, replace

from desk.state import TicketState
from fuzz import world
from fuzz.choices import Choices
from gateway.case import Decision
from gateway.claimed import Claimed, read_mail
from gateway.decide import decide
from gateway.desk_addresses import Addresses
from gateway.envelope import Envelope
from gateway.match import Evidence
from gateway.sender import Verified
from gateway.token import Token
from gateway.view import Incoming, View

MAILS = False
WORDS = (
    *world.NUMBERS.values(),
    *world.KNOWN,
    "Re: ",
    "REF-1",
    "ref-2",
    "[#42]",
    "１００１",
    "#status",
    "confirm",
    ".o101.r-",
)
_SENDERS = (
    "ann@customer.test", "bob@customer.test", "eve@elsewhere.test", "gone@customer.test", "sam@desk.test",
    "left@desk.test", "nobody@attacker.test", "", "ann@customer.test, eve@elsewhere.test", "Ann <ann@customer.test>",
    '"sam@desk.test" <nobody@attacker.test>', "ANN@CUSTOMER.TEST", "sam@desk.test (x) <nobody@attacker.test>",
)  # fmt: skip
_VERDICTS = ("none", "pass", "fail")
_KINDS = ("contact", "staff", "delivery", "confirm")
_PEOPLE = (world.ANN, world.BOB, world.EVE, world.GONE, world.SAM, world.LEFT, 99, *world.LETTERS)
_BODIES = ("Thanks", "#resolve", "confirm", "Please help.", "#status", "#merge T20261101.0016", "unsubscribe", "")
_FIELDS = (
    "Auto-Submitted: auto-replied", "X-Desk-Ticket: T20261101.0016", "Sender: ann@customer.test", "Precedence: bulk",
    "Reply-To: ann@customer.test", "Cc: ann@customer.test", "X-Postdesk-Instance: another", "Received: by x.test",
    "Authentication-Results: mx.desk.test; dmarc=pass", "Content-Type: multipart/report; boundary=b", "Return-Path: <>",
)  # fmt: skip


@dataclass(slots=True)
class _Made:
    """A mail, and what it truly holds: the oracle's side of it."""

    lines: list[str] = field(default_factory=list)
    tokens: set[Token] = field(default_factory=set)  # ours, unaltered
    verdict: str = "none"
    recipients: list[str] = field(default_factory=list)
    raw: bytes = b""


def check(data: bytes) -> None:
    """Make a mail, decide about it, and ask of each piece of evidence whether the sender may."""
    made, view = _mail(Choices(data)), world.view()
    envelope = Envelope("someone@customer.test", tuple(made.recipients), "smtp")
    mail = read_mail(Claimed(1, envelope, made.raw, 0), world.ADDRESSES, world.RULES)
    mail = replace(mail, verified=Verified(made.verdict, ""))  # type: ignore[arg-type]
    decision, _ = decide(mail, view, world.RULES, world.ADDRESSES, world.NOW)
    for evidence in decision.match.evidence:
        _true(evidence, mail, made)
        _rightful(evidence, mail, made, view)
    _follows(decision, made)


def _mail(choices: Choices) -> _Made:
    made = _Made(verdict=choices.pick(_VERDICTS))
    sender = choices.pick(_SENDERS)
    subject = choices.pick(("Phones", "Re: Phones", *world.NUMBERS.values(), "REF-1", "ref-2", "[#42]", "１００１", ""))
    to = [_address(choices, made) for _ in range(1 + choices.count(2))]
    named = [_message_id(choices, made) for _ in range(choices.count(4))]
    made.lines = [f"From: {sender}"] if sender else []
    made.lines += [f"To: {', '.join(to)}", f"Subject: {subject}{_text(choices)}", "Message-ID: <new@customer.test>"]
    if named:
        made.lines.append(f"{choices.pick(('References', 'In-Reply-To'))}: {' '.join(named)}")
    made.lines += [choices.pick(_FIELDS) for _ in range(choices.count(2))]
    made.recipients = to if choices.chance(2) else [world.DESK.address]
    body = choices.pick(_BODIES) if choices.chance(2) else choices.rest().decode("utf-8", "replace")
    made.raw = "\r\n".join([*made.lines, "", body, ""]).encode("utf-8", "replace")
    return made


def _text(choices: Choices) -> str:
    """Some free words, without a line end."""
    return " " + " ".join(choices.taken(40).decode("utf-8", "replace").split()) if choices.chance(3) else ""


def _token(choices: Choices) -> Token:
    kind = choices.pick(_KINDS)
    ticket = 0 if kind in ("delivery", "confirm") else choices.pick((*world.NUMBERS, 99))
    return Token(kind, ticket, choices.pick(_PEOPLE), choices.chance(2))  # type: ignore[arg-type]


def _signed(choices: Choices, made: _Made) -> tuple[Addresses, Token]:
    """A token by our key, which then counts, or by somebody else's, which does not."""
    token = _token(choices)
    if choices.chance(3):
        return world.FORGED, token
    made.tokens.add(token)
    return world.ADDRESSES, token


def _altered(text: str, choices: Choices) -> str:
    """One letter of what stands before the @ is another; nothing follows from it any more."""
    place = choices.byte() % max(1, text.find("@"))
    return text[:place] + choices.pick("abcdefghij234567") + text[place + 1 :]


def _address(choices: Choices, made: _Made) -> str:
    match choices.byte() % 6:
        case 0 | 1:
            return world.DESK.address
        case 2:
            return choices.pick(("service+incident@desk.test", "ann@customer.test", "service+r-x@desk.test"))
        case 3:
            by, token = _signed(choices, made)
            return (
                by.return_path(token.person_id) if token.kind == "delivery" else by.reply_to(world.DESK.address, token)
            )
        case 4:
            return _altered(world.FORGED.reply_to(world.DESK.address, _token(choices)), choices)
        case _:
            by, token = _signed(choices, made)
            return by.reply_to(world.DESK.address, token).upper()


def _message_id(choices: Choices, made: _Made) -> str:
    match choices.byte() % 4:
        case 0:
            return choices.pick((*world.KNOWN, "<unknown@customer.test>"))
        case 1:
            by, token = _signed(choices, made)
            return by.message_id("T20261101.0011", choices.pick((*world.LETTERS, 7)), token)
        case 2:
            return _altered(world.FORGED.message_id("T20261101.0016", 101, _token(choices)), choices)
        case _:
            return f"<{_text(choices).strip() or 'x'}@customer.test>"


def _true(evidence: Evidence, mail: Incoming, made: _Made) -> None:
    """The mail really names the ticket by what it is said to."""
    message = mail.message
    if evidence.kind in ("E1", "E2"):
        assert evidence.token in made.tokens, f"a token that nobody made: {evidence.token}"
    elif evidence.kind == "E3":
        assert evidence.value in world.KNOWN, f"an id that nobody knows: {evidence.value}"
        assert evidence.value in (*message.in_reply_to, *message.references)
    elif evidence.kind == "E4":
        assert evidence.value in message.subject.upper(), f"{evidence.value} does not stand in {message.subject!r}"
    else:
        assert evidence.value.strip() in message.subject.casefold(), f"{evidence.value} is not in {message.subject!r}"


def _rightful(evidence: Evidence, mail: Incoming, made: _Made, view: View) -> None:
    """What the sender may do there is no more than docs/mail-flow.md says, reckoned anew and in another way."""
    ticket, write = evidence.ticket, evidence.write
    contact, staff = view.contacts.get(mail.sender), view.staff_by_address.get(mail.sender)
    at_desk = staff is not None and staff.active
    takes_part = contact is not None and contact.active and contact.id in (ticket.requester.id, *ticket.people)
    colleague = contact is not None and contact.active and _colleague(ticket, contact.organisations)
    proven = made.verdict == "pass" or evidence.kind in ("E1", "E2", "E3")
    assert made.verdict != "fail" or write == "hold", f"a forged mail may {write}"
    assert not ticket.spam or at_desk, "spam goes on"
    if write == "note":
        assert proven, "a note, and nothing proves the sender"
        assert takes_part or (colleague and made.verdict == "pass"), "a note of somebody who does not take part"
    elif write == "unverified":
        assert takes_part, "a note of somebody who does not take part"
    elif write in ("reply", "internal"):
        assert at_desk, f"{write} of somebody who is not at the desk"
        own = any(token.kind == "staff" and token.person_id == getattr(staff, "id", 0) for token in made.tokens)
        assert write == "internal" or own, "an answer of staff without a letter of their own"
    elif write == "lane":
        assert colleague or evidence.kind in ("E1", "E2", "E3"), "a number alone opens the lane"


def _colleague(ticket: TicketState, organisations: frozenset[int]) -> bool:
    return ticket.shared and ticket.organisation_id in organisations


def _follows(decision: Decision, made: _Made) -> None:
    """What becomes of the mail is what its evidence allows."""
    chosen = decision.match.chosen
    if decision.kind == "noted":
        assert chosen is not None, "a note without evidence"
        assert decision.ticket_id == chosen.ticket_id, "a note on another ticket"
        assert decision.write == chosen.write, "another right than that of the evidence"
        assert chosen.write not in ("new", "hold")
    elif decision.kind == "folded" and decision.ticket_id is not None:
        allowed = chosen is not None and chosen.write not in ("new", "hold") and chosen.ticket_id == decision.ticket_id
        assert allowed or made.tokens, "shown on a ticket that it does not name"
    else:
        assert decision.ticket_id is None or chosen is not None, f"{decision.kind} with a ticket"
