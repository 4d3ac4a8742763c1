"""Tells systemd how the service does: ready, stopping, and that it is alive (the protocol of sd_notify(3))."""

import socket
import time
from collections.abc import Mapping
from typing import Self

import structlog

log = structlog.get_logger(__name__)


class Notifier:
    """Sends a few words to the socket that systemd named; does nothing where none was named."""

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address  # "@" stands for a NUL
        # Twice in the time that systemd waits, as sd_watchdog_enabled(3) has it; 0 is never.
        self._every = watchdog / 2
        self._last = 0.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int) -> Self:
        """As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say."""
        usec, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
        ours = usec.isdecimal() and meant in ("", str(pid))
        return cls(environment.get("NOTIFY_SOCKET", ""), int(usec) / 1e6 if ours else 0.0)

    def ready(self, status: str) -> None:
        """All roles run."""
        self._send("READY=1", f"STATUS={status}")

    def status(self, status: str) -> None:
        """A line that `systemctl status` shows."""
        self._send(f"STATUS={status}")

    def stopping(self) -> None:
        """What was begun is being finished."""
        self._send("STOPPING=1", "STATUS=Finishing what was begun")

    def alive(self) -> None:
        """To be called often: tells systemd as seldom as will do."""
        now = time.monotonic()
        if self._every and now - self._last >= self._every:
            self._last = now
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1.0)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            # systemd ends what does not report. Until then mail is handled as ever.
            log.warning("systemd could not be told", what=lines[0], error=str(error))
