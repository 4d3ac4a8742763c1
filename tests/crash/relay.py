"""A relay that keeps all it is given, and says how many copies of each letter it has."""

import asyncio
from collections import Counter
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.peers.desk import to_relay
from tests.servers import free_port, wait_for


class _Counted(SMTP):
    """A session that is counted while it lasts."""

    relay: "Relay"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more."""
        self.relay.sessions += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """One less: what its client had sent is taken."""
        super().connection_lost(error)
        self.relay.sessions -= 1


class _Controller(Controller):
    """Makes counted sessions."""

    relay: "Relay"

    def factory(self) -> SMTP:
        """One session."""
        session = _Counted(self.handler, **self.SMTP_kwargs)
        session.relay = self.relay
        return session


class Relay:
    """`with Relay() as relay: relay.letters` are those it took, in their order."""

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[bytes] = []
        self.sessions = 0
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.relay = self

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once it has a whole letter."""
        assert isinstance(envelope.content, bytes)
        self.letters.append(envelope.content)
        return "250 2.0.0 Taken"

    def settle(self) -> None:
        """Until the connections of a client that died are read to their end."""
        wait_for(lambda: self.sessions == 0, "the end of the sessions of a dead client", 30)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a desk that sends by it."""
        return to_relay(self.port)


def message_id(letter: bytes) -> str:
    """The Message-ID of a letter of ours, which is never folded."""
    head = letter[: letter.index(b"\r\n\r\n")].split(b"\r\n")
    return next(line for line in head if line.lower().startswith(b"message-id:")).partition(b":")[2].strip().decode()


def copies(letters: list[bytes]) -> Counter[str]:
    """How many there are of each Message-ID."""
    return Counter(message_id(letter) for letter in letters)
