"""Several relays: each has the letters of its desk addresses, and one that fails or hangs holds up no other."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import letter_files
from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_lanes import Lanes, Route
from gateway.delivery_policy import DeliveryPolicy
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.letter import Letter, Unsent
from gateway.relay import Deferred, Result, Sent, sender_of
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from store.database import Database
from store.tables import Delivery, Outbox, Ticket
from tests.gateway import desk_world, letter_world
from tests.gateway.desk_world import People, World
from tests.gateway.scripted_smtp import Scripted, close, scripted
from tests.gateway.test_delivery import Clock, base, replies, row  # noqa: F401 - base is a fixture

SALES, SALES_TICKET = "sales@example.org", 70
ADDRESSES = Addresses((DeskAddress("service@example.com"), DeskAddress(SALES)), letter_world.KEYS, "desk.example.com")


def smtp(server: Scripted, **values: Any) -> Route:
    """A route to a scripted server."""
    config = SmtpConfig("127.0.0.1", server.port, tls="none", timeout=20)
    return Route(lambda: SmtpRelay(config), **values)


@contextmanager
def two_relays(base: Database, usual: Route, sales: Route, clock: Clock) -> Iterator[Deliverer]:  # noqa: F811 - no fixture here
    """A deliverer with a relay for all, and one for sales."""
    lanes = Lanes([usual, sales], "service@example.com")
    composer = letter_world.composer(clock=clock, addresses=ADDRESSES)
    made = Deliverer(base, composer, lanes, DeliveryPolicy(), clock=clock)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def letters(base: Database) -> Database:  # noqa: F811 - the fixture
    """Row 50 is of the main desk address, row 51 of sales, row 52 about no ticket."""
    with base.transaction() as session:
        first = session.get_one(Ticket, letter_world.TICKET)
        values = {name: getattr(first, name) for name in Ticket.__table__.columns.keys()}  # noqa: SIM118 - a collection of its own
        session.add(Ticket(**values | {"id": SALES_TICKET, "number": "T20190409.0968", "desk_address": SALES}))
    letter_world.add(
        base,
        letter_world.event(80, "A quote for you.", letter_world.SAM, ticket_id=SALES_TICKET),
        letter_world.row(50, "update", event_id=letter_world.EVENT),
        letter_world.row(51, "update", ticket_id=SALES_TICKET, event_id=80),
        letter_world.row(52, "password_changed", ticket_id=None, context={"at": letter_world.NOW.isoformat()}),
    )
    return base


def relays(base: Database) -> dict[int, list[tuple[str, str]]]:  # noqa: F811 - no fixture here
    """By letter: the result of each try, and the relay."""
    found: dict[int, list[tuple[str, str]]] = {}
    with base.reading() as session:
        for one in session.scalars(select(Delivery).order_by(Delivery.at, Delivery.id)):
            found.setdefault(one.outbox_id, []).append((one.result, one.relay))
    return found


@pytest.mark.feature("F207")
@pytest.mark.parametrize("of", [SALES, "@example.org"])
def test_a_relay_by_desk_address(letters: Database, of: str) -> None:
    """Each letter goes by the relay of its From, with an envelope sender in the same domain; the ledger names it."""
    with scripted() as usual, scripted() as sales:
        route = smtp(sales, name="sales", addresses=frozenset({of}))
        with two_relays(letters, smtp(usual), route, Clock()) as delivery:
            assert delivery.drain_once() == 3
    assert [sender_of(mail) for mail in sales.mails] == [SALES]
    assert {sender_of(mail) for mail in usual.mails} == {"service@example.com"}
    assert relays(letters) == {50: [("sent", "")], 51: [("sent", "sales")], 52: [("sent", "")]}
    (path,) = [command for command in sales.commands if command.startswith("MAIL")]
    assert path.startswith("MAIL FROM:<sales+b-")
    assert ADDRESSES.find(path.partition("<")[2].partition(">")[0]) is not None


def test_a_relay_that_is_down_holds_up_no_other(letters: Database) -> None:
    """Its letters stay due and cost no attempt while it rests; a try now and then finds it up again."""
    clock = Clock()
    with scripted() as usual, scripted({"banner": close}) as sales:
        route = smtp(sales, name="sales", addresses=frozenset({SALES}))
        with two_relays(letters, smtp(usual), route, clock) as delivery:
            delivery.drain_once()
            assert relays(letters)[51] == [("deferred", "sales")]
            later = clock.now + timedelta(seconds=1)
            for number in range(20):
                letter_world.add(
                    letters,
                    letter_world.row(100 + number, "customer_wrote", letter_world.SAM, event_id=letter_world.EVENT),
                    letter_world.row(
                        200 + number, "customer_wrote", letter_world.SAM, ticket_id=SALES_TICKET, event_id=80
                    ),
                )
            connections = sales.connections
            clock.now = later
            assert delivery.drain_once() == 20
            assert delivery.drain_once() == 0
            assert sales.connections == connections
            assert {row(letters, 100 + number).state for number in range(20)} == {"sent"}
            assert {(row(letters, 200 + n).state, row(letters, 200 + n).attempts) for n in range(20)} == {
                ("waiting", 0)
            }
            sales.answers.clear()
            clock.forward(minutes=3)
            while delivery.drain_once():
                pass
    assert len(sales.mails) == 21
    assert {row(letters, 200 + number).state for number in range(20)} == {"sent"}


def test_a_relay_that_hangs_holds_up_no_other(letters: Database) -> None:
    """While one says nothing, letters of the other go out and are recorded; what it says later is recorded too."""
    go_on = threading.Event()

    def waits(connection: object) -> bytes:
        go_on.wait(60)
        return b"250 2.0.0 ok\r\n"

    clock = Clock()
    with scripted() as usual, scripted({"MAIL": waits}) as sales:
        route = smtp(sales, name="sales", addresses=frozenset({SALES}))
        with two_relays(letters, smtp(usual), route, clock) as delivery:
            delivery.drain_once()
            assert (row(letters, 50).state, row(letters, 51).state) == ("sent", "waiting")
            letter_world.add(
                letters,
                letter_world.row(100, "customer_wrote", letter_world.SAM, event_id=letter_world.EVENT),
                letter_world.row(101, "customer_wrote", letter_world.SAM, ticket_id=SALES_TICKET, event_id=80),
            )
            delivery.drain_once()
            assert (row(letters, 100).state, row(letters, 101).attempts) == ("sent", 0)
            go_on.set()
            while row(letters, 101).state == "waiting":
                delivery.drain_once()
    assert relays(letters)[51] == [("sent", "sales")]
    assert len(sales.mails) == 2


def test_what_is_on_its_way_is_recorded_at_the_end(letters: Database) -> None:
    """A deliverer that is told to stop waits for the answer of a slow relay, and notes it."""
    go_on = threading.Event()

    def waits(connection: object) -> bytes:
        go_on.wait(60)
        return b"250 2.0.0 ok\r\n"

    with scripted() as usual, scripted({"MAIL": waits}) as sales:
        route = smtp(sales, name="sales", addresses=frozenset({SALES}))
        with two_relays(letters, smtp(usual), route, Clock()) as delivery:
            delivery.drain_once()
            assert row(letters, 51).state == "waiting"
            go_on.set()
    assert row(letters, 51).state == "sent"


class Told:
    """A relay that says what a test tells it."""

    def __init__(self) -> None:
        self.result: Result = Deferred("away", of_relay=True)
        self.closed = 0

    def send(self, letters: Sequence[Letter]) -> list[Result]:
        """The same for each."""
        return [self.result for _ in letters]

    def close(self) -> None:
        """Counted."""
        self.closed += 1


LETTER = Letter(1, "<m@x>", "p@x.test", "r@x.test", b"From: a@x.test\r\n\r\n", sender="a@x.test")


def tried(lane: Any, now: datetime) -> None:
    """One letter, to its end."""
    lane.start([LETTER])
    lane.futures[0].result()
    assert len(lane.finished(now)) == 1


def test_rests_grow_and_end() -> None:
    """Five seconds at first, twice as long each time, a minute at most, a fifth more or less; success ends it."""
    relay, now = Told(), letter_world.NOW
    (lane,) = Lanes([Route(lambda: relay, connections=1)])
    for seconds in (5, 10, 20, 40, 60, 60):
        tried(lane, now)
        assert not lane.is_free(now + timedelta(seconds=0.79 * seconds))
        now += timedelta(seconds=1.21 * seconds)
        assert lane.is_free(now)
    relay.result = Deferred("450 greylisted")  # it speaks of the letter: the relay is alive
    tried(lane, now)
    assert lane.is_free(now)
    relay.result = Deferred("away", of_relay=True)
    tried(lane, now)
    assert lane.is_free(now + timedelta(seconds=7))
    assert lane.is_free(now - timedelta(hours=1)), "a clock that was set back"
    lane.close()


def test_an_unused_connection_is_given_back() -> None:
    """After its time, once."""
    relay, now = Told(), letter_world.NOW
    relay.result = Sent("250 ok")
    (lane,) = Lanes([Route(lambda: relay, connections=1, idle=timedelta(seconds=30))])
    tried(lane, now)
    lane.close_idle(now + timedelta(seconds=29))
    assert relay.closed == 0
    lane.close_idle(now + timedelta(seconds=30))
    lane.close_idle(now + timedelta(seconds=90))
    assert relay.closed == 1
    lane.close()


@pytest.mark.parametrize("away", [{"sales"}, {""}, {"org"}, {"", "org"}])
def test_the_database_chooses_as_the_code_does(world: World, people: People, away: set[str]) -> None:
    """What may be claimed is what goes to a free relay, for whole addresses, domains, and those nobody names."""
    relay, now = Told(), desk_world.NOW
    routes = [
        Route(lambda: relay, connections=1),
        Route(lambda: relay, "org", 1, frozenset({"@example.org"})),
        Route(lambda: relay, "sales", 1, frozenset({SALES})),
    ]
    lanes = Lanes(routes, "main@example.org")
    senders = [SALES, "other@example.org", "x@sub.example.org", "service@desk.test", "x_example.org@desk.test"]
    with world.database.transaction() as session:
        first = session.get_one(Ticket, people.ticket)
        values = {name: getattr(first, name) for name in Ticket.__table__.columns.keys()}  # noqa: SIM118 - a collection of its own
        for place, sender in enumerate(senders):
            session.add(
                Ticket(**values | {"id": 900 + place, "number": f"T20200101.{place:04}", "desk_address": sender})
            )
        session.flush()
        for place, ticket_id in enumerate([*range(900, 900 + len(senders)), None]):
            common = {"recipient": "a@b.test", "kind": "update", "next_at": now, "created_at": now, "context": {}}
            session.add(Outbox(id=800 + place, ticket_id=ticket_id, **common))
        for place, sender in enumerate(senders):
            values = common | {"kind": "canary", "context": {"canary": 1, "from": sender}}
            session.add(Outbox(id=850 + place, **values))
    for lane in lanes:
        if lane.route.name in away:
            tried(lane, now)
    condition = lanes.claimable(now)
    assert condition is not None
    with world.database.reading() as session:
        found = session.scalars(select(Outbox.id).where(Outbox.id >= 800, Outbox.id < 900, condition)).all()
    expected = [place for place, sender in enumerate([*senders, "main@example.org"]) if lanes.of(sender).is_free(now)]
    canaries = [850 + place for place in expected if place < len(senders)]
    assert sorted(found) == [800 + place for place in expected] + canaries
    lanes.close()


def test_large_letters_do_not_fill_the_memory(
    base: Database,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of rendered bytes only so many are fetched in one round; the others have their turn in the next ones."""
    clock = Clock()
    for number in range(6):
        letter_world.add(
            base, letter_world.row(100 + number, "customer_wrote", letter_world.SAM, event_id=letter_world.EVENT)
        )
    with scripted({".": b"451 4.3.0 later\r\n"}) as server:
        lanes = Lanes([smtp(server, connections=1)])
        delivery = Deliverer(base, letter_world.composer(clock=clock), lanes, DeliveryPolicy(), clock=clock)
        assert delivery.drain_once() == 6
        first = list(server.mails)
        monkeypatch.setattr(letter_files, "BATCH_BYTES", 2 * max(map(len, first)))
        server.mails.clear()
        del server.answers["."]
        clock.forward(minutes=2)
        delivery.drain_once()
        assert len(server.mails) == 2, [len(mail) for mail in first]
        for _ in range(4):
            delivery.drain_once()
        delivery.close()
    assert sorted(server.mails) == sorted(first)
    assert {row(base, 100 + number).state for number in range(6)} == {"sent"}
    assert {tuple(result for result, _ in replies(base, 100 + number)) for number in range(6)} == {("deferred", "sent")}


def test_a_letter_whose_relay_turns_out_to_rest_is_put_off(letters: Database) -> None:
    """Its ticket moved to the other desk address after it was claimed: no round takes it up again at once."""
    clock = Clock()

    class Moves(Composer):
        def render_many(self, session: Session, rows: Sequence[Outbox]) -> dict[int, Letter | Unsent]:
            found = super().render_many(session, rows)
            return {i: replace(one, sender=SALES) if isinstance(one, Letter) else one for i, one in found.items()}

    with scripted() as usual, scripted({"banner": close}) as sales:
        route = smtp(sales, name="sales", addresses=frozenset({SALES}))
        with two_relays(letters, smtp(usual), route, clock) as delivery:
            delivery.drain_once()
            letter_world.add(
                letters, letter_world.row(100, "customer_wrote", letter_world.SAM, event_id=letter_world.EVENT)
            )
            values = {"keys": letter_world.KEYS, "blobs": letter_world.BLOBS, "clock": clock}
            delivery._composer = Moves(ADDRESSES, letter_world.FACTS, letter_world.TEMPLATES, **values)  # type: ignore[arg-type]
            assert delivery.drain_once() == 1
            assert [delivery.drain_once() for _ in range(3)] == [0, 0, 0]
            found = row(letters, 100)
            assert (found.attempts, found.lease_until) == (0, None)
            assert found.next_at > clock.now
