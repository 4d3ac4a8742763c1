"""Received mail in the order it came: what comes next, and what is ahead of it."""

from datetime import UTC, datetime
from itertools import takewhile

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, not_, or_, select, update
from sqlalchemy.orm import Session

from store.identity import name_of
from store.queue import is_free
from store.tables import ReceivedMail, core

_TABLE = core(ReceivedMail)
_MAILS = _TABLE.c
_NOW: BindParameter[datetime] = bindparam("now")
_EVER = datetime.max.replace(tzinfo=UTC)  # the clock may have been set back since a mail came
_IN_ORDER = and_(_MAILS.waiting, _MAILS.attempts < 2)  # what failed alone as well lets newer mail pass


def _due(which: ColumnElement[bool]) -> Select[tuple[int, int]]:
    """Free mails that came up to a time, oldest first; not those that another claim is just taking (PostgreSQL)."""
    due = and_(which, is_free(_MAILS, _NOW), _MAILS.received_at <= bindparam("came"))
    found = select(_MAILS.id, _MAILS.attempts).where(due).order_by(_MAILS.received_at, _MAILS.id)
    return found.limit(bindparam("most")).with_for_update(skip_locked=True)


_NEXT = _due(_IN_ORDER)
_FAILED = _due(and_(_MAILS.waiting, _MAILS.attempts > 1))
_TAKE = (
    update(_TABLE)
    .where(_MAILS.id.in_(bindparam("ids", expanding=True)))
    .values(lease_until=bindparam("until"), attempts=_MAILS.attempts + 1, holder=bindparam("me"))
)
_OLDER = and_(
    _MAILS.received_at <= bindparam("came"),  # for the index
    or_(_MAILS.received_at < bindparam("came"), _MAILS.id < bindparam("first")),
)
# What was put off is in nobody's hands.
_AHEAD = select(_MAILS.id, _MAILS.lease_until).where(
    _MAILS.waiting, not_(is_free(_MAILS, _NOW)), _MAILS.holder.not_in(("", bindparam("me"))), _OLDER
)
_LEFT = select(_MAILS.id).where(_IN_ORDER, is_free(_MAILS, _NOW), _OLDER).limit(1)


def take(session: Session, most: int, until: datetime, now: datetime, came: datetime = _EVER) -> list[int]:
    """Ids of the next mails, oldest first, of those that `came` by then; ours `until` then, and each counts an attempt.

    What was never tried goes in a batch. A mail that was tried once goes alone, so that it cannot take others with it,
    and keeps its turn, as the fault may have been another's.
    """
    connection, asked = session.connection(), {"now": now, "came": came}
    rows = connection.execute(_NEXT, asked | {"most": most}).all()
    fresh = list(takewhile(lambda row: row.attempts == 0, rows))
    chosen = fresh or rows[:1] or connection.execute(_FAILED, asked | {"most": 1}).all()
    ids = [row.id for row in chosen]
    if ids:
        connection.execute(_TAKE, {"ids": ids, "until": until, "me": name_of()})
    return ids


def ahead(session: Session, came: datetime, first: int, now: datetime) -> tuple[dict[int, datetime], bool]:
    """Mails older than that one which other processes have in hand, and until when; whether older ones are free.

    Of one moment, as a read transaction is: between two looks a mail may be let go of, and taken again.
    """
    connection, asked = session.connection(), {"now": now, "came": came, "first": first}
    taken = {row.id: row.lease_until for row in connection.execute(_AHEAD, asked | {"me": name_of()})}
    return taken, not taken and connection.scalar(_LEFT, asked) is not None
