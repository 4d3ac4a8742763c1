"""Delivery while the database is away: nothing is sent twice for it, and nothing waits for a lease afterwards."""

from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError

from gateway.compose import Composer
from store.blobs import FolderBlobs
from store.database import Database
from store.s3_client import Damaged
from store.tables import Outbox
from tests.gateway import letter_world as world
from tests.gateway.failing import refusing, unanswered
from tests.gateway.scripted_smtp import scripted
from tests.gateway.test_delivery import Clock, base, deliverer, letters_of, replies, row  # noqa: F401 - base is a fixture

NOW = world.NOW


def test_a_letter_that_is_out_is_recorded_when_the_database_is_back(base: Database) -> None:  # noqa: F811 - the fixture
    """It went out once, whatever became of the connection to the database after that."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        with refusing(base, "INSERT INTO delivery"):
            for _ in range(3):
                with pytest.raises(OperationalError):
                    delivery.drain_once()
        assert row(base, 50).state == "waiting"
        assert delivery.drain_once() == 0
    assert len(server.mails) == 1
    assert (row(base, 50).state, replies(base, 50)) == ("sent", [("sent", "250 2.0.0 ok")])


def test_what_was_recorded_though_nobody_was_told_so(base: Database) -> None:  # noqa: F811 - the fixture
    """The commit is done and not answered: one line for the attempt, and staff hear of the refusal once."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    with scripted({"RCPT": b"550 5.1.1 no such user\r\n"}) as server, deliverer(base, server, Clock()) as delivery:
        with unanswered(base, "INSERT INTO delivery") as lost, pytest.raises(OperationalError):
            delivery.drain_once()
        assert len(lost) == 1
        delivery._settle()
    assert (row(base, 50).state, replies(base, 50)) == ("refused", [("refused", "550 5.1.1 no such user")])
    told = [letter.recipient for letter in letters_of(base, "mail_trouble")]
    assert told
    assert len(told) == len(set(told))


def test_a_claimed_letter_goes_out_when_the_database_is_back(base: Database) -> None:  # noqa: F811 - the fixture
    """Nothing was sent yet: the row is freed at once, its lease need not end, and the attempt does not count."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        with (
            refusing(base, "UPDATE outbox SET message_id="),
            refusing(base, "UPDATE outbox SET attempts=(outbox.attempts -"),
        ):
            for _ in range(3):
                with pytest.raises(OperationalError):
                    delivery.drain_once()
        assert server.mails == []
        assert row(base, 50).lease_until is not None
        assert delivery.drain_once() == 1
    assert len(server.mails) == 1
    assert (row(base, 50).state, row(base, 50).attempts) == ("sent", 1)


class NoDisk(Composer):
    """Writes no letter: what it needs lies on a disk that is away."""

    away = True

    def _message(self, *values: Any) -> EmailMessage:
        if self.away:
            raise OSError(5, "Input/output error")
        return super()._message(*values)


def test_a_disk_that_is_away_gives_no_letter_up(base: Database) -> None:  # noqa: F811 - the fixture
    """However often it is tried: the letter waits, and goes out when the disk is back."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    clock = Clock()
    with scripted() as server, deliverer(base, server, clock) as delivery:
        writer = NoDisk(world.ADDRESSES, world.FACTS, world.TEMPLATES, keys=world.KEYS, blobs=world.BLOBS, clock=clock)
        delivery._composer = writer
        for _ in range(6):
            with pytest.raises(OSError, match="Input/output"):
                delivery.drain_once()
        writer.away = False
        assert delivery.drain_once() == 1
        assert (row(base, 50).state, row(base, 50).attempts) == ("sent", 1)


class OneDamaged(FolderBlobs):
    """A store that works, except for one file."""

    bad, works = "", True

    def read(self, digest: str) -> bytes:
        """Its bytes, or the fault."""
        if digest == self.bad:
            raise Damaged(f"the blob {digest} came with other bytes")
        return super().read(digest)

    def check(self) -> None:
        """As the store is."""
        if not self.works:
            raise OSError(5, "Input/output error")


def test_one_damaged_file_stops_no_other_letter(base: Database) -> None:  # noqa: F811 - the fixture
    """Its own letter is tried a few times and given up, and staff are told; while all is away, all wait."""
    bad = world.file(60, "fix.pdf", b"%PDF x", 40, type="application/pdf")
    world.add(base, world.event(40, "See the file.", world.SAM, minutes=20), bad, world.row(50, "update", event_id=40))
    for number in range(3):
        world.add(base, world.row(100 + number, "password_changed", ticket_id=None, context={"at": NOW.isoformat()}))
    blobs = OneDamaged(world.BLOBS.root)
    blobs.bad, blobs.works = bad.digest, False
    clock = Clock()
    with scripted() as server, deliverer(base, server, clock) as delivery:
        delivery._composer = world.composer(clock=clock, blobs=blobs)
        with pytest.raises(OSError, match="Input/output"):
            delivery.drain_once()
        blobs.works = True
        for _ in range(4):
            delivery.drain_once()
            clock.forward(hours=1)
        assert {row(base, 100 + number).state for number in range(3)} == {"sent"}
        assert row(base, 50).state == "failed"
        assert [result for result, _ in replies(base, 50)] == ["deferred", "deferred", "failed"]
        assert letters_of(base, "mail_trouble")


def test_a_letter_that_is_gone_keeps_no_other_from_being_recorded(base: Database) -> None:  # noqa: F811 - the fixture
    """Somebody erased it while it was on its way: the others are noted, once, and the rounds go on."""
    for number in range(3):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    erased: list[int] = []

    def erases(connection: object) -> bytes:
        if not erased:
            erased.append(101)
            with base.transaction() as session:
                session.execute(delete(Outbox).where(Outbox.id == 101))
        return b"250 2.0.0 ok\r\n"

    with scripted({"MAIL": erases}) as server, deliverer(base, server, Clock(), connections=1) as delivery:
        assert delivery.drain_once() == 3
        assert delivery.drain_once() == 0
    assert len(server.mails) == 3
    assert [row(base, 100 + number).state for number in (0, 2)] == ["sent", "sent"]
    assert [replies(base, 100 + number) for number in (0, 2)] == [[("sent", "250 2.0.0 ok")]] * 2


def test_what_cannot_be_noted_goes_out_once(base: Database) -> None:  # noqa: F811 - the fixture
    """A value that the database never takes: its letter ends as uncertain, and is not sent with each lease."""
    for number in range(2):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    with base.transaction() as session:
        session.execute(
            text(
                "CREATE TRIGGER never BEFORE INSERT ON delivery WHEN NEW.outbox_id = 100 "
                "BEGIN SELECT RAISE(ABORT, 'never'); END"
            )
        )
    clock = Clock()
    with scripted() as server, deliverer(base, server, clock, connections=1) as delivery:
        assert delivery.drain_once() == 2
        clock.forward(hours=1)
        assert delivery.drain_once() == 0
    assert len(server.mails) == 2
    assert [row(base, 100 + number).state for number in range(2)] == ["uncertain", "sent"]
