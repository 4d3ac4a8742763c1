"""The relay of a soak run: takes every letter, keeps its header, and forgets the rest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesHeaderParser

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.soak.book import Book, Letter
from tests.peers.common import free_port

_LARGEST = 64 * 1024 * 1024


class _Taking:
    """Called by aiosmtpd once it has a whole letter."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._parser = BytesHeaderParser()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Note it for each recipient."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        head = self._parser.parsebytes(content[: content.find(b"\r\n\r\n") + 4])
        for recipient in envelope.rcpt_tos:
            self._book.arrived(_letter(head, recipient, envelope.mail_from or ""), time.time())
        return "250 taken"


def _letter(head: Message, recipient: str, return_path: str) -> Letter:
    def value(name: str) -> str:
        return " ".join(str(head[name] or "").split())

    return Letter(
        value("Message-ID"), recipient.lower(), return_path, value("Reply-To"), value("In-Reply-To"),
        value("References"), value("X-Ticket"), value("Subject"),
    )  # fmt: skip


@contextmanager
def opened(book: Book) -> Iterator[int]:
    """Listen on a free port until the end of the block."""
    port = free_port()
    controller = Controller(_Taking(book), hostname="127.0.0.1", port=port, data_size_limit=_LARGEST)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
