"""Held mail: it waits with a reason, and a replay handles it as if it had just come in."""

import pytest
from sqlalchemy import select

from gateway.held import NotReplayable, hold, release
from gateway.view import WISH_TICKET
from store.tables import Disposition, MailKey, ReceivedMail, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, EVE, NUMBER, SAM, People, World


def test_hold(world: World, people: People) -> None:
    """A disposition with rule and reason; the bytes stay, the ledger counts it."""
    mail_id = world.send(sample.mail(ANN, "x"))
    with world.database.transaction() as session:
        hold(session, mail_id, "reader-failed", "It failed.", world.clock(), world.database.ids.next)
    done = world.disposition(mail_id)
    assert (done.kind, done.rule, done.reason, done.ticket_id) == ("held", "reader-failed", "It failed.", None)
    assert world.ledger() == (1, 1)
    world.handle()
    assert world.count(Ticket) == 1


def test_release(world: World, people: People) -> None:
    """A held mail handled again leaves one disposition, and a trace of the earlier one."""
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", verdict="fail"))
    assert done.kind == "held"
    with world.database.transaction() as session:
        release(session, done.received_id)
    assert world.ledger() == (1, 1)
    world.handle()
    again = world.disposition(done.received_id)
    (row,) = world.all(select(ReceivedMail))
    assert (again.kind, again.rule) == ("held", "sender-failed")  # not a duplicate of itself
    assert [(e["kind"], e["rule"]) for e in row.earlier] == [("held", "sender-failed")]
    assert (row.waiting, row.attempts) == (False, 1)


def test_a_mail_ignored_as_a_duplicate_can_be_released(world: World, people: People) -> None:
    """It is a duplicate again: the first one's key is still there."""
    raw = sample.mail(ANN, "x")
    world.take(raw)
    done = world.take(raw)
    with world.database.transaction() as session:
        release(session, done.received_id)
    world.handle()
    assert world.disposition(done.received_id).rule == "duplicate"
    assert world.count(MailKey) == 1


def test_what_had_its_effect_is_not_done_twice(world: World, people: People) -> None:
    """Opened, noted and waiting mails, and one that is not there: NotReplayable says which, and nothing changes."""
    opened = world.take(sample.mail(ANN, "x")).received_id
    noted = world.take(sample.mail(ANN, "x", in_reply_to=sample.FIRST_MAIL)).received_id
    waiting = world.send(sample.mail(ANN, "y"))
    for mail_id, word in ((opened, "opened already"), (noted, "noted already"), (waiting, "waiting"), (0, "no mail 0")):
        with pytest.raises(NotReplayable, match=word), world.database.transaction() as session:
            release(session, mail_id)
    assert world.ledger() == (3, 3)


def decide_by_hand(world: World, mail_id: int, wish: str) -> Disposition:
    """Release a mail with what a person decided, and handle it."""
    with world.database.transaction() as session:
        release(session, mail_id, wish)
    world.handle()
    return world.disposition(mail_id)


def test_a_person_makes_a_held_mail_a_ticket(world: World, people: People) -> None:
    """Whatever held it is not asked again; the words and the reason are there, and it counts as opened."""
    held = world.take(sample.mail(EVE, "Out of office", "I am away.", auto_submitted="auto-replied"))
    assert held.rule == "automatic-alone"
    done = decide_by_hand(world, held.received_id, WISH_TICKET)
    assert (done.kind, done.rule, done.reason) == ("opened", "by-hand", done.reason)
    assert done.reason.startswith("A person decided: a new ticket.")
    assert [event.text for event in world.events(done.ticket_id)] == ["I am away."]
    assert world.letters(recipient=EVE) == []  # a machine gets no receipt
    assert dict(world.tally()) == dict(world.tally()) | {"opened": 1, "held": 0}


def test_a_person_puts_a_held_mail_on_a_ticket(world: World, people: People) -> None:
    """A note of its sender, not verified; staff of the ticket are told."""
    held = world.take(sample.mail(ANN, "Phones", "Still dead.", verdict="fail"))
    done = decide_by_hand(world, held.received_id, NUMBER)
    assert (done.kind, done.rule, done.ticket_id) == ("noted", "by-hand", people.ticket)
    assert done.reason == f"A person decided: a note on {NUMBER}."
    last = world.events(people.ticket)[-1]
    assert (last.text, last.visibility, last.verified, last.contact_id) == (
        "Still dead.",
        "public",
        False,
        people.contacts[ANN],
    )
    assert [row.recipient for row in world.letters("customer_wrote")] == [SAM]


def test_what_claims_to_be_of_staff_stays_internal(world: World, people: People) -> None:
    """Put on a ticket by hand it is never an answer to the customer, and none of its commands are done."""
    held = world.take(sample.mail(SAM, f"Re: [{NUMBER}]", "#resolve\nDone."))
    assert held.rule == "staff-unverified"
    done = decide_by_hand(world, held.received_id, NUMBER)
    assert (done.kind, done.ticket_id) == ("noted", people.ticket)
    assert world.events(people.ticket)[-1].visibility == "internal"
    assert world.ticket(people.ticket).status == "In Progress"
    assert world.letters("update") == []


def test_a_wish_for_a_ticket_that_is_not_there(world: World, people: People) -> None:
    """It is held again, and says why; a later replay without a wish decides by the rules."""
    held = world.take(sample.mail(ANN, verdict="fail"))
    done = decide_by_hand(world, held.received_id, "T20990101.0001")
    assert (done.kind, done.rule) == ("held", "by-hand")
    assert "T20990101.0001, which is no ticket here" in done.reason
    with world.database.transaction() as session:
        release(session, held.received_id)
    world.handle()
    assert world.disposition(held.received_id).rule == "sender-failed"
