"""One letter about a mere change in an hour, to one person about one ticket; the next one waits, with others."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from desk.notices import MERE_CHANGE
from store.tables import Outbox

QUIET = timedelta(hours=1)
_KIND = "update"
Pair = tuple[int | None, str]


def waiting(
    session: Session, rows: Sequence[Outbox], carried: Mapping[int, Sequence[Outbox]], now: datetime
) -> dict[int, datetime]:
    """Of claimed rows those that are to wait, with what goes along in their letters, and until when.

    A letter that carries words as well is none of them; nor one that was rendered already, and is tried again.
    """
    mere = {
        row.id: row
        for row in rows
        if row.kind == _KIND
        and not row.message_id
        and all(MERE_CHANGE in one.context for one in (row, *carried.get(row.id, ())))
    }
    last = _last(session, {(row.ticket_id, row.recipient) for row in mere.values()}, now) if mere else {}
    found: dict[int, datetime] = {}
    for row in mere.values():
        if (sent := last.get((row.ticket_id, row.recipient))) is not None:
            found |= dict.fromkeys((row.id, *(one.id for one in carried.get(row.id, ()))), sent + QUIET)
    return found


def _last(session: Session, pairs: set[Pair], now: datetime) -> dict[Pair, datetime]:
    """By ticket and person: when the last letter about a mere change went out, in the last hour."""
    sent = select(Outbox.ticket_id, Outbox.recipient, Outbox.context, Outbox.done_at).where(
        Outbox.ticket_id.in_({ticket_id for ticket_id, _ in pairs}),
        tuple_(Outbox.ticket_id, Outbox.recipient).in_(pairs),
        Outbox.kind == _KIND,
        Outbox.state == "sent",
        Outbox.done_at > now - QUIET,
    )
    found: dict[Pair, datetime] = {}
    for row in session.execute(sent.order_by(Outbox.done_at)):
        if MERE_CHANGE in row.context and row.done_at is not None:
            found[row.ticket_id, row.recipient] = row.done_at
    return found
