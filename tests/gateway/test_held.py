"""Held mail: it waits with a reason, and a replay handles it as if it had just come in."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.held import WISH_TICKET, NoSuchMail, NotHeld, NotReplayable, discard, release, take_up
from gateway.held import hold
from store.tables import Disposition, MailKey, ReceivedMail, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, EVE, NUMBER, SAM, People, World
from tests.gateway.test_two_workers import someone_waits
from tests.servers import wait_for


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
    assert [(e["kind"], e["rule"], e["by"]) for e in row.earlier] == [("held", "sender-failed", "")]
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


def put_away(world: World, mail_id: int, why: str = "") -> None:
    """Sam discards a mail."""
    with world.database.transaction() as session:
        discard(session, mail_id, by="sam", why=why, now=world.clock())


@pytest.mark.parametrize("rule", ["failed", "reader-failed"])
def test_a_copy_that_came_meanwhile(rule: str, world: World, people: People) -> None:
    """A mail was held by a fault and its copy opened a ticket: who accepts the first one makes no second ticket."""
    raw = sample.mail(ANN, "Phones")
    first = world.send(raw)
    with world.database.transaction() as session:
        hold(session, first, rule, "It failed.", world.clock(), world.database.ids.next)
    assert world.take(raw).kind == "opened"
    done = decide_by_hand(world, first, WISH_TICKET)
    assert (done.kind, done.rule) == ("ignored", "duplicate")
    assert world.count(Ticket) == 2  # the sample ticket and the one new


def test_discard(world: World, people: People) -> None:
    """It counts as ignored, says who put it away and why, and is not held again when it comes once more."""
    raw = sample.mail(ANN, "Phones", verdict="fail")
    held = world.take(raw)
    world.clock.forward(minutes=5)
    put_away(world, held.received_id, "no such order")
    done = world.disposition(held.received_id)
    assert (done.kind, done.rule, done.at) == ("ignored", "discarded", world.clock())
    assert done.reason == "Discarded by sam: no such order."
    assert (done.sender, done.subject) == (ANN, "Phones")
    assert dict(world.tally()) == dict(world.tally()) | {"held": 0, "ignored": 1}
    (row,) = world.all(select(ReceivedMail))
    assert not row.waiting
    assert [(e["rule"], e["by"], e["until"]) for e in row.earlier] == [
        ("sender-failed", "sam", world.clock().isoformat())
    ]
    assert world.take(raw).rule == "duplicate"
    world.handle()
    assert world.disposition(held.received_id).rule == "discarded"


@pytest.mark.parametrize("wish", [WISH_TICKET, NUMBER])
def test_what_was_discarded_can_be_taken_up_again(world: World, people: People, wish: str) -> None:
    """By accept and attach alike; the ledger forgets that it was ignored, the mail does not."""
    held = world.take(sample.mail(ANN, "Phones", verdict="fail"))
    put_away(world, held.received_id)
    assert world.disposition(held.received_id).reason == "Discarded by sam."
    with world.database.transaction() as session:
        take_up(session, held.received_id, wish, by="sue", now=world.clock())
    world.handle()
    assert world.disposition(held.received_id).kind == ("opened" if wish == WISH_TICKET else "noted")
    assert dict(world.tally()) == dict(world.tally()) | {"held": 0, "ignored": 0}
    (row,) = world.all(select(ReceivedMail))
    assert [(e["rule"], e["by"]) for e in row.earlier] == [("sender-failed", "sam"), ("discarded", "sue")]


def test_what_was_discarded_can_be_replayed(world: World, people: People) -> None:
    """By the rules: here the same one holds it again, and it is no duplicate of itself."""
    held = world.take(sample.mail(ANN, verdict="fail"))
    put_away(world, held.received_id)
    with world.database.transaction() as session:
        release(session, held.received_id)
    world.handle()
    assert world.disposition(held.received_id).rule == "sender-failed"


def test_only_what_is_held_is_decided(world: World, people: People) -> None:
    """Each other mail gets a sentence that says what it is, and nothing changes; no id is too large to be asked for."""
    raw = sample.mail(ANN, "x")
    opened, duplicate = world.take(raw).received_id, world.take(raw).received_id
    discarded = world.take(sample.mail(ANN, verdict="fail")).received_id
    put_away(world, discarded)
    decided = world.take(sample.mail(EVE, verdict="fail")).received_id
    waiting = world.send(sample.mail(ANN, "y"))
    with world.database.transaction() as session:
        release(session, decided, WISH_TICKET)
    now = world.clock()
    acts: dict[str, Callable[[Session, int], None]] = {
        "take up": lambda session, mail_id: take_up(session, mail_id, WISH_TICKET, by="sam", now=now),
        "discard": lambda session, mail_id: discard(session, mail_id, by="sam", now=now),
    }
    cases: list[tuple[int, type[NotReplayable], str]] = [
        (opened, NotHeld, "is not held: it was opened on T.* It names no ticket"),
        (duplicate, NotHeld, "is not held: it was ignored at .* handled before"),
        (waiting, NotHeld, "is not held: it is waiting to be handled"),
        (decided, NotHeld, "somebody decided about it, and it is waiting"),
        *((no_id, NoSuchMail, f"There is no mail {no_id}") for no_id in (0, 2**63, 10**40)),
    ]
    before = dict(world.tally())
    for act in acts.values():
        for mail_id, error, words in cases:
            with pytest.raises(error, match=words), world.database.transaction() as session:
                act(session, mail_id)
    with pytest.raises(NotHeld, match="it was discarded at"), world.database.transaction() as session:
        acts["discard"](session, discarded)
    assert dict(world.tally()) == before


def test_two_people_decide_at_once(world: World, people: People) -> None:
    """Each mail has one outcome: what the quicker one wanted. The other one is told, and the ledger is right."""
    ids = [world.take(sample.mail(ANN, f"No {n}", verdict="fail")).received_id for n in range(12)]
    start = threading.Barrier(3)

    def work(order: list[int], act: Callable[[Session, int], None]) -> set[int]:
        done = set()
        start.wait(30)
        for mail_id in order:
            try:
                with world.database.transaction() as session:
                    act(session, mail_id)
                done.add(mail_id)
            except NotHeld:
                continue
        return done

    now = world.clock()
    with ThreadPoolExecutor(3) as threads:
        accepting = [
            threads.submit(work, order, lambda s, i: take_up(s, i, WISH_TICKET, by="sam", now=now))
            for order in (ids, ids[::-1])
        ]
        discarding = threads.submit(work, ids, lambda s, i: discard(s, i, by="sue", now=now))
        first, second = (one.result(60) for one in accepting)
        put = discarding.result(60)
    # What was discarded first may well be taken up afterwards; never the other way round.
    assert first | second | put == set(ids)
    assert not first & second
    world.handle()
    opened = {d.received_id for d in world.all(select(Disposition)) if d.kind == "opened"}
    assert opened == first | second
    assert world.count(Ticket) == 1 + len(opened)
    assert dict(world.tally()) == dict(world.tally()) | {
        "held": 0,
        "opened": len(opened),
        "ignored": len(ids) - len(opened),
    }


def test_the_second_person_waits_for_the_first(world: World, people: People) -> None:
    """Whoever comes while a decision is being written sees what it was, not that the mail is still held."""
    held = world.take(sample.mail(ANN, verdict="fail")).received_id
    now = world.clock()

    def second() -> str:
        with pytest.raises(NotHeld) as caught, world.database.transaction() as session:
            discard(session, held, by="sue", now=now)
        return str(caught.value)

    with ThreadPoolExecutor(1) as threads:
        with world.database.transaction() as session:
            discard(session, held, by="sam", why="spam", now=now)
            session.flush()
            waiting = threads.submit(second)
            if not world.database.is_sqlite:  # where the second one does not even get in
                wait_for(lambda: waiting.done() or someone_waits(world.database), "the second person")
            assert not waiting.done()
        assert "Discarded by sam: spam." in waiting.result(60)
    assert dict(world.tally()) == dict(world.tally()) | {"held": 0, "ignored": 1}
