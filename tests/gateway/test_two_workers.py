"""Two workers at the same ticket at the same moment: what the ticket says in the end is what its history says."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg
import pytest
from sqlalchemy.engine import make_url

from gateway.intake import Intake
from gateway.token import Token
from store.database import Database
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, PAT, SAM, People, World
from tests.peers.common import wait_for
from tests.servers import Postgres


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """PostgreSQL: on SQLite there is one writer at a time anyway."""
    with postgres.migrated_database() as url:
        found = Database(url)
        yield found
        found.close()


def customer(people: People) -> bytes:
    """Ann writes that it does not work."""
    return sample.mail(ANN, f"Re: [{NUMBER}] Phones", "It is still broken.", verdict="pass")


def staff(people: People) -> bytes:
    """Sam says that it works."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    return sample.mail(SAM, f"Re: [{NUMBER}] Phones", "#resolve It works now.", to=to, verdict="pass")


class Slow:
    """A clock that stands still once its worker has read the ticket, until the test lets it go on."""

    def __init__(self, world: World) -> None:
        self._world, self._calls = world, 0
        self.has_read, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> datetime:
        """What time it is: asked for the claim, for mails of others, for what was lately, and then for the entries."""
        self._calls += 1
        if self._calls == 4:
            self.has_read.set()
            assert self.go_on.wait(30)
        return self._world.clock()


def someone_waits(database: Database) -> bool:
    """True when a connection to this database waits for a lock."""
    url = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        found = connection.execute(waiting).fetchone()
    return bool(found and found[0])


def at_once(world: World, first: bytes, second: bytes) -> None:
    """The second mail comes to another worker once the first worker has read what it is about."""
    clock = Slow(world)
    slow = Intake(world.database, world.blobs, world.addresses, world.rules, senders=world.senders, clock=clock)
    with ThreadPoolExecutor(2) as threads:
        world.send(first)
        one = threads.submit(slow.drain_once)
        assert clock.has_read.wait(30)
        world.clock.forward(seconds=1)
        world.send(second)
        two = threads.submit(world.intake.drain_once)
        wait_for(lambda: two.done() or someone_waits(world.database), "the second worker")
        clock.go_on.set()
        assert (one.result(30), two.result(30)) == (1, 1)


@pytest.mark.parametrize("order", [(customer, staff), (staff, customer)])
def test_a_reply_and_a_resolve_at_once(world: World, people: People, order: tuple[object, object]) -> None:
    """The second worker reads the ticket after the first has written it, so nobody's change is lost."""
    first, second = (make(people) for make in order)  # type: ignore[operator]
    at_once(world, first, second)
    events = world.events(people.ticket)
    events.sort(key=lambda event: (event.at, event.id))
    statuses = [event.changes["status"] for event in events]
    assert [event.staff_id is None for event in events] == [make is customer for make in order]
    assert statuses[0][1] == statuses[1][0]
    assert world.ticket(people.ticket).status == statuses[1][1]


def test_a_question_confirmed_twice_at_once(world: World, people: People) -> None:
    """It is done once: the second worker waits, and reads that it is done."""
    world.take(sample.mail(PAT, f"Re: [{NUMBER}] Phones", "#append hello words"))
    (question,) = world.letters("confirm", PAT)
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    before = len(world.events(people.ticket))
    at_once(world, *(sample.mail(PAT, "Re: Confirm", word, to=to) for word in ("confirm", "Confirm!")))
    assert len(world.events(people.ticket)) == before + 1
    assert len(world.letters("not_done", PAT)) == 1
