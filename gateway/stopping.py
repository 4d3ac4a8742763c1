"""A request to end that also wakes whoever waits for a socket."""

import contextlib
import socket
import threading


class Stop(threading.Event):
    """An event with a file number that can be read from once it is set, so that `select.poll` waits for both."""

    def __init__(self) -> None:
        super().__init__()
        self._reader, self._writer = socket.socketpair()

    def fileno(self) -> int:
        """What to wait for. Nothing is ever read from it, so that all who wait wake up."""
        return self._reader.fileno()

    def set(self) -> None:
        """Ask everybody to end."""
        super().set()
        with contextlib.suppress(OSError):  # set twice and never read: it can be read from already
            self._writer.send(b"\0", socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Give the sockets back, once nobody waits any more."""
        self._reader.close()
        self._writer.close()

    def __enter__(self) -> "Stop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
