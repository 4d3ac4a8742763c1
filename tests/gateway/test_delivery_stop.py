"""A process that sends letters ends, or is killed, in the middle of a batch: what had its answer is not repeated."""

import multiprocessing
import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from gateway.delivery import Deliverer
from gateway.delivery_lanes import Lanes, Route
from gateway.delivery_policy import DeliveryPolicy
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from postdesk import roles
from postdesk.wake import Wake
from store.database import Database
from store.queue import release_dead
from store.tables import Outbox
from tests.gateway import letter_world as world
from tests.gateway.scripted_smtp import Scripted, scripted
from tests.gateway.test_delivery import Clock, base, deliverer, row  # noqa: F401 - base is a fixture

LETTERS, ANSWERED = 12, 3  # the relay answers to so many, and then takes its time
FORK = multiprocessing.get_context("fork")


class Slow:
    """A relay that answers to a few letters, and to the others once it may."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.server: Scripted | None = None

    def answer(self, connection: socket.socket) -> bytes:
        """To the end of DATA."""
        if self.server is not None and len(self.server.mails) > ANSWERED:
            self.reached.set()
            self.go_on.wait(120)
        return b"250 2.0.0 ok\r\n"


def sending(url: str, port: int, seconds: float, closing: Event) -> None:
    """The process: as `postdesk serve` runs it, with one connection."""
    own = Database(url)
    config = SmtpConfig("127.0.0.1", port, tls="none", timeout=60)

    class Ending(Deliverer):
        def close(self) -> None:
            closing.set()
            super().close()

    def made(stopping: Any) -> Deliverer:
        lanes = Lanes([Route(lambda: SmtpRelay(config, stopping), connections=1)], stopping=stopping)
        return Ending(own, world.composer(), lanes, DeliveryPolicy(stop_seconds=seconds), clock=lambda: world.NOW)

    house: Any = SimpleNamespace(
        deliverer=made, settings=SimpleNamespace(work=SimpleNamespace(poll_seconds=1.0), webhooks=())
    )
    roles.deliver(house, Wake(), Wake())
    os._exit(0)  # as the supervisor ends it: a thread that waits for a relay keeps nobody


@contextmanager
def at_work(base: Database, seconds: float) -> Iterator[tuple[BaseProcess, Slow, Scripted, Event]]:  # noqa: F811 - no fixture here
    """The process in the middle of its batch: some letters have their answer, the next one waits for it."""
    for number in range(LETTERS):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    slow, closing = Slow(), FORK.Event()
    with scripted({".": slow.answer}) as server:
        slow.server = server
        process = FORK.Process(target=sending, args=(str(base.url), server.port, seconds, closing))
        process.start()
        try:
            assert slow.reached.wait(60)
            yield process, slow, server, closing
        finally:
            slow.go_on.set()
            process.kill()
            process.join(60)


def states(base: Database) -> dict[str, int]:  # noqa: F811 - no fixture here
    """How many rows are in each state."""
    with base.reading() as session:
        found = session.execute(select(Outbox.state, func.count()).group_by(Outbox.state))
        return {one[0]: one[1] for one in found}


def repeated(base: Database, server: Scripted) -> int:  # noqa: F811 - no fixture here
    """After a new start that sends the rest: how many letters came twice. None is missing."""
    with base.transaction() as session:
        release_dead(session)
    with deliverer(base, server, Clock()) as delivery:
        delivery.drain_once()
    assert states(base) == {"sent": LETTERS}
    ids = Counter(re.findall(rb"^Message-ID: (\S+)\r$", b"".join(server.mails), re.MULTILINE))
    assert len(ids) == LETTERS
    return sum(ids.values()) - LETTERS


def test_a_stop_ends_after_the_letter_that_is_on_its_way(base: Database) -> None:  # noqa: F811 - the fixture
    """SIGTERM: that letter has its answer noted, the others are given back at once and cost no attempt."""
    with at_work(base, 60) as (process, slow, server, closing):
        os.kill(process.pid or 0, signal.SIGTERM)
        assert closing.wait(60)
        slow.go_on.set()
        process.join(60)
        assert process.exitcode == 0
        assert len(server.mails) == ANSWERED + 1
        assert states(base) == {"sent": ANSWERED + 1, "waiting": LETTERS - ANSWERED - 1}
        rest = [one for n in range(LETTERS) if (one := row(base, 100 + n)).state == "waiting"]
        assert {(one.attempts, one.lease_until) for one in rest} == {(0, None)}
        assert repeated(base, server) == 0


def test_a_stop_does_not_wait_for_a_relay_that_hangs(base: Database) -> None:  # noqa: F811 - the fixture
    """The process ends in its time; only the letter that got no answer goes again."""
    with at_work(base, 0.2) as (process, slow, server, _):
        os.kill(process.pid or 0, signal.SIGTERM)
        process.join(roles.GRACE)
        assert process.exitcode == 0
        assert states(base)["sent"] == ANSWERED
        slow.go_on.set()
        assert repeated(base, server) == 1


def test_a_kill_repeats_what_was_not_recorded_and_nothing_else(base: Database) -> None:  # noqa: F811 - the fixture
    """Answers are noted while the batch goes on, so that a crash forgets those of the last moment only."""
    with at_work(base, 60) as (process, slow, server, _):
        for _ in range(600):
            if states(base).get("sent") == ANSWERED:
                break
            threading.Event().wait(0.1)
        assert states(base)["sent"] == ANSWERED, "recorded before the batch is through"
        process.kill()
        process.join(60)
        slow.go_on.set()
        assert repeated(base, server) <= 1


def test_time_to_end_is_less_than_the_supervisor_gives() -> None:
    """Else it would kill the process before what is known is written down."""
    from postdesk.serve import STOP_SECONDS

    assert DeliveryPolicy().stop_seconds < STOP_SECONDS - 5
