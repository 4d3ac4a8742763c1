"""New tickets of strangers: told singly up to a measure, then together; those of known people always singly."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from desk import gathering
from gateway.rules import Caps
from store.database import Database
from store.tables import Outbox, Staff, Team, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NOW, SAM, World
from tests.gateway.rendering import letters
from tests.gateway.rendering import text as text_of
from tests.peers.common import wait_for

EVERY = timedelta(minutes=15)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk that tells of three strangers an hour by themselves; the letters about that go to Sam alone."""
    with sample.opened(database, tmp_path, replace(sample.RULES, caps=Caps(stranger_letters_per_hour=3))) as made:
        sample.fill(database)
        with database.transaction() as session:
            session.query(Team).filter_by(name="Service Desk").one()
            session.query(Staff).filter_by(address=sample.SUE).one().deactivated_at = NOW
        yield made


def strangers(world: World, first: int, last: int) -> None:
    """Each with a mail of their own, all in one batch."""
    for n in range(first, last):
        world.send(sample.mail(f"eve{n}@elsewhere.test", f"Matter {n}"))
    world.handle()


def gather(world: World, done: str = "") -> tuple[int, str]:
    """The timer, once."""
    with world.database.transaction() as session:
        return gathering.send_if_due(session, world.database.ids.next, world.clock(), done, EVERY)


def states(world: World) -> Counter[str]:
    """Letters about single new tickets, by what becomes of them."""
    return Counter(row.state for row in world.letters("new_ticket"))


def test_above_the_measure_one_letter_tells_of_all(world: World) -> None:
    """How many since when, the first of them by number, title and sender, and where all are; no ticket is missing."""
    strangers(world, 0, 3)
    assert states(world) == {"waiting": 3}
    world.clock.forward(minutes=2)
    strangers(world, 3, 40)
    assert states(world) == {"waiting": 3, "gathered": 37}
    assert world.count(Ticket) == 41
    world.clock.forward(minutes=5)
    assert gather(world)[0] == 1
    assert states(world) == {"waiting": 3, "folded": 37}
    (letter,) = letters(world, gathering.KIND)
    assert letter["Subject"] == "37 new tickets since 23 Nov 2026, 12:02 GMT"
    assert letter["To"].addresses[0].addr_spec == SAM
    said = text_of(letter).replace("\r\n", "\n")
    assert said.count(" · Matter ") == gathering.MOST
    assert " · Matter 3 · eve3@elsewhere.test\n" in said
    assert "and 17 more\n" in said
    assert "https://desk.test/desk" in said
    html = letter.get_body(("html",))
    assert html is not None
    assert html.get_content().count("Matter ") == gathering.MOST


def test_known_people_are_told_singly_in_a_flood(world: World) -> None:
    """At once, whatever strangers write meanwhile."""
    strangers(world, 0, 5)
    world.take(sample.mail(ANN, "Printer"))
    assert [row.state for row in world.letters("new_ticket")] == ["waiting"] * 3 + ["gathered"] * 2 + ["waiting"]


def test_not_more_often_than_the_settings_say(world: World) -> None:
    """What comes within those minutes waits for the next letter; where nothing waits, none is written."""
    strangers(world, 0, 4)
    count, done = gather(world)
    assert (count, done) == (1, NOW.isoformat())
    world.clock.forward(minutes=1)
    strangers(world, 4, 6)
    world.clock.forward(minutes=13, seconds=59)
    assert gather(world, done) == (0, done)
    world.clock.forward(seconds=1)
    count, again = gather(world, done)
    assert (count, datetime.fromisoformat(again)) == (1, NOW + EVERY)
    world.clock.forward(hours=1)
    assert gather(world, again) == (0, again)
    assert [row.context["count"] for row in world.letters(gathering.KIND)] == [1, 2]


def test_a_clock_that_was_set_back_keeps_nothing_waiting(world: World) -> None:
    """The last letter seems to be of a time to come."""
    strangers(world, 0, 4)
    assert gather(world, (NOW + timedelta(days=1)).isoformat())[0] == 1


def test_an_hour_later_they_are_told_singly_again(world: World) -> None:
    """The measure counts letters of the last hour, across batches."""
    strangers(world, 0, 2)
    strangers(world, 2, 4)
    world.clock.forward(hours=1, seconds=1)
    strangers(world, 4, 6)
    assert states(world) == {"waiting": 5, "gathered": 1}


def test_each_reader_has_a_measure(world: World) -> None:
    """The queue of a team gets one letter as a member of staff does; to a colleague who left goes none."""
    with world.database.transaction() as session:
        session.query(Team).filter_by(name="Network").one().queue_address = "queue@desk.test"
    strangers(world, 0, 4)
    for n in range(5):
        world.send(sample.mail(f"kim{n}@elsewhere.test", "Down", to=sample.NETWORK), recipients=(sample.NETWORK,))
    world.handle()
    assert gather(world)[0] == 2
    told = {row.recipient: (row.context["count"], row.staff_id is None) for row in world.letters(gathering.KIND)}
    assert told == {SAM: (1, False), "queue@desk.test": (2, True)}
    with world.database.transaction() as session:
        session.query(Staff).filter_by(address=SAM).one().deactivated_at = NOW
    assert [str(letter["To"].addresses[0].addr_spec) for letter in letters(world, gathering.KIND)] == [
        "queue@desk.test"
    ]


def test_what_was_decided_meanwhile_stays(world: World) -> None:
    """Of two at one letter, the second sees what the first has made of it: it is not told once more."""
    strangers(world, 0, 5)
    if world.database.is_sqlite:
        pytest.skip("it has one writer at a time")
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with world.database.transaction() as session:
            first = select(Outbox.id).where(Outbox.state == gathering.GATHERED).order_by(Outbox.id).limit(1)
            session.execute(update(Outbox).where(Outbox.id == session.scalar(first)).values(state="waiting"))
            timer = pool.submit(gather, world)
            with world.database.reading() as other:
                wait_for(lambda: other.scalar(waits), "the timer waits for the row")
        assert timer.result(60)[0] == 1
    assert states(world) == {"waiting": 4, "folded": 1}
    assert [row.context["count"] for row in world.letters(gathering.KIND)] == [1]
