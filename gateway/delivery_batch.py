"""The database side of delivery: what is due, what is folded together, what became of each letter."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, insert, select, tuple_, update
from sqlalchemy.orm import Session, defer
from sqlalchemy.orm.attributes import set_committed_value

from gateway import delivery_quiet, letter_files
from gateway.delivery_pace import Wait
from gateway.letter import Letter
from store import counters, queue
from store.tables import Delivery, Outbox, Suppression, core

_TABLE: Any = Outbox.__table__
_FOLDED = "update"  # the kind of which several go in one letter


@dataclass(slots=True)
class Batch:
    """Claimed rows: those to send, and those that go along in another row's letter."""

    rows: list[Outbox] = field(default_factory=list)
    folded: dict[int, list[int]] = field(default_factory=dict)  # row → rows that it carries
    suppressed: list[Outbox] = field(default_factory=list)
    quiet: dict[int, datetime] = field(default_factory=dict)  # rows that wait a while longer, and until when
    paced: dict[int, Wait] = field(default_factory=dict)  # rows whose turn at their domain has not come
    stored: dict[int, int] = field(default_factory=dict)  # rows that were rendered before, and the size of that
    numbers: dict[int, str] = field(default_factory=dict)  # of the tickets that they are about

    def wait_for(self, turns: dict[int, Wait]) -> None:
        """These rows wait for their turns, with what goes along in their letters."""
        for row_id, wait in turns.items():
            self.paced |= dict.fromkeys((row_id, *self.folded.pop(row_id, ())), wait)
        self.rows = [row for row in self.rows if row.id not in turns]


def is_due(session: Session, now: datetime, claimable: ColumnElement[bool] | None = None, least: int = 1) -> bool:
    """Whether so many rows wait; asked without a write, so that an idle desk does not write."""
    due = (Outbox.state == "waiting") & (Outbox.next_at <= now)
    due = due if claimable is None else due & claimable
    found = select(Outbox.id).where(due, queue.is_free(Outbox, now)).limit(least)
    return session.scalar(select(func.count()).select_from(found.subquery())) == least


def claim(
    session: Session, limit: int, lease: timedelta, now: datetime, claimable: ColumnElement[bool] | None = None
) -> list[int]:
    """Claim due rows, and with each first-time update what else waits for the same person and ticket."""
    due = (Outbox.state == "waiting") & (Outbox.next_at <= now)
    due = due if claimable is None else due & claimable
    ids = queue.claim(session, Outbox, due, limit=limit, lease=lease, now=now)
    if not ids:
        return []
    pairs = session.execute(
        select(Outbox.ticket_id, Outbox.recipient)
        .where(Outbox.id.in_(ids), Outbox.kind == _FOLDED, Outbox.message_id == "")
        .distinct()
    ).all()
    if not pairs:
        return ids
    together = (
        (Outbox.state == "waiting")
        & (Outbox.kind == _FOLDED)
        & (Outbox.message_id == "")
        & Outbox.ticket_id.in_({pair.ticket_id for pair in pairs})
        & tuple_(Outbox.ticket_id, Outbox.recipient).in_([tuple(pair) for pair in pairs])
    )
    return [*ids, *queue.claim(session, Outbox, together, limit=limit, lease=lease, now=now)]


def load(session: Session, ids: Sequence[int], now: datetime) -> Batch:
    """The claimed rows, sorted out."""
    batch = Batch()
    # Rendered bytes stay where they are for now: a hundred large letters are too much for the memory.
    size = func.coalesce(func.length(Outbox.rendered), 0)
    found = select(Outbox, size).options(defer(Outbox.rendered)).where(Outbox.id.in_(ids))
    sizes = {one[0]: one[1] for one in session.execute(found.order_by(Outbox.created_at, Outbox.id))}
    rows = list(sizes)
    muted = set(
        session.scalars(
            select(Suppression.address).where(
                Suppression.address.in_({row.recipient.lower() for row in rows}), Suppression.lifted_at.is_(None)
            )
        )
    )
    session.expunge_all()  # what is folded below is for rendering, and changes no row
    for row, stored in sizes.items():
        set_committed_value(row, "rendered", None)
        if stored:
            batch.stored[row.id] = stored
    first: dict[tuple[int | None, str], Outbox] = {}
    carried: dict[int, list[Outbox]] = defaultdict(list)
    for row in rows:
        if row.recipient.lower() in muted:
            batch.suppressed.append(row)
        elif row.kind == _FOLDED and not row.message_id and (row.ticket_id, row.recipient) in first:
            lead = first[row.ticket_id, row.recipient]
            events = {*lead.context.get("events", ()), *row.context.get("events", ()), row.event_id} - {None}
            lead.context = lead.context | {"events": sorted(events)}
            carried[lead.id].append(row)
        else:
            if row.kind == _FOLDED and not row.message_id:
                first[row.ticket_id, row.recipient] = row
            batch.rows.append(row)
    batch.quiet = delivery_quiet.waiting(session, batch.rows, carried, now)
    batch.rows = [row for row in batch.rows if row.id not in batch.quiet]
    batch.folded = {lead: [row.id for row in rows] for lead, rows in carried.items() if lead not in batch.quiet}
    return batch


def load_stored(session: Session, batch: Batch) -> set[int]:
    """Fetch what was rendered before, as much of it as the memory is for; which rows have it now."""
    chosen: set[int] = set()
    room = letter_files.BATCH_BYTES
    for row in batch.rows:
        if size := batch.stored.get(row.id, 0):
            room -= size
            if chosen and room < 0:
                break
            chosen.add(row.id)
    if chosen:
        found = session.execute(select(Outbox.id, Outbox.rendered).where(Outbox.id.in_(chosen)))
        content = {row.id: row.rendered for row in found}
        for row in batch.rows:
            if row.id in chosen:
                set_committed_value(row, "rendered", content[row.id])
    return chosen


def keep_rendered(session: Session, letters: Iterable[Letter], batch: Batch, now: datetime) -> None:
    """Before anything is sent: the bytes, so that a second try is the same mail. Never those with a secret.

    A row that others go along with remembers what they say: sent again by hand, its letter still says all of it.
    """
    letters = list(letters)
    folded = {letter.outbox_id: batch.folded.get(letter.outbox_id, []) for letter in letters}
    rows = [
        {"row_id": letter.outbox_id, "id_kept": letter.message_id, "kept": None if letter.sensitive else letter.bytes}
        for letter in letters
    ]
    if rows:
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row_id"))
        statement = statement.values(message_id=bindparam("id_kept"), rendered=bindparam("kept"))
        session.connection().execute(statement, rows)
    leads = [{"row_id": row.id, "said": row.context} for row in batch.rows if folded.get(row.id)]
    if leads:
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row_id")).values(context=bindparam("said"))
        session.connection().execute(statement, leads)
    close(session, [i for ids in folded.values() for i in ids], "folded", now)


def close(session: Session, ids: Sequence[int], state: str, now: datetime) -> None:
    """Nothing more happens to these rows."""
    if ids:
        # A bounce can be quicker than we are: what it said of a letter is not undone by our "sent".
        final = case((_TABLE.c.state == "waiting", state), else_=_TABLE.c.state)
        done = {"state": final, "done_at": now, "lease_until": None, "rendered": None}
        session.connection().execute(update(_TABLE).where(_TABLE.c.id.in_(ids)).values(done))


def put_off(session: Session, until: Mapping[int, datetime], *, attempt: bool = True) -> None:
    """Free these rows of ours, each for its time; without `attempt`, that they were claimed does not count."""
    if until:
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row_id"), queue.is_ours(Outbox))
        given_back = _TABLE.c.attempts - int(not attempt)
        statement = statement.values(next_at=bindparam("at"), lease_until=None, attempts=given_back)
        session.connection().execute(statement, [{"row_id": i, "at": at} for i, at in sorted(until.items())])


def put_off_to_turns(session: Session, waits: Mapping[int, Wait]) -> None:
    """Free these rows until their turns, or until it is time to ask for one; that they were claimed is no attempt."""
    if waits:
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row_id"))
        statement = statement.values(turn_at=bindparam("turn"))
        turns = [{"row_id": i, "turn": wait.until if wait.has_turn else None} for i, wait in sorted(waits.items())]
        session.connection().execute(statement, turns)
    put_off(session, {i: wait.until for i, wait in waits.items()}, attempt=False)


def record(session: Session, deliveries: list[dict[str, object]]) -> None:
    """What the other side said, attempt by attempt."""
    if deliveries:
        session.connection().execute(insert(core(Delivery)), deliveries)
        counters.add(session, Counter(counters.delivery(str(attempt["result"])) for attempt in deliveries))


def suppress(session: Session, addresses: dict[str, str], now: datetime, next_id: Callable[[], int]) -> None:
    """Write to these addresses no more, from now on."""
    if not addresses:
        return
    active = select(Suppression.address).where(Suppression.address.in_(addresses), Suppression.lifted_at.is_(None))
    known = set(session.scalars(active))
    for address in sorted(addresses.keys() - known):
        session.add(Suppression(id=next_id(), address=address, reason=addresses[address], since=now))
