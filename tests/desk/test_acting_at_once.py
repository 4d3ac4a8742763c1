"""Two acts at the same moment on PostgreSQL, where both may be half done before one has to give way."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import tries
from desk.access import Person
from desk.acting import structuring, taking_part
from desk.acting.rules import Desk, Refused
from desk.acting.stage import AT_ONCE, Stage, on_ticket
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Base, ContactAddress, Ticket
from tests.portal.world import START, Clock, World, fill, seed
from tests.servers import Postgres

pytestmark = pytest.mark.peer
Act = Callable[[Stage], object]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The sample desk on PostgreSQL."""
    with Postgres() as server:
        database = Database(server.fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        made = fill(World(database, FolderBlobs(tmp_path), Clock()))
        yield made
        made.close()


def at_once(world: World, first: Act, second: Act) -> list[str]:
    """Both acts, each on a ticket of its own, between whose locks and ends they wait for each other; what was said."""
    desk, sam, said = Desk(world.database, world.blobs), Person(staff_id=world.ids["sam"]), ["", ""]
    both = threading.Barrier(2, timeout=20)

    def run(place: int, key: str, act: Act) -> None:
        with world.database.reading() as session:
            number = session.get_one(Ticket, world.ids[key]).number
        try:
            with on_ticket(desk, sam, number, START) as on:
                both.wait()
                act(on)
        except Refused as refused:
            said[place] = str(refused.said)

    threads = [
        threading.Thread(target=run, args=(place, key, act))
        for place, (key, act) in enumerate((("phones", first), ("unshared", second)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(said)


def test_the_same_new_address_on_two_tickets(world: World) -> None:
    """One person comes of it; the other act is refused with a sentence, and nothing of it stays."""

    def add(on: Stage) -> None:
        taking_part.add(on, "fresh@elsewhere.test")

    assert at_once(world, add, add) == ["", str(AT_ONCE)]
    with world.database.reading() as session:
        count = select(func.count()).where(ContactAddress.address == "fresh@elsewhere.test")
        assert session.scalar(count) == 1


def test_two_tickets_that_wait_for_each_other(world: World) -> None:
    """Merged crosswise, one is merged and the other act is refused: no fault of the service."""
    with world.database.reading() as session:
        phones, unshared = (session.get_one(Ticket, world.ids[key]).number for key in ("phones", "unshared"))
    said = at_once(world, lambda on: structuring.merge(on, unshared), lambda on: structuring.merge(on, phones))
    assert said == ["", str(AT_ONCE)]


def test_many_tries_at_once_are_counted(world: World) -> None:
    """Of thirty in one moment no more come through than of thirty one after the other."""
    waits: list[bool] = []
    start = threading.Barrier(30, timeout=20)

    def one() -> None:
        start.wait()
        with world.database.transaction(durable=False) as session:
            waits.append(bool(tries.begin(session, "jane@customer.test", "192.0.2.1", START, world.database.ids.next)))

    threads = [threading.Thread(target=one) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert waits.count(False) == tries.FREE_TRIES
