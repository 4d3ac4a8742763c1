"""Letters as people look at them: which there are, in which state, what was tried and what the other side said."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, defer

from desk import letter_names, walking
from desk.walking import Place, Steps, Way
from store.tables import Delivery, Outbox, Ticket

# What `deferred` is made of: tried, and waiting for the next try.
STATES = (
    "waiting",
    "deferred",
    "gathered",  # in a flood of new tickets, to be told together
    "held",  # by a restore, until a person has decided: postdesk restored
    "uncertain",
    "refused",
    "expired",
    "suppressed",
    "failed",
    "dropped",
    "sent",
    "folded",
)
_MOST_OF_A_TICKET = 1000
AGAIN = "again"  # the result of an attempt that is none: a person had the letter sent once more
TROUBLE = "trouble"  # any of these
GIVEN_UP = ("refused", "expired", "uncertain", "failed")
# Word for word as in the partial indexes: SQLite uses one only when it sees the same condition.
_GIVEN_UP = text("outbox.state IN ('refused', 'expired', 'uncertain', 'failed')")
_WAITING = text("outbox.state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters somebody looks for; what is empty does not matter."""

    state: str = ""
    to: str = ""
    ticket: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, or what a report or a person said later."""

    at: datetime
    result: str
    reply: str
    relay: str


@dataclass(frozen=True, slots=True)
class OutLetter:
    """A letter without its words: those are for its reader."""

    id: int
    kind: str
    recipient: str
    name: str
    ticket: str
    state: str  # one of STATES
    done: bool  # nothing more happens by itself
    created_at: datetime
    next_at: datetime | None
    done_at: datetime | None
    sending: bool  # a process has it in hand
    attempts: tuple[Attempt, ...] = field(default=())  # oldest first
    message_id: str = ""
    received_id: int | None = None

    @property
    def last(self) -> Attempt | None:
        """The newest of them."""
        return self.attempts[-1] if self.attempts else None

    @property
    def is_for_people(self) -> bool:
        """Somebody can do something about it: it has not gone out, and is not under way."""
        return not self.sending and self.state not in ("sent", "folded", "held", "gathered")

    @property
    def outcome(self) -> str:
        """The state, or that it came back after it was handed over."""
        back = self.done and any(attempt.result == "bounced" for attempt in self.attempts)
        return "bounced" if back and self.state != "dropped" else self.state

    @property
    def became(self) -> str:
        """The same in words."""
        return letter_names.state(self.outcome)


def listed(session: Session, wanted: Wanted, limit: int, now: datetime) -> list[OutLetter]:
    """Those that wait by the time of their next try, the others the newest first."""
    statement = select(Outbox, Ticket.number).outerjoin(Ticket, Ticket.id == Outbox.ticket_id)
    statement = statement.options(defer(Outbox.rendered)).where(*conditions(wanted))
    rows = session.execute(statement.order_by(*_order(wanted.state)).limit(limit))
    return _letters(session, [(row, number or "") for row, number in rows], now)


def one(session: Session, letter_id: int, now: datetime) -> OutLetter | None:
    """A letter by its id; None when there is none."""
    if not 0 < letter_id < 2**63:  # what the databases take
        return None
    statement = select(Outbox, Ticket.number).outerjoin(Ticket, Ticket.id == Outbox.ticket_id)
    row = session.execute(statement.options(defer(Outbox.rendered)).where(Outbox.id == letter_id)).first()
    return _letters(session, [(row[0], row[1] or "")], now)[0] if row else None


def of_entries(session: Session, entries: Collection[int], now: datetime) -> dict[int, list[OutLetter]]:
    """By entry of a ticket: the letters that went out about it, oldest first."""
    if not entries:
        return {}
    mine = select(Outbox).options(defer(Outbox.rendered)).where(Outbox.event_id.in_(entries)).order_by(Outbox.id)
    rows = session.scalars(mine.limit(_MOST_OF_A_TICKET)).all()
    found: dict[int, list[OutLetter]] = {}
    for row, letter in zip(rows, _letters(session, [(row, "") for row in rows], now), strict=True):
        found.setdefault(row.event_id or 0, []).append(letter)
    return found


def caused(session: Session, received_id: int, entries: Collection[int], most: int, now: datetime) -> list[OutLetter]:
    """The letters that a received mail caused, or that tell of these entries of it, oldest first."""
    mine = Outbox.received_id == received_id
    condition = mine | Outbox.event_id.in_(entries) if entries else mine
    statement = select(Outbox, Ticket.number).outerjoin(Ticket, Ticket.id == Outbox.ticket_id).where(condition)
    rows = session.execute(statement.options(defer(Outbox.rendered)).order_by(Outbox.id).limit(most))
    return _letters(session, [(row, number or "") for row, number in rows], now)


def page(
    session: Session, wanted: Wanted, after: Place | None, most: int, now: datetime
) -> tuple[list[OutLetter], Steps]:
    """Some of those that are looked for, along the index that each state has."""
    way, rest = _way(wanted)
    found = walking.walk(session, way, rest, lambda statement: statement, after, most)
    statement = select(Outbox, Ticket.number).outerjoin(Ticket, Ticket.id == Outbox.ticket_id)
    rows = session.execute(statement.options(defer(Outbox.rendered)).where(Outbox.id.in_(found.ids)))
    by_id = {row.id: (row, number or "") for row, number in rows}
    return _letters(session, [by_id[one] for one in found.ids if one in by_id], now), found


def _way(wanted: Wanted) -> tuple[Way, list[ColumnElement[bool]]]:
    rest = replace(wanted, state="")
    if wanted.ticket:  # few letters: all that is asked is looked at there
        return Way(Outbox.id, on=tuple(conditions(rest))), conditions(replace(wanted, ticket=""))
    if wanted.state in ("waiting", "deferred"):
        return Way(Outbox.id, Outbox.next_at, (_WAITING,), newest_first=False), conditions(wanted)
    if wanted.state in GIVEN_UP:
        return Way(Outbox.id, Outbox.done_at, (_GIVEN_UP,)), [Outbox.state == wanted.state, *conditions(rest)]
    if wanted.state == TROUBLE:
        return Way(Outbox.id, Outbox.done_at, (_GIVEN_UP,)), conditions(rest)
    return Way(Outbox.id), conditions(wanted)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The same as conditions on the outbox."""
    found: list[Any] = []
    unsure = exists().where(Delivery.outbox_id == Outbox.id, Delivery.result == "uncertain")
    if wanted.state == "waiting":
        found += [_WAITING, ~_tried()]
    elif wanted.state == "deferred":
        found += [_WAITING, _tried()]
    elif wanted.state == "uncertain":
        found.append((Outbox.state == "uncertain") | ((Outbox.state == "waiting") & unsure))
    elif wanted.state in GIVEN_UP:
        found += [_GIVEN_UP, Outbox.state == wanted.state]
    elif wanted.state:
        found.append(Outbox.state == wanted.state)
    if wanted.to:
        found.append(func.lower(Outbox.recipient) == wanted.to.lower())
    if wanted.ticket:
        found.append(Outbox.ticket_id.in_(select(Ticket.id).where(Ticket.number == wanted.ticket)))
    if wanted.since:
        found.append(Outbox.created_at >= wanted.since)
    return found


def counts(session: Session) -> dict[str, int]:
    """How many letters are in each state, of those that are not done as wished."""
    waiting = session.scalar(select(func.count()).select_from(Outbox).where(_WAITING)) or 0
    deferred = session.scalar(select(func.count()).select_from(Outbox).where(_WAITING, _tried())) or 0
    given_up = select(Outbox.state, func.count()).where(_GIVEN_UP).group_by(Outbox.state)
    found = {"waiting": waiting - deferred, "deferred": deferred}
    found |= {row[0]: row[1] for row in session.execute(given_up)}
    return {state: count for state, count in found.items() if count}


def _tried() -> ColumnElement[bool]:
    """Once a person has had it sent again, it begins anew."""
    anew = Outbox.retried_at.is_(None) | (Delivery.at >= Outbox.retried_at)
    return (Outbox.attempts > 0) & exists().where(Delivery.outbox_id == Outbox.id, Delivery.result != AGAIN, anew)


def _order(state: str) -> tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]:
    if state in ("waiting", "deferred"):
        return Outbox.next_at, Outbox.id
    if state in GIVEN_UP and state != "uncertain":
        return Outbox.done_at.desc(), Outbox.id.desc()
    return Outbox.created_at.desc(), Outbox.id.desc()


def _letters(session: Session, rows: Sequence[tuple[Outbox, str]], now: datetime) -> list[OutLetter]:
    """With one query for what was tried."""
    ids = [row.id for row, _ in rows]
    tries: dict[int, list[Attempt]] = {}
    statement = select(Delivery).where(Delivery.outbox_id.in_(ids)).order_by(Delivery.at, Delivery.id)
    for found in session.scalars(statement):
        attempt = Attempt(found.at, found.result, found.reply, found.relay)
        tries.setdefault(found.outbox_id, []).append(attempt)
    return [_letter(row, number, tries.get(row.id, []), now) for row, number in rows]


def _letter(row: Outbox, number: str, tries: Sequence[Attempt], now: datetime) -> OutLetter:
    waits, state = row.state == "waiting", row.state
    anew = [one for one in tries if one.result != AGAIN and (row.retried_at is None or one.at >= row.retried_at)]
    if waits and anew and row.attempts:
        state = "uncertain" if anew[-1].result == "uncertain" else "deferred"
    return OutLetter(
        id=row.id,
        kind=row.kind,
        recipient=row.recipient,
        name=row.recipient_name,
        ticket=number,
        state=state,
        done=not waits and state != "gathered",
        created_at=row.created_at,
        next_at=row.next_at if waits else None,
        done_at=row.done_at,
        sending=waits and row.lease_until is not None and row.lease_until > now,
        attempts=tuple(tries),
        message_id=row.message_id,
        received_id=row.received_id,
    )
