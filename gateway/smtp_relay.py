"""Handing letters to a mail relay by SMTP, over one kept connection."""

import ipaddress
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway import smtp_sign_in
from gateway.header_policy import wire_address
from gateway.headers import clean
from gateway.letter import Letter
from gateway.oauth import OAuthFailed, TokenSource
from gateway.relay import Deferred, NotTried, Refused, Result, Sent, Uncertain, address_fault
from gateway.smtp_client import DotUnanswered, SmtpConnection, Tls
from gateway.smtp_sign_in import NotSignedIn

# Replies that speak of us and our settings, not of the letter: sign-in is wanted, too weak, or failed (RFC 4954).
_OUR_FAULT = frozenset({530, 534, 535, 538})
_MAX_LOST = 2  # connections lost in a row before the rest of a batch waits for the next try
_GOODBYE = 2.0  # seconds that a relay may take for its answer to QUIT
_LEAST_SIZE = 65_536  # every server takes mails of this size (RFC 5321 section 4.5.3.1.7): less than that is a mistake
_TROUBLE = (smtplib.SMTPException, OSError)


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """Where the relay is, and how to sign in there."""

    host: str
    port: int = 587
    tls: Tls = "starttls"
    tls_ca: str = ""  # PEM file; "" means the authorities of the system
    tls_fingerprint: str = ""  # SHA-256 of the certificate in lower-case hex: this one, whoever vouches for it
    user: str = ""
    password: str = field(default="", repr=False)
    tokens: TokenSource | None = None  # OAuth2 instead of the password
    hostname: str = ""  # for EHLO
    timeout: float = 60.0  # seconds for each step
    # Seconds in which one call of send begins letters; the last one has as long again, so that none is cut in the
    # middle of its transaction. Twice this is less than the lease on the letters.
    total: float = 300.0
    letters_per_connection: int = 0  # 0 means any number
    plain_return_path: bool = False  # the envelope sender is the desk address itself: some relays take no other


class _Closing(smtplib.SMTPServerDisconnected):
    """The server ends the connection with a 421 instead of an answer to a letter."""


class _Unusable(Exception):
    """The relay cannot be used as it is set up; the text says why."""


class SmtpRelay:
    """One connection to the relay, kept between letters. For one thread at a time."""

    def __init__(self, config: SmtpConfig, stopping: Callable[[], bool] = lambda: False) -> None:
        self._config, self._stopping = config, stopping
        self._context = _context(config)
        self._connection: SmtpConnection | None = None
        self._carried = 0  # letters that this connection has seen

    def send(self, letters: Sequence[Letter]) -> Iterator[Result]:
        """Hand letters over, one result for each as soon as it is known; none is begun once the program ends."""
        last = time.monotonic() + self._config.total
        lost, trouble = 0, ""
        for letter in letters:
            if fault := address_fault(letter):
                yield Refused(fault)
            elif trouble:
                yield Deferred(trouble, of_relay=True)
            elif self._stopping() or (begins := time.monotonic()) > last:
                yield NotTried()
            else:
                result, losses = self._send_one(letter, begins + self._config.total)
                # One letter may be what the server stumbles over; the others then still go.
                lost = lost + losses if losses else 0
                trouble = result.reply if lost >= _MAX_LOST else ""
                yield result

    def try_out(self) -> str:
        """Connect and sign in, without a letter; "" when that works, else why not."""
        try:
            self._connected(time.monotonic() + self._config.timeout)
        except (_Unusable, *_TROUBLE) as error:
            return _words(error)
        finally:
            self.close()
        return ""

    def close(self) -> None:
        """Say QUIT if that is possible, and forget the connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.end_by(time.monotonic() + _GOODBYE)
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
            return Uncertain(f"the connection was lost before the reply: {clean(str(error), 400)}"), 1
        except _Unusable as error:
            self._drop()
            return Deferred(str(error), of_relay=True), _MAX_LOST
        except _TROUBLE as error:
            self._drop()
            # An idle connection is closed by the server some day; nothing of this letter was taken over yet.
            if reused and time.monotonic() < end:
                return self._send_one(letter, end)
            return Deferred(f"the relay did not take it: {_words(error)}", of_relay=True), 1

    def _connected(self, end: float) -> SmtpConnection:
        most = self._config.letters_per_connection
        if most and self._carried >= most:
            self.close()
        if self._connection is None:
            self._connection = self._connect(end)
            self._carried = 0
        self._carried += 1
        self._connection.end_by(end)
        return self._connection

    def _connect(self, end: float) -> SmtpConnection:
        """A connection that is secure as wished, and signed in. A token that is refused is replaced, once."""
        tokens = self._config.tokens
        try:
            return self._signed_in(self._open(end))
        except NotSignedIn as error:
            if tokens is None or not error.refused:
                raise _Unusable(str(error)) from None
        tokens.forget()
        try:
            return self._signed_in(self._open(end))
        except NotSignedIn as error:
            raise _Unusable(str(error)) from None

    def _open(self, end: float) -> SmtpConnection:
        config = self._config
        seconds = max(0.1, min(config.timeout, end - time.monotonic()))
        try:
            connection = SmtpConnection(
                config.host,
                config.port,
                tls=config.tls,
                context=self._context,
                hostname=config.hostname,
                timeout=seconds,
                fingerprint=config.tls_fingerprint,
            )
        except UnicodeError as error:  # no label of a host name is empty, or longer than 63 characters (RFC 1035)
            raise _Unusable(f"the relay’s host {clean(config.host, 100)!r} is not a host name") from error
        try:
            connection.end_by(end)
            connection.secure()
        except smtplib.SMTPNotSupportedError as error:
            connection.close()
            raise _Unusable("the relay does not offer STARTTLS; nothing is sent in clear text instead") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _signed_in(self, connection: SmtpConnection) -> SmtpConnection:
        try:
            self._sign_in(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _sign_in(self, connection: SmtpConnection) -> None:
        config = self._config
        if not config.user:
            return
        if not _private(connection):
            raise NotSignedIn("signing in to the relay needs TLS: the password would go over in clear text")
        if config.tokens is None:
            smtp_sign_in.with_password(connection, config.user, config.password)
            return
        try:
            token = config.tokens.token()
        except OAuthFailed as error:
            raise NotSignedIn(f"there is no token to sign in with. {error}") from None
        smtp_sign_in.with_token(connection, config.user, token)

    def _transact(self, connection: SmtpConnection, letter: Letter) -> Result:
        """MAIL, RCPT, DATA for one letter. After anything but success the transaction is reset."""
        if letter.sensitive and not _private(connection):
            return Deferred("credentials do not go over clear text: the relay connection has no TLS")
        path = letter.sender if self._config.plain_return_path and letter.sender else letter.return_path
        sender, recipient = wire_address(path), wire_address(letter.recipient)
        unicode = not (sender + recipient).isascii()
        if unicode and not connection.has_extn("smtputf8"):
            return Refused("553 5.6.7 the relay cannot carry addresses with letters outside ASCII (no SMTPUTF8)")
        if too_big := _too_big(connection, len(letter.bytes)):
            return Refused(too_big)
        connection.command_encoding = "utf-8" if unicode else "ascii"
        options = f" SIZE={len(letter.bytes)}" if connection.has_extn("size") else ""
        options += " BODY=8BITMIME" if not letter.bytes.isascii() and connection.has_extn("8bitmime") else ""
        options += " SMTPUTF8" if unicode else ""
        code, words = connection.hand_over(f"<{sender}>{options}", f"<{recipient}>", letter.bytes)
        return Sent(_reply(code, words)) if 200 <= code <= 299 else self._failed(connection, code, words)

    def _failed(self, connection: SmtpConnection, code: int, words: bytes) -> Result:
        reply = _reply(code, words)
        if code == 421:  # the server closes, whatever it thinks of the letter (RFC 5321 section 3.8)
            raise _Closing(reply)
        result: Result = Deferred(reply, of_relay=code in _OUR_FAULT)
        if 500 <= code <= 599 and code not in _OUR_FAULT:
            result = Refused(reply)
        try:
            connection.rset()
        except _TROUBLE:
            self._drop()  # the letter has its reply; the next one gets a new connection
        return result

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _context(config: SmtpConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.tls_ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.tls_fingerprint:  # the connection compares it: nobody needs to vouch for that certificate
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _private(connection: SmtpConnection) -> bool:
    """True when nobody between can read: TLS, or a server on this machine."""
    return connection.encrypted or ipaddress.ip_address(connection.peer.partition("%")[0]).is_loopback


def _too_big(connection: SmtpConnection, size: int) -> str:
    """Why a letter of so many octets is not even tried (RFC 1870); "" when it is."""
    said = connection.esmtp_features.get("size", "")
    most = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0
    if most < _LEAST_SIZE or size <= most:  # 0 means that the server has no fixed limit
        return ""
    return f"552 5.3.4 the letter has {size / 1e6:.1f} MB, and the relay takes no more than {most / 1e6:.1f} MB"


def _reply(code: int, words: bytes) -> str:
    return clean(f"{code} {words.decode('utf-8', 'replace')}".replace("\n", " "), 500)


def _words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return _reply(error.smtp_code, words if isinstance(words, bytes) else str(words).encode())
    return clean(str(error) or type(error).__name__, 500)
