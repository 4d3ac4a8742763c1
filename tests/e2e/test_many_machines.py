"""Three machines, PostgreSQL and S3: whichever part dies, each mail becomes one ticket, and each letter arrives."""

import contextlib
import hashlib
import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from postdesk import schedule
from postdesk.settings import load
from postdesk.wiring import House
from store.s3_blobs import S3Blobs
from store.s3_client import S3Config
from store.tables import Attachment, Delivery, JobRun, Lease, Outbox
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Machine, Sink, sending, sink
from tests.e2e.world import Shell, assert_ledger, letter_states, mail, outcomes
from tests.peers.common import missing
from tests.peers.s3 import ACCESS_KEY, BUCKET, REGION, S3, SECRET_KEY
from tests.servers import Postgres, wait_for

NAMES = ("alpha", "beta", "gamma")
EACH = 24  # mails into each machine
PREFIX = "desk/"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of its own, for it is stopped."""
    with Postgres() as running:
        yield running


@pytest.fixture
def s3() -> Iterator[S3]:
    """An S3 store of its own, for it is stopped."""
    with S3() as running:
        yield running


@contextlib.contextmanager
def three(url: str, settings: dict[str, str]) -> Iterator[list[Machine]]:
    """Three machines with all roles each."""
    if os.getuid() != 0:
        missing("host names of one's own need root")
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Machine(NAMES[0], url=url, settings=settings))
        others = [stack.enter_context(Machine(name, url=url, settings=settings, first=first)) for name in NAMES[1:]]
        yield [first, *others]


def mails_for(name: str) -> list[EmailMessage]:
    """Every second one with a file, every sixth too big for the database."""
    chance = random.Random(name)
    made = []
    for number in range(EACH):
        made.append(mail(f"{name}{number}@customer.test", f"From {name} {number}"))
        if number % 2:
            size = 400_000 if number % 6 == 1 else 2_000
            made[-1].add_attachment(
                chance.randbytes(size), maintype="application", subtype="x-sample", filename="a.bin"
            )
    return made


def handled(machine: Machine) -> int:
    """How many mails have their outcome; 0 while the database does not say."""
    try:
        return len(machine.dispositions())
    except OperationalError:
        return 0


def crash(machine: Machine) -> None:
    """The machine loses its power, and comes back."""
    machine.kill()
    machine.start()


def chaos(machines: list[Machine], server: Postgres, s3: S3) -> int:
    """One thing after the other, each in the middle of the work; how often a machine was killed."""
    first, kills = machines[0], 0

    def come_to(share: float) -> None:
        wait_for(
            lambda: handled(first) >= share * EACH * 3, f"{share:.0%} of the mails handled\n{first.log()[-3000:]}", 180
        )

    for share, machine in ((0.1, machines[0]), (0.25, machines[1])):
        come_to(share)
        crash(machine)
        kills += 1
    come_to(0.35)
    server.kill()
    # Workers ask for work all the time; whether a mail is refused meanwhile depends on who is quicker.
    wait_for(lambda: "a part does not work" in first.log(), "the fault in the log", 120)
    server.start()
    come_to(0.5)
    s3.stop()
    wait_for(lambda: "the S3 store" in first.log(), "the fault of the store in the log", 120)
    crash(machines[2])
    s3.start()
    come_to(0.7)
    crash(machines[0])
    return kills + 2


@pytest.mark.attack(86, 89)
@pytest.mark.timeout(900)  # a minute on a machine that does nothing else
def test_whichever_part_dies(server: Postgres, s3: S3) -> None:
    """Machines are killed in turn, PostgreSQL and S3 go away under load: nothing is lost, nothing is done twice."""
    with sink() as relay:
        # An attempt that a crash ended counts, for the mail may be why: here it never is, and some see three of them.
        settings = {**FREELY, "WORK__BATCH": "4", "WORK__MAX_ATTEMPTS": "20", **relay.settings, **s3.settings(PREFIX)}
        with three(server.fresh_database(), settings) as machines:
            first = machines[0]
            jobs: dict[int, Sequence[EmailMessage]] = {one.smtp: mails_for(one.name) for one in machines}
            with sending(jobs) as senders:
                kills = chaos(machines, server, s3)
                wait_for(lambda: all(sender.done for sender in senders), "all mails handed over", 180)
            first.wait_handled(first.accepted(), 180)
            _check_tickets(first, EACH * 3)
            _check_files(first, s3)
            _wait_sent(first, 2 * EACH * 3)
            _check_letters(first, relay, kills)
            assert_ledger(first)
            said = first.run("processes")
            assert {line.split(":")[0] for line in said.splitlines()} == set(NAMES)


def _check_tickets(desk: Machine, count: int) -> None:
    """As many tickets as mails. A mail whose 250 was lost came twice: the second is a duplicate."""
    found = outcomes(desk)
    other = [(row.kind, row.reason, row.rule) for row in desk.dispositions() if row.kind not in ("opened", "ignored")]
    assert other == []
    opened = [number for kind, number in found if kind == "opened"]
    assert len(opened) == len(set(opened)) == count
    assert len(found) - count == sum(kind == "ignored" for kind, _ in found)


def _check_files(desk: Machine, s3: S3) -> None:
    blobs = S3Blobs(S3Config(BUCKET, s3.endpoint, PREFIX, REGION, ACCESS_KEY, SECRET_KEY))
    with desk.database.reading() as session:
        digests = set(session.scalars(select(Attachment.digest)))
    assert len(digests) == EACH * 3 // 2
    for digest in digests:
        assert hashlib.sha256(blobs.read(digest)).hexdigest() == digest


def _wait_sent(desk: Machine, count: int) -> None:
    """All letters are sent, so many of them about tickets. TimeoutError says what keeps those that are not.

    Staff may get one that says which of the timers met a store that was away.
    """

    def all_sent() -> bool:
        with desk.database.reading() as session:
            about_tickets = session.scalar(select(func.count()).where(Outbox.ticket_id.is_not(None)))
        return letter_states(desk).keys() == {"sent"} and about_tickets == count

    try:
        wait_for(all_sent, "all letters sent", 180)
    except TimeoutError as error:
        with desk.database.reading() as session:
            left = session.scalars(select(Outbox).where(Outbox.state != "sent")).all()
            tried = session.scalars(select(Delivery).where(Delivery.outbox_id.in_([row.id for row in left]))).all()
        rows = [f"{one.id} {one.kind} {one.state} {one.attempts} {one.next_at} {one.lease_until}" for one in left]
        said = [f"{one.outbox_id} {one.at} {one.result} {one.reply}" for one in tried]
        raise TimeoutError(
            "\n".join((f"{error}, of {letter_states(desk)}", *rows, *said, desk.log()[-3000:]))
        ) from None


def _check_letters(desk: Machine, relay: Sink, kills: int) -> None:
    """Each arrived, always as the same mail; one that was under way when a machine died came once more."""
    with desk.database.reading() as session:
        rows = session.execute(select(Outbox.recipient, Outbox.message_id)).all()
    wanted = {(recipient.lower(), message_id) for recipient, message_id in rows}
    assert len(wanted) == len(rows)
    assert set(relay.got) == wanted
    assert max(relay.got.values()) <= 1 + kills


def test_the_timers_go_on_elsewhere(tmp_path: Path) -> None:
    """The machine that keeps the timers dies for good: another one takes them over once the lease has ended."""
    Shell(tmp_path).init()
    house, now = House(load(tmp_path / "postdesk.toml", {})), datetime.now(UTC)
    try:
        assert schedule.run(house, "complete", "alpha.00000000:1.1", now)
        assert not schedule.run(house, "complete", "beta.00000000:1.1", now + schedule.LEASE)
        later = now + schedule.LEASE * 1.01
        assert schedule.run(house, "complete", "beta.00000000:1.1", later)
        with house.database.reading() as session:
            assert session.get_one(Lease, "schedule").holder.startswith("beta")
            assert session.get_one(JobRun, "complete").at == later
    finally:
        house.database.close()
