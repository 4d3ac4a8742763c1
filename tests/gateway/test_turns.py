"""Mails are handled in the order they came, also where another process has older ones in hand."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway import intake, turns
from gateway.claimed import Claimed
from gateway.intake import Intake
from gateway.view import Incoming
from store.identity import name_of
from store.tables import Attachment, Disposition, ReceivedMail
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, EVE, PAT, World
from tests.gateway.test_intake import with_files

FIRST = "<question@customer.test>"


def lend(world: World, mail_id: int, holder: str, seconds: float) -> None:
    """Another process has claimed a mail, for so long."""
    until = world.clock() + timedelta(seconds=seconds)
    with world.database.transaction() as session:
        session.execute(
            update(ReceivedMail).where(ReceivedMail.id == mail_id).values(lease_until=until, holder=holder, attempts=1)
        )


def give_back(world: World, mail_id: int, attempts: int = 0) -> None:
    """That process is gone; one that has died leaves an attempt."""
    left = {"lease_until": None, "holder": "", "attempts": attempts}
    with world.database.transaction() as session:
        session.execute(update(ReceivedMail).where(ReceivedMail.id == mail_id).values(left))


@pytest.fixture
def question(world: World) -> int:
    """Ann's mail, in the hands of another process."""
    found = world.send(sample.mail(ANN, "Phones", message_id=FIRST))
    lend(world, found, "elsewhere:1", 120)
    world.clock.forward(seconds=1)
    return found


def answer() -> bytes:
    """Ann adds something to her mail, of which no ticket knows yet."""
    return sample.mail(ANN, "Re: Phones", "It is urgent.", in_reply_to=FIRST)


def test_whoever_is_later_waits(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it looks, the other one ends; then the answer finds the ticket."""
    later = world.send(answer())
    looks = []

    def end_the_other(_seconds: float) -> None:
        looks.append(later)
        if len(looks) == 2:
            give_back(world, question)
            assert world.new_intake(batch=1).drain_once() == 1

    monkeypatch.setattr(turns.time, "sleep", end_the_other)
    assert world.intake.drain_once() == 1
    first, second = world.disposition(question), world.disposition(later)
    assert len(looks) == 2
    assert (first.kind, second.kind) == ("opened", "noted")
    assert first.ticket_id == second.ticket_id


def test_who_takes_too_long(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new mail does not wait for ever; an answer waits until the other's lease ends, and it counts no attempt."""
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    later, other = world.send(answer()), world.send(sample.mail(EVE, "Printer"))
    assert world.intake.drain_once() == 2
    assert world.disposition(other).kind == "opened"
    with world.database.reading() as session:
        row = session.get_one(ReceivedMail, later)
        assert (row.waiting, row.attempts, row.lease_until) == (True, 0, world.clock() + timedelta(seconds=5))
    world.clock.forward(seconds=120)
    world.handle()
    assert world.disposition(question).ticket_id == world.disposition(later).ticket_id


def test_nobody_waits_twice_for_the_same(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has died holds its leases for minutes; each batch would wait for it."""
    monkeypatch.setattr(turns, "PATIENCE", 0.02)
    world.take(sample.mail(EVE, "Printer"))
    monkeypatch.setattr(turns.time, "sleep", lambda _: pytest.fail("it waited"))
    later, other = world.send(answer()), world.send(sample.mail(EVE, "Display"))
    assert world.intake.drain_once() == 2
    assert world.disposition(other).kind == "opened"
    with world.database.reading() as session:
        assert session.get_one(ReceivedMail, later).waiting
    monkeypatch.undo()
    world.clock.forward(seconds=120)
    world.handle()
    assert world.disposition(question).ticket_id == world.disposition(later).ticket_id


def test_whoever_had_the_older_one_has_let_go_of_it(
    world: World, question: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed, or died: what we have is given back, no attempt counted, and the older one goes first."""
    later = world.send(answer())
    monkeypatch.setattr(turns.time, "sleep", lambda _: give_back(world, question))
    assert world.intake.drain_once() == 1
    with world.database.reading() as session:
        rows = [session.get_one(ReceivedMail, mail_id) for mail_id in (question, later)]
        assert [(row.waiting, row.attempts, row.lease_until) for row in rows] == [(True, 0, None)] * 2
    world.handle()
    assert world.disposition(question).ticket_id == world.disposition(later).ticket_id


def test_the_other_dies_while_we_read(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mails are free again before we look for the first time: they go first all the same, one by one."""
    more = world.send(sample.mail(ANN, "Desks"))
    lend(world, more, "elsewhere:1", 120)
    world.clock.forward(seconds=1)
    later = world.send(answer())
    read = intake.read_mail

    def read_mail(mail: Claimed, *with_it: Any) -> Incoming:
        monkeypatch.setattr(intake, "read_mail", read)
        for dead in (question, more):
            give_back(world, dead, attempts=1)
        return read(mail, *with_it)

    monkeypatch.setattr(intake, "read_mail", read_mail)
    handled = [world.intake.drain_once() for _ in range(5)]
    assert handled == [1, 1, 1, 1, 0]  # the answer, which is given back; the two that were broken off; the answer
    assert world.disposition(question).ticket_id == world.disposition(later).ticket_id


def test_what_comes_late_for_ever_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old mails that are put into the queue without end, each older than the last: ours is handled with the fourth."""
    mine = world.send(sample.mail(EVE, "Printer"))
    read = intake.read_mail

    def read_mail(mail: Claimed, *with_it: Any) -> Incoming:
        world.clock.forward(hours=-1)
        world.send(sample.mail(ANN, f"Before {mail.id}"))
        return read(mail, *with_it)

    monkeypatch.setattr(intake, "read_mail", read_mail)
    for _ in range(3):
        world.intake.drain_once()
        assert world.all(select(Disposition)) == []
    world.intake.drain_once()
    assert world.disposition(mine).kind == "opened"


def test_who_goes_on_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience begins anew with each mail that is done: of many processes the last waits for all others."""
    ahead = [world.send(sample.mail(PAT, f"Display {n}")) for n in range(8)]
    for mail_id in ahead:
        lend(world, mail_id, "elsewhere:1", 120)
    world.clock.forward(seconds=1)
    mine = world.send(answer())
    now = [0.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])

    def others_go_on(_seconds: float) -> None:
        now[0] += turns.PATIENCE - 3
        give_back(world, ahead[0])
        assert world.new_intake(batch=1).drain_once() == 1
        del ahead[0]

    monkeypatch.setattr(turns.time, "sleep", others_go_on)
    assert world.intake.drain_once() == 1
    assert (ahead, world.disposition(mine).kind) == ([], "opened")


@pytest.mark.parametrize("tried", [1, 2])
def test_what_was_broken_off_is_passed_by_nobody(world: World, tried: int) -> None:
    """A batch ends before the mail that was tried once; what failed alone as well lets it pass."""
    ids = [world.send(sample.mail(ANN, f"Phones {n}")) for n in range(5)]
    give_back(world, ids[2], attempts=tried)
    assert [world.intake.drain_once() for _ in range(4)] == ([2, 1, 2, 0] if tried == 1 else [4, 1, 0, 0])


def test_what_was_put_off_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in nobody's hands."""
    monkeypatch.setattr(turns.time, "sleep", lambda _: pytest.fail("it waited"))
    lend(world, world.send(sample.mail(ANN, "Phones")), "", 60)
    world.clock.forward(seconds=1)
    assert world.take(sample.mail(EVE, "Printer")).kind == "opened"


def test_the_clock_is_set_back(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that end before one that was waited for in vain are waited for again."""
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    world.take(sample.mail(EVE, "Printer"))
    world.clock.forward(hours=-1)
    older = world.send(sample.mail(ANN, "Earlier"))
    lend(world, older, "elsewhere:1", 60)
    world.clock.forward(seconds=1)
    world.send(sample.mail(EVE, "Display"))
    waited = []
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    monkeypatch.setattr(turns.time, "sleep", lambda _: (waited.append(older), give_back(world, older)))
    world.handle()
    assert waited


@pytest.mark.parametrize("holder", ["same", "over", "newer"])
def test_nobody_else_is_ahead(world: World, monkeypatch: pytest.MonkeyPatch, holder: str) -> None:
    """What is ours, what nobody holds any more, and what came later keep nobody waiting."""
    monkeypatch.setattr(turns.time, "sleep", lambda _: pytest.fail("it waited"))
    mail_id = world.send(sample.mail(ANN, "Phones"))
    world.clock.forward(seconds=1)
    mine = world.send(sample.mail(EVE, "Printer"))
    world.clock.forward(seconds=1)
    newer = world.send(sample.mail(PAT, "Display"))
    lend(world, newer if holder == "newer" else mail_id, name_of() if holder == "same" else "elsewhere:1", 60)
    if holder == "over":
        world.clock.forward(seconds=61)
    world.handle()
    assert world.disposition(mine).kind == "opened"


def test_files_are_kept_while_it_waits(world: World, question: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is first has the disk to wait for meanwhile."""
    later = world.send(with_files(("plan.txt", b"the plan"), sender=EVE))
    kept = world.blobs.path(hashlib.sha256(b"the plan").hexdigest())
    seen = []

    def end_the_other(_seconds: float) -> None:
        seen.append(kept.exists())
        give_back(world, question)
        world.new_intake(batch=1).drain_once()

    monkeypatch.setattr(turns.time, "sleep", end_the_other)
    world.handle()
    assert seen == [True]
    assert [file.name for file in world.all(select(Attachment))] == ["plan.txt"]
    assert world.disposition(later).kind == "opened"


def test_a_store_that_fails_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are tried again with the mail they belong to, which counts no attempt."""
    keep, faults = world.blobs.put_many, [OSError("the disk stumbles")]

    def put_many(items: Iterable[bytes]) -> list[str]:
        if faults:
            raise faults.pop()
        return keep(items)

    mail_id = world.send(with_files(("plan.txt", b"the plan")))
    monkeypatch.setattr(world.blobs, "put_many", put_many)
    assert (world.intake.drain_once(), faults) == (1, [])
    assert world.disposition(mail_id).kind == "opened"
    assert [file.name for file in world.all(select(Attachment))] == ["plan.txt"]


def test_who_helps_out_leaves_fresh_mail_alone(world: World) -> None:
    """It takes what has waited for as long as it was told."""
    helping = Intake(
        world.database, world.blobs, world.addresses, world.rules,
        senders=world.senders, clock=world.clock, patience=timedelta(seconds=1),
    )  # fmt: skip
    world.send(sample.mail(ANN, "Phones"))
    world.clock.forward(seconds=0.9)
    assert helping.drain_once() == 0
    world.clock.forward(seconds=0.1)
    assert helping.drain_once() == 1
