"""The database side of webhooks: which message is due, and what became of each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from desk import audit
from store import queue
from store.tables import HookMessage

STATES = ("waiting", "sent", "given up")
_WAITING = HookMessage.state == "waiting"
KEPT = timedelta(days=30)  # how long one that is done can be looked at


@dataclass(frozen=True, slots=True)
class Due:
    """A message that this process has claimed."""

    id: int
    event: str
    body: str = field(repr=False)
    attempts: int  # this one is counted
    begun: datetime  # from when on it counts as late


def _due(hook: str, now: datetime) -> ColumnElement[bool]:
    """Its time has come, and nothing older about the same ticket still waits: a ticket is told of in order."""
    older = aliased(HookMessage)
    before = or_(
        older.created_at < HookMessage.created_at,
        and_(older.created_at == HookMessage.created_at, older.id < HookMessage.id),
    )
    first = ~exists().where(
        older.ticket_id == HookMessage.ticket_id, older.hook == HookMessage.hook, older.state == "waiting", before
    )
    return and_(_WAITING, HookMessage.hook == hook, HookMessage.next_at <= now, first)


def is_due(session: Session, hook: str, now: datetime) -> bool:
    """Whether anything is to be sent; asked without a write, so that an idle desk does not write."""
    return bool(session.scalar(select(exists().where(_due(hook, now), queue.is_free(HookMessage, now)))))


def claim(session: Session, hook: str, limit: int, lease: timedelta, now: datetime) -> list[Due]:
    """Messages that are now ours, oldest first."""
    ids = queue.claim(session, HookMessage, _due(hook, now), limit=limit, lease=lease, now=now)
    rows = session.scalars(
        select(HookMessage).where(HookMessage.id.in_(ids)).order_by(HookMessage.created_at, HookMessage.id)
    )
    return [Due(row.id, row.event, row.body, row.attempts, row.retried_at or row.created_at) for row in rows]


def give_back(session: Session, ids: Collection[int]) -> None:
    """Claimed and not tried."""
    queue.give_back(session, HookMessage, ids, attempt=True)


def sent(session: Session, message_id: int, said: str, now: datetime) -> None:
    """The other side has it."""
    _set(session, HookMessage.id == message_id, state="sent", reply=said[:300], done_at=now, lease_until=None, body="")


def failed(
    session: Session, message: Due, said: str, until: datetime, now: datetime, give_up: timedelta, *, final: bool
) -> None:
    """For later; or, after days, for good."""
    if final or now - message.begun >= give_up:
        _give_up(session, HookMessage.id == message.id, said, now)
    else:
        _set(session, HookMessage.id == message.id, next_at=until, lease_until=None, reply=said[:300])


def give_up_old(session: Session, hook: str, said: str, now: datetime, give_up: timedelta) -> None:
    """Those that have waited for days behind others of a webhook that does not answer."""
    begun = func.coalesce(HookMessage.retried_at, HookMessage.created_at)
    _give_up(session, and_(_WAITING, HookMessage.hook == hook, begun <= now - give_up), said, now)


def _give_up(session: Session, which: ColumnElement[bool], said: str, now: datetime) -> None:
    # The body stays: a person may have it tried again.
    _set(session, which, state="given up", reply=said[:300], done_at=now, lease_until=None)


def _set(session: Session, which: ColumnElement[bool], **values: Any) -> None:
    session.execute(update(HookMessage).where(which).values(values).execution_options(synchronize_session=False))


def listed(session: Session, *, hook: str = "", state: str = "", limit: int = 50) -> Sequence[HookMessage]:
    """The newest first."""
    query = select(HookMessage).order_by(HookMessage.created_at.desc(), HookMessage.id.desc()).limit(limit)
    if hook:
        query = query.where(HookMessage.hook == hook)
    if state:
        query = query.where(HookMessage.state == state)
    return session.scalars(query).all()


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many messages of each webhook are in each state."""
    rows = session.execute(
        select(HookMessage.hook, HookMessage.state, func.count()).group_by(HookMessage.hook, HookMessage.state)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def retry(session: Session, now: datetime, *, ids: Collection[int] = (), hook: str = "") -> int:
    """Try these now, or all of a webhook that wait or were given up; how many."""
    which = HookMessage.id.in_(ids) if ids else HookMessage.hook == hook
    table = HookMessage
    done = session.execute(
        update(table)
        .where(which, table.state.in_(("waiting", "given up")), table.body != "")
        .values(state="waiting", next_at=now, retried_at=now, attempts=0, done_at=None)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    count = len(done.all())
    if count:
        audit.note(session, "hook.retried", messages=count)
    return count


def forget(session: Session, before: datetime) -> int:
    """Remove what was done before that moment."""
    gone = delete(HookMessage).where(HookMessage.state != "waiting", HookMessage.created_at < before)
    return len(session.execute(gone.returning(HookMessage.id)).all())
