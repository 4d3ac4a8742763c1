"""Handing letters to a mail relay by SMTP, over one kept connection."""

import ipaddress
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.header_policy import wire_address
from gateway.headers import clean
from gateway.letter import Letter
from gateway.relay import Deferred, Refused, Result, Sent, Uncertain, address_fault
from gateway.smtp_client import DotUnanswered, SmtpConnection, Tls

# Replies that speak of us and our settings, not of the letter: sign-in is wanted, too weak, or failed (RFC 4954).
_OUR_FAULT = frozenset({530, 534, 535, 538})
_MAX_LOST = 2  # connections lost in a row before the rest of a batch waits for the next try
_TROUBLE = (smtplib.SMTPException, OSError)


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """Where the relay is, and how to sign in there."""

    host: str
    port: int = 587
    tls: Tls = "starttls"
    tls_ca: str = ""  # PEM file; "" means the authorities of the system
    user: str = ""
    password: str = field(default="", repr=False)
    hostname: str = ""  # for EHLO
    timeout: float = 60.0  # seconds for each step
    total: float = 300.0  # seconds for one call of send, so that it ends before the lease on its letters


class _Unusable(Exception):
    """The relay cannot be used as it is set up; the text says why."""


class SmtpRelay:
    """One connection to the relay, kept between letters. For one thread at a time."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._context = ssl.create_default_context(cafile=config.tls_ca or None)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._connection: SmtpConnection | None = None

    def send(self, letters: Sequence[Letter]) -> list[Result]:
        """Hand letters over, one result for each."""
        end = time.monotonic() + self._config.total
        results: list[Result] = []
        lost, trouble = 0, ""
        for letter in letters:
            if fault := address_fault(letter):
                results.append(Refused(fault))
            elif trouble or time.monotonic() > end:
                results.append(Deferred(trouble or "the time for this batch was over before its turn came"))
            else:
                result, losses = self._send_one(letter, end)
                results.append(result)
                # One letter may be what the server stumbles over; the others then still go.
                lost = lost + losses if losses else 0
                trouble = result.reply if lost >= _MAX_LOST else ""
        return results

    def close(self) -> None:
        """Say QUIT if that is possible, and forget the connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except _TROUBLE:
            connection.close()  # the letters had their replies: nothing hangs on this one

    def _send_one(self, letter: Letter, end: float) -> tuple[Result, int]:
        """The result, and how much it says against the relay as a whole: 0 when the connection goes on."""
        reused = self._connection is not None
        try:
            return self._transact(self._connected(end), letter), 0
        except DotUnanswered as error:
            self._drop()
            return Uncertain(f"the connection was lost before the reply: {error}"), 1
        except _Unusable as error:
            self._drop()
            return Deferred(str(error)), _MAX_LOST
        except _TROUBLE as error:
            self._drop()
            # An idle connection is closed by the server some day; nothing of this letter was taken over yet.
            if reused and time.monotonic() < end:
                return self._send_one(letter, end)
            return Deferred(f"the relay did not take it: {_words(error)}"), 1

    def _connected(self, end: float) -> SmtpConnection:
        if self._connection is None:
            self._connection = self._connect(end)
        self._connection.end_by(end)
        return self._connection

    def _connect(self, end: float) -> SmtpConnection:
        config = self._config
        seconds = max(0.1, min(config.timeout, end - time.monotonic()))
        connection = SmtpConnection(
            config.host,
            config.port,
            tls=config.tls,
            context=self._context,
            hostname=config.hostname,
            timeout=seconds,
        )
        try:
            try:
                connection.secure()
            except smtplib.SMTPNotSupportedError as error:
                raise _Unusable("the relay does not offer STARTTLS; nothing is sent in clear text instead") from error
            if config.user:
                self._sign_in(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _sign_in(self, connection: SmtpConnection) -> None:
        if not _private(connection):
            raise _Unusable("signing in to the relay needs TLS: the password would go over in clear text")
        try:
            connection.login(self._config.user, self._config.password)
        except smtplib.SMTPAuthenticationError as error:
            raise _Unusable(f"the relay did not let us sign in: {_words(error)}") from error
        except smtplib.SMTPNotSupportedError as error:
            raise _Unusable("the relay offers no way to sign in, but a user name is set") from error

    def _transact(self, connection: SmtpConnection, letter: Letter) -> Result:
        """MAIL, RCPT, DATA for one letter. After anything but success the transaction is reset."""
        if letter.sensitive and not _private(connection):
            return Deferred("credentials do not go over clear text: the relay connection has no TLS")
        sender, recipient = wire_address(letter.return_path), wire_address(letter.recipient)
        unicode = not (sender + recipient).isascii()
        if unicode and not connection.has_extn("smtputf8"):
            return Refused("553 5.6.7 the relay cannot carry addresses with letters outside ASCII (no SMTPUTF8)")
        connection.command_encoding = "utf-8" if unicode else "ascii"
        options = f" SIZE={len(letter.bytes)}" if connection.has_extn("size") else ""
        options += " BODY=8BITMIME" if not letter.bytes.isascii() and connection.has_extn("8bitmime") else ""
        options += " SMTPUTF8" if unicode else ""
        code, words = connection.hand_over(f"<{sender}>{options}", f"<{recipient}>", letter.bytes)
        return Sent(_reply(code, words)) if code == 250 else self._failed(connection, code, words)

    def _failed(self, connection: SmtpConnection, code: int, words: bytes) -> Result:
        reply = _reply(code, words)
        if code == 421:  # the server closes, whatever it thinks of the letter (RFC 5321 section 3.8)
            raise smtplib.SMTPServerDisconnected(reply)
        result: Result = Refused(reply) if 500 <= code <= 599 and code not in _OUR_FAULT else Deferred(reply)
        try:
            connection.rset()
        except _TROUBLE:
            self._drop()  # the letter has its reply; the next one gets a new connection
        return result

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _private(connection: SmtpConnection) -> bool:
    """True when nobody between can read: TLS, or a server on this machine."""
    return connection.encrypted or ipaddress.ip_address(connection.peer.partition("%")[0]).is_loopback


def _reply(code: int, words: bytes) -> str:
    return clean(f"{code} {words.decode('utf-8', 'replace')}".replace("\n", " "), 500)


def _words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return _reply(error.smtp_code, words if isinstance(words, bytes) else str(words).encode())
    return clean(str(error) or type(error).__name__, 500)
