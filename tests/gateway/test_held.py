"""Held mail: it waits with a reason, and a replay handles it as if it had just come in."""

import pytest
from sqlalchemy import select

from gateway.held import NotReplayable, hold, release
from store.tables import MailKey, ReceivedMail, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NUMBER, People, World


def test_hold(world: World, people: People) -> None:
    """A disposition with rule and reason; the bytes stay, the ledger counts it."""
    mail_id = world.send(sample.mail(ANN, "x"))
    with world.database.transaction() as session:
        hold(session, mail_id, "reader-failed", "It failed.", world.clock())
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
