"""Delivery: the outbox drained over real SMTP, folding, back-off, refusals told to staff, nothing lost or doubled."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import letters_by_hand
from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy, back_off, mutes
from gateway.letter import Letter
from gateway.relay import Result
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from store.database import Database
from store.tables import Delivery, Outbox, Suppression, Ticket
from tests.gateway import letter_world as world
from tests.gateway.desk_world import in_english
from tests.gateway.scripted_smtp import Scripted, close, scripted
from tests.servers import Postgres


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    world.fill(made)
    yield made
    made.close()


class Clock:
    """The time, as a test sets it."""

    def __init__(self) -> None:
        self.now = world.NOW

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now

    def forward(self, **values: float) -> None:
        """Let time pass."""
        self.now += timedelta(**values)


class DiesAfterSending(SmtpRelay):
    """The process ends between the relay's 250 and our commit."""

    def send(self, letters: Sequence[Letter]) -> Iterator[Result]:
        """Send, and die."""
        list(super().send(letters))
        raise KeyboardInterrupt


@contextmanager
def deliverer(
    base: Database, server: Scripted, clock: Clock, relay: type[SmtpRelay] = SmtpRelay, **policy: Any
) -> Iterator[Deliverer]:
    """A deliverer that speaks to a scripted server."""
    config = SmtpConfig(host="127.0.0.1", port=server.port, tls="none", hostname="desk.example.com", timeout=5)
    settings = DeliveryPolicy(**({"connections": 2} | policy))
    made = Deliverer(base, world.composer(clock=clock), lambda: relay(config), settings, clock=clock)
    try:
        yield made
    finally:
        made.close()


def row(base: Database, row_id: int) -> Outbox:
    """A row as it stands."""
    with base.reading() as session:
        found = session.get_one(Outbox, row_id)
        session.expunge(found)
        return found


def replies(base: Database, row_id: int) -> list[tuple[str, str]]:
    """What came of each attempt."""
    with base.reading() as session:
        found = select(Delivery.result, Delivery.reply).where(Delivery.outbox_id == row_id).order_by(Delivery.id)
        return [(result, reply) for result, reply in session.execute(found)]


def letters_of(base: Database, kind: str) -> list[Outbox]:
    """All rows of a kind."""
    with base.reading() as session:
        found = list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))
        session.expunge_all()
        return found


def subjects(server: Scripted) -> list[str]:
    """Subjects of what arrived."""
    return [found.decode() for mail in server.mails for found in re.findall(rb"^Subject: (.*)\r$", mail, re.MULTILINE)]


def test_due_letters_are_sent(base: Database) -> None:
    """What is due goes out and is done; what is not due waits; a second drain finds nothing."""
    world.add(base, world.row(50, "received", event_id=world.EVENT, context={"echo": True}))
    world.add(base, world.row(51, "new_ticket", world.SAM, event_id=world.EVENT))
    world.add(base, world.row(52, "update", event_id=world.EVENT, next_at=world.NOW + timedelta(hours=1)))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        assert delivery.drain_once() == 2
        assert delivery.drain_once() == 0
    assert len(server.mails) == 2
    done = row(base, 50)
    assert (done.state, done.rendered, done.lease_until) == ("sent", None, None)
    assert done.done_at == world.NOW
    assert f"Message-ID: {done.message_id}".encode() in server.mails[0] + server.mails[1]
    assert replies(base, 50) == [("sent", "250 2.0.0 ok")]
    assert row(base, 52).state == "waiting"


def test_many_letters_use_several_connections(base: Database) -> None:
    """A batch is shared out, and each letter arrives once."""
    for number in range(40):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        assert delivery.drain_once() == 40
    assert server.connections == 2
    assert len({re.search(rb"Message-ID: (\S+)", mail).group(1) for mail in server.mails}) == 40  # type: ignore[union-attr]


def test_one_that_helps_out_takes_as_many_as_it_is_told(base: Database) -> None:
    """Only where a whole batch waits; what it leaves is for the others."""
    for number in range(9):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    with scripted() as server, deliverer(base, server, Clock(), least=5, batch=5) as delivery:
        assert [delivery.drain_once(most) for most in (2, 3, 0)] == [2, 3, 0]
        world.add(base, world.row(109, "customer_wrote", world.SAM, event_id=world.EVENT))
        called: list[int] = []
        assert delivery.drain_once(on_whole=lambda: called.append(len(server.mails))) == 5
        assert delivery.drain_once(on_whole=lambda: called.append(len(server.mails))) == 0
    assert called == [5]  # once, before the batch is sent
    assert len(server.mails) == 10


@pytest.mark.feature("F118", "mail")
@pytest.mark.feature("F200")
def test_changes_go_in_one_letter(base: Database) -> None:
    """A note that is due takes along the status change that still waits; another person's letter stays apart."""
    world.participate(base, world.KIM)
    world.add(base, world.event(40, "", world.SAM, kind="change", changes={"status": ["New", "In Progress"]}))
    world.add(base, world.event(41, "We are on the way.", world.SAM, minutes=1))
    later = world.NOW + timedelta(seconds=60)
    world.add(base, world.row(50, "update", event_id=40, next_at=later, automatic=True))
    world.add(base, world.row(51, "update", world.KIM, event_id=40, next_at=later))
    world.add(base, world.row(52, "update", event_id=41, automatic=False))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        delivery.drain_once()
    (mail,) = server.mails
    assert b"We are on the way." in mail
    assert b"Status: In Progress (was New)" in mail
    assert [row(base, i).state for i in (50, 51, 52)] == ["sent", "waiting", "folded"]


def test_temporary_refusal_is_tried_again_with_the_same_mail(base: Database) -> None:
    """After 4xx the same bytes go again, however the ticket changed meanwhile."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    clock = Clock()
    with scripted({".": b"451 4.3.0 later\r\n"}) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        waiting = row(base, 50)
        assert waiting.state == "waiting"
        assert waiting.rendered == server.mails[0]
        assert timedelta(seconds=50) < waiting.next_at - clock.now < timedelta(seconds=70)
        assert delivery.drain_once() == 0
        with base.transaction() as session:
            session.execute(update(Ticket).values(title="Another title", status="Resolved"))
        del server.answers["."]
        clock.forward(minutes=2)
        delivery.drain_once()
    assert server.mails[0] == server.mails[1]
    assert [result for result, _ in replies(base, 50)] == ["deferred", "sent"]


def test_refused_address_is_muted_and_told(base: Database) -> None:
    """5.1.1: no further try, the address is suppressed, the team hears of it once, and later letters are not sent."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    clock = Clock()
    refusal = {"RCPT": b"550 5.1.1 no such user\r\n"}
    with scripted(dict(refusal)) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert row(base, 50).state == "refused"
        told = letters_of(base, "mail_trouble")
        assert [letter.staff_id for letter in told] == [world.SAM, world.ANA]
        assert "550 5.1.1 no such user" in in_english(told[0].context)["lines"][0]
        world.add(base, world.row(2_000_000, "update", event_id=world.EVENT))
        server.answers.clear()
        delivery.drain_once()
    assert row(base, 2_000_000).state == "suppressed"
    assert subjects(server) == ["[Mail] A letter to jane@customer.test did not arrive"] * 2
    with base.reading() as session:
        (muted,) = session.scalars(select(Suppression)).all()
        assert (muted.address, muted.reason) == ("jane@customer.test", "550 5.1.1 no such user")


def test_lifted_suppression_lets_letters_through(base: Database) -> None:
    """Muting is reversible."""
    world.add(
        base, Suppression(id=60, address="jane@customer.test", reason="old", since=world.NOW, lifted_at=world.NOW)
    )
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        delivery.drain_once()
    assert row(base, 50).state == "sent"


def test_trouble_about_trouble_is_told_to_nobody(base: Database) -> None:
    """A refused S5 makes no S5."""
    world.add(base, world.row(50, "mail_trouble", world.SAM, ticket_id=None, context={"subject": "x", "lines": ["y"]}))
    with scripted({"RCPT": b"550 5.7.1 no\r\n"}) as server, deliverer(base, server, Clock()) as delivery:
        delivery.drain_once()
        assert delivery.drain_once() == 0
    assert row(base, 50).state == "refused"
    assert len(letters_of(base, "mail_trouble")) == 1


def test_lost_after_the_dot_is_visible_and_tried_again(base: Database) -> None:
    """The attempt is recorded as uncertain, and the same mail goes again: at least once."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    clock = Clock()
    with scripted({".": close}) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert replies(base, 50)[0][0] == "uncertain"
        del server.answers["."]
        clock.forward(minutes=2)
        delivery.drain_once()
    assert server.mails[0] == server.mails[1]
    assert row(base, 50).state == "sent"


def test_letters_end_after_the_time_to_give_up(base: Database) -> None:
    """After five days: expired, and staff are told; where the last try was uncertain, that is the state."""
    old = world.NOW - timedelta(days=6)
    world.add(base, world.row(50, "update", event_id=world.EVENT, created_at=old))
    world.add(base, world.row(51, "customer_wrote", world.ANA, event_id=world.EVENT, created_at=old))
    with scripted({"RCPT": b"451 4.3.0 later\r\n"}) as server, deliverer(base, server, Clock(), batch=1) as delivery:
        delivery.drain_once()
        server.answers = {".": close}
        delivery.drain_once()
    assert (row(base, 50).state, row(base, 51).state) == ("expired", "uncertain")
    told = letters_of(base, "mail_trouble")
    assert [letter.staff_id for letter in told] == [world.SAM, world.ANA, world.SAM]  # Ana's own address failed


def test_crash_between_send_and_commit(base: Database) -> None:
    """Sent but not recorded: after the lease the same mail goes again, with the same Message-ID, once."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    clock = Clock()
    with scripted() as server:
        with deliverer(base, server, clock, relay=DiesAfterSending) as delivery, pytest.raises(KeyboardInterrupt):
            delivery.drain_once()
        with deliverer(base, server, clock) as delivery:
            assert delivery.drain_once() == 0  # the lease of the dead one still holds
            clock.forward(minutes=16)
            assert delivery.drain_once() == 1
            assert delivery.drain_once() == 0
    assert len(server.mails) == 2
    assert server.mails[0] == server.mails[1]


def test_credentials_are_kept_nowhere_while_they_wait(base: Database) -> None:
    """A deferred credentials letter leaves no bytes behind, and goes out the same later."""
    row_id = world.credentials_row(base, world.JANE, "password")
    clock = Clock()
    with scripted({".": b"451 later\r\n"}) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert row(base, row_id).rendered is None
        assert row(base, row_id).message_id
        del server.answers["."]
        clock.forward(minutes=2)
        delivery.drain_once()
    assert server.mails[0] == server.mails[1]
    assert row(base, row_id).state == "sent"
    secret = re.search(rb"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", server.mails[0])
    assert secret is not None
    base.close()
    folder = Path(str(base.url.database)).parent
    assert not any(secret.group() in path.read_bytes() for path in folder.iterdir())


def test_superseded_credentials_are_folded_with_the_reason(base: Database) -> None:
    """Of two passwords for one person only the newer one goes out; the older row says why it did not."""
    old = world.credentials_row(base, world.JANE, "password")
    with base.transaction() as session:
        session.get_one(Outbox, old).lease_until = world.NOW - timedelta(seconds=1)
    new = world.credentials_row(base, world.JANE, "password")
    with base.transaction() as session:  # as if a deliverer had held the old one at that moment
        session.execute(update(Outbox).where(Outbox.id == old).values(state="waiting", done_at=None))
    with scripted() as server, deliverer(base, server, Clock()) as delivery:
        delivery.drain_once()
    assert len(server.mails) == 1
    assert (row(base, old).state, row(base, new).state) == ("folded", "sent")
    assert replies(base, old)[0] == ("folded", "a newer one-time password or link goes out instead")


def test_row_that_cannot_be_rendered_is_given_up_loudly(base: Database) -> None:
    """It is tried three times, then failed and told to staff; the others of its batch go at once."""
    world.add(base, world.row(50, "no_such_kind"))
    world.add(base, world.row(51, "update", event_id=world.EVENT))
    clock = Clock()
    with scripted() as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert row(base, 51).state == "sent"
        for _ in range(2):
            assert row(base, 50).state == "waiting"
            clock.forward(hours=1)
            delivery.drain_once()
    assert row(base, 50).state == "failed"
    assert [result for result, _ in replies(base, 50)] == ["deferred", "deferred", "failed"]
    assert letters_of(base, "mail_trouble")


def test_two_deliverers_send_nothing_twice(base: Database) -> None:
    """Rows are claimed: two at work at the same time share them."""
    for number in range(60):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    clock = Clock()
    with (
        scripted() as server,
        deliverer(base, server, clock, batch=7) as one,
        deliverer(base, server, clock, batch=7) as two,
    ):

        def drain(delivery: Deliverer) -> None:
            while delivery.drain_once():
                pass

        threads = [threading.Thread(target=drain, args=(delivery,)) for delivery in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    ids = [re.search(rb"Message-ID: (\S+)", mail).group(1) for mail in server.mails]  # type: ignore[union-attr]
    assert len(ids) == len(set(ids)) == 60


def test_back_off_grows_to_four_hours() -> None:
    """1, 5, 15, 30, 60 minutes, 2 hours, then every 4 hours, each a tenth more or less."""
    wanted = [1, 5, 15, 30, 60, 120, 240, 240]
    for attempt, minutes in enumerate(wanted, 1):
        assert 0.9 * minutes <= back_off(attempt).total_seconds() / 60 <= 1.1 * minutes


@pytest.mark.parametrize(
    "reply, expected",
    [
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 no mail there", True),
        ("550 5.1.8 bad sender", False),
        ("550 5.7.1 spam", False),
        ("552 5.2.2 full", False),
        ("550 no such user", True),
    ],
)
def test_only_a_bad_address_is_muted(reply: str, expected: bool) -> None:
    """RFC 3463: 5.1.x speaks of the address, but 5.1.7 and 5.1.8 of ours."""
    assert mutes(reply) == expected


@pytest.mark.peer
def test_on_postgresql() -> None:
    """The same statements work on PostgreSQL: claim, fold, keep, refuse, mute, tell."""
    with Postgres() as postgres:
        base = world.prepared(Database(postgres.fresh_database()))
        world.every_kind(base)
        clock = Clock()
        with scripted() as server, deliverer(base, server, clock) as delivery:
            while delivery.drain_once():
                pass
            assert len(server.mails) == 53  # of 59 rows six updates go along in another
            server.answers["RCPT"] = b"550 5.1.1 no such user\r\n"
            world.add(base, world.row(3_000_000, "update", event_id=world.EVENT))
            delivery.drain_once()
        assert row(base, 3_000_000).state == "refused"
        assert len(letters_of(base, "mail_trouble")) == 3
        with base.reading() as session:
            assert [muted.address for muted in session.scalars(select(Suppression))] == ["jane@customer.test"]
        base.close()


def test_sent_again_it_says_all_that_it_said(base: Database) -> None:
    """What went along in a letter is in it again when a person sends it once more, though its bytes are gone."""
    world.add(base, world.event(40, "First words.", world.SAM, minutes=20))
    world.add(base, world.event(41, "Second words.", world.SAM, minutes=21))
    world.add(base, world.row(50, "update", event_id=40), world.row(51, "update", event_id=41))
    clock = Clock()
    with scripted({".": b"554 5.7.1 policy\r\n"}) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert (row(base, 50).state, row(base, 51).state) == ("refused", "folded")
        server.answers.clear()
        server.mails.clear()
        with base.transaction() as session:
            letters_by_hand.send_again(session, 50, "pat", clock.now, base.ids.next)
        delivery.drain_once()
    assert row(base, 50).state == "sent"
    (mail,) = [one for one in server.mails if b"First words." in one]
    assert b"Second words." in mail
