"""A relay that fails at any step, in any way: the ledger of letters is right, and each goes out once it is well."""

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import trustme

from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from store.database import Database
from tests.gateway import letter_world as world
from tests.gateway.scripted_smtp import Answer, Scripted, close, scripted, silent
from tests.gateway.test_delivery import Clock, base, letters_of, replies, row  # noqa: F401 - base is a fixture

STEPS = ("banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", ".")
OF_LETTER = ("MAIL", "RCPT", "DATA", ".")  # where a 5xx speaks of the letter, and not of the relay
WELL: dict[str, Answer] = {
    "EHLO": b"250-relay.example.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
    "STARTTLS": b"220 go on\r\n",
    "AUTH": b"235 welcome\r\n",
}


@dataclass(frozen=True)
class Secure:
    """The certificate of the relay, and who vouches for it."""

    server: ssl.SSLContext
    ca: str


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Secure:
    """One for all these tests."""
    authority, ca = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(ca))
    return Secure(context, str(ca))


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends the servers that say nothing."""
    event = threading.Event()
    yield event
    event.set()


@contextmanager
def delivering(base: Database, server: Scripted, clock: Clock, ca: str, timeout: float) -> Iterator[Deliverer]:  # noqa: F811 - no fixture here
    """A deliverer that wants STARTTLS and signs in."""
    config = SmtpConfig("127.0.0.1", server.port, tls_ca=ca, user="desk", password="sample-secret", timeout=timeout)
    made = Deliverer(
        base, world.composer(clock=clock), lambda: SmtpRelay(config), DeliveryPolicy(connections=1), clock=clock
    )
    try:
        yield made
    finally:
        made.close()


def message_ids(server: Scripted) -> list[str]:
    """Of the mails that the relay has been given."""
    found = [re.search(rb"^Message-ID: (\S+)", mail, re.MULTILINE) for mail in server.mails]
    return [one[1].decode() for one in found if one]


@pytest.mark.feature("F207")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["4xx", "5xx", "closes", "is silent"])
def test_each_fault_at_each_step(
    base: Database,  # noqa: F811 - the fixture
    secure: Secure,
    stop: threading.Event,
    step: str,
    how: str,
) -> None:
    """Deferred, refused or uncertain as it is; nothing is lost, nothing goes twice but what nobody can know of."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    answers: dict[str, Answer] = {
        "4xx": b"451 4.3.0 later\r\n",
        "5xx": b"554 5.7.0 no\r\n",
        "closes": close,
        "is silent": silent(stop),
    }
    refused = how == "5xx" and step in OF_LETTER
    uncertain = step == "." and how in ("closes", "is silent")
    expected = "refused" if refused else "uncertain" if uncertain else "deferred"
    clock = Clock()
    with scripted(WELL | {step: answers[how]}, secure.server) as server:
        with delivering(base, server, clock, secure.ca, 1.5 if how == "is silent" else 20) as delivery:
            delivery.drain_once()
            stop.set()
            assert [result for result, _ in replies(base, 50)] == [expected]
            assert not any("sample-secret" in reply for _, reply in replies(base, 50))
            assert row(base, 50).state == ("refused" if refused else "waiting")
        given = message_ids(server) if uncertain else []
        server.mails.clear()
        server.answers = dict(WELL)
        clock.forward(minutes=2)
        with delivering(base, server, clock, secure.ca, 20) as delivery:
            delivery.drain_once()
            assert delivery.drain_once() == 0
    if refused:
        assert [letter.staff_id for letter in letters_of(base, "mail_trouble")] == [world.SAM, world.ANA]
        assert row(base, 50).message_id not in message_ids(server)
    else:
        assert message_ids(server) == [row(base, 50).message_id]
        assert given in ([], message_ids(server))
        assert [result for result, _ in replies(base, 50)] == [expected, "sent"]
        assert row(base, 50).state == "sent"


@pytest.mark.parametrize("lie", ["refuses", "garbage", "wrong certificate", "strips it later"])
def test_a_relay_that_lies_about_starttls_gets_no_letter(
    base: Database,  # noqa: F811 - the fixture
    secure: Secure,
    lie: str,
) -> None:
    """Announced and then refused, answered with rubbish, another certificate, or taken away on the next connection."""
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    greetings = iter([b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"] * 2)
    changes: dict[str, dict[str, Answer]] = {
        "refuses": {"STARTTLS": b"454 4.7.0 not now\r\n"},
        "garbage": {"STARTTLS": b"220 go on\r\nrubbish\r\n"},
        "wrong certificate": {},
        # Twice: before and after STARTTLS. The connection after that says nothing of it.
        "strips it later": {"EHLO": lambda _: next(greetings, b"250-x\r\n250 AUTH PLAIN\r\n"), "MAIL": close},
    }
    context, ca = secure.server, secure.ca
    if lie == "wrong certificate":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    clock = Clock()
    with (
        scripted(WELL | changes[lie], None if lie == "garbage" else context) as server,
        delivering(base, server, clock, ca, 20) as delivery,
    ):
        delivery.drain_once()
        clock.forward(minutes=2)
        delivery.drain_once()
        assert row(base, 50).state == "waiting"
        assert server.mails == []
        assert {result for result, _ in replies(base, 50)} == {"deferred"}
        if lie == "strips it later":
            assert "does not offer STARTTLS" in replies(base, 50)[-1][1]
            assert sum(command.startswith("AUTH") for command in server.commands) == 1
        server.answers, server.tls = dict(WELL), secure.server
        clock.forward(minutes=10)
        delivery.drain_once()
    assert (row(base, 50).state, len(server.mails)) == ("sent", 1)


def test_a_relay_that_closes_after_some_letters(base: Database, secure: Secure) -> None:  # noqa: F811 - the fixture
    """Each letter goes out once, over as many connections as that takes."""
    for number in range(10):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))
    taken: list[int] = []

    def closes_each_fourth(connection: object) -> bytes:
        taken.append(1)
        return b"421 4.7.0 enough\r\n" if len(taken) % 4 == 0 else b"250 ok\r\n"

    clock = Clock()
    with (
        scripted(WELL | {"MAIL": closes_each_fourth}, secure.server) as server,
        delivering(base, server, clock, secure.ca, 20) as delivery,
    ):
        delivery.drain_once()
        clock.forward(minutes=2)
        delivery.drain_once()
    assert sorted(message_ids(server)) == sorted({row(base, 100 + number).message_id for number in range(10)})
    assert {row(base, 100 + number).state for number in range(10)} == {"sent"}


def test_a_letter_larger_than_the_relay_takes(base: Database, secure: Secure) -> None:  # noqa: F811 - the fixture
    """It is refused without a transfer, staff are told the sizes, and nobody is muted; a lying SIZE is not believed."""
    world.add(base, world.file(31, "big.bin", bytes(200_000)))
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    greeting = b"250-x\r\n250-AUTH PLAIN\r\n250-SIZE 70000\r\n250 STARTTLS\r\n"
    clock = Clock()
    with (
        scripted(WELL | {"EHLO": greeting}, secure.server) as server,
        delivering(base, server, clock, secure.ca, 20) as delivery,
    ):
        delivery.drain_once()
        assert row(base, 50).state == "refused"
        assert "the relay takes no more than 0.1 MB" in replies(base, 50)[0][1]
        assert not any(command.startswith("MAIL") for command in server.commands)
        assert "unmute" not in str(letters_of(base, "mail_trouble")[0].context)
    world.add(base, world.row(51, "update", event_id=world.EVENT))
    with scripted(WELL | {"EHLO": greeting.replace(b"70000", b"10")}, secure.server) as server:
        with delivering(base, server, clock, secure.ca, 20) as delivery:
            delivery.drain_once()
        assert row(base, 51).state == "sent"
