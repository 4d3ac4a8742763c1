"""The letters that a mail caused, as text for the command line: how far each is, and what was said at each attempt."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from store.tables import Delivery, Event, Outbox

_MOST_LETTERS = 30
_MOST_ATTEMPTS = 6  # of a letter: the latest; the others are like them


def letter_lines(session: Session, received_id: int) -> list[str]:
    """The way of a mail out of the desk again: a line for each letter, and one for each attempt to hand it over."""
    # Letters from before their cause was noted are found by the entry that they tell of.
    entries = select(Event.id).where(Event.received_id == received_id)
    found = select(Outbox).where(or_(Outbox.received_id == received_id, Outbox.event_id.in_(entries)))
    rows = session.scalars(found.order_by(Outbox.created_at, Outbox.id).limit(_MOST_LETTERS + 1)).all()
    attempts: dict[int, list[Delivery]] = defaultdict(list)
    ids = [row.id for row in rows]
    told = select(Delivery).where(Delivery.outbox_id.in_(ids)).order_by(Delivery.at, Delivery.id)
    for attempt in session.scalars(told):
        attempts[attempt.outbox_id].append(attempt)
    lines = [line for row in rows[:_MOST_LETTERS] for line in _letter(row, attempts[row.id])]
    return [*lines, "  Letter:    and more"] if len(rows) > _MOST_LETTERS else lines


def _letter(row: Outbox, attempts: Sequence[Delivery]) -> list[str]:
    lines = [f"  Letter:    {row.id}, {row.kind} to {row.recipient}: {_state(row)}"]
    if len(attempts) > _MOST_ATTEMPTS:
        lines.append(f"               {len(attempts) - _MOST_ATTEMPTS} earlier attempts")
    for attempt in attempts[-_MOST_ATTEMPTS:]:
        by = f" by {attempt.relay}" if attempt.relay else ""
        said = f": {attempt.reply}" if attempt.reply else ""
        lines.append(f"               {_moment(attempt.at)}  {attempt.result}{by}{said}")
    return lines


def _state(row: Outbox) -> str:
    if row.state != "waiting":
        return f"{row.state} {_moment(row.done_at)}" if row.done_at else row.state
    tried = f"tried {row.attempts} {'time' if row.attempts == 1 else 'times'}, " if row.attempts else ""
    return f"waiting, {tried}next at {_moment(row.next_at)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
