"""What many people look at, read once in a while, however many look: the status, and the figures of all staff."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from desk.status import Status, snapshot
from store.database import Database

T = TypeVar("T")
_KEYS = 200  # of figures: a key may hold what somebody typed
_STALE = 3  # so many times as old as they should be figures are shown while they are counted anew


@dataclass(slots=True)
class _Kept:
    value: Any = None
    read_at: float | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class FiguresBoard:
    """Figures that are the same for several people, and so many seconds old at most, or little more.

    While one thread counts anew the others take what was counted before; they wait only where that is too old.
    With no seconds at all everything is counted each time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[Hashable, _Kept] = {}

    def read(self, key: Hashable, count: Callable[[], T]) -> T:
        """What `count` found for this key, now or a little while ago."""
        if not self._seconds:
            return count()
        if len(self._kept) > _KEYS:
            self._kept.clear()
        kept = self._kept.setdefault(key, _Kept())
        if self._is_older(kept, 1) and kept.lock.acquire(blocking=self._is_older(kept, _STALE)):
            try:
                if self._is_older(kept, 1):
                    kept.value = count()
                    kept.read_at = time.monotonic()
            finally:
                kept.lock.release()
        found: T = kept.value
        return found

    def _is_older(self, kept: _Kept, times: int) -> bool:
        return kept.read_at is None or time.monotonic() - kept.read_at >= times * self._seconds


class StatusBoard:
    """The latest snapshot."""

    def __init__(self, database: Database, seconds: float, mailboxes: Mapping[str, timedelta] | None = None) -> None:
        self._database = database
        self._mailboxes = mailboxes or {}  # each, and when it counts as silent
        self._board = FiguresBoard(seconds)

    def read(self, now: datetime) -> Status:
        """The status as it is, or was a little while ago."""

        def count() -> Status:
            with self._database.reading() as session:
                return snapshot(session, now, self._mailboxes)

        return self._board.read("", count)
