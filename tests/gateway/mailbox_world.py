"""What the tests of the mailbox reader start from: sample mails, a spool in memory, a mailbox on a real Dovecot."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from gateway.envelope import Envelope
from gateway.mailbox import MailboxConfig, MailboxPoller
from gateway.stopping import Stop
from tests.servers import Dovecot


def mail(number: int, text: str = "Hello\r\n", head: str = "") -> bytes:
    """A sample mail that can be told from the others."""
    return f"{head}From: ann@example.com\r\nSubject: sample {number}\r\n\r\n{text}".encode()


class Spool:
    """A spool that keeps in memory, and fails for mails that hold a word."""

    def __init__(self) -> None:
        self.got: list[tuple[Envelope, bytes]] = []
        self.faults: dict[bytes, Exception] = {}

    def submit(self, envelope: Envelope, raw: bytes) -> Future[int]:
        """Keep a mail, or answer with the fault laid out for it."""
        future = Future[int]()
        for word, fault in self.faults.items():
            if word in raw:
                future.set_exception(fault)
                return future
        self.got.append((envelope, raw))
        future.set_result(len(self.got))
        return future

    @property
    def mails(self) -> list[bytes]:
        """The mails without their envelopes."""
        return [raw for _, raw in self.got]


class Desk:
    """A mailbox of its own on the shared server."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self.server, self.user, self.spool = server, user, Spool()

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Lay mails into the mailbox."""
        self.server.put(*mails, folder=folder, user=self.user)

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """What is in a folder."""
        return self.server.mails(folder, self.user)

    def config(self, **changes: Any) -> MailboxConfig:
        """Settings for this mailbox."""
        values: dict[str, Any] = {"tls": "none", "timeout": 10.0} | changes
        return MailboxConfig("sample", "127.0.0.1", self.server.port, self.user, "pw", **values)

    def poller(self, **changes: Any) -> MailboxPoller:
        """A poller that hands over to `spool`."""
        return MailboxPoller(self.config(**changes), self.spool.submit)


@contextlib.contextmanager
def running(poller: MailboxPoller) -> Iterator[Stop]:
    """The poller in a thread of its own, which has ended when the block has."""
    with Stop() as stop:
        thread = threading.Thread(target=poller.run, args=(stop,))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
