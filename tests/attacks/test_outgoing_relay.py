"""Relays that misbehave, each in its own way and all at once: letters wait or fail in plain sight, none is lost."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from store.tables import Outbox, Ticket
from tests.attacks import relays
from tests.attacks.service import cost
from tests.e2e.world import let_time_pass, letter_states, mail, send
from tests.gateway.scripted_smtp import Answer, Scripted, close, drip, endless, scripted, silent
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk

SECONDS = 2  # that a relay may take for one step
SETTINGS = f'tls = "none"\ntimeout_seconds = {SECONDS}\nconnections = 1\n'
TLS = f"timeout_seconds = {SECONDS}\nconnections = 1\n"  # starttls, as shipped
WAIT = ("deferred", "uncertain")  # tried again


def after_dot(connection: socket.socket) -> None:
    """An answer to a letter that does not end, and so never says whether it was taken."""
    endless(connection)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends the servers that say little."""
    event = threading.Event()
    yield event
    event.set()


def faults(stop: threading.Event) -> dict[str, dict[str, Answer]]:
    """How each relay misbehaves, by its name, which is that of its desk address too."""
    quiet, slow = silent(stop), drip(stop)
    return {
        "later": {"RCPT": b"451 4.3.0 later\r\n"},
        "banner": {"banner": b"421 4.3.2 not today\r\n"},
        "never": {"RCPT": b"554 5.7.1 no\r\n"},
        "shuts": {".": close},
        "goes": {".": b"421 4.3.0 bye\r\n"},
        "endless": {"EHLO": endless},
        "endlessdot": {".": after_dot},
        "drips": {"EHLO": slow},
        "mute": {"banner": quiet},
        "mutedot": {".": quiet},
        "clear": {},  # it has no STARTTLS, and ours wants it
    }


EXPECTED = {
    "later": ("deferred", "451 4.3.0 later"),
    "banner": ("deferred", "421 4.3.2 not today"),
    "never": ("refused", "554 5.7.1 no"),
    "shuts": ("uncertain", "the connection was lost before the reply"),
    "goes": ("deferred", "421 4.3.0 bye"),
    "endless": ("deferred", "a reply that does not end"),
    "endlessdot": ("uncertain", "a reply that does not end"),
    "drips": ("deferred", "timed out"),
    "mute": ("deferred", "timed out"),
    "mutedot": ("uncertain", "timed out"),
    "clear": ("deferred", "does not offer STARTTLS; nothing is sent in clear text instead"),
}


def message_ids(desk: Desk, address: str) -> set[str]:
    """Of all letters of a desk address but those about trouble, whatever became of them."""
    with desk.database.reading() as session:
        found = select(Outbox.message_id).join(Ticket, Ticket.id == Outbox.ticket_id)
        return set(session.scalars(found.where(Ticket.desk_address == address, Outbox.kind != "mail_trouble")))


def tried(desk: Desk, name: str) -> bool:
    """Whether both letters of a desk address were tried, or its relay was found not to work."""
    return len(relays.attempts(desk, f"{name}@desk.test")) >= 2


@pytest.mark.attack(82)
@pytest.mark.timeout(300)
def test_relays_that_misbehave(stop: threading.Event) -> None:
    """Each fault is told and ends in time, memory stays flat, the good relay goes on; then each letter goes out."""
    with ExitStack() as stack:
        good = stack.enter_context(scripted())
        wrong = faults(stop)
        clear, settings = stack.enter_context(relays.misbehaving({"clear": wrong.pop("clear")}, {}, TLS))
        servers, more = stack.enter_context(relays.misbehaving(wrong, {}, SETTINGS))
        servers |= clear
        addresses = [DESK, *(f"{name}@desk.test" for name in servers)]
        chosen = {"DESK__ADDRESSES": "[" + ", ".join(f'{{ address = "{one}" }}' for one in addresses) + "]"}
        desk = stack.enter_context(Desk(relays.ROLES, settings=relays.to_relay(good) | chosen, extra=settings + more))
        with cost(desk, cpu=30, memory=64):
            for name in servers:
                send(desk.smtp, mail(f"{name}@customer.test", f"By {name}", to=f"{name}@desk.test"))
            send(desk.smtp, mail("good@customer.test", "By the good one"))
            relays.letter_to(good, b"", b"good@customer.test")
            for name in servers:
                wait_for(lambda name=name: tried(desk, name), f"two attempts by {name}\n{desk.log()[-3000:]}", 60)  # type: ignore[misc]
            _check_told(desk)
        assert not any(command.startswith(("MAIL", "AUTH")) for command in clear["clear"].commands)
        _become_well(servers, stop)
        _check_each_arrives(desk, servers)


def _check_told(desk: Desk) -> None:
    """What happened is kept with each letter, listed by the command, and told to staff where it is final."""
    for name, (result, words) in EXPECTED.items():
        found = relays.attempts(desk, f"{name}@desk.test")
        assert [one for one in found if one.startswith(result) and words in one], (name, found)
    listed = desk.run("outbox", "list", "--state", "deferred")
    for name in EXPECTED.keys() - {"never"}:
        assert f"{name}@customer.test" in listed, listed
    assert "a relay does not work; its letters wait" in desk.log()


def _become_well(servers: dict[str, Scripted], stop: threading.Event) -> None:
    for server in servers.values():
        server.answers = {}
    stop.set()


def _check_each_arrives(desk: Desk, servers: dict[str, Scripted]) -> None:
    """Every letter but the refused ones: once more where nobody could know, and always as the same mail."""

    def through() -> bool:
        let_time_pass(desk.database)
        done = letter_states(desk)
        return done["waiting"] <= 2

    wait_for(through, f"all letters but two\n{desk.log()[-3000:]}", 120)
    for name, server in servers.items():
        arrived, wanted = relays.ids(server), message_ids(desk, f"{name}@desk.test")
        if name in ("never", "clear"):
            continue
        assert set(arrived) == wanted, name
        most = 2 if EXPECTED[name][0] == "uncertain" or name == "goes" else 1
        assert max(arrived.values()) <= most, (name, arrived)
    with desk.database.reading() as session:
        refused = session.scalars(select(Outbox.recipient).where(Outbox.state == "refused")).all()
        told = session.scalars(select(Outbox.id).where(Outbox.kind == "mail_trouble")).all()
    assert "never@customer.test" in refused
    assert told
