"""What came of letters is written down: all at once, or one by one where that fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import select

from gateway import delivered_log, delivery_batch
from gateway import delivery_outcome as outcome
from gateway.delivery_batch import Batch
from gateway.delivery_lanes import Results
from gateway.delivery_pace import Paces
from gateway.delivery_policy import DeliveryPolicy
from gateway.outage import is_conflict, is_ours
from store.database import Database
from store.points import reached
from store.tables import Delivery

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Letters of one batch that a relay has answered to."""

    batch: Batch
    results: Results
    relay: str
    ids: list[int] = field(default_factory=list)  # given in tries to record it; nobody learned what came of those


def record(
    database: Database, done: Unrecorded, policy: DeliveryPolicy, paces: Paces, now: datetime
) -> list[Unrecorded]:
    """Write down what came of letters; returns what is to be tried next, one by one, where that failed for several.

    Raises only when the database is away: all of it is then still to be done.
    """
    try:
        if not _is_recorded(database, done):
            with database.transaction() as session:
                outcome.record(session, done.batch, done.results, policy, now, _noting(database, done), done.relay)
                paces.take_note(session, [(letter.recipient, result) for letter, result in done.results], now)
                reached("delivery.recording")
    except Exception as error:
        if is_ours(error) and not is_conflict(error):
            raise
        if len(done.results) == 1:
            _nobody_knows(database, done, now, error)
            return []
        return [Unrecorded(done.batch, [one], done.relay) for one in done.results]
    reached("delivery.recorded")
    delivered_log.tell(done.batch, done.results, now, policy.give_up)
    return []


def _is_recorded(database: Database, done: Unrecorded) -> bool:
    """A commit whose answer did not come may have been done all the same: staff are not told twice."""
    if not done.ids:
        return False
    with database.reading() as session:
        return session.scalar(select(Delivery.id).where(Delivery.id.in_(done.ids)).limit(1)) is not None


def _noting(database: Database, done: Unrecorded) -> Callable[[], int]:
    def next_id() -> int:
        done.ids.append(database.ids.next())
        return done.ids[-1]

    return next_id


def _nobody_knows(database: Database, done: Unrecorded, now: datetime, error: Exception) -> None:
    """The row ends as uncertain: left as it is, its letter would go out again each time that the lease ends."""
    row_id = done.results[0][0].outbox_id
    log.error("what came of a letter could not be noted; it is not sent again", letter=row_id, exc_info=error)
    with database.transaction() as session:
        delivery_batch.close(session, [row_id], "uncertain", now)
