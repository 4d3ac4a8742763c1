"""How often a token may ask, and how often an address may come with none that works: counted by the minute."""

import threading
from collections import Counter
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


class Pace:
    """Counts in the memory of this process; nothing is kept of the minute before."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._begun: datetime | None = None
        self._counts: Counter[str] = Counter()

    def wait(self, who: str, now: datetime) -> int:
        """Count a request; 0 where it may go on, else the seconds until the next may."""
        with self._lock:
            if self._begun is None or not timedelta(0) <= now - self._begun < MINUTE:
                self._begun = now
                self._counts.clear()
            if self._counts[who] >= self._most:
                return max(1, round((self._begun + MINUTE - now).total_seconds()))
            self._counts[who] += 1
            return 0
