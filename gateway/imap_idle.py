"""Waiting in IDLE (RFC 2177): the server tells of a new mail, and nobody asks meanwhile."""

import re
from time import monotonic
from typing import cast

from imapclient.exceptions import IMAPClientError

from gateway.imap_wire import CONTROL_BYTES, BoundedClient
from gateway.stopping import Stop

_EXISTS = re.compile(rb"\* \d{1,10} EXISTS\s*$", re.IGNORECASE)
_BYE = re.compile(rb"\* BYE\b", re.IGNORECASE)


class IdleRefused(Exception):
    """The server says that it knows IDLE, and does not let us."""


class Idle:
    """One IDLE on a selected folder: `start`, `wait` as often as you like, `end`.

    imapclient's own idle_check waits on a blocked socket that a signal does not wake, and after the end of file it
    returns at once for ever.
    """

    def __init__(self, client: BoundedClient, timeout: float) -> None:
        self._client, self._timeout = client, timeout
        self._imap = client._imap
        self._tag = b""
        self._news = self._over = False

    def start(self) -> None:
        """Begin; IdleRefused when the server says no."""
        self._client.allow(2 * self._timeout, CONTROL_BYTES)
        tag = self._imap._command("IDLE")
        while (line := self._imap._get_response()) is not None:  # None stands for the “+” that we wait for
            if done := self._ended(bytes(tag)):
                raise IdleRefused(f"{done[0]} {done[1][-1].decode('utf-8', 'replace')[:200]}")
            self._look_at(line)
        self._tag = bytes(tag)
        self._client.allow(2 * self._timeout, CONTROL_BYTES)  # the bytes of all that is told meanwhile

    def wait(self, seconds: float, stop: Stop) -> bool:
        """True as soon as the server tells of mail, or ends the wait; False after so many seconds, or at `stop`."""
        until = monotonic() + seconds  # whatever else it tells: many servers say “Still here” again and again
        while not (self._news or self._over or stop.is_set()):
            line = self._client.line_or_wake(until - monotonic(), stop.fileno())
            if line is None:
                return False
            self._look_at(line)
        return self._news or self._over

    def end(self) -> None:
        """Let commands be sent again."""
        if self._over:
            return
        self._client.allow(2 * self._timeout, CONTROL_BYTES)
        self._imap.send(b"DONE\r\n")
        while not (done := self._ended(self._tag)):
            self._imap._get_response()
        del self._imap.tagged_commands[self._tag]
        if done[0] != "OK":
            raise IMAPClientError(f"IDLE ended with {done[0]}")

    def _ended(self, tag: bytes) -> tuple[str, list[bytes]] | None:
        """How the server ended the command; imaplib's types say something else than what it keeps."""
        return cast("tuple[str, list[bytes]] | None", self._imap.tagged_commands.get(tag))

    def _look_at(self, line: bytes) -> None:
        if _EXISTS.match(line):
            self._news = True
        elif _BYE.match(line):
            raise ConnectionAbortedError(f"the server says goodbye: {line.decode('utf-8', 'replace')[:200]}")
        elif self._tag and line.startswith(self._tag + b" "):
            self._over = True  # some servers end IDLE by themselves after a while
            self._imap.tagged_commands.pop(self._tag, None)
