"""Delivery while the database is away: nothing is sent twice for it, and nothing waits for a lease afterwards."""

from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gateway.compose import Composer
from store.database import Database
from tests.gateway import letter_world as world
from tests.gateway.failing import refusing
from tests.gateway.scripted_smtp import scripted
from tests.gateway.test_delivery import Clock, base, deliverer, replies, row  # noqa: F401 - base is a fixture


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
