"""Paces: turns that several processes share, domains that slow down by themselves and recover."""

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway import delivery_batch, delivery_pace
from gateway.delivery import Deliverer
from gateway.delivery_pace import PaceRules, Paces, Wait, slow_domains, throttled
from gateway.delivery_policy import DeliveryPolicy
from gateway.relay import Deferred
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from store.blobs import FolderBlobs
from store.database import Database
from store.identity import name_of
from store.tables import Outbox, Pace
from tests.gateway import letter_world
from tests.gateway.desk_world import NOW, World
from tests.gateway.scripted_smtp import Scripted, scripted
from tests.gateway.test_delivery import Clock, base, replies, row  # noqa: F401 - base is a fixture

SECOND = timedelta(seconds=1)
BETWEEN = {"customer.test": 3_000}


def waiting(row_id: int, to: str = "ann@customer.test", turn_at: datetime | None = None) -> Outbox:
    """A row, as far as paces look at it."""
    return Outbox(id=row_id, recipient=to, turn_at=turn_at)


def turns(world: World, rows: list[Outbox], now: datetime = NOW) -> dict[int, timedelta]:
    """How long each of these rows has to wait."""
    with world.database.transaction() as session:
        found = delivery_pace.turns(session, rows, BETWEEN, now)
    return {row_id: wait.until - now for row_id, wait in found.items()}


def test_each_row_has_a_turn(world: World) -> None:
    """One goes now, the others after it in their order; those of the next batch after all of these."""
    first = turns(world, [waiting(1), waiting(2), waiting(3, "x@elsewhere.test"), waiting(4, "bob@Customer.TEST")])
    assert first == {2: 3 * SECOND, 4: 6 * SECOND}
    assert turns(world, [waiting(5)]) == {5: 9 * SECOND}
    assert turns(world, [waiting(6)], NOW + 60 * SECOND) == {}


def test_a_turn_is_used_once_it_has_come(world: World) -> None:
    """It takes no other one then; nor does a row that is claimed too early. After a stop old turns do not all count."""
    turns(world, [waiting(1), waiting(2)])
    now = NOW + 4 * SECOND
    assert turns(world, [waiting(2, turn_at=NOW + 3 * SECOND)], now) == {}
    assert turns(world, [waiting(7, turn_at=NOW + 30 * SECOND)], now) == {7: 26 * SECOND}
    assert turns(world, [waiting(8)], now) == {8: 2 * SECOND}
    hour = NOW + timedelta(hours=1)
    late = [waiting(10 + n, turn_at=NOW + n * 3 * SECOND) for n in range(20)]
    assert turns(world, late, hour) == {10 + n: n * 3 * SECOND for n in range(1, 20)}


def test_several_processes_share_the_turns(world: World) -> None:
    """No turn is given away twice, whoever asks at the same time."""
    taken: list[timedelta] = []

    def ask(start: int) -> None:
        for place in range(5):
            waits = turns(world, [waiting(start + 10 * place + n) for n in range(4)])
            taken.extend([SECOND * 0] * (4 - len(waits)) + list(waits.values()))

    threads = [threading.Thread(target=ask, args=(start,)) for start in (1_000, 2_000, 3_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == [n * 3 * SECOND for n in range(60)]


def test_only_domains_with_a_pace_are_looked_at(world: World) -> None:
    """By name, or by the pace for all others."""
    rows = [waiting(1), waiting(2, "x@elsewhere.test")]
    with world.database.reading() as session:
        assert Paces(PaceRules()).between(session, rows, NOW) == {}
        assert Paces(PaceRules({"customer.test": 20})).between(session, rows, NOW) == {"customer.test": 3000}
        assert Paces(PaceRules({"customer.test": 20}, 60)).between(session, rows, NOW) == {
            "customer.test": 3000,
            "elsewhere.test": 1000,
        }


@pytest.mark.parametrize(
    "reply, expected",
    [
        ("450 4.7.0 too many messages", True),
        ("the relay did not take it: 421 4.7.28 Our system has detected an unusual rate, rate limit exceeded", True),
        ("451 4.7.1 rate limited, slow down", True),
        ("452 4.2.2 daily quota exceeded", True),
        ("450 4.7.1 Greylisted, try again later", False),
        ("451 4.3.0 try again later", False),
        ("550 5.7.1 too many messages", False),
        ("250 ok, too many thanks", False),
    ],
)
def test_which_replies_ask_for_fewer_letters(reply: str, expected: bool) -> None:
    """Temporary ones that say so; grey lists mean one letter, and pass by themselves."""
    assert throttled(reply) == expected


def test_a_domain_slows_down_and_recovers(world: World) -> None:
    """Two seconds, doubled by each refusal after a while, ten minutes at most; halved with each ten quiet minutes."""

    def slow(now: datetime) -> float:
        with world.database.transaction() as session:
            delivery_pace.slow_down(session, {"customer.test": "450 too many"}, now)
            (found,) = slow_domains(session, now)
            assert found.reply == "450 too many"
            return found.between.total_seconds()

    now = NOW
    assert [slow(now), slow(now + SECOND)] == [2, 2]
    found = [slow(NOW + timedelta(minutes=minute)) for minute in range(1, 11)]
    assert found == [4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    now = NOW + timedelta(minutes=10)
    with world.database.reading() as session:
        later = [slow_domains(session, now + timedelta(minutes=10 * n)) for n in (1, 2, 9, 11)]
    assert [found[0].between.total_seconds() if found else 0 for found in later] == [300, 150, 1.171, 0]


def deliverer(base: Database, server: Scripted, clock: Clock, rules: PaceRules) -> Deliverer:  # noqa: F811 - no fixture here
    """One that keeps to these paces."""
    config = SmtpConfig("127.0.0.1", server.port, tls="none", timeout=20)
    policy = DeliveryPolicy(connections=1, paces=rules)
    return Deliverer(base, letter_world.composer(clock=clock), lambda: SmtpRelay(config), policy, clock=clock)


def test_letters_go_at_the_pace_of_their_domain(base: Database) -> None:  # noqa: F811 - the fixture
    """Twenty a minute: the others wait for their turns, are not rendered, and lose no attempt. Others go at once."""
    for number in range(5):
        letter_world.add(
            base, letter_world.row(100 + number, "customer_wrote", letter_world.SAM, event_id=letter_world.EVENT)
        )
    letter_world.add(base, letter_world.row(50, "update", event_id=letter_world.EVENT))
    clock = Clock()
    with scripted() as server:
        delivery = deliverer(base, server, clock, PaceRules({"example.com": 20}))
        delivery.drain_once()
        assert len(server.mails) == 2
        others = [row(base, 100 + number) for number in range(1, 5)]
        assert {(one.attempts, one.message_id, one.lease_until) for one in others} == {(0, "", None)}
        assert [one.next_at - clock.now for one in others] == [n * 3 * SECOND for n in range(1, 5)]
        for sent in (3, 4, 5, 6):
            clock.forward(seconds=3)
            assert delivery.drain_once() == 1
            assert delivery.drain_once() == 0
            assert len(server.mails) == sent
        delivery.close()
    assert {row(base, 100 + number).state for number in range(5)} == {"sent"}


def test_a_server_that_says_too_many_gets_letters_slowly(base: Database) -> None:  # noqa: F811 - the fixture
    """The domain slows down by itself, for all processes, and it is told; the refused letter is tried again."""
    letter_world.add(base, letter_world.row(50, "update", event_id=letter_world.EVENT))
    clock = Clock()
    with scripted({"RCPT": b"450 4.7.0 too many messages from you\r\n"}) as server:
        delivery = deliverer(base, server, clock, PaceRules())
        delivery.drain_once()
        with base.reading() as session:
            (slow,) = slow_domains(session, clock.now)
        assert (slow.domain, slow.between) == ("customer.test", 2 * SECOND)
        assert slow.reply == "450 4.7.0 too many messages from you"
        server.answers.clear()
        for number in range(3):
            letter_world.add(
                base, letter_world.row(200 + number, "customer_wrote", letter_world.JANE, event_id=letter_world.EVENT)
            )
        clock.forward(seconds=1)
        delivery.drain_once()
        assert len(server.mails) == 1
        for _ in range(70):
            clock.forward(seconds=1)
            delivery.drain_once()
        delivery.close()
    assert len(server.mails) == 4
    assert [result for result, _ in replies(base, 50)] == ["deferred", "sent"]


def test_the_relay_itself_slows_no_domain(world: World) -> None:
    """That it has too many connections says nothing of where letters go."""
    paces = Paces(PaceRules())
    with world.database.transaction() as session:
        results = [("ann@customer.test", Deferred("421 4.7.0 too many connections", of_relay=True))]
        paces.take_note(session, results, datetime.now(UTC))
        assert session.scalars(select(Pace)).all() == []


def test_turns_end_at_the_horizon(world: World) -> None:
    """What lies beyond takes no turn and asks anew later; a letter that comes then need not wait."""
    rows = [waiting(n) for n in range(1, 600)]
    with world.database.transaction() as session:
        found = delivery_pace.turns(session, rows, BETWEEN, NOW)
    assert {wait.has_turn for wait in found.values()} == {True, False}
    assert max(wait.until for wait in found.values()) == NOW + delivery_pace.HORIZON
    assert sum(not wait.has_turn for wait in found.values()) == 599 - delivery_pace.HORIZON // (3 * SECOND)
    later = NOW + delivery_pace.HORIZON
    assert turns(world, [waiting(1_000)], later) == {}, "no turn is taken beyond it"


def test_a_clock_that_was_a_day_ahead_costs_minutes(world: World) -> None:
    """Turns of that day are no turns, neither those given to rows nor those at the domain."""
    turns(world, [waiting(1), waiting(2)], NOW + timedelta(days=1))
    ahead = NOW + timedelta(days=1, seconds=3)
    assert turns(world, [waiting(2, turn_at=ahead)]) == {2: delivery_pace.HORIZON}
    assert turns(world, [waiting(3)], NOW + delivery_pace.HORIZON) == {}


def test_rows_beyond_the_horizon_have_no_turn(world: World) -> None:
    """The waits are written down with the turns, and a row whose time comes without one asks for it."""
    later = NOW + delivery_pace.HORIZON
    with world.database.transaction() as session:
        for row_id in (801, 802):
            values = {"kind": "update", "recipient": "a@customer.test", "created_at": NOW, "next_at": NOW}
            session.add(Outbox(id=row_id, context={}, attempts=1, lease_until=later, holder=name_of(), **values))
    with world.database.transaction() as session:
        waits = {801: Wait(NOW + SECOND), 802: Wait(later, has_turn=False)}
        delivery_batch.put_off_to_turns(session, waits)
    with world.database.reading() as session:
        found = session.scalars(select(Outbox).where(Outbox.id.in_((801, 802))).order_by(Outbox.id))
        assert [(one.next_at, one.turn_at, one.lease_until, one.attempts) for one in found] == [
            (NOW + SECOND, NOW + SECOND, None, 0),
            (later, None, None, 0),
        ]


def test_a_round_that_fails_loses_no_turn(base: Database) -> None:  # noqa: F811 - the fixture
    """The disk is away for an hour: afterwards the letters go at their pace, as if nothing had been."""
    bad = letter_world.file(60, "fix.pdf", b"%PDF y", 40, type="application/pdf")
    letter_world.add(base, letter_world.event(40, "See the file.", letter_world.SAM, minutes=20), bad)
    letter_world.add(base, letter_world.row(50, "update", event_id=40))
    for number in range(5):
        context = {"at": letter_world.NOW.isoformat()}
        letter_world.add(base, letter_world.row(100 + number, "password_changed", ticket_id=None, context=context))
    clock = Clock()
    with scripted() as server:
        delivery = deliverer(base, server, clock, PaceRules({"customer.test": 10}))
        delivery._composer = letter_world.composer(clock=clock, blobs=Away(letter_world.BLOBS.root))
        for _ in range(30):
            with contextlib.suppress(OSError):
                delivery.drain_once()
            clock.forward(minutes=2)
        with base.reading() as session:
            rows = session.scalars(select(Outbox).where(Outbox.state == "waiting")).all()
            assert all(one.next_at <= clock.now + timedelta(minutes=1) for one in rows)
        delivery.close()


class Away(FolderBlobs):
    """A store that does not work."""

    def read(self, digest: str) -> bytes:
        """Never."""
        raise OSError(5, "Input/output error")

    def check(self) -> None:
        """Says so."""
        raise OSError(5, "Input/output error")


def test_a_lease_that_another_process_has_is_not_ended(world: World) -> None:
    """Rows are put off, and given back, only by the process that has them."""
    database = world.database
    later = NOW + timedelta(hours=1)
    with database.transaction() as session:
        common = {"kind": "update", "recipient": "a@b.test", "created_at": NOW, "next_at": NOW, "context": {}}
        lease = {"lease_until": later, "attempts": 1}
        session.add(Outbox(id=801, holder="other:1.1", **common | lease))
        session.add(Outbox(id=802, holder=name_of(), **common | lease))
    with database.transaction() as session:
        delivery_batch.put_off(session, {801: later, 802: later}, attempt=False)
    with database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.id.in_((801, 802))).order_by(Outbox.id))
        assert [(one.next_at, one.lease_until, one.attempts) for one in rows] == [(NOW, later, 1), (later, None, 0)]
