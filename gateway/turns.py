"""Mails are handled in the order they came, however many processes handle them.

Each process takes the oldest that are free, and reads them while others do the same with theirs. Then whoever has newer
mails waits with writing until all older ones are done: an answer finds the ticket of the mail that it answers, and of
two commands the later one counts.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, or_, select

from gateway.claimed import Claimed
from store.database import Database
from store.identity import name_of
from store.tables import ReceivedMail, core

PATIENCE = 10.0  # seconds; a batch takes one. Who takes longer hangs, or has died on a machine that nobody asks
_LOOK = 0.005  # seconds between two looks

_MAILS = core(ReceivedMail).c
# The end of the last lease by which another process has an older mail in hand.
_AHEAD = select(func.max(_MAILS.lease_until, type_=_MAILS.lease_until.type)).where(
    _MAILS.waiting,
    _MAILS.lease_until > bindparam("now"),
    _MAILS.holder != bindparam("me"),
    or_(
        _MAILS.received_at < bindparam("came"),
        (_MAILS.received_at == bindparam("came")) & (_MAILS.id < bindparam("first")),
    ),
)


class Turns:
    """Tells when it is this process's turn to write."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database, self._clock = database, clock
        self._given_up = datetime.min.replace(tzinfo=UTC)  # leases that end until then have been waited for in vain

    def wait(self, oldest: Claimed) -> datetime | None:
        """None once nobody else has older mail in hand; after PATIENCE, once for each lease, when the last one ends."""
        until = time.monotonic() + PATIENCE
        while (ends := self._ahead(oldest)) is not None and ends > self._given_up and time.monotonic() < until:
            time.sleep(_LOOK)
        if ends is not None:
            self._given_up = max(self._given_up, ends)
        return ends

    def _ahead(self, oldest: Claimed) -> datetime | None:
        asked = {"now": self._clock(), "me": name_of(), "came": oldest.envelope.received_at, "first": oldest.id}
        with self._database.reading() as session:
            found: datetime | None = session.connection().scalar(_AHEAD, asked)
        return found
