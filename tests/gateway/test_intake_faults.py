"""Intake when things go wrong: a mail that cannot be handled, a worker that dies, several workers at once."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from desk.numbers import STANDARD
from gateway.intake import LEASE, RETRY_AFTER, Intake
from gateway.spool import INLINE
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Disposition, Event, MailKey, ReceivedMail, Tally, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, World
from tests.gateway.test_intake import forbid


def row(world: World, mail_id: int) -> ReceivedMail:
    """A received mail as it is now."""
    found: ReceivedMail = world.all(select(ReceivedMail).where(ReceivedMail.id == mail_id))[0]
    return found


def unreadable(world: World) -> int:
    """A mail whose bytes are lost: the disk fails."""
    mail_id = world.send(sample.mail(ANN, "Big", "x" * INLINE))
    world.blobs.path(row(world, mail_id).blob).unlink()
    return mail_id


def damaged(world: World) -> int:
    """A mail whose bytes cannot be read, in a store that works."""
    mail_id = world.send(sample.mail(ANN, "Big", "x" * INLINE))
    path = world.blobs.path(row(world, mail_id).blob)
    path.unlink()
    path.mkdir()  # EISDIR, also for root
    return mail_id


def refused_by_the_database(world: World) -> int:
    """A mail that can be read, and that the database does not take."""
    forbid(world, "ticket", "title")
    return world.send(sample.mail(ANN, "poison"))


@pytest.mark.parametrize("make", [unreadable, damaged, refused_by_the_database])
def test_a_mail_that_fails_is_tried_three_times_and_held(
    world: World, people: sample.People, make: Callable[[World], int]
) -> None:
    """The others of its batch are handled at once; it comes back alone, and in the end a person decides."""
    ids = [world.send(sample.mail(ANN, f"{n}")) for n in range(3)]
    bad = make(world)
    ids += [world.send(sample.mail(ANN, f"{n}")) for n in range(3, 6)]
    world.handle()
    assert {world.disposition(mail_id).kind for mail_id in ids} == {"opened"}
    for attempt in (1, 2):
        found = row(world, bad)
        assert (found.waiting, found.attempts) == (True, attempt)
        assert found.last_error != ""
        assert found.lease_until == world.clock.now + RETRY_AFTER
        assert world.intake.drain_once() == 0
        world.clock.now += RETRY_AFTER + timedelta(seconds=1)
        assert world.intake.drain_once() == 1
    done = world.disposition(bad)
    assert (done.kind, done.rule, done.ticket_id) == ("held", "failed", None)
    assert "failed 3 times" in done.reason
    assert (row(world, bad).waiting, world.count(ReceivedMail)) == (False, 7)
    assert world.intake.drain_once() == 0


def test_a_mail_that_kills_the_reader_goes_alone_and_is_held(world: World, people: sample.People) -> None:
    """Attempts were counted before it was opened: after the third death nobody opens it again."""
    killer = world.send(sample.mail(ANN, "killer"))
    world.intake._claim()  # and the process dies
    assert row(world, killer).attempts == 1
    assert world.intake.drain_once() == 0
    world.clock.now += LEASE + timedelta(seconds=1)
    fresh = [world.send(sample.mail(ANN, f"{n}")) for n in range(3)]
    assert world.intake._claim() == [killer]  # its turn is kept, for it may be innocent
    assert world.intake._claim() == fresh
    for _ in range(2):
        world.clock.now += LEASE + timedelta(seconds=1)
        claimed = [world.intake._claim() for _ in range(4)]
        assert sorted(claimed) == [[mail_id] for mail_id in (killer, *fresh)]
    world.clock.now += LEASE + timedelta(seconds=1)
    world.handle()
    assert (world.disposition(killer).kind, world.disposition(killer).rule) == ("held", "reader-failed")


def test_what_failed_alone_lets_newer_mail_pass(world: World, people: sample.People) -> None:
    """It may take half a minute each time."""
    killer = world.send(sample.mail(ANN, "killer"))
    for _ in range(2):
        assert world.intake._claim() == [killer]
        world.clock.now += LEASE + timedelta(seconds=1)
    fresh = [world.send(sample.mail(ANN, f"{n}")) for n in range(3)]
    assert world.intake._claim() == fresh
    assert world.intake._claim() == [killer]


def test_what_was_with_a_killer_keeps_its_turn(world: World, people: sample.People) -> None:
    """The batch was broken off once; that one of it failed again says nothing of the others."""
    killer, other = world.send(sample.mail(ANN, "killer")), world.send(sample.mail(ANN, "other"))
    assert world.intake._claim() == [killer, other]
    world.clock.now += LEASE + timedelta(seconds=1)
    fresh = world.send(sample.mail(ANN, "fresh"))
    assert world.intake._claim() == [killer]
    assert world.intake._claim() == [other]
    assert world.intake._claim() == [fresh]
    world.clock.now += LEASE + timedelta(seconds=1)
    assert world.intake._claim() == [fresh]  # tried once; the others failed alone
    assert world.intake._claim() == [killer]


def test_work_of_a_dead_process_is_taken_over(world: World, people: sample.People) -> None:
    """Its lease ends, and another one does it."""
    mail_id = world.send(sample.mail(ANN, "Printer"))
    world.new_intake()._claim()
    world.handle()
    assert row(world, mail_id).waiting
    world.clock.now += LEASE + timedelta(seconds=1)
    world.handle()
    assert world.disposition(mail_id).kind == "opened"


def flood_of(world: World, count: int) -> None:
    """So many mails of 40 people, every tenth of them twice, and answers among them."""
    for number in range(count):
        who = f"user{number % 40}@customer.test"
        answers = {"in_reply_to": f"<m{number - 1}@customer.test>"} if number % 3 == 2 else {}
        raw = sample.mail(who, f"Mail {number}", f"words {number}", message_id=f"<m{number}@customer.test>", **answers)
        world.send(raw)
        if number % 10 == 0:
            world.send(raw)


def drain(world: World, intake: Intake) -> None:
    """Until nothing waits."""
    left = select(func.count()).select_from(ReceivedMail).where(ReceivedMail.waiting)
    while world.all(left) != [0]:
        if not intake.drain_once():
            world.clock.now += RETRY_AFTER  # what lost a race is due again


def check_flood(world: World, count: int) -> None:
    """Each mail has one disposition; each once-sent mail is in one ticket or note; numbers and keys are unique."""
    total = count + count // 10
    kinds = world.all(select(Disposition.kind))
    assert len(kinds) == total == world.count(ReceivedMail)
    assert kinds.count("ignored") == count // 10
    assert kinds.count("held") == 0
    assert world.count(MailKey) == count
    assert world.all(select(func.count(func.distinct(Event.received_id)))) == [count] == [world.count(Event)]
    assert kinds.count("opened") == world.count(Ticket)
    assert len(set(world.all(select(Ticket.number)))) == world.count(Ticket)
    tally = dict(world.tally())
    assert tally["accepted"] == total
    assert {kind: tally[kind] for kind in set(kinds)} == {kind: kinds.count(kind) for kind in set(kinds)}


def test_two_workers_in_threads(world: World) -> None:
    """330 mails, two workers on one queue: each is handled once."""
    flood_of(world, 300)
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(drain, world, world.new_intake(batch=16)) for _ in range(2)]:
            done.result()
    check_flood(world, 300)


def worker(url: str, folder: Path) -> None:
    """What a worker process does."""
    database = Database(url)
    world = object.__new__(World)
    world.database, world.rules, world.addresses, world.clock = database, sample.RULES, sample.ADDRESSES, sample.Clock()
    world.blobs = FolderBlobs(folder / "blobs")
    drain(world, world.new_intake(batch=16))
    database.close()


def test_two_workers_in_processes(world: World, tmp_path: Path) -> None:
    """The same with two processes, as `postdesk serve --workers 2` has them."""
    flood_of(world, 300)
    url = world.database.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=worker, args=(url, tmp_path)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0, 0]
    check_flood(world, 300)


@pytest.mark.feature("F61", "mail")
def test_numbers_are_unique_under_eight_threads(database: Database) -> None:
    """200 transactions that each take a number at the same time: 200 different numbers, without a gap."""

    def one(_: int) -> str:
        with database.transaction() as session:
            return STANDARD.allocate(session, 1, sample.NOW, sample.RULES.zone)[0]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(one, range(200)))
    assert sorted(found) == [f"T20261123.{n:04d}" for n in range(1, 201)]


def test_the_ledger_tells_of_a_difference(world: World, people: sample.People) -> None:
    """Accepted is the sum of the dispositions and what waits: also in the middle of the work."""
    for number in range(5):
        world.send(sample.mail(ANN, f"{number}"))
    assert world.ledger() == (5, 5)
    world.new_intake(batch=2).drain_once()
    assert world.ledger() == (5, 5)
    with world.database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == "opened").values(value=Tally.value - 1))
    assert world.ledger() == (5, 4)
    with world.database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == "opened").values(value=Tally.value + 1))
