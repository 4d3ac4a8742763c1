"""Sees that the clock was set back, and has what waits go on: it was told to wait until a time that is far off now."""

import time
from datetime import UTC, datetime, timedelta

import structlog

from store import queue
from store.database import Database
from store.processes import clock

log = structlog.get_logger(__name__)

_LEAST = timedelta(seconds=30)  # NTP turns a clock back by less than that, and what waits bears it
_AGREES = timedelta(minutes=1)


class ClockWatch:
    """Compares the clock with one that nobody can set; for one thread of one process of a machine.

    Forward nothing has to be done: what waits is due sooner, and is done once all the same.
    """

    def __init__(self) -> None:
        self._difference = _difference()

    def look(self, database: Database) -> bool:
        """Whether it was set back since the last look: due times and leases of before then come sooner by as much."""
        difference = _difference()
        by = timedelta(seconds=self._difference - difference)
        was_set_back = by >= _LEAST
        if was_set_back:
            with database.transaction() as session:
                now = datetime.now(UTC)
                # Where the database has a clock of its own, ours may be the wrong one: then nothing waits for it.
                moved = queue.set_back(session, by, now) if abs(clock(session) - now) < _AGREES else 0
            log.warning("the clock was set back; what waited goes on", seconds=round(by.total_seconds()), items=moved)
        self._difference = difference
        return was_set_back


def _difference() -> float:
    return time.time() - time.monotonic()
