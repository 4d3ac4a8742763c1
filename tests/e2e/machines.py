"""Several machines of one desk, each with a host name, ports and processes of its own; and where their letters go."""

import contextlib
import re
import smtplib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.peers.common import free_port, require, wait_for
from tests.peers.desk import Desk, to_relay


class Patient(Desk):
    """A desk that may take its time to start, with others beside it on the same real machine."""

    def start(self, *roles_now: str) -> None:
        """Start, and wait for as long as it takes."""
        try:
            super().start(*roles_now)
        except TimeoutError:
            ports = {"smtp": self.smtp, "lmtp": self.lmtp, "portal": self.page}
            waited = [port for role, port in ports.items() if role in self._roles]
            wait_for(lambda: all(map(self._answers, waited)) and self._is_whole(), f"Postdesk\n{self.log()}", 90)


class Machine(Patient):
    """A desk in a UTS namespace of its own, which is what gives a machine its name; needs root.

    The first one makes settings, key and database; the others are handed them, as an operator copies them.
    """

    def __init__(self, name: str, *, url: str, settings: dict[str, str], first: "Machine | None" = None) -> None:
        super().__init__(url=url, settings=settings)
        self.name, self._first = name, first
        self._unshare = require("unshare")

    def command(self, *words: str) -> list[str]:
        """The `postdesk` command on this machine. Each program takes the place of the one before: the pid stays."""
        return [
            self._unshare, "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name, *super().command(*words),
        ]  # fmt: skip

    def __enter__(self) -> Self:
        if self._first is None:
            return super().__enter__()
        self.folder, self.database = self._first.folder, self._first.database
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self


class Sink:
    """A relay that takes every letter and counts: how often it came, by recipient and Message-ID."""

    def __init__(self) -> None:
        self.port = free_port()
        self.got: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once it has the whole mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        found = re.search(rb"^Message-ID:\s*(<\S+>)", content, re.M | re.I)
        assert found
        self.got.update((recipient.lower(), found[1].decode()) for recipient in envelope.rcpt_tos)
        return "250 2.0.0 Taken"

    @property
    def settings(self) -> dict[str, str]:
        """What a desk is told of it."""
        return to_relay(self.port)


@contextlib.contextmanager
def sink() -> Iterator[Sink]:
    """Listening until the end of the block."""
    found = Sink()
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


class Senders(threading.Thread):
    """A mail server that hands over one mail after the other to one machine, each until it has seen a 250."""

    def __init__(self, port: int, mails: Sequence[EmailMessage]) -> None:
        super().__init__(daemon=True)
        self._port, self._mails = port, mails
        self.kept = 0
        self.refused: Counter[int] = Counter()  # replies that were not 250
        self.stop = threading.Event()

    @property
    def done(self) -> bool:
        """All were taken."""
        return self.kept == len(self._mails)

    def run(self) -> None:
        """Hand over all, with a new connection whenever the old one broke or a mail was refused for now."""
        while not self.done and not self.stop.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as client:
                    while not self.done and not self.stop.is_set():
                        client.send_message(self._mails[self.kept])
                        self.kept += 1
            except smtplib.SMTPResponseException as error:
                self.refused[error.smtp_code] += 1
                self.stop.wait(0.1)
            except (OSError, smtplib.SMTPException):
                self.stop.wait(0.1)


@contextlib.contextmanager
def sending(jobs: dict[int, Sequence[EmailMessage]]) -> Iterator[list[Senders]]:
    """Mails by port, at work until the end of the block."""
    senders = [Senders(port, mails) for port, mails in jobs.items()]
    for sender in senders:
        sender.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(90)
