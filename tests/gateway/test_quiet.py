"""Quiet by rule: one letter about a mere change in an hour, to one person about one ticket; none about one's own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk import load, notices, tickets
from desk.levels import Levels
from desk.tickets import Note
from desk.writes import Writes
from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import Letter
from gateway.relay import Result, Sent
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, PAT, SAM, People, World
from tests.gateway.rendering import TEMPLATES, facts

FOLD = timedelta(seconds=60)
LONDON = ZoneInfo("Europe/London")


class Kept:
    """A relay that takes everything."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letters: Sequence[Letter]) -> list[Result]:
        """Take them."""
        self.letters += letters
        return [Sent("250 ok") for _ in letters]

    def close(self) -> None:
        """Nothing is open."""


class Desk:
    """A ticket that changes, and letters that go out, by a clock that the test sets."""

    def __init__(self, world: World, people: People) -> None:
        self.world, self.people, self.relay = world, people, Kept()
        composer = Composer(
            sample.ADDRESSES, facts(), TEMPLATES, keys=sample.KEYS, blobs=world.blobs, clock=world.clock
        )
        policy = DeliveryPolicy(connections=1)
        self.deliverer = Deliverer(world.database, composer, lambda: self.relay, policy, clock=world.clock)

    def change(self, status: str, words: str = "", by: str = SAM) -> None:
        """A change of status, with or without words; then all that is due goes out."""
        now = self.world.clock()
        writes = Writes(self.world.database.ids.next)
        with self.world.database.transaction() as session:
            ticket = load.tickets(session, {self.people.ticket})[self.people.ticket]
            contacts = load.contacts_by_id(session, set(self.people.contacts.values()), Levels())
            staff = load.staff(session)
            author: Any = staff.get(self.people.staff.get(by, 0)) or contacts[self.people.contacts[by]]
            changes = tickets.set_status(writes, ticket, status, now)
            kind: Any = "note" if words else "change"
            event_id = tickets.note(writes, ticket, Note(author, words, now, kind=kind, changes=changes))
            notices.update(writes, ticket, event_id, now, author=author, has_words=bool(words), fold=FOLD)
            writes.flush(session)
        self.wait(minutes=0)

    def wait(self, **time: float) -> None:
        """Time passes, and all that is due goes out."""
        self.world.clock.forward(**time)
        while self.deliverer.drain_once():
            pass

    def sent(self, to: str = ANN) -> int:
        """How many letters somebody got."""
        return sum(letter.recipient == to for letter in self.relay.letters)


@pytest.fixture
def desk(world: World, people: People) -> Any:
    """Ann's ticket."""
    made = Desk(world, people)
    yield made
    made.deliverer.close()


def test_changes_within_a_minute_are_one_letter(desk: Desk) -> None:
    """The second waits with the first."""
    desk.change("Waiting Vendor")
    desk.wait(seconds=30)
    desk.change("Waiting Internal")
    desk.wait(seconds=31)
    assert desk.sent() == 1
    assert b"Waiting Internal" in desk.relay.letters[0].bytes


def test_one_letter_about_changes_in_an_hour(desk: Desk) -> None:
    """The others wait until the hour is over, and then go in one; none is lost, and waiting is no failed attempt."""
    desk.change("Waiting Vendor")
    desk.wait(minutes=2)
    for status in ("Waiting Internal", "In Progress", "Ready to Procure"):
        desk.change(status)
        desk.wait(minutes=5)
    assert desk.sent() == 1
    waiting = [row for row in desk.world.letters("update", ANN) if row.state == "waiting"]
    assert [row.attempts for row in waiting] == [0, 0, 0]
    desk.wait(minutes=43)
    assert desk.sent() == 1
    desk.wait(minutes=3)
    assert desk.sent() == 2
    assert b"Ready to Procure" in desk.relay.letters[-1].bytes
    assert {row.state for row in desk.world.letters("update", ANN)} == {"sent", "folded"}


def test_words_take_it_along(desk: Desk) -> None:
    """A person's words go at once, with the changes that waited; the next change does not wait for these."""
    desk.change("Waiting Vendor")
    desk.wait(minutes=2)
    desk.change("Waiting Internal")
    desk.wait(minutes=2)
    assert desk.sent() == 1
    desk.change("In Progress", "It is here.")
    assert desk.sent() == 2
    letter = desk.relay.letters[-1].bytes
    assert b"It is here." in letter
    assert b"In Progress" in letter
    assert {row.state for row in desk.world.letters("update", ANN)} == {"sent", "folded"}


@pytest.mark.parametrize("status", ["Resolved", "Withdrawn", "Waiting Customer"])
def test_what_presses_does_not_wait(desk: Desk, status: str) -> None:
    """How it ends, and that the desk waits for an answer, is told at once; what waited goes along."""
    desk.change("Waiting Vendor")
    desk.wait(minutes=2)
    desk.change("Waiting Internal")
    desk.wait(minutes=2)
    desk.change(status)
    desk.wait(minutes=2)
    assert desk.sent() == 2


def test_nobody_hears_of_what_they_did(desk: Desk) -> None:
    """Pat opens it again: Ann hears, Pat does not."""
    desk.change("Update Added", "Still broken.", by=PAT)
    assert (desk.sent(ANN), desk.sent(PAT)) == (1, 0)


def test_each_person_and_ticket_for_itself(desk: Desk) -> None:
    """The hour of one ticket is not that of another."""
    desk.change("Waiting Vendor")
    desk.wait(minutes=2)
    first = desk.people.ticket
    other = sample.add_ticket(desk.world.database, desk.people.contacts[ANN], "T20261101.0002", "<o@customer.test>")
    desk.people = People(desk.people.contacts, desk.people.staff, other)
    desk.change("Waiting Vendor")
    desk.wait(minutes=2)
    assert desk.sent() == 2
    assert first != other
