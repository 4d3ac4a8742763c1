"""SIGKILL of all processes at the worst moments: nothing accepted is lost, no ticket is doubled."""

import contextlib
import os
import re
import signal
import smtplib
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from store.tables import Delivery, Outbox
from tests.e2e.conftest import FREELY
from tests.e2e.world import assert_ledger, files, letter_states, mail, outcomes, send
from tests.peers.desk import ALL, STAFF, Desk
from tests.servers import free_port, require, wait_for

WORKER = 2  # of Desk.processes(): the supervisor, the listeners, then the workers
ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str) -> str:
    """Where the database of this test is; "" is SQLite's file."""
    return "" if kind == "sqlite" else str(request.getfixturevalue("postgres").fresh_database())


class Senders(threading.Thread):
    """A mail server that hands over one mail after the other, each again and again until it has seen a 250."""

    def __init__(self, desk: Desk, mails: list[EmailMessage]) -> None:
        super().__init__(daemon=True)
        self._desk, self._mails = desk, mails
        self.kept = 0
        self.stop = threading.Event()

    def run(self) -> None:
        """Hand over all, with a new connection whenever the old one broke."""
        while self.kept < len(self._mails) and not self.stop.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self._desk.smtp, timeout=10) as client:
                    while self.kept < len(self._mails) and not self.stop.is_set():
                        client.send_message(self._mails[self.kept])
                        self.kept += 1
            except (OSError, smtplib.SMTPException):
                self.stop.wait(0.02)


@contextlib.contextmanager
def sending(desk: Desk, mails: list[EmailMessage]) -> Iterator[Senders]:
    """Senders at work; ended in any case."""
    senders = Senders(desk, mails)
    senders.start()
    try:
        yield senders
    finally:
        senders.stop.set()
        senders.join(30)


@ON_BOTH
def test_killed_between_250_and_intake(url: str) -> None:
    """Mails taken by the smtp role alone survive a SIGKILL and become one ticket each, attachments and all."""
    with Desk(("smtp",), url=url, settings=FREELY) as desk:
        mails = [mail(f"k{n}@customer.test", f"Before intake {n}") for n in range(20)]
        mails[0].add_attachment(bytes(700_000), maintype="application", subtype="octet-stream", filename="big.bin")
        send(desk.smtp, *mails)
        desk.kill()
        assert desk.accepted() == 20
        assert desk.dispositions() == []
        desk.start(*ALL)
        desk.wait_handled(20)
        found = outcomes(desk)
        assert {kind for kind, _ in found} == {"opened"}
        assert len({number for _, number in found}) == 20
        assert [file.size for file in files(desk)] == [700_000]
        assert_ledger(desk)


@ON_BOTH
def test_killed_again_and_again_under_load(url: str) -> None:
    """Killed in the middle of intake and delivery: one ticket a mail, and a letter twice at most, as the same mail."""
    count, settings = 100, {**FREELY, "WORK__BATCH": "4"}
    mails = [mail(f"l{n}@customer.test", f"Under load {n}") for n in range(count)]
    with Desk(("smtp", "work", "deliver"), url=url, settings=settings, workers=2) as desk:
        with sending(desk, mails) as senders:
            for mark in (10, 40):
                wait_for(lambda mark=mark: len(desk.dispositions()) >= mark, f"{mark} handled mails", 30)  # type: ignore[misc]
                desk.kill()
                desk.start()
            wait_for(lambda: len(desk.dispositions()) >= 70, "70 handled mails", 30)
            os.kill(desk.processes()[WORKER], signal.SIGKILL)  # one process alone: its work is taken up too
            wait_for(lambda: senders.kept == count, f"all mails handed over; {senders.kept} are", 60)
        desk.wait_handled(desk.accepted())
        _check_tickets(desk, count)
        wait_for(lambda: letter_states(desk) == {"sent": 2 * count}, "all letters sent", 60)
        _check_letters(desk, mails)
        assert_ledger(desk)


def _check_tickets(desk: Desk, count: int) -> None:
    """As many tickets as mails. A mail whose 250 was lost came twice: the second is a duplicate."""
    found = outcomes(desk)
    opened = [number for kind, number in found if kind == "opened"]
    assert len(opened) == len(set(opened)) == count
    assert len(found) - count == sum(kind == "ignored" for kind, _ in found)


def _check_letters(desk: Desk, mails: list[EmailMessage]) -> None:
    letters = desk.letters()
    copies = Counter(str(letter["Message-ID"]) for letter in letters)
    assert max(copies.values()) <= 2
    receipts = {(letter["Delivered-To"], letter["Message-ID"]) for letter in letters if letter["To"] != STAFF}
    to_customers = Counter(recipient for recipient, _ in receipts if recipient != STAFF)
    assert to_customers == dict.fromkeys((str(message["From"]) for message in mails), 1)


class Relay:
    """A relay that stops all of Postdesk the moment it has a mail, then says 250: what follows in there never ran."""

    def __init__(self) -> None:
        self.port = free_port()
        self.got: list[tuple[str, str]] = []
        self.desk: Desk | None = None
        self.stopped = threading.Event()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once it has the whole mail."""
        content = envelope.content or b""
        found = re.search(rb"^Message-ID:\s*(<\S+>)", content if isinstance(content, bytes) else b"", re.M | re.I)
        assert found
        self.got.append((envelope.rcpt_tos[0], found[1].decode()))
        if self.desk is not None:
            for pid in self.desk.processes():
                os.kill(pid, signal.SIGSTOP)
            self.desk = None
            self.stopped.set()
        return "250 2.0.0 Taken"


@ON_BOTH
def test_killed_between_the_relays_250_and_our_commit(url: str) -> None:
    """The relay has the letter and we do not know: it goes out once more under the same Message-ID, and never again."""
    relay = Relay()
    controller = Controller(relay, hostname="127.0.0.1", port=relay.port)
    controller.start()
    settings = {"RELAY__MODE": "smtp", "RELAY__HOST": "127.0.0.1", "RELAY__PORT": str(relay.port), "RELAY__TLS": "none"}
    try:
        with Desk(("smtp", "work", "deliver"), url=url, settings=settings) as desk:
            relay.desk = desk
            send(desk.smtp, mail("kim@customer.test", "Between 250 and commit"))
            assert relay.stopped.wait(20)
            desk.kill()
            assert letter_states(desk) == {"waiting": 2}
            (first,) = relay.got
            desk.start()
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters sent", 30)
            assert Counter(relay.got)[first] == 2
            assert sorted(Counter(relay.got).values()) == [1, 2]
            assert len({message_id for _, message_id in relay.got}) == 2
            with desk.database.reading() as session:
                assert session.scalars(select(Delivery.result)).all() == ["sent", "sent"]
                assert set(session.scalars(select(Outbox.attempts))) <= {1, 2}
            assert [kind for kind, _ in outcomes(desk)] == ["opened"]
    finally:
        controller.stop()


@pytest.mark.peer
def test_the_disk_has_the_mail_before_the_client_has_the_250(tmp_path: Path) -> None:
    """Seen from outside by strace: between the end of the mail and "250" stands an fsync that came back."""
    program, record = require("strace"), tmp_path / "calls"
    with Desk(("smtp",)) as desk:
        calls = "fsync,fdatasync,write,writev,sendto,sendmsg"
        watch = [program, "-f", "-s", "64", "-e", f"trace={calls}", "-o", str(record), "-p", str(desk.processes()[-1])]
        with subprocess.Popen(watch, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr
            said = strace.stderr.readline()
            if "attached" not in said:
                strace.wait(10)
                pytest.skip(f"strace may not look at our processes: {said.strip()}")
            send(desk.smtp, mail("ann@customer.test", "Durable first"))
            desk.kill()
            strace.wait(10)
    lines = record.read_text().splitlines()
    asked = next(place for place, line in enumerate(lines) if '"354 ' in line)
    told = next(place for place, line in enumerate(lines) if '"250 2.0.0 Kept as' in line)
    between = lines[asked:told]
    assert [line for line in between if re.search(r"f(data)?sync(\(\d+\)| resumed>\)) += 0", line)], between
