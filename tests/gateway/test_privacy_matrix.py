"""Nobody learns or changes anything who may not: every kind of intruder × everything that one can ask for by mail.

Not one word of the ticket stands in any letter that leaves the desk, and the ticket is as it was. A note that somebody
tried is kept where only staff see it, or marked: no mail is lost.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.token import Token
from store.tables import Attachment, Contact, ContactAddress, Event, Organisation, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, GONE, NOW, NUMBER, PAT, SAM, SUE, People, World

OTHER = "otto@otherworks.test"
PUBLIC, INSIDE, FILE, TITLE = "Wombat-4711 is the code", "Quokka the invoice", "numbat.pdf", "Kowari phones"
SECRETS = (PUBLIC, INSIDE, FILE, TITLE, "Wombat", "Quokka", "numbat", "Kowari")
ATTEMPTS = {
    "note": ("Re: phones", "Tell me more about it."),
    "command": ("Re: phones", "#resolve"),
    "one word": ("Re: phones", "withdraw"),
    "share": ("Re: phones", "#share organisation\n#watch\n#copy {me}"),
    "status by reply": ("Re: phones", "#status full"),
    "status": (f"#status {NUMBER}", ""),
    "list": ("#list all", ""),
    "search": ("#search code", ""),
    "export": ("#export all", ""),
    "report": ("#report", ""),
    "people": ("#people", ""),
    "queue": ("#queue", ""),
    "help": ("#help", ""),
    "me": ("#me", ""),
}
Mail = tuple[bytes, str]


def _by_number(sender: str, verdict: str) -> Callable[[People, str, str], Mail]:
    def mail(people: People, subject: str, body: str) -> Mail:
        subject = subject if subject.startswith("#") else f"{subject} [{NUMBER}]"
        return sample.mail(sender, subject, body.format(me=sender), verdict=verdict), DESK  # type: ignore[arg-type]

    return mail


def _by_token(sender: str, owner: str, verdict: str) -> Callable[[People, str, str], Mail]:
    def mail(people: People, subject: str, body: str) -> Mail:
        to = sample.ADDRESSES.reply_to(DESK, people.token(owner))
        named = sample.ADDRESSES.message_id(NUMBER, 7, people.token(owner))
        raw = sample.mail(
            sender,
            subject,
            body.format(me=sender),
            to=to,
            verdict=verdict,
            in_reply_to=named,  # type: ignore[arg-type]
        )
        return raw, to

    return mail


def _forwarded(people: People, subject: str, body: str) -> Mail:
    """Ann passed a letter of ours on; Eve answers it below the quotation, with all its threading fields."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    quoted = (
        f"{body.format(me=EVE)}\n\nOn Monday, Sample Desk wrote:\n> To add anything, reply to this mail.\n> {NUMBER}"
    )
    return sample.mail(EVE, subject, quoted, to=to, verdict="pass", references=FIRST_MAIL), to


INTRUDERS: dict[str, Callable[[People, str, str], Mail]] = {
    "outsider": _by_number(EVE, "pass"),
    "outsider, unverified": _by_number(EVE, "none"),
    "other organisation": _by_number(OTHER, "pass"),
    "deactivated contact": _by_token(GONE, GONE, "pass"),
    "deactivated contact, by number": _by_number(GONE, "pass"),
    "forged From of the requester": _by_number(ANN, "none"),
    "forged From that fails": _by_number(ANN, "fail"),
    "forged From of staff": _by_number(SAM, "none"),
    "forged From of staff that fails": _by_number(SAM, "fail"),
    "leaked token": _by_token(EVE, ANN, "pass"),
    "leaked token, other organisation": _by_token(OTHER, ANN, "pass"),
    "leaked token of staff": _by_token(EVE, SAM, "none"),
    "token of staff with a forged customer": _by_token(ANN, SUE, "fail"),
    "forwarded letter": _forwarded,
}
INSIDERS = {SAM, SUE, ANN, PAT}  # who may read it anyway, and so may the letters to their own addresses


@pytest.fixture
def secrets(world: World, people: People) -> Ticket:
    """Ann's ticket with a public note, an internal one, and a file; and another organisation."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.title = ticket.letter_subject = TITLE
        for visibility, text in (("public", PUBLIC), ("internal", INSIDE)):
            event_id = world.database.ids.next()
            session.add(
                Event(
                    id=event_id,
                    ticket_id=ticket.id,
                    at=NOW,
                    kind="note",
                    visibility=visibility,
                    text=text,
                    author="Sam",
                )
            )
        session.flush()
        session.add(
            Attachment(
                id=world.database.ids.next(), ticket_id=ticket.id, event_id=event_id, name=FILE, type="application/pdf",
                size=3, digest="0" * 64,
            )
        )  # fmt: skip
        other = Organisation(id=world.database.ids.next(), name="Other Works", created_at=NOW)
        session.add(other)
        session.flush()
        session.add(
            Contact(
                id=world.database.ids.next(), name="Otto", organisation_id=other.id, known=True, level="Admin User",
                created_at=NOW, addresses=[ContactAddress(address=OTHER, written=OTHER)],
            )
        )  # fmt: skip
    return world.ticket(people.ticket)


def _state(world: World, people: People) -> dict[str, Any]:
    ticket = world.ticket(people.ticket)
    names = "status resolution assignee_id team_id shared title type urgency requester_id requester_muted withdrawal"
    return {name: getattr(ticket, name) for name in names.split()} | {"people": world.people(people.ticket)}


def _leaks(world: World) -> list[str]:
    """Words of the ticket in letters to anybody outside the desk."""
    outside = (letter for letter in rendering.letters(world) if str(letter["Delivered-To"] or letter["To"]))
    return [
        f"{secret} → {letter['To']}: {letter['Subject']}"
        for letter in outside
        if not any(insider in str(letter["To"]) for insider in INSIDERS)
        for secret in SECRETS
        if secret in rendering.words(letter)
    ]


@pytest.mark.feature("F22", "mail")
@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("intruder", INTRUDERS)
def test_nothing_is_told_and_nothing_changes(
    world: World, people: People, secrets: Ticket, intruder: str, attempt: str
) -> None:
    """The mail is kept, the ticket as it was, and no letter that leaves the desk holds a word of it."""
    before, entries = _state(world, people), len(world.events(people.ticket))
    raw, recipient = INTRUDERS[intruder](people, *ATTEMPTS[attempt])
    done = world.take(raw, recipients=(recipient,))
    assert done.kind in ("opened", "noted", "held", "answered")
    world.clock.forward(minutes=1)
    _confirm_everything(world)
    assert _state(world, people) == before
    assert _leaks(world) == []
    fresh = world.events(people.ticket)[entries:]
    assert [e for e in fresh if e.visibility == "public" and e.verified] == []
    assert all(not e.changes for e in fresh)


def _confirm_everything(world: World) -> None:
    """The intruder answers each question that reached them; those to other people they never see."""
    for row in world.letters("confirm"):
        if row.recipient in (EVE, OTHER, GONE):
            to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, row.context["pending"]))
            world.take(sample.mail(row.recipient, "Re: confirm", "confirm", to=to), recipients=(to,))


@pytest.mark.parametrize("subject", ["#list all", "#search phones", "#export all", "#report"])
def test_the_other_organisation_sees_its_own(world: World, people: People, secrets: Ticket, subject: str) -> None:
    """The same question from Otto shows Otto's ticket, so that the matrix above does not pass by silence."""
    world.take(sample.mail(OTHER, "Aardvark phones", "Ours are down as well.", verdict="pass"))
    world.clock.forward(minutes=1)
    world.take(sample.mail(OTHER, subject, "", verdict="pass"))
    (answer,) = rendering.letters(world, "answer", OTHER)
    assert "Aardvark" in rendering.words(answer) or subject == "#report"
    assert _leaks(world) == []


def test_the_answer_to_a_number_that_exists_is_that_to_one_that_does_not(
    world: World, people: People, secrets: Ticket
) -> None:
    """`#status` of somebody else's ticket, and of none: word for word the same but for the number asked for."""
    said = []
    for number in (NUMBER, "T20261101.9999"):
        world.take(sample.mail(OTHER, f"#status {number}", "", verdict="pass"))
        world.clock.forward(hours=2)
        said.append(rendering.words(rendering.letters(world, recipient=OTHER)[-1]).replace(number, "NUMBER"))
    assert said[0] == said[1]


def test_a_question_that_a_stranger_caused_says_nothing(world: World, people: People, secrets: Ticket) -> None:
    """A forged “withdraw” asks the real requester, at their own address, and names no word of the ticket."""
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "#withdraw duplicate", verdict="none"))
    (letter,) = rendering.letters(world, recipient=ANN)
    assert [secret for secret in SECRETS if secret in rendering.words(letter)] == []
    assert world.all(select(Ticket.status).where(Ticket.id == people.ticket)) == ["In Progress"]
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, world.letters("confirm")[0].context["pending"]))
    late = sample.mail(ANN, "Re: x", "confirm", to=to)
    world.clock.now = NOW + timedelta(hours=25)
    world.take(late, recipients=(to,))
    assert world.ticket(people.ticket).status == "In Progress"
