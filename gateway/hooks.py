"""Sends messages to webhooks over HTTPS, as Standard Webhooks has it: signed, tried again, in order for each ticket."""

import base64
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import structlog

from gateway import hook_queue
from gateway.hook_queue import Due
from gateway.loopback import is_loopback
from store.claims import Claims
from store.database import Database
from store.tables import HookMessage

log = structlog.get_logger(__name__)

GIVE_UP = timedelta(days=3)
LEASE = timedelta(minutes=5)  # longer than a batch may take
BATCH = 20
TIMEOUT = 10.0  # seconds for one message, from the connection to the first line of the answer and its headers
_MINUTES = (0.1, 0.5, 2, 10, 30, 60, 120, 240, 480)  # before the next try, after the first, second, …
_REST = timedelta(minutes=15)  # a webhook that does not answer is asked at least so often
_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{32,172}={0,2})")


class BadHook(ValueError):
    """An address or a secret that cannot be used; the text names no secret."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the messages of one webhook go, and with what they are signed."""

    name: str
    url: str
    key: bytes = field(repr=False)
    agent: str = "Postdesk"
    tls: ssl.SSLContext | None = None  # None: as this machine trusts

    def __post_init__(self) -> None:
        check_url(self.url)


def check_url(url: str) -> None:
    """BadHook for an address that messages cannot go to: over TLS, or inside this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadHook("must be an address like https://example.com/hooks") from error
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        raise BadHook("must be an address like https://example.com/hooks")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise BadHook("must begin with https:// (http:// only on this machine)")


def read_secret(text: str) -> bytes:
    """The key in whsec_…, 24 to 64 bytes in base64; BadHook for anything else."""
    match = _SECRET.fullmatch(text.strip())
    try:
        key = base64.b64decode(match[1], validate=True) if match else b""
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 128:
        raise BadHook(
            "must be like whsec_ and 32 random bytes in base64; make one: echo whsec_$(openssl rand -base64 32)"
        )
    return key


def sign(key: bytes, message_id: str, stamp: int, body: bytes) -> str:
    """The header webhook-signature (Standard Webhooks, “Signature scheme”)."""
    signed = b".".join((message_id.encode(), str(stamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def back_off(attempts: int) -> timedelta:
    """The wait after so many tries: 6 seconds, 30, then 2, 10, 30 minutes, 1, 2, 4 hours, then 8 hours."""
    return timedelta(minutes=_MINUTES[min(max(attempts, 1), len(_MINUTES)) - 1])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. `rests`: others would fare alike, so they wait."""

    said: str
    taken: bool = False
    final: bool = False
    rests: bool = False


class HookSender:
    """Sends the messages of one webhook. One of these works in one thread; several processes may each have one."""

    def __init__(
        self,
        database: Database,
        target: Target,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._target, self._timeout, self._clock = database, target, timeout, clock
        self._faults = 0  # in a row, of the webhook as a whole
        self._rests_until: datetime | None = None
        self._claims = Claims(database, HookMessage)

    def drain_once(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Send one batch of what is due; how many were sent or failed. 0 when nothing was to be done."""
        now = self._clock()
        self._claims.free()
        if self._rests(now):
            return 0
        with self._database.reading() as session:
            if not hook_queue.is_due(session, self._target.name, now):
                return 0
        with self._claims.until(now + LEASE) as session:
            due = hook_queue.claim(session, self._target.name, BATCH, LEASE, now)
        left = [message.id for message in due]
        try:
            for message in due:
                if stopping() or self._rests(self._clock()):
                    break
                self._one(message)
                left.remove(message.id)
        finally:
            if left:
                with self._database.transaction(durable=False) as session:
                    hook_queue.give_back(session, left)
        return len(due) - len(left)

    def _rests(self, now: datetime) -> bool:
        """A clock that was set back must not make it rest for hours."""
        return self._rests_until is not None and now < self._rests_until < now + 2 * _REST

    def _one(self, message: Due) -> None:
        answer = send(self._target, message, self._clock(), self._timeout)
        now = self._clock()
        with self._database.transaction() as session:
            if answer.taken:
                hook_queue.sent(session, message.id, answer.said, now)
            else:
                until = now + back_off(message.attempts)
                hook_queue.failed(session, message, answer.said, until, now, GIVE_UP, final=answer.final)
            if answer.rests:
                hook_queue.give_up_old(session, self._target.name, answer.said, now, GIVE_UP)
        self._tell(message, answer)
        self._faults = self._faults + 1 if answer.rests else 0
        self._rests_until = now + min(_REST, back_off(self._faults)) if answer.rests else None

    def _tell(self, message: Due, answer: Answer) -> None:
        """One line for each try; where it goes is in the settings, and may hold a key of the receiver's."""
        said = {"hook": self._target.name, "message": message.id, "kind": message.event, "reply": answer.said}
        if answer.taken:
            log.info("a message went to a webhook", attempts=message.attempts, **said)
        else:
            log.warning("a message did not reach its webhook", attempts=message.attempts, **said)


def send(target: Target, message: Due, now: datetime, timeout: float = TIMEOUT) -> Answer:
    """One try: a POST, no redirects, no proxies, and the answer is not looked at beyond its status."""
    body, stamp, message_id = message.body.encode(), int(now.timestamp()), f"msg_{message.id}"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": target.agent,
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(target.key, message_id, stamp, body),
        "Connection": "close",
    }
    parts = urlsplit(target.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(target, timeout)
    try:
        with _deadline(connection, timeout) as over:
            connection.connect()
            if over.is_set():  # its name has many addresses, and each took its time
                raise TimeoutError
            connection.request("POST", path, body, headers)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(_why(error, timeout), rests=True)
    finally:
        connection.close()
    return _read(status)


def _read(status: int) -> Answer:
    said = f"{status} {http.client.responses.get(status, '')}".strip()
    if 200 <= status < 300:
        return Answer(said, taken=True)
    if 300 <= status < 400:
        said += ": redirects are not followed; set the new address"
    # 410 says that nobody is there any more (Standard Webhooks); what is wrong with one message is not with the next.
    return Answer(said, final=status == 410, rests=status >= 500 or status in (408, 429))


def _why(error: Exception, timeout: float) -> str:
    """In words for an operator; the driver's own name nobody's data but the host."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} seconds"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"[:300]
    if isinstance(error, socket.gaierror):
        return "its name is not known in DNS"
    words = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return f"no connection: {words}"[:300]


def _connection(target: Target, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(target.url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    context = target.tls or ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)


@contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """All of it in that time: a time-out of the socket alone begins anew with each byte that drips in."""
    over = threading.Event()

    def end() -> None:
        over.set()
        if (held := connection.sock) is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it ended by itself meanwhile

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield over
    except (OSError, http.client.HTTPException, ValueError) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
