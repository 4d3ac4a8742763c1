"""One SMTP or LMTP connection: aiosmtpd's protocol with every step bounded; the verbs are in smtp_session.

aiosmtpd 1.4.6 is pinned, because this class replaces its command loop, its timers and its
reading of DATA, each of which one client can make arbitrarily expensive. Kept are its
protocol set-up, Session, Envelope and the shape of the smtp_* methods.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, cast

import structlog
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from gateway.errors import ShuttingDown, TooLarge
from gateway.handover import Submit
from gateway.listener_config import ListenerConfig, Verdict
from gateway.smtp_syntax import client_address, network
from gateway.wire import ConnectionGone, Flood, LineTooLong, Wire
from store.blobs import BlobStore

log = structlog.get_logger(__name__)

_HTTP = frozenset({"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"})
_LAST_WORDS = 5.0  # seconds a client has to read the last reply before the connection is cut
_NEVER = float("inf")


@dataclass(slots=True)
class Service:
    """What all sessions of a listener share."""

    config: ListenerConfig
    submit: Submit
    blobs: BlobStore
    knows: Callable[[str], Verdict]
    loop: asyncio.AbstractEventLoop
    draining: bool = False
    sessions: "set[Connection]" = field(default_factory=set)
    per_network: Counter[str] = field(default_factory=Counter)

    def enter(self, session: "Connection") -> str:
        """Count a connection in; otherwise the reply that turns it away."""
        limits = self.config.limits
        if self.draining:
            return ShuttingDown.reply
        if len(self.sessions) >= limits.connections or self.per_network[session.network] >= limits.per_address:
            return "421 4.7.0 Too many connections, try again later"
        self.sessions.add(session)
        self.per_network[session.network] += 1
        return ""

    def leave(self, session: "Connection") -> None:
        """Count a connection out; harmless when it was never in."""
        if session in self.sessions:
            self.sessions.discard(session)
            self.per_network[session.network] -= 1
            if not self.per_network[session.network]:
                del self.per_network[session.network]


class Connection(SMTP):
    """The connection under a session: counted, timed, read command by command."""

    verbs: ClassVar[frozenset[str]] = frozenset()  # each has its method smtp_<VERB>
    protocol: ClassVar[str] = ""
    session: Session  # never None here, unlike in aiosmtpd: nothing looks before connection_made
    envelope: SmtpEnvelope

    def __init__(self, service: Service) -> None:
        # SMTP.__init__ walks over all members of the class, a fifth of the time of a short session.
        asyncio.StreamReaderProtocol.__init__(self, None, loop=service.loop)  # type: ignore[arg-type]
        limits = service.config.limits
        self.loop = service.loop
        self.transport = None
        self._original_transport = self._tls_protocol = None
        self._handler_coroutine = None
        self._service = service
        self._wire = Wire(service.loop, limits.command_length, limits.flood * service.config.max_size)
        self._peer = self.network = ""
        self._commands = self._mistakes = 0
        self._accepted = 0  # RCPT commands answered by 250, doubles included
        self._admitted = self._secure = False
        self._started = self._input_at = service.loop.time()
        self._deadline = _NEVER  # of the command being waited for; of the last words when closing
        self._data_since: float | None = None
        self._data_from = 0
        self._storing = self._handshaking = False

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the session, or turn the client away."""
        stream = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._peer = client_address(transport.get_extra_info("peername"))
        self.network = network(self._peer)
        refusal = self._service.enter(self)
        if refusal:
            stream.write(refusal.encode() + b"\r\n")
            stream.close()
            return
        self._admitted = True
        self._wire.attach(stream)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the wire; a client that was turned away is not listened to."""
        if self._admitted:
            self._input_at = self.loop.time()
            self._wire.feed(data)

    def eof_received(self) -> bool:
        """Let the session answer what is buffered: aiosmtpd cancels it, even in the middle of storing."""
        self._wire.feed_eof()
        return self._admitted and not self._secure

    def connection_lost(self, error: Exception | None) -> None:
        """End the session at its next read; a mail that is being stored is stored."""
        self._wire.feed_eof()
        self._service.leave(self)
        asyncio.StreamReaderProtocol.connection_lost(self, error)

    def pause_writing(self) -> None:
        """The client does not read its replies."""
        super().pause_writing()
        self._wire.pause_writing()

    def resume_writing(self) -> None:
        """The client reads its replies again."""
        super().resume_writing()
        self._wire.resume_writing()

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The running session."""
        return self._handler_coroutine

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Keep no timer: the listener calls `check` on all sessions from one of its own."""

    def check(self, now: float) -> None:
        """Cut the session off when one of its time limits has passed."""
        limits = self._service.config.limits
        if self._storing:
            return  # the reply is ours to give now, however long it takes
        if self._wire.closing:
            if now > self._deadline:
                self._wire.abort()
        elif now - self._started > limits.session:
            self._hang_up("421 4.7.0 The session took too long")
        elif self._data_since is None:
            if now > self._deadline:
                self._hang_up("421 4.4.2 Waited too long for a command")
        elif now - self._input_at > limits.idle:
            self._hang_up("421 4.4.2 Waited too long for data")
        elif now - self._data_since > max(limits.grace, (self._wire.received - self._data_from) / limits.min_rate):
            self._hang_up("421 4.4.2 Data comes too slowly")

    def drain(self) -> None:
        """Say good-bye if nothing is going on; else the session ends itself after its transaction."""
        if not self._busy:
            self._hang_up(ShuttingDown.reply)

    def abandon(self) -> None:
        """Break the transaction off; what the client has not been answered for, it sends again."""
        if self._storing:
            self._wire.abort()  # whether the mail is kept is not known yet: no answer is the honest one
        elif not self._wire.closing:
            self._hang_up(ShuttingDown.reply)

    def abort(self) -> None:
        """Close without a word."""
        self._wire.abort()

    @property
    def _busy(self) -> bool:
        return self._storing or self.envelope.mail_from is not None

    def _hang_up(self, status: str) -> None:
        if not status.startswith("2"):
            log.info("a session was ended", peer=self._peer, reply=status)
        if self._handshaking:
            self._wire.abort()  # nothing in clear text into a TLS handshake
            return
        self._say(status)
        self._deadline = self.loop.time() + min(_LAST_WORDS, self._service.config.limits.idle)
        self._wire.close()

    # Commands

    def _say(self, status: str) -> None:
        self._wire.reply(status.encode())

    async def _handle_client(self) -> None:
        self._say(f"220 {self._service.config.hostname} {self.protocol} Postdesk")
        try:
            while not self._wire.closing:
                await self._command()
        except ConnectionGone:
            log.debug("a client closed its connection", peer=self._peer)
        except Flood:
            self._hang_up(TooLarge.reply)
        except Exception:
            # Where the client stands is unknown: to read on might take content for commands.
            log.exception("a session failed", peer=self._peer)
            self._hang_up("421 4.3.0 Temporary failure, try again later")
        finally:
            self._wire.close()
            if self._handshaking:
                self._service.leave(self)  # connection_lost is not called when the handshake fails

    async def _command(self) -> None:
        limits = self._service.config.limits
        self._deadline = self.loop.time() + limits.idle
        try:
            line = await self._wire.line()
        except LineTooLong:
            self._mistake("500 5.5.2 Command line too long")
            return
        self._deadline = _NEVER
        self._commands += 1
        if self._commands > limits.commands:
            self._hang_up("421 4.7.0 Too many commands without a mail")
            return
        if line[-2:] != b"\r\n" or b"\r" in line[:-2] or b"\0" in line:
            self._mistake("500 5.5.2 A command ends in CRLF and holds no NUL, CR or LF")
            return
        verb, _, argument = line[:-2].partition(b" ")
        name = verb.decode("ascii", "replace").upper()
        if name in _HTTP:
            self._hang_up("421 4.7.0 This is not a web server")
        elif name not in self.verbs:
            self._mistake("500 5.5.1 No such command")
        else:
            await self._run(name, argument.strip())
            if self._service.draining and not self._busy and not self._wire.closing:
                self._hang_up(ShuttingDown.reply)

    async def _run(self, name: str, argument: bytes) -> None:
        try:
            text = argument.decode()
        except UnicodeDecodeError:
            self._mistake("501 5.5.2 The argument is not UTF-8")
            return
        await getattr(self, f"smtp_{name}")(text)

    def _mistake(self, status: str) -> None:
        self._mistakes += 1
        if self._mistakes > self._service.config.limits.mistakes:
            self._hang_up("421 4.7.0 Too many mistakes")
        else:
            self._say(status)
