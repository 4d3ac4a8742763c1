"""Mailboxes whose servers are hostile, all at once on one running desk: each is left in time, none costs a mail."""

import contextlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from store.tables import Disposition, MailboxState, ReceivedMail
from tests.attacks.service import cost
from tests.e2e.conftest import FREELY
from tests.e2e.world import assert_ledger
from tests.faults.hurried import MAILBOXES, Hurried
from tests.gateway.hostile_imap import DONE, NORMAL, Answer, HostileImap, hostile_imap, repeats, says
from tests.peers.common import wait_for
from tests.peers.desk import Desk

MAILBOX = """
[[mailbox]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password = "secret-word"
idle_minutes = 0
poll_seconds = 0.5
"""


def fetched(name: str) -> Answer:
    """The server hands out the one mail that this mailbox has."""
    mail = (
        f"From: {name}@customer.test\r\nTo: service@desk.test\r\nSubject: In {name}\r\n"
        f"Message-ID: <{name}@customer.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nSample {name}.\r\n"
    ).encode()
    return says(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(mail), mail) + DONE)


def literal(connection: socket.socket, tag: bytes) -> None:
    """400 MB, announced and really sent, as far as anybody reads them."""
    connection.sendall(b"* 1 FETCH (UID 1 BODY[] {419430400}\r\n")
    for _ in range(400):
        connection.sendall(bytes(1 << 20))


WRONG: dict[str, tuple[str, Answer]] = {
    "drip": ("FETCH", repeats(b"x", 0.05, b"* 1 FETCH (UID 1 BODY[] {1000}\r\n")),
    "huge": ("SIZE", literal),
    "untagged": ("SEARCH", repeats(b"* 1 EXISTS\r\n" * 4000)),
    "line": ("SEARCH", repeats(b"A" * 65536)),
    "mute": ("GREETING", says(b"")),
    "half": ("FETCH", says(b"* 1 FETCH (UID 1 BODY[] {1000}\r\nabc")),
    "deep": ("FETCH", says(b"* 1 FETCH (UID 1 X " + b"(" * 20000 + b")" * 20000 + b")\r\n" + DONE)),
    "other": ("FETCH", says(b"* 1 FETCH (UID 999 BODY[] {3}\r\nabc)\r\n" + DONE)),
    "number": ("SEARCH", says(b"* SEARCH 99999999999999999999999999999 -1\r\n" + DONE)),
}


@contextlib.contextmanager
def servers() -> Iterator[dict[str, HostileImap]]:
    """One for each way to be hostile, and a good one."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name, (command, answer) in {**WRONG, "good": ("FETCH", fetched("good"))}.items():
            found[name] = stack.enter_context(hostile_imap(**{command: answer}))
        yield found


def become_well(server: HostileImap, name: str) -> None:
    """From now on it follows the protocol: its mail is there until it is moved away."""
    moved = []

    def move(connection: socket.socket, tag: bytes) -> None:
        moved.append(tag)
        connection.sendall(tag + b" OK done\r\n")

    def select_folder(connection: socket.socket, tag: bytes) -> None:
        there = b"0" if moved else b"1"
        text = b"* " + there + b" EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n" + tag + b" OK [READ-WRITE]\r\n"
        connection.sendall(text)

    server.answers = {
        b"": says(b"* OK hello\r\n"), **NORMAL, b"FETCH": fetched(name), b"MOVE": move, b"SELECT": select_folder,
        b"SEARCH": lambda connection, tag: says(DONE if moved else b"* SEARCH 1\r\n" + DONE)(connection, tag),
    }  # fmt: skip


def states(desk: Desk) -> dict[str, MailboxState]:
    """How each mailbox does, as its reader wrote it."""
    with desk.database.reading() as session:
        return {row.name: row for row in session.scalars(select(MailboxState))}


def taken(desk: Desk) -> dict[str, int]:
    """How many mails came from each mailbox."""
    with desk.database.reading() as session:
        found = list(session.scalars(select(ReceivedMail.peer).where(ReceivedMail.source == "imap")))
    return {name: found.count(name) for name in found}


@pytest.mark.attack(83)
@pytest.mark.timeout(400)
def test_hostile_mailboxes() -> None:
    """Deadlines and caps hold for each, the good one is read meanwhile; well again, each mail is taken once."""
    with servers() as found:
        become_well(found["good"], "good")
        extra = "".join(MAILBOX.format(name=name, port=one.server_address[1]) for name, one in found.items())
        with Hurried(MAILBOXES, ("imap", "work"), settings=FREELY, extra=extra) as desk:
            wait_for(lambda: len(desk.processes()) == 3, "all processes", 60)
            with cost(desk, cpu=60, memory=64):
                _check_bounded(desk, found)
            assert taken(desk) == {"good": 1}
            for name, server in found.items():
                if name != "good":
                    become_well(server, name)
            wanted = dict.fromkeys(found, 1)
            wait_for(lambda: taken(desk) == wanted, f"a mail from each; {taken(desk)}\n{desk.log()[-3000:]}", 90)
            desk.wait_handled(len(found))
            with desk.database.reading() as session:
                kinds = list(session.scalars(select(Disposition.kind)))
            assert kinds == ["opened"] * len(found)
            assert_ledger(desk)
            assert "secret-word" not in desk.log()


def _check_bounded(desk: Desk, found: dict[str, HostileImap]) -> None:
    """Each failed, says why, and was left: its reader lives and has come back to it, or will."""
    wait_for(lambda: taken(desk).get("good"), f"the mail of the good mailbox\n{desk.log()[-3000:]}", 60)

    def failed() -> bool:
        known = states(desk)
        return all(known[name].last_error for name in WRONG if name in known) and set(WRONG) <= set(known)

    wait_for(failed, f"all to fail\n{desk.log()[-3000:]}", 120)
    alive = datetime.now(UTC) - timedelta(minutes=2)
    for name, state in states(desk).items():
        assert state.seen_at > alive, name
        assert (name == "good") != bool(state.last_error), (name, state.last_error)
    for name in WRONG:
        assert not [line for line in found[name].seen if b"MOVE" in line.upper()], name
    listed = desk.run("mailbox", "list")
    assert all(name in listed for name in WRONG)
