"""Work that several processes share: claim it with a lease, finish it, or put it off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, bindparam, or_, select, true, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from store.identity import is_dead, name_of
from store.leases import free_dead
from store.tables import HookMessage, Lease, Outbox, Pace, ReceivedMail

LONGEST_LEASE = timedelta(minutes=15)  # of all that there are
Queue = type[ReceivedMail] | type[Outbox] | type[HookMessage]
Columns = ReadOnlyColumnCollection[str, Column[Any]]  # of the table of one


def is_free(table: "Queue | Columns", now: "datetime | ColumnElement[datetime]") -> ColumnElement[bool]:
    """No process has the row in hand at this moment."""
    return or_(table.lease_until.is_(None), table.lease_until < now)


def is_ours(table: Queue) -> ColumnElement[bool]:
    """This process has claimed the row, and nobody has taken it over since."""
    return (table.holder == name_of()) & table.lease_until.is_not(None)


def claim(
    session: Session,
    table: "type[Outbox] | type[HookMessage]",
    due: ColumnElement[bool],
    *,
    limit: int,
    lease: timedelta,
    now: datetime,
) -> list[int]:
    """Ids of up to `limit` rows that are now ours until the lease ends, oldest first; each counts one attempt.

    By time, not by id: each process has ids of its own, so a later row may well have a lower one.

    One statement on both databases: PostgreSQL passes over what others hold (SKIP LOCKED); on SQLite there is
    one writer at a time, and its dialect leaves the clause out.
    """
    since: Any = HookMessage.next_at if table is HookMessage else Outbox.next_at
    picked = (
        select(table.id)
        .where(due, is_free(table, now))
        .order_by(since, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = session.execute(
        update(table)
        .where(table.id.in_(picked))
        .values(lease_until=now + lease, attempts=table.attempts + 1, holder=name_of())
        .returning(since, table.id)
        .execution_options(synchronize_session=False)
    )
    return [row.id for row in sorted(claimed, key=tuple)]


def give_back(session: Session, table: Queue, ids: Collection[int], *, attempt: bool = True) -> None:
    """Free rows that this process has claimed and could not work on; with `attempt` that claim does not count.

    Rows that are done or put off meanwhile have no lease of ours any more, or are not to be named here.
    """
    if not ids:
        return
    session.execute(
        update(table)
        .where(table.id.in_(ids), is_ours(table))
        .values(lease_until=None, attempts=table.attempts - int(attempt))
        .execution_options(synchronize_session=False)
    )


def give_back_unsure(session: Session, table: Queue, until: datetime) -> None:
    """Free what a claim took whose commit was not answered: if it was done, rows are ours until just that moment."""
    session.execute(
        update(table)
        .where(table.lease_until == until, is_ours(table))
        .values(lease_until=None, attempts=table.attempts - 1)
        .execution_options(synchronize_session=False)
    )


def put_off(session: Session, mail_id: int, until: datetime, why: str, *, attempt: bool) -> None:
    """A mail that is ours still waits until then; without `attempt`, that it was claimed does not count.

    It waits in nobody's name: where the commit of that is not answered, giving it back does not count it off again.
    """
    session.execute(
        update(ReceivedMail)
        .where(ReceivedMail.id == mail_id, is_ours(ReceivedMail))
        .values(lease_until=until, holder="", last_error=why[:2000])
        .values(attempts=ReceivedMail.attempts - int(not attempt))
        .execution_options(synchronize_session=False)
    )


def release_dead(session: Session) -> int:
    """End the leases of processes of this machine that have died: their work need not wait for the lease to run out.

    Returns how many rows are free again.
    """
    freed = 0
    queues: tuple[tuple[Queue, ColumnElement[bool]], ...] = (
        (ReceivedMail, ReceivedMail.waiting == true()),
        (Outbox, Outbox.state == "waiting"),
        (HookMessage, HookMessage.state == "waiting"),
    )
    for table, waiting in queues:
        held = table.lease_until.is_not(None)
        holders = session.scalars(select(table.holder).where(waiting, held).distinct()).all()
        dead = [holder for holder in holders if is_dead(holder)]
        if dead:
            ended = update(table).where(waiting, held, table.holder.in_(dead)).values(lease_until=None)
            freed += len(session.scalars(ended.returning(table.id)).all())
    free_dead(session)
    return freed


def set_back(session: Session, by: timedelta, now: datetime) -> int:
    """The clock was set back: what is not due comes sooner by as much, and a lease from before ends as it would have.

    A lease that may be from after that is left alone: whoever holds it is at work. Returns how many rows were changed.
    """
    changed = 0
    waiting: tuple[tuple[Any, ColumnElement[bool]], ...] = (
        (Outbox.next_at, Outbox.state == "waiting"),
        (Outbox.turn_at, Outbox.state == "waiting"),
        (HookMessage.next_at, HookMessage.state == "waiting"),
    )
    for column, which in waiting:
        changed += _sooner(session, column, which & (column > now), by)
    for held, which in (
        (ReceivedMail.lease_until, ReceivedMail.waiting == true()),
        (Outbox.lease_until, Outbox.state == "waiting"),
        (HookMessage.lease_until, HookMessage.state == "waiting"),
        (Lease.until, true()),
    ):
        changed += _sooner(session, held, which & (held > now + LONGEST_LEASE), by)
    late, less = int(now.timestamp() * 1000), by // timedelta(milliseconds=1)
    session.execute(update(Pace).where(Pace.free_ms > late).values(free_ms=Pace.free_ms - less))
    return changed


def _sooner(session: Session, column: Any, which: ColumnElement[bool], by: timedelta) -> int:
    """Row by row: the two databases reckon with times differently, and this is rare."""
    table = column.class_.__table__
    key = table.primary_key.columns.values()[0]
    rows = session.execute(select(key, column).where(which)).all()
    if rows:
        statement = update(table).where(key == bindparam("row")).values({column.key: bindparam("sooner")})
        session.connection().execute(statement, [{"row": row[0], "sooner": row[1] - by} for row in rows])
    return len(rows)
