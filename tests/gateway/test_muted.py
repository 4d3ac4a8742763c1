"""Muted addresses: staff are told once, a mail from the address lifts the mute, and a person can."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from desk import muting
from store.tables import Delivery, Outbox, Staff, Suppression
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, SAM, SUE, People, World

REPORT = """--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.test

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user
--r--"""


def fails(world: World, letter: Outbox, address: str = "") -> None:
    """A server reports to a letter's return path that nobody is at its address."""
    to = sample.ADDRESSES.return_path(letter.id)
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    body = REPORT.format(address=address or letter.recipient)
    raw = sample.mail("MAILER-DAEMON@customer.test", "Undelivered", body, to=to, content_type=kind)
    assert world.take(raw, reverse_path="", recipients=(to,)).rule == "report"


def to_ann(world: World) -> Outbox:
    """A letter to Ann about her ticket, sent."""
    world.take(sample.mail(sample.PAT, "Re: phones", "Any news?", in_reply_to=sample.FIRST_MAIL))
    return sent(world, "update", ANN)


def to_sam(world: World) -> Outbox:
    """A letter to Sam about Ann's ticket, sent."""
    world.take(sample.mail(ANN, "Re: phones", "Any news?", in_reply_to=sample.FIRST_MAIL))
    return sent(world, "customer_wrote", SAM)


def sent(world: World, kind: str, address: str) -> Outbox:
    """The newest letter of a kind to somebody, as it is after delivery."""
    row = world.letters(kind, address)[-1]
    with world.database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == row.id).values(state="sent", done_at=world.clock()))
    return row


def muted(world: World) -> list[str]:
    """The addresses that get no letters."""
    return world.all(select(Suppression.address).where(Suppression.lifted_at.is_(None)))


def test_staff_are_told_once(world: World, people: People) -> None:
    """One letter to the ticket's team: address, reason, ticket, what it means, how to lift it; never a second."""
    letter = to_ann(world)
    fails(world, letter)
    fails(world, letter)
    fails(world, to_ann(world))
    (told,) = world.letters("mail_trouble")
    words = "\n".join(told.context["lines"])
    assert (told.recipient, told.automatic) == (SAM, True)
    assert told.context["subject"] == f"{ANN} gets no more letters"
    assert f"Our letter with news of the ticket to Ann ({ANN}) about {NUMBER} did not arrive" in words
    assert "550 no such user" in words
    assert f"postdesk mail unmute {ANN}" in told.context["lines"]


def test_of_a_colleague_the_others_are_told(world: World, people: People) -> None:
    """Whoever is muted gets no letter about it; everybody else at the desk does."""
    fails(world, to_sam(world))
    assert muted(world) == [SAM]
    (told,) = world.letters("mail_trouble")
    assert told.recipient == SUE
    assert f"a colleague's address {SAM} is muted" in "\n".join(told.context["lines"])


def test_a_team_that_is_muted_is_not_the_one_to_tell(world: World, people: People) -> None:
    """Sam is the team and muted: that Ann is muted too, the others hear; and when all are muted, nothing loops."""
    fails(world, to_sam(world))
    fails(world, to_ann(world))
    assert [row.recipient for row in world.letters("mail_trouble")] == [SUE, SUE]
    fails(world, sent(world, "mail_trouble", SUE))
    assert sorted(muted(world)) == [ANN, SAM, SUE]
    assert len(world.letters("mail_trouble")) == 2


def test_staff_are_told_few_times_a_day(world: World, people: People) -> None:
    """Forged senders that bounce by the dozen do not fill a colleague's mailbox."""
    letter = to_ann(world)
    for _ in range(world.rules.caps.automatic_letters_per_day + 3):
        fails(world, letter)
        world.take(sample.mail(ANN, "Hello", "I am here", in_reply_to=sample.FIRST_MAIL))
    told = world.letters("mail_trouble", SAM)
    assert len(told) == world.rules.caps.automatic_letters_per_day
    assert told[-1].context["lines"][-1].startswith("It is the last such letter for a day.")


def test_a_mail_from_the_address_lifts_the_mute(world: World, people: People) -> None:
    """Ann writes, so Ann is there: the mute is lifted, stays on record, and another failure mutes and tells anew."""
    letter = to_ann(world)
    fails(world, letter)
    assert muted(world) == [ANN]
    world.clock.forward(minutes=5)
    world.take(sample.mail(ANN, "Re: phones", "I am here", in_reply_to=sample.FIRST_MAIL))
    assert muted(world) == []
    (row,) = world.all(select(Suppression))
    assert row.lifted_at == row.since + timedelta(minutes=5)
    fails(world, letter)
    assert (muted(world), world.count(Suppression), len(world.letters("mail_trouble"))) == ([ANN], 2, 2)


def test_late_then_failed_then_a_mail(world: World, people: People) -> None:
    """Each step is an event of its own, and the end is a letter that may go out."""
    letter = to_ann(world)
    to = sample.ADDRESSES.return_path(letter.id)
    body = REPORT.format(address=ANN).replace("failed", "delayed").replace("5.1.1", "4.4.1")
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    world.take(
        sample.mail("MAILER-DAEMON@customer.test", "Delayed", body, to=to, content_type=kind),
        reverse_path="",
        recipients=(to,),
    )
    assert muted(world) == []
    fails(world, letter)
    assert muted(world) == [ANN]
    words = [entry.text.partition(":")[0] for entry in world.events(people.ticket) if entry.kind == "automatic"]
    assert words == ["Late", "Not delivered"]
    assert world.all(select(Delivery.result).order_by(Delivery.id)) == ["deferred", "bounced"]
    world.clock.forward(minutes=5)
    world.take(sample.mail(ANN, "Re: phones", "I am here", in_reply_to=sample.FIRST_MAIL))
    assert muted(world) == []


def test_in_one_batch(world: World, people: People) -> None:
    """The report and the mail that follows it are handled together: muted, then lifted."""
    letter = to_ann(world)
    to = sample.ADDRESSES.return_path(letter.id)
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    raw = sample.mail("MAILER-DAEMON@x.test", "Failed", REPORT.format(address=ANN), to=to, content_type=kind)
    world.send(raw, reverse_path="", recipients=(to,))
    world.send(sample.mail(ANN, "Hello", "I am here"))
    world.handle()
    assert (muted(world), world.count(Suppression)) == ([], 1)


@pytest.mark.parametrize(
    "raw",
    [
        sample.mail(ANN, "Out of office", "I am away.", auto_submitted="auto-replied", in_reply_to=sample.FIRST_MAIL),
        sample.mail(ANN, "Hello", "It is me", verdict="fail"),
        sample.mail(sample.PAT, "Hello", f"{ANN} is here", reply_to=ANN, cc=ANN),
    ],
    ids=["automatic", "forged", "somebody else"],
)
def test_what_does_not_lift_a_mute(world: World, people: People, raw: bytes) -> None:
    """A machine's answer, a forged sender, somebody who only names the address."""
    fails(world, to_ann(world))
    world.clock.forward(minutes=5)
    world.take(raw)
    assert muted(world) == [ANN]


def test_old_mail_does_not_lift_a_mute(world: World, people: People) -> None:
    """A mail that came in before the address was muted does not show that somebody is there now."""
    letter = to_ann(world)
    world.clock.forward(minutes=-5)
    world.send(sample.mail(ANN, "Hello", "Written before"))
    world.clock.forward(minutes=5)
    with world.database.transaction() as session:
        session.add(Suppression(id=1, address=ANN, reason="no such user", since=world.clock()))
    world.handle()
    assert muted(world) == [ANN]
    assert letter.recipient == ANN


def test_one_query_for_a_batch(world: World, people: People) -> None:
    """However many mails come together, mutes are asked for once."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "suppression" in statement:
            asked.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", note)
    for number in range(5):
        world.send(sample.mail(f"user{number}@x.test", "Hello"))
    world.handle()
    assert len(asked) == 1


def test_the_list_knows_whose_and_which_letter(world: World, people: People) -> None:
    """Address, reason, the person, and the letter whose failure it was; lifted ones only when asked for."""
    letter = to_ann(world)
    fails(world, letter)
    world.clock.forward(minutes=1)
    fails(world, to_sam(world))  # Ann wrote for it, so her mute ends
    with world.database.reading() as session:
        (now,) = muting.listed(session)
        (_, ended) = muting.listed(session, lifted=True)
    assert (now.address, now.person) == (SAM, muting.Person("Sam", "staff"))
    assert (ended.address, ended.person) == (ANN, muting.Person("Ann", "contact"))
    assert ended.lifted_at is not None
    assert ended.letter
    assert (ended.letter.id, ended.letter.ticket) == (letter.id, NUMBER)


def test_by_hand(world: World, people: People) -> None:
    """Lifted once; a second time there is nothing to lift."""
    fails(world, to_ann(world))
    with world.database.transaction() as session:
        assert muting.lift_by_hand(session, ANN, world.clock())
        assert not muting.lift_by_hand(session, ANN, world.clock())
        assert muting.last_lifted(session, ANN) == world.clock()
        assert muting.last_lifted(session, DESK) is None
    assert muted(world) == []
    assert world.count(Staff) == 3
