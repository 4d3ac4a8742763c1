"""Mails are handled in the order they came, however many processes handle them.

Each process takes the oldest that are free, and reads them while others do the same with theirs. Then whoever has newer
mails waits with writing until all older ones are done: an answer finds the ticket of the mail that it answers, and of
two commands the later one counts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.claimed import Claimed
from store import mail_queue
from store.database import Database
from store.queue import LONGEST_LEASE

PATIENCE = 10.0  # seconds; a batch takes one. Who takes longer hangs, or has died on a machine that nobody asks
_LONGEST = 60.0  # seconds in all: our own leases go on meanwhile
_FIRST_LOOK, _LAST_LOOK = 0.005, 0.05  # seconds between two looks
_NEVER = datetime.min.replace(tzinfo=UTC)
_GIVES_WAY = 3  # times in a row, so that mails which are always older cannot keep ours waiting


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether one may write: yes, unless older mails are `freed`, or in other hands until `ends`."""

    ends: datetime | None = None
    freed: bool = False


class Turns:
    """Tells when it is this process's turn to write."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._given_up = _NEVER  # leases that end until then have been waited for in vain
        self._gave_way = 0

    def wait(self, oldest: Claimed) -> Turn:
        """Wait until nobody else has older mail in hand: PATIENCE since one was done, and once for each lease."""
        begun = moved = time.monotonic()
        pause, before = _FIRST_LOOK, set[int]()
        while True:
            ahead, is_left = self._look(oldest)
            if not ahead:
                return Turn(freed=self._gives_way(is_left))
            now, ends = time.monotonic(), max(ahead.values())
            moved = moved if before <= ahead.keys() else now
            if ends <= self._given_up or now >= min(moved + PATIENCE, begun + _LONGEST):
                self._given_up = max(self._given_up, ends)
                return Turn(ends)
            time.sleep(pause)
            pause, before = min(pause * 1.5, _LAST_LOOK), set(ahead)

    def _look(self, oldest: Claimed) -> tuple[dict[int, datetime], bool]:
        now = self._clock()
        if self._given_up > now + LONGEST_LEASE:  # the clock was set back
            self._given_up = _NEVER
        came = oldest.envelope.received_at or _NEVER  # a mail out of the queue has one
        with self._database.reading() as session:
            return mail_queue.ahead(session, came, oldest.id, now)

    def _gives_way(self, is_left: bool) -> bool:
        """A process failed or died, or a mail came late: whoever claims next has the older one."""
        self._gave_way = self._gave_way + 1 if is_left and self._gave_way < _GIVES_WAY else 0
        return self._gave_way > 0
