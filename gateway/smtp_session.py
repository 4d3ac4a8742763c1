"""The verbs of SMTP (RFC 5321) and LMTP (RFC 2033), and the hand-over of a mail to the spool."""

import asyncio
import secrets
import ssl
from datetime import UTC, datetime
from typing import ClassVar, cast

import structlog

from gateway.data_reader import read_data
from gateway.envelope import Envelope
from gateway.errors import Error, TooLarge
from gateway.handover import hand_over
from gateway.listener_config import Verdict
from gateway.outage import one_line
from gateway.smtp_connection import Connection
from gateway.smtp_syntax import Parameters, parameters, recipient, reverse_path, trace
from store.points import reached

log = structlog.get_logger(__name__)

_HANDSHAKE = 60.0  # seconds, or the idle limit if that is shorter
_TLS_FAREWELL = 5.0


class SmtpSession(Connection):
    """A session with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES and STARTTLS.

    Replies are fixed texts: nothing a client or an exception says is repeated.
    """

    protocol: ClassVar[str] = "ESMTP"
    verbs: ClassVar[frozenset[str]] = frozenset(
        {"HELO", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP", "STARTTLS", "BDAT"}
    )

    # Greetings

    async def smtp_HELO(self, hostname: str) -> None:
        """HELO: the greeting without extensions."""
        if self._greet(hostname, extended=False):
            self._say(f"250 {self._service.config.hostname}")

    async def smtp_EHLO(self, hostname: str) -> None:
        """EHLO: the greeting answered by the extensions."""
        if not self._greet(hostname, extended=True):
            return
        config = self._service.config
        extensions = [f"SIZE {config.max_size}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if config.tls is not None and not self._secure:
            extensions.append("STARTTLS")
        for line in (config.hostname, *extensions):
            self._say(f"250-{line}")
        self._say("250 ENHANCEDSTATUSCODES")

    def _greet(self, hostname: str, extended: bool) -> bool:
        if not hostname:
            self._say("501 5.5.4 A host name is needed")
            return False
        self._set_rset_state()
        self.session.host_name = hostname[:255]
        self.session.extended_smtp = extended
        return True

    def _set_rset_state(self) -> None:
        self.envelope = self._create_envelope()
        self._accepted = 0

    # Small verbs

    async def smtp_NOOP(self, _arg: str) -> None:
        """NOOP."""
        self._say("250 2.0.0 Still here")

    async def smtp_RSET(self, _arg: str) -> None:
        """RSET: forget the transaction."""
        self._set_rset_state()
        self._say("250 2.0.0 Forgotten")

    async def smtp_VRFY(self, _arg: str) -> None:
        """VRFY: never tells who exists (RFC 5321 section 7.3)."""
        self._say("252 2.5.0 Send the mail and see")

    async def smtp_EXPN(self, _arg: str) -> None:
        """EXPN: not offered."""
        self._say("502 5.5.1 Not offered")

    async def smtp_HELP(self, _arg: str) -> None:
        """HELP."""
        self._say("214 2.0.0 See RFC 5321")

    async def smtp_BDAT(self, _arg: str) -> None:
        """BDAT was not announced; whoever sends it sends content next, which must not be read as commands."""
        self._hang_up("502 5.5.1 CHUNKING is not offered")

    async def smtp_QUIT(self, _arg: str) -> None:
        """QUIT."""
        self._hang_up("221 2.0.0 Good-bye")

    # STARTTLS

    async def smtp_STARTTLS(self, arg: str) -> None:
        """STARTTLS (RFC 3207): everything said before is forgotten, and what was sent ahead is thrown away."""
        config = self._service.config
        if arg:
            self._say("501 5.5.4 STARTTLS takes no argument")
        elif config.tls is None or self._secure:
            self._say("503 5.5.1 STARTTLS is not offered")
        else:
            self._say("220 2.0.0 Ready")
            self._wire.flush()
            self._wire.forget_input()
            await self._handshake(config.tls)

    async def _handshake(self, context: ssl.SSLContext) -> None:
        idle = self._service.config.limits.idle
        self._deadline = self.loop.time() + idle
        self._handshaking = True
        try:
            transport = await self.loop.start_tls(
                cast("asyncio.Transport", self.transport),
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=min(_HANDSHAKE, idle),
                ssl_shutdown_timeout=_TLS_FAREWELL,
            )
        except OSError as error:  # ssl.SSLError, a reset or the time-out; `finally` of the session cleans up
            log.info("a TLS handshake failed", peer=self._peer, error=one_line(error))
            self._wire.abort()
            return
        if transport is None:  # the connection was cut while the handshake went on
            return
        self._handshaking = False
        self._secure = True
        self.transport = transport
        self._wire.attach(transport)
        self.session = self._create_session()
        self._set_rset_state()

    # The transaction

    async def smtp_MAIL(self, arg: str | None) -> None:
        """MAIL: the reverse path; "<>" is kept as ""."""
        if not self.session.host_name:
            self._say("503 5.5.1 Greet first")
            return
        if self.envelope.mail_from is not None:
            self._say("503 5.5.1 A transaction is under way")
            return
        path = reverse_path(arg or "")
        if path is None:
            self._say("501 5.1.7 The reverse path must be <local@domain> or <>")
            return
        address, rest = path
        options = parameters(rest)
        fault = self._unfit(address, options)
        if fault:
            self._say(fault)
            return
        self.envelope.mail_from = address
        self.envelope.smtp_utf8 = "SMTPUTF8" in (options or {})
        self._say("250 2.1.0 Reverse path taken")

    def _unfit(self, address: str, options: Parameters | None) -> str:
        """Reply that refuses MAIL, or ""."""
        if options is None:
            return "501 5.5.4 The parameters are not well formed"
        if not address.isascii() and "SMTPUTF8" not in options:
            return "553 5.6.7 A non-ASCII address needs SMTPUTF8"  # RFC 6531 section 3.5
        size = options.get("SIZE", "0") or ""
        if not (size.isascii() and size.isdigit() and len(size) <= 20):  # RFC 1870 section 4
            return "501 5.5.4 SIZE is a number"
        if int(size) > self._service.config.max_size:
            return TooLarge.reply
        if (options.get("BODY", "7BIT") or "").upper() not in ("7BIT", "8BITMIME"):
            return "501 5.5.4 BODY is 7BIT or 8BITMIME"
        if options.get("SMTPUTF8") is not None:
            return "501 5.5.4 SMTPUTF8 takes no value"
        if options.keys() - {"SIZE", "BODY", "SMTPUTF8"}:
            return "555 5.5.4 A parameter is not known here"
        return ""

    async def smtp_RCPT(self, arg: str | None) -> None:
        """RCPT: a recipient that is ours, once."""
        envelope = self.envelope
        path = recipient(arg or "")
        if envelope.mail_from is None:
            self._say("503 5.5.1 MAIL comes first")
        elif path is None:
            self._say("501 5.1.3 The recipient must be <local@domain>")
        elif path[1]:
            self._say("555 5.5.4 RCPT takes no parameter here")
        elif not path[0].isascii() and not envelope.smtp_utf8:
            self._say("553 5.6.7 A non-ASCII address needs SMTPUTF8")
        else:
            self._say(self._take_recipient(path[0], envelope.rcpt_tos))

    def _take_recipient(self, address: str, taken: list[str]) -> str:
        key = address.lower()
        fresh = all(key != other.lower() for other in taken)
        if fresh and len(taken) >= self._service.config.limits.recipients:
            return "452 4.5.3 Too many recipients, send the rest in another mail"
        try:
            verdict = self._service.knows(address)
        except Exception:
            log.exception("a recipient could not be looked up")
            return Error.reply
        if verdict is Verdict.ACCEPT:
            self._accepted += 1
            if fresh:
                taken.append(address)
        return verdict.value

    async def smtp_DATA(self, arg: str | None) -> None:
        """DATA: read the mail and answer once it is kept, or is not."""
        if not self.envelope.rcpt_tos:
            self._say("503 5.5.1 No recipient was taken")
            return
        if arg:
            self._say("501 5.5.4 DATA takes no argument")
            return
        envelope, head = self._envelope()
        self._say("354 End with <CRLF>.<CRLF>")
        self._data_since, self._data_from = self.loop.time(), self._wire.received
        self._input_at = self._data_since
        try:
            data = await read_data(self._wire, head, self._service.blobs, self._service.config)
        except Error as error:
            status = error.reply
        else:
            reached("listener.read")
            self._storing = True
            status = await hand_over(self._service.submit, envelope, data)
            reached("listener.kept")
        finally:
            self._storing = False
            self._data_since = None
        self._answer(status)

    def _answer(self, status: str) -> None:
        """One reply; for LMTP one for each RCPT that was taken (RFC 2033 section 4.2)."""
        for _ in range(self._accepted if self.protocol == "LMTP" else 1):
            self._say(status)
        self._set_rset_state()
        if status.startswith("2"):
            self._commands = 0
        elif status.startswith("421"):
            self._wire.close()

    def _envelope(self) -> tuple[Envelope, bytes]:
        """The envelope of this transaction, and the Received line for the mail."""
        config, now = self._service.config, datetime.now(UTC)
        helo = self.session.host_name or ""
        # The mail has come when all of it is here: of two clients the slower one is the later.
        reverse_path, recipients = self.envelope.mail_from or "", tuple(self.envelope.rcpt_tos)
        envelope = Envelope(reverse_path, recipients, config.protocol, self._peer, helo)
        how = self._transmission_type()
        return envelope, trace(self._peer, helo, config.hostname, how, secrets.token_hex(6), now)

    def _transmission_type(self) -> str:
        """The word after "with": RFC 3848, and RFC 6531 section 4.3."""
        if self.envelope.smtp_utf8:
            name = "UTF8LMTP" if self.protocol == "LMTP" else "UTF8SMTP"
        else:
            name = self.protocol if self.session.extended_smtp else "SMTP"
        return name + "S" if self._secure else name


class LmtpSession(SmtpSession):
    """The same with LHLO for a greeting and a reply for each recipient."""

    protocol: ClassVar[str] = "LMTP"
    verbs: ClassVar[frozenset[str]] = SmtpSession.verbs - {"HELO", "EHLO"} | {"LHLO"}

    async def smtp_LHLO(self, hostname: str) -> None:
        """LHLO: EHLO under another name (RFC 2033 section 4.1)."""
        await self.smtp_EHLO(hostname)
