"""Whether a process can do its work: each part is tried in a thread of its own, with a deadline, and not too often."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.outage import Outage

SECONDS = 3.0  # what a part has to answer in
SILENT = f"does not answer within {SECONDS:g} seconds"


@dataclass(slots=True)
class Part:
    """One thing that a process needs: `check` returns what is wrong in words, "" for nothing, or raises."""

    name: str
    check: Callable[[], str]
    wrong: str = "does not work"  # said where `check` raises: the text of an error may name hosts and users
    keeps: float = 1.0  # seconds for which an answer holds
    _said: str = ""
    _at: float = float("-inf")
    _running: threading.Thread | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _outage: Outage | None = None

    def begin(self) -> threading.Thread | None:
        """Start a check where the last answer is too old; one at a time, so that a part that hangs piles up nothing."""
        with self._guard:
            if self._running is not None and self._running.is_alive():
                return self._running
            if time.monotonic() - self._at < self.keeps:
                return None
            self._running = threading.Thread(target=self._run, name=f"ready-{self.name}", daemon=True)
            self._running.start()
            return self._running

    def said(self) -> str:
        """The answer; that of a check that hangs is that it does."""
        running = self._running
        return SILENT if running is not None and running.is_alive() else self._said

    def _run(self) -> None:
        if self._outage is None:
            self._outage = Outage(self.name)
        try:
            self._said = self.check()
            self._outage.worked()
        except Exception as error:
            self._said = self.wrong
            self._outage.failed(error)
        self._at = time.monotonic()


class Readiness:
    """What keeps this process from its work. For any number of threads that ask."""

    def __init__(self, parts: Sequence[Part], *, seconds: float = SECONDS) -> None:
        self._parts, self._seconds = tuple(parts), seconds
        self._draining = False

    def drain(self) -> None:
        """From now on nobody is to send anything here: what was begun is finished, and then this process ends."""
        self._draining = True

    def parts(self) -> dict[str, str]:
        """What is wrong, part by part; "" for a part that works."""
        if self._draining:
            return {"process": "is ending"}
        end = time.monotonic() + self._seconds
        for thread in [part.begin() for part in self._parts]:
            if thread is not None:
                thread.join(max(0.0, end - time.monotonic()))
        return {part.name: part.said() for part in self._parts}
