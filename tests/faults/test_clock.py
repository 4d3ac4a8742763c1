"""The clock of the machine jumps while the desk works: queues and timers run on, and nothing is sent twice."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from postdesk import schedule
from store.tables import JobRun, Lease, Outbox, ReceivedMail
from tests.attacks import relays
from tests.e2e.machines import Patient
from tests.e2e.world import assert_ledger, mail, outcomes, send
from tests.faults.hurried import NO_SLEEP, TIMERS, Hurried
from tests.gateway.scripted_smtp import Scripted, scripted
from tests.peers.common import require, wait_for

LIBRARY = "faketime/libfaketime.so.1"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = b"451 4.3.0 later\r\n"


class Clock:
    """What time it is for a desk: the real time and an offset that can be changed while it runs (libfaketime)."""

    def __init__(self, folder: Path) -> None:
        found = next(Path("/usr/lib").glob(f"*/{LIBRARY}"), "")
        self._library, self._file = require("libfaketime", found), folder / "offset"
        self.offset = timedelta()
        self.jump(timedelta())

    def jump(self, by: timedelta) -> None:
        """Set it forward, or back."""
        self.offset += by
        new = self._file.with_suffix(".new")
        new.write_text(f"{self.offset.total_seconds():+.0f}", encoding="ascii")
        new.replace(self._file)

    def now(self) -> datetime:
        """As the desk has it."""
        return datetime.now(UTC) + self.offset

    @property
    def environment(self) -> dict[str, str]:
        """For the processes whose clock it is. The monotonic clock is left alone: nobody can set that."""
        return {
            "LD_PRELOAD": self._library,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """It is right at first."""
    return Clock(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, clock: Clock) -> Iterator[tuple[Patient, Scripted]]:
    """A running desk with that clock, and its relay."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with scripted() as server:
        made = Hurried(
            NO_SLEEP + TIMERS, ("smtp", "work", "deliver", "schedule"), url=url, settings=relays.to_relay(server)
        )
        made.environment |= clock.environment
        with made:
            yield made, server


def handled(desk: Patient, name: str) -> None:
    """A mail becomes a ticket now, and its letters are sent."""
    before = len(desk.dispositions())
    send(desk.smtp, mail(f"{name}@customer.test", f"Sample {name}"))
    desk.wait_handled(before + 1)

    def told() -> bool:
        with desk.database.reading() as session:
            states = session.scalars(select(Outbox.state).where(Outbox.recipient == f"{name}@customer.test")).all()
            return list(states) == ["sent"]

    wait_for(told, f"the letter to {name}\n{desk.log()[-3000:]}", 60)


def put_off(desk: Patient, server: Scripted, name: str) -> None:
    """A mail whose letters the relay does not take at first, so that they wait for their time."""
    server.answers["RCPT"] = LATER
    before, waiting = len(desk.dispositions()), len(waits(desk))
    send(desk.smtp, mail(f"{name}@customer.test", f"Sample {name}"))
    desk.wait_handled(before + 1)
    wait_for(lambda: len(waits(desk)) >= waiting + 2, f"letters that wait\n{desk.log()[-3000:]}", 60)
    server.answers.pop("RCPT")


def waits(desk: Patient) -> list[datetime]:
    """When each letter is due that was tried and not taken."""
    with desk.database.reading() as session:
        found = select(Outbox.next_at).where(
            Outbox.state == "waiting", Outbox.attempts > 0, Outbox.lease_until.is_(None)
        )
        return list(session.scalars(found))


def due_soon(desk: Patient, clock: Clock) -> bool:
    """No letter waits for longer than it would have without a jump."""
    return all(due < clock.now() + timedelta(minutes=2) for due in waits(desk))


def no_lease_is_stuck(desk: Patient, clock: Clock) -> bool:
    """Whatever is held ends within a quarter of an hour."""
    with desk.database.reading() as session:
        ends = [*session.scalars(select(Lease.until)), *session.scalars(select(ReceivedMail.lease_until))]
    return all(end is None or end < clock.now() + timedelta(minutes=16) for end in ends)


@pytest.mark.attack(88)
@pytest.mark.timeout(400)
def test_jumps(desk: tuple[Patient, Scripted], clock: Clock) -> None:
    """An hour and a day, forward and back: mail is handled at once, and what waited is due as before."""
    running, server = desk
    handled(running, "first")
    for number, by in enumerate((-DAY, DAY, HOUR, -HOUR)):
        put_off(running, server, f"waits{number}")
        clock.jump(by)
        handled(running, f"after{number}")
        looked_at = time.monotonic() + 2 * schedule.LOOK  # a jump there and back between two looks is none
        wait_for(lambda: time.monotonic() > looked_at, "a look at the clock")  # noqa: B023 - called here and now
        if running.database.is_sqlite:  # the clock of PostgreSQL is right: by it nothing has changed
            wait_for(lambda: due_soon(running, clock), f"letters that are due soon\n{running.log()[-3000:]}", 30)
            wait_for(lambda: no_lease_is_stuck(running, clock), "leases that end", 90)
    jumped = clock.now()
    try:
        wait_for(lambda: states(running) == ["sent"] * 18, "all letters", 120)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; it is {clock.now()}, and these are left:\n{left(running)}") from error
    wait_for(lambda: timers_ran(running) > jumped, f"timers after the last jump\n{running.log()[-3000:]}", 90)
    assert {kind for kind, _ in outcomes(running)} == {"opened"}
    assert set(relays.ids(server).values()) == {1}
    assert_ledger(running)


def left(desk: Patient) -> str:
    """The letters that are not sent, and the log."""
    with desk.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.state != "sent")).all()
    said = [
        f"{row.id} {row.kind} {row.state} {row.attempts} {row.next_at} {row.turn_at} {row.lease_until}" for row in rows
    ]
    return "\n".join([*said, desk.log()[-3000:]])


def states(desk: Patient) -> list[str]:
    """Of the letters about these tickets; that a day is over and tickets are due is told as well."""
    with desk.database.reading() as session:
        return list(session.scalars(select(Outbox.state).where(Outbox.kind.in_(("received", "new_ticket")))))


def timers_ran(desk: Patient) -> datetime:
    """When the timers ran last, by the clock of the desk."""
    with desk.database.reading() as session:
        found = session.scalar(select(JobRun.at).where(JobRun.name == "complete"))
    return found or datetime.min.replace(tzinfo=UTC)
