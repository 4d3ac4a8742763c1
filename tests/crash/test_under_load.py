"""Killed again and again while mail comes in; and a mail that kills whoever reads it."""

import contextlib
import os
import signal
from collections import Counter

import pytest
from sqlalchemy import select

from gateway.trouble import KIND
from store.tables import Outbox
from tests.crash.invariants import lost, violations
from tests.crash.scene import Scene, scene
from tests.e2e.world import outcome_of
from tests.peers.desk import STAFF
from tests.servers import wait_for

pytestmark = [pytest.mark.attack(84), pytest.mark.timeout(900)]

ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgres"])
WORKER = 2  # of Desk.processes(): the supervisor, the listeners, then the workers


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str) -> str:
    """Where the database of this test is; "" is SQLite's file."""
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgres").filled_database())


def die(found: Scene) -> None:
    """All processes at once, wherever they are; nothing that was answered for is lost."""
    found.desk.kill()
    assert lost(found) == []
    found.note_window()
    found.desk.start()


@ON_BOTH
def test_killed_again_and_again_under_load(url: str) -> None:
    """Killed in the middle of intake and delivery: one ticket a mail, and a letter once more only where it must be."""
    count = 100
    with scene(url, workers=2) as found:
        found.send([found.mails.new("lmtp" if number % 2 else "smtp") for number in range(count)])
        for mark in (10, 40):
            wait_for(lambda mark=mark: len(found.desk.dispositions()) >= mark, f"{mark} handled mails", 60)  # type: ignore[misc]
            die(found)
        wait_for(lambda: len(found.desk.dispositions()) >= 70, "70 handled mails", 60)
        os.kill(found.desk.processes()[WORKER], signal.SIGKILL)  # one process alone: its work is taken up too
        found.rest()
        assert violations(found, strict=True) == []


@pytest.mark.attack(36)
def test_a_mail_that_kills_its_reader_is_held_after_three_tries() -> None:
    """I6: the attempt is counted before the mail is read; then a person is told, decides, and it becomes a ticket."""
    with scene() as found:
        desk, mail = found.desk, found.mails.new("smtp")
        desk.order("intake.read", 1, "all")
        found.send([mail])
        for attempt in (1, 2, 3):
            wait_for(lambda: desk.obeyed, f"death {attempt}", 60)
            desk.process.wait(30)
            if attempt == 3:
                desk.start()
                continue
            desk.order("intake.read", 1, "all")
            with contextlib.suppress(AssertionError):  # it may die before it listens: the mail is there already
                desk.start()
        wait_for(lambda: outcome_of(desk, mail.sender), "the outcome", 60)
        (held,) = outcome_of(desk, mail.sender)
        assert (held.kind, held.rule) == ("held", "reader-failed")
        found.rest()
        with desk.database.reading() as session:
            alarm = session.scalars(select(Outbox).where(Outbox.kind == KIND, Outbox.received_id == held.received_id))
            assert {(row.recipient, row.state) for row in alarm} == {(STAFF, "sent")}
        desk.run("mail", "accept", str(held.received_id))
        found.rest()
        assert violations(found, strict=True) == []
        kinds = Counter(one.kind for one in desk.dispositions())
        assert kinds == {"opened": 2}
