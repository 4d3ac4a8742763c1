"""The canary: a mail of the desk to itself is known by its token, answered by nobody, and missed when lost."""

import email
import email.policy
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import canary
from desk.status import snapshot
from gateway.canary import letter, recipient
from gateway.canary_token import HEADER, make, read
from gateway.letter import DeskFacts
from store.tables import Canary, Outbox, ReceivedMail, Ticket
from tests.gateway.desk_world import ADDRESSES, DESK, KEYS, NOW, RULES, SAM, SUE, People, Verdict, World, mail

FACTS = DeskFacts("Service Desk", "https://desk.test", RULES.zone, "", "desk.test", "sample", 14)
LATE = timedelta(minutes=15)


def sent(world: World) -> tuple[int, bytes]:
    """A canary on its way: its id, and the bytes that the relay gets."""

    def to(number: int) -> str:
        return recipient(DESK, number, ADDRESSES)

    with world.database.transaction() as session:
        canary_id = canary.send(session, world.database.ids.next, world.clock(), to, DESK)
    row = world.all(select(Outbox).where(Outbox.kind == canary.KIND).order_by(Outbox.id.desc()))[0]
    return canary_id, letter(row, ADDRESSES, FACTS)[1]


def found(world: World, canary_id: int) -> Canary:
    """Its row."""
    with world.database.reading() as session:
        return session.get_one(Canary, canary_id)


def watch(world: World) -> int:
    """What the timer does."""
    with world.database.transaction() as session:
        return canary.watch(session, world.database.ids.next, world.clock(), LATE)


def told(world: World) -> list[str]:
    """Subjects of the letters to Sam about it."""
    return [str(row.context["subject"]) for row in world.letters("mail_trouble", SAM)]


@pytest.mark.usefixtures("people")
def test_it_comes_back_and_opens_nothing(world: World) -> None:
    """Its disposition is its own, its time is kept, nobody is written to, and a second copy changes nothing."""
    tickets = world.count(Ticket)
    canary_id, raw = sent(world)
    world.clock.forward(seconds=3)
    to = (recipient(DESK, canary_id, ADDRESSES),)
    mail_id = world.send(raw, recipients=to)
    world.clock.forward(seconds=1)
    world.handle()
    disposition = world.disposition(mail_id)
    assert (disposition.kind, disposition.rule, disposition.ticket_id) == ("ignored", "canary", None)
    row = found(world, canary_id)
    assert (row.arrived_at, row.handled_at) == (NOW + timedelta(seconds=3), NOW + timedelta(seconds=4))
    assert row.received_id == mail_id
    world.clock.forward(minutes=9)
    assert world.take(raw, recipients=to).rule == "duplicate"
    assert found(world, canary_id).handled_at == NOW + timedelta(seconds=4)
    assert world.count(Ticket) == tickets
    assert [outgoing.kind for outgoing in world.letters()] == [canary.KIND]


def test_its_letter_is_a_mail_that_nobody_answers(world: World) -> None:
    """Marked as automatic, with the token in the address and in a field of its own."""
    canary_id, raw = sent(world)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert read(str(message[HEADER]), KEYS) == canary_id
    assert str(message["To"]) == recipient(DESK, canary_id, ADDRESSES)
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("way", ["field", "address"])
def test_one_of_the_two_marks_is_enough(world: World, way: str) -> None:
    """A server that rewrites the recipient, or one that takes unknown fields away, stops no canary."""
    canary_id, raw = sent(world)
    if way == "field":
        raw = raw.replace(b"service+c-", b"service+nothing-")
    else:
        raw = raw.replace(HEADER.encode(), b"X-Other")
    assert world.take(raw).rule == "canary"
    assert found(world, canary_id).handled_at


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("verdict", ["none", "fail"])
def test_a_forged_one_is_ordinary_mail(world: World, verdict: Verdict) -> None:
    """Without a token of this desk it is what it would be without the mark."""
    forged = make(17, KEYS)[:-4] + "aaaa"
    raw = mail("eve@elsewhere.test", to=f"service+c-{forged}@desk.test", verdict=verdict, x_postdesk_canary=forged)
    assert world.take(raw).kind == ("opened" if verdict == "none" else "held")


@pytest.mark.usefixtures("people")
def test_a_report_about_it_is_no_canary(world: World) -> None:
    """A server that sends a report to the address of the canary does not make it come back."""
    canary_id, raw = sent(world)
    to = recipient(DESK, canary_id, ADDRESSES)
    report = (
        (
            f"From: MAILER-DAEMON@relay.test\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            f"--b\r\n\r\nIt did not arrive.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            f"Reporting-MTA: dns; a.test\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        ).encode()
        + raw
        + b"\r\n--b--\r\n"
    )
    assert world.take(report, reverse_path="").rule != "canary"
    assert found(world, canary_id).handled_at is None


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("copied", [True, False])
def test_an_answer_to_all_is_no_canary(world: World, *, copied: bool) -> None:
    """Somebody who has seen the address or the field puts it into a conversation: what is said there is mail."""
    canary_id, _ = sent(world)
    token = {"cc": recipient(DESK, canary_id, ADDRESSES)} if copied else {HEADER: make(canary_id, KEYS)}
    said = world.take(mail("eve@elsewhere.test", "Re: lunch", **token, auto_submitted="auto-generated"))
    assert said.rule != "canary"
    assert world.take(mail("eve@elsewhere.test", "Re: phones", **token)).kind == "opened"
    assert found(world, canary_id).handled_at is None


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("days", [0, 1])
def test_one_that_was_back_or_is_old_is_a_letter_of_ours(world: World, days: int) -> None:
    """Its token says nothing any more: it is ignored as every letter of the desk is, and its row stays as it was."""
    canary_id, raw = sent(world)
    if not days:
        world.take(raw)
    world.clock.forward(hours=25 * days, minutes=1)
    back = found(world, canary_id).handled_at
    assert world.take(raw.replace(b"It opens", b"So it opens")).rule == "own-mail"
    assert found(world, canary_id).handled_at == back


@pytest.mark.usefixtures("people")
def test_staff_hear_once_that_it_is_missing_and_once_that_mail_comes_again(world: World) -> None:
    """However many are missing: one letter to each of staff, with what to look at; and one when one came back."""
    _, raw = sent(world)
    world.clock.forward(minutes=14)
    assert watch(world) == 0
    assert status_of(world) == "working"
    world.clock.forward(minutes=2)
    assert watch(world) == 2
    assert {row.recipient for row in world.letters("mail_trouble")} == {SAM, SUE}
    assert "postdesk serve" in str(world.letters("mail_trouble", SAM)[0].context["lines"])
    assert status_of(world) == "lost"
    sent(world)
    world.clock.forward(minutes=20)
    assert watch(world) == 0
    world.take(raw)
    assert watch(world) == 2
    assert told(world) == ["Mail may not come through", "Mail comes through again"]
    assert status_of(world) == "working"
    world.clock.forward(minutes=1)
    assert watch(world) == 0


def status_of(world: World) -> str:
    """The service line of the status page."""
    with world.database.transaction() as session:  # nothing but the canary is looked at here
        for row in session.scalars(select(Outbox)):
            row.next_at = world.clock() + timedelta(hours=1)
    with world.database.reading() as session:
        return snapshot(session, world.clock()).state


@pytest.mark.usefixtures("people")
def test_what_the_page_says(world: World) -> None:
    """When the last one came back, how long it took, and the median of the day."""
    for seconds in (2, 4, 9):
        _, raw = sent(world)
        world.clock.forward(seconds=seconds)
        world.take(raw)
        world.clock.forward(minutes=1)
    with world.database.reading() as session:
        now = canary.state(session, world.clock())
    assert now is not None
    assert (now.seconds, now.typical, now.missing_since) == (9.0, 4.0, None)


@pytest.mark.usefixtures("people")
def test_old_ones_are_forgotten_with_their_letters(world: World) -> None:
    """What came in stays in the ledger."""
    _, raw = sent(world)
    world.take(raw)
    with world.database.transaction() as session:
        assert canary.forget(session, NOW + timedelta(days=1)) == 1
    assert (world.count(Canary), world.count(Outbox), world.count(ReceivedMail)) == (0, 0, 1)


def lost() -> Iterator[tuple[canary.Flight, str]]:
    """Where a canary can be lost, and what staff are to look at."""
    base = canary.Flight(1, "a@desk.test", NOW)
    yield base, "postdesk serve"
    yield canary.Flight(1, "a@desk.test", NOW, said="451 later"), "451 later"
    yield canary.Flight(1, "a@desk.test", NOW, NOW, state="sent"), "MX record"
    yield canary.Flight(1, "a@desk.test", NOW, state="refused", said="550 no"), "550 no"


@pytest.mark.parametrize("flight, words", list(lost()), ids=["nobody", "deferred", "sent", "refused"])
def test_where_to_look(flight: canary.Flight, words: str) -> None:
    """The advice fits the last leg that it flew."""
    assert words in canary.advice(flight)


def test_people_are_named(people: People) -> None:
    """The sample desk has the staff that these tests count."""
    assert {SAM, SUE} <= set(people.staff)
