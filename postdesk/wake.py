"""Wakes sleeping processes on this machine: a pipe that a byte is written to."""

import os
import select
from types import TracebackType


class Wake:
    """Made before the fork, shared by all. A lost or surplus byte does no harm: the queue itself is the truth."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """Wake one sleeper."""
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            return  # the pipe is full of wakes that nobody has read yet

    def wait(self, seconds: float) -> bool:
        """Sleep until somebody calls `set`, at most so long; True when woken."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        if ready:
            try:
                os.read(self._read, 4096)
            except BlockingIOError:
                return False  # another process was quicker
        return bool(ready)

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)

    def __enter__(self) -> "Wake":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()
