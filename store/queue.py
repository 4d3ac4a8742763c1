"""Work that several processes share: claim it with a lease, finish it, or put it off."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from store.tables import Outbox, ReceivedMail


def claim(
    session: Session,
    table: type[ReceivedMail] | type[Outbox],
    due: ColumnElement[bool],
    *,
    limit: int,
    lease: timedelta,
    now: datetime,
) -> list[int]:
    """Ids of up to `limit` rows that are now ours until the lease ends, oldest first; each counts one attempt.

    One statement on both databases: PostgreSQL passes over what others hold (SKIP LOCKED); on SQLite there is
    one writer at a time, and its dialect leaves the clause out.
    """
    free = or_(table.lease_until.is_(None), table.lease_until < now)
    picked = select(table.id).where(due, free).order_by(table.id).limit(limit).with_for_update(skip_locked=True)
    claimed = session.scalars(
        update(table)
        .where(table.id.in_(picked))
        .values(lease_until=now + lease, attempts=table.attempts + 1)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    ).all()
    return sorted(claimed)
