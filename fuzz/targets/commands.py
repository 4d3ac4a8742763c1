"""Commands by mail: no text is a fault, none of its words are lost, and a glance sees what a close look finds."""

from dataclasses import replace

from desk.access import role_of
from desk.state import ContactState, StaffState
from fuzz import cleaned, world
from gateway.asks import at_a_glance
from gateway.case import Case
from gateway.commands import asked, grammar, plain, plan, registry, values
from gateway.commands.asked import Asked
from gateway.commands.spec import Known, Scene, Who
from gateway.decide import decide
from gateway.desk_addresses import Recipient
from gateway.envelope import Envelope, Mailbox, Message
from gateway.headers import clean_body
from gateway.sender import Verified
from gateway.token import Token
from gateway.view import Incoming

MAILS = False
WORDS = (
    *(f"#{word} " for word in sorted(registry.of("staff").lines | registry.of("admin").lines)),
    *(f"{label}: " for label in sorted(registry.of("staff").labels | registry.of("customer").labels)),
    *world.NUMBERS.values(), "Hi Sam,\n", "Best regards\nAnn", "confirm", "thank you", "## ", "＃", "\u200b#",
    "tomorrow", "next Monday 14:00", "31.12.2026", "2026-11-30", "+2h", "Ann <ann@customer.test>;",
)  # fmt: skip
_PEOPLE: tuple[tuple[Who, str, int], ...] = (
    ("customer", "bob@customer.test", world.BOB), ("admin", "ann@customer.test", world.ANN),
    ("staff", "sam@desk.test", world.SAM), ("customer", "nobody@attacker.test", 0),
)  # fmt: skip
_SUBJECTS = ("Phones", "Re: Phones", "#list my", "#people", "", "T20261101.0011", "#import", "＃help")


def check(data: bytes) -> None:
    """The first byte says who writes, the second the subject and whether it is an answer; the rest is the text."""
    if len(data) < 2:
        return
    who, address, person = _PEOPLE[data[0] % len(_PEOPLE)]
    text = clean_body(data[2:].decode("utf-8", "replace"))
    new, subject = bool(data[1] & 1), _SUBJECTS[data[1] // 2 % len(_SUBJECTS)]
    message = Message(subject, Mailbox("Ann", address), text=text, reply=text)
    message = replace(message, answers=not new)
    glance = at_a_glance(message, world.WORDS)
    known = registry.of(who)
    found = _taken_apart(text, known, who, new, None)
    seen = _taken_apart(text, known, who, new, glance.words)
    assert found.orders == seen.orders, f"at a glance {seen.orders}, and in truth {found.orders}"
    assert found.words == seen.words, "at a glance other words"
    _nothing_lost(text, found, who, known)
    _values(text)
    _planned(message, _incoming(message, person, who, new), found, known)


def _taken_apart(text: str, known: Known, who: Who, new: bool, glance: frozenset[str] | None) -> Asked:
    if who == "staff":
        return asked.of_staff(text, world.WORDS, known, new=new, names=("Sam Sample",), glance=glance)
    return asked.of_customer(text, world.WORDS, known, new=new, names=("Sam Sample",), glance=glance)


def _nothing_lost(text: str, found: Asked, who: Who, known: Known) -> None:
    """Every line is a command, or stands in the note; and what staff meant as a command is never sent to anybody."""
    again = _flat(text)
    for line in found.words.split("\n"):
        assert _flat(line) in again, f"made up: {line!r}"
    split = grammar.read(text, world.WORDS, known.lines, strict=who == "staff")
    assert len(split.words.replace("\n", "")) <= len(text)
    kept = grammar.read(split.words, world.WORDS, known.lines, strict=who == "staff")
    assert who != "staff" or len(kept.commands) <= plan.MAX_COMMANDS or split.too_many
    plain.is_thank_you(text, world.WORDS, ("Sam Sample",))
    plain.one_word(text, world.WORDS, ("Sam Sample",))


def _values(text: str) -> None:
    today = world.NOW.date()
    for line in text.split("\n")[:6]:
        values.date_of(line[:300], today)
        moment = values.when_of(line[:300], world.NOW, world.RULES.zone)
        assert moment is None or moment.tzinfo is not None, "a time without a zone"
        boxes, strange = values.addresses_of(line)
        cleaned.lines("an address", [text for box in boxes for text in (box.name, box.address)])
        assert all(isinstance(one, str) for one in strange)


def _incoming(message: Message, person: int, who: Who, new: bool) -> Incoming:
    """The mail as it comes to the rules: an answer brings the token of its sender's letter."""
    token = Token("staff" if who == "staff" else "contact", world.OPEN, person)
    recipient = Recipient(world.DESK, None if new or not person else token)
    envelope = Envelope(message.sender.address, (world.DESK.address,), "smtp")
    asks = at_a_glance(message, world.WORDS)
    return Incoming(1, envelope, message, (recipient,), b"key", verified=Verified("pass", ""), asks=asks)


def _planned(message: Message, mail: Incoming, found: Asked, known: Known) -> None:
    """All checks of the commands: acts or faults, never both, and every sentence is one."""
    view = world.view()
    world.load_people(view, mail.asks)
    decision, case = decide(mail, view, world.RULES, world.ADDRESSES, world.NOW)
    ticket = view.ticket(decision.ticket_id) if decision.ticket_id else None
    author = _author(case, message)
    role = role_of(author.person, ticket.view) if ticket else "stranger"
    scene = Scene(case, author, role, ticket, found.words, opens=decision.kind == "opened")
    made = plan.make(scene, found, known, world.WORDS)
    assert not (made.faults and made.acts), "faults, and something is done"
    assert len(made.acts) == len(made.orders) <= plan.MAX_COMMANDS
    cleaned.texts("a sentence", [*made.faults, *made.hints, *(act.says for act in made.acts)])
    now, later = made.split(sure=False)
    assert not any(act.proof or act.confirm for act in now.acts), "done without a proof"
    assert len(now.acts) + len(later.acts) == len(made.acts), "an act is lost"


def _author(case: Case, message: Message) -> ContactState | StaffState:
    return case.staff or case.contact or ContactState(99, message.sender.name, message.sender.address, fresh=True)


def _flat(text: str) -> str:
    """Without blanks, and without the # that `##` loses."""
    return "".join(text.replace("＃", "#").replace("#", "").split())
