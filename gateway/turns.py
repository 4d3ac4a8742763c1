"""Mails are handled in the order they came, however many processes handle them.

Each process takes the oldest that are free, and reads them while others do the same with theirs. Then whoever has newer
mails waits with writing until all older ones are done: an answer finds the ticket of the mail that it answers, and of
two commands the later one counts.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, not_, or_, select

from gateway.claimed import Claimed
from store.database import Database
from store.identity import name_of
from store.queue import LONGEST_LEASE, is_free
from store.tables import ReceivedMail, core

PATIENCE = 10.0  # seconds; a batch takes one. Who takes longer hangs, or has died on a machine that nobody asks
_FIRST_LOOK, _LAST_LOOK = 0.005, 0.05  # seconds between two looks
_NEVER = datetime.min.replace(tzinfo=UTC)

_MAILS = core(ReceivedMail).c
# Older mails that another process has in hand; what was put off is in nobody's.
_AHEAD = select(_MAILS.id, _MAILS.lease_until).where(
    _MAILS.waiting,
    not_(is_free(_MAILS, bindparam("now"))),
    _MAILS.holder != "",
    _MAILS.holder != bindparam("me"),
    _MAILS.received_at <= bindparam("came"),
    or_(_MAILS.received_at < bindparam("came"), _MAILS.id < bindparam("first")),
)
# Of some, how many were let go of, and are to be taken before what is newer: not those that failed alone.
_FREED = select(func.count()).where(
    _MAILS.id.in_(bindparam("ids", expanding=True)),
    _MAILS.waiting,
    _MAILS.attempts < 2,
    is_free(_MAILS, bindparam("now")),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether one may write: yes, unless older mails were `freed` undone, or are in other hands until `ends`."""

    ends: datetime | None = None
    freed: bool = False


class Turns:
    """Tells when it is this process's turn to write."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._given_up = _NEVER  # leases that end until then have been waited for in vain

    def wait(self, oldest: Claimed) -> Turn:
        """Wait until nobody else has mail in hand that is older; at most PATIENCE, and once for each lease."""
        until, pause, seen = time.monotonic() + PATIENCE, _FIRST_LOOK, set[int]()
        while ahead := self._ahead(oldest):
            seen |= ahead.keys()
            ends = max(ahead.values())
            if ends <= self._given_up or time.monotonic() >= until:
                self._given_up = max(self._given_up, ends)
                return Turn(ends)
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK)
        return Turn(freed=self._are_free(seen))

    def _ahead(self, oldest: Claimed) -> dict[int, datetime]:
        now = self._clock()
        if self._given_up > now + LONGEST_LEASE:  # the clock was set back
            self._given_up = _NEVER
        asked = {"now": now, "me": name_of(), "came": oldest.envelope.received_at, "first": oldest.id}
        with self._database.reading() as session:
            return {row.id: row.lease_until for row in session.connection().execute(_AHEAD, asked)}

    def _are_free(self, ids: Collection[int]) -> bool:
        """Their process has failed or died: whoever takes them next has the older mail."""
        if not ids:
            return False
        with self._database.reading() as session:
            return bool(session.connection().scalar(_FREED, {"ids": list(ids), "now": self._clock()}))
