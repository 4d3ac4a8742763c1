"""New tickets of people whom nobody knows: above a measure, staff hear of them in one letter every few minutes.

Whoever forges senders makes a ticket with each mail, and would make a letter to each member of staff with it. All
tickets are in the queue; those of people whom the desk knows are told singly and at once, however many they are.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from desk import load, notices
from desk.state import AtDesk, QueueState, TicketState
from desk.writes import Writes
from store.tables import Outbox, core

KIND = "new_tickets"  # of the letter that tells of several
GATHERED = "gathered"  # the state of a letter that goes along in the next one of that kind
MOST = 20  # tickets that one letter names
AT_ONCE = 20_000  # letters that a run takes; what is left has its turn with the next letter
_WITHIN = timedelta(hours=1)
# Word for word as in the partial indexes: SQLite uses one only when it sees the same condition.
_GATHERED = text("outbox.state = 'gathered'")
_LETTER = core(Outbox).c
_TOLD_LATELY = (  # made once: every batch of mails asks it
    select(_LETTER.recipient, func.count().label("letters"))
    .where(_LETTER.stranger, _LETTER.created_at > bindparam("since"))
    .group_by(_LETTER.recipient)
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a letter of that kind tells of."""

    since: datetime
    count: int
    tickets: tuple[int, ...]  # ids of the first ones


def told_lately(session: Session, now: datetime) -> Counter[str]:
    """By address: how many letters about single tickets of people whom nobody knows went there within the hour."""
    found = session.connection().execute(_TOLD_LATELY, {"since": now - _WITHIN})
    return Counter({row.recipient: row.letters for row in found})


def tell(
    writes: Writes,
    to: AtDesk,
    now: datetime,
    ticket: TicketState,
    event_id: int,
    context: dict[str, Any],
    told: Counter[str],
    most: int,
) -> None:
    """Queue the letter about a new ticket; that of a stranger, once somebody had `most` of them, waits for company.

    Several processes count each for itself until they commit: a few more than `most` may go out singly.
    """
    stranger = not ticket.requester.known
    alone = not stranger or told[to.address] < most
    if stranger and alone:
        told[to.address] += 1
    notices.letter(
        writes,
        "new_ticket",
        to,
        now,
        ticket=ticket,
        event_id=event_id,
        context=context,
        automatic=False,  # a customer's words: no machine's letter, so no cap counts it
        stranger=stranger and alone,
        state="waiting" if alone else GATHERED,
    )


def send_if_due(
    session: Session, next_id: Callable[[], int], now: datetime, done: str, every: timedelta
) -> tuple[int, str]:
    """The letters about several, unless some went within that time. How many, and when the last ones did: `done`."""
    last = datetime.fromisoformat(done) if done else None
    if last is not None and last <= now < last + every:  # a time to come: the clock was set back
        return 0, done
    if session.scalar(select(Outbox.id).where(_GATHERED).limit(1)) is None:  # an idle desk does not write
        return 0, done
    return _send(session, next_id, now), now.isoformat()


def _send(session: Session, next_id: Callable[[], int], now: datetime) -> int:
    """One letter to each who has some waiting, about all of them. Returns how many letters."""
    table = core(Outbox)
    first = select(Outbox.id).where(_GATHERED).order_by(Outbox.created_at).limit(AT_ONCE)
    # The state once more: PostgreSQL looks at it again where somebody else has just changed the row.
    closed = update(table).where(table.c.id.in_(first), _GATHERED).values(state="folded", done_at=now)
    columns = (table.c.id, table.c.recipient, table.c.recipient_name, table.c.staff_id, table.c.ticket_id)
    taken = session.execute(closed.returning(*columns, table.c.created_at)).all()
    by_reader: dict[str, list[Row[Any]]] = {}
    for row in sorted(taken, key=lambda one: (one.created_at, one.id)):
        by_reader.setdefault(row.recipient, []).append(row)
    staff = load.staff(session) if by_reader else {}
    writes = Writes(next_id)
    for rows in by_reader.values():
        last = rows[-1]
        reader = staff.get(last.staff_id) or QueueState(last.recipient_name, last.recipient)
        notices.letter(writes, KIND, reader, now, context=_context(rows), automatic=False)
    writes.flush(session)
    return len(by_reader)


def _context(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    named = [row.ticket_id for row in rows[:MOST]]
    return {"since": rows[0].created_at.isoformat(), "count": len(rows), "tickets": named}


def of(row: Outbox) -> Gathered:
    """What a letter of that kind was written to tell."""
    said = row.context
    return Gathered(datetime.fromisoformat(said["since"]), int(said["count"]), tuple(said["tickets"]))
