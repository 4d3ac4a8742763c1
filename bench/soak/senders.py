"""Sends the mails of a soak run: by a clock, over connections that are kept for a while, as relays do."""

import contextlib
import itertools
import re
import smtplib
import threading
import time
from collections.abc import Iterator

from bench.soak import wire
from bench.soak.book import Book, Sent
from bench.soak.post import Mill, Post

_KEPT = re.compile(rb"2\.0\.0 Kept as (\d+)")
_EACH = 40  # mails of one connection
_WIRE = 150  # one of so many mails is followed by a hostile client
_BEHIND = 5.0  # seconds; more is not made up for, so that a pause is not followed by a burst
_TIMEOUT = 120.0


class Clock:
    """Gives out the moments at which mails are due, `rate` a second, to several senders."""

    def __init__(self, rate: float, end: float, book: Book) -> None:
        self._step, self._end, self._book = 1 / rate, end, book
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def turns(self) -> Iterator[None]:
        """One for each mail, when it is due, until the end."""
        while True:
            with self._lock:
                due, now = self._next, time.monotonic()
                self._book.late = max(self._book.late, now - due)
                self._next = max(due, now - _BEHIND) + self._step
            if max(due, now) >= self._end:
                return
            time.sleep(max(0.0, due - now))
            yield


class Sender(threading.Thread):
    """One connection after another; what fails on the way is a fault of the run, and the next mail is sent."""

    def __init__(self, port: int, mill: Mill, clock: Clock, book: Book, number: int) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self._port, self._mill, self._clock, self._book = port, mill, clock, book
        self._client: smtplib.SMTP | None = None
        self._sent = 0
        self._wire = itertools.count(number)

    def run(self) -> None:
        """Until the clock ends."""
        for _ in self._clock.turns():
            try:
                self._send(self._mill.next())
                if self._sent % _WIRE == _WIRE // 2:
                    wire.attack(self._port, next(self._wire))
            except (OSError, smtplib.SMTPException) as fault:
                self._book.fault(f"sending failed: {type(fault).__name__}: {fault}")
                self._close()
        self._close()

    def _send(self, post: Post) -> None:
        client, started = self._connected(), time.perf_counter()
        for code, words in (client.mail(post.sender), client.rcpt(post.recipient)):
            if code != 250:
                self._refused(code, words)
                return
        code, words = client.data(post.raw)
        if code != 250:
            self._refused(code, words)
            return
        found = _KEPT.search(words)
        received_id = int(found[1]) if found else 0
        sent = Sent(post.kind, post.message_id, received_id, time.time(), post.ticket, post.digest)
        self._book.accepted(sent, time.perf_counter() - started)

    def _refused(self, code: int, words: bytes) -> None:
        self._book.refusal(f"{code} {words.decode('ascii', 'replace')[:60]}")
        if self._client is not None:
            self._client.rset()

    def _connected(self) -> smtplib.SMTP:
        self._sent += 1
        if self._sent % _EACH == 0:
            self._close()
        if self._client is None:
            self._client = smtplib.SMTP("127.0.0.1", self._port, "soak.test", timeout=_TIMEOUT)
            self._client.ehlo()
        return self._client

    def _close(self) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
        self._client = None
