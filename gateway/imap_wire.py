"""The wire below imapclient, with a deadline and a budget of bytes, so that no server can hold or fill us."""

import imaplib
import select
import socket
import ssl
import time

from imapclient import IMAPClient

CONTROL_BYTES = 1 << 20  # enough for the answer to any command but FETCH
MAX_LINE = 1 << 20
BLOCK = 1 << 18


class OverBudget(Exception):
    """The server sends more than the step may take."""


class BoundedWire(imaplib.IMAP4):
    """imaplib's connection, reading for itself.

    imaplib has a time-out per read only: a server that drips one byte a second holds it for ever; and it
    takes whatever size of literal it is told.
    """

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._pause = timeout
        self._buffer = bytearray()
        self._source: socket.socket | None = None
        self.allow(2 * timeout, CONTROL_BYTES)
        super().__init__(host, port, timeout)

    def allow(self, seconds: float, size: int) -> None:
        """Begin a step that may take so many seconds and bytes."""
        self._end = time.monotonic() + seconds
        self._left = size

    def read(self, size: int) -> bytes:
        """Read a literal: refused before the first byte when it is above the budget. Short at the end of file."""
        self._same_source()
        if size > self._left + len(self._buffer):
            raise OverBudget(
                f"the server announces {size} bytes, {self._left + len(self._buffer)} were expected at most"
            )
        blocks = [bytes(self._buffer[:size])]
        del self._buffer[:size]
        missing = size - len(blocks[0])
        while missing and (block := self._receive(min(missing, BLOCK))):
            blocks.append(block)
            missing -= len(block)
        return b"".join(blocks)

    def readline(self) -> bytes:
        """Read a line with its end; short at the end of file."""
        self._same_source()
        searched = 0
        while (end := self._buffer.find(b"\n", searched) + 1) == 0:
            searched = len(self._buffer)
            if searched > MAX_LINE:
                raise OverBudget(f"the server sends a line of more than {MAX_LINE} bytes")
            block = self._receive(BLOCK)
            if not block:
                end = searched
                break
            self._buffer += block
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line

    def line_or_wake(self, seconds: float, wake: int) -> bytes | None:
        """The next whole line; None when the time is over or the file number `wake` can be read from.

        It waits without reading ahead of TLS: a record that comes in drips holds nobody up.
        """
        self._same_source()
        until, searched = time.monotonic() + seconds, 0
        try:
            while (end := self._buffer.find(b"\n", searched) + 1) == 0:
                searched = len(self._buffer)
                if searched > MAX_LINE:
                    raise OverBudget(f"the server sends a line of more than {MAX_LINE} bytes")
                block = self._receive_now()
                if block == b"":
                    raise ConnectionAbortedError("the server closed the connection while we waited for mail")
                if block:
                    self._buffer += block
                elif (rest := until - time.monotonic()) <= 0 or _readable(self.sock, wake, rest):
                    return None
        finally:
            self.sock.settimeout(self._pause)
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line

    def _receive_now(self) -> bytes | None:
        """What is there; None for nothing, b"" for the end of file."""
        self.sock.settimeout(0)
        try:
            data = self.sock.recv(BLOCK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        self._spend(len(data))
        return data

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        return self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain

    def _same_source(self) -> None:
        """Refuse what was sent in clear text behind the answer to STARTTLS, to be taken for encrypted."""
        if self._source is not self.sock and self._buffer:
            raise OverBudget("the server sent clear text behind STARTTLS")
        self._source = self.sock

    def _receive(self, size: int) -> bytes:
        rest = self._end - time.monotonic()
        if rest <= 0:
            raise TimeoutError("the server was too slow for the step")
        self.sock.settimeout(min(self._pause, rest))
        data = self.sock.recv(size)
        self._spend(len(data))
        return data

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OverBudget("the server sends more than the answer can be")


def _readable(connection: socket.socket, wake: int, seconds: float) -> bool:
    """Wait for the connection or for `wake`; True for the latter."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    poll.register(wake, select.POLLIN)
    return any(number == wake for number, _ in poll.poll(seconds * 1000))


class BoundedClient(IMAPClient):  # type: ignore[misc]  # imapclient ships no types
    """imapclient on a bounded wire. `context` is for TLS from the first byte; `starttls` takes its own."""

    _imap: BoundedWire

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None) -> None:
        self._pause = timeout
        super().__init__(host, port, ssl=context is not None, ssl_context=context, timeout=timeout)
        self._imap.debug = 0  # imapclient sets 5: every line, mails included, formatted for the debug log

    def allow(self, seconds: float, size: int = CONTROL_BYTES) -> None:
        """Begin a step that may take so many seconds and bytes."""
        self._imap.allow(seconds, size)

    def line_or_wake(self, seconds: float, wake: int) -> bytes | None:
        """What the server tells by itself, as in IDLE; None when the time is over or `wake` can be read from."""
        return self._imap.line_or_wake(seconds, wake)

    def _create_IMAP4(self) -> BoundedWire:
        return BoundedWire(self.host, self.port, self._pause, self.ssl_context if self.ssl else None)
