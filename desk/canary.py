"""The canary: a mail of the desk to itself. When it was sent, whether it came back, how long it took, who was told."""

import statistics
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from desk.said import Said, say
from desk.trouble_letters import tell
from store.tables import Canary, Delivery, Outbox

KIND = "canary"  # of its letter, and the rule by which it is known when it comes back
KEPT = timedelta(days=30)
DAY = timedelta(days=1)
_AT_ONCE = 500
_TOLD = and_(Canary.told_at.is_not(None), Canary.mended_at.is_(None))


@dataclass(frozen=True, slots=True)
class Flight:
    """One canary with each leg of its way; a leg that it has not flown yet is None."""

    id: int
    address: str
    sent_at: datetime
    handed_at: datetime | None = None  # to the relay
    arrived_at: datetime | None = None  # it came in
    handled_at: datetime | None = None  # it was recognised
    state: str = "waiting"  # of its letter, as in the outbox
    said: str = ""  # the last word of the relay

    @property
    def seconds(self) -> float | None:
        """From sent to recognised; None while it is under way."""
        return (self.handled_at - self.sent_at).total_seconds() if self.handled_at else None


@dataclass(frozen=True, slots=True)
class CanaryState:
    """How the round trip does, for the status page and for whoever watches from outside."""

    sent_at: datetime  # the last one
    returned_at: datetime | None  # when the last one that came back did
    seconds: float | None  # how long that one took
    typical: float | None  # the median of the last day
    missing_since: datetime | None  # staff were told that one is missing, and none has come back since


def is_due(session: Session, now: datetime, every: timedelta) -> bool:
    """True when the last canary was sent that long ago, or there was none."""
    last = session.scalar(select(func.max(Canary.sent_at)))
    return last is None or now - last >= every


def send(
    session: Session, next_id: Callable[[], int], now: datetime, recipient: Callable[[int], str], sender: str
) -> int:
    """Queue one; returns its id. `recipient` makes the address that carries the token of an id."""
    canary_id, outbox_id = next_id(), next_id()
    address = recipient(canary_id)
    session.add(Canary(id=canary_id, address=address, sent_at=now, outbox_id=outbox_id))
    context = {"canary": canary_id, "from": sender}
    # Not counted among what machines write to one address: it is the desk's own.
    row = Outbox(id=outbox_id, kind=KIND, recipient=address, context=context, automatic=False)
    row.next_at = row.created_at = now
    session.add(row)
    return canary_id


def watch(session: Session, next_id: Callable[[], int], now: datetime, late: timedelta) -> int:
    """Tell staff, once, that a canary is missing, and once when one came back since. Returns how many letters."""
    told = _told(session)
    if told is not None:
        back = exists().where(Canary.handled_at > told.told_at)
        if not session.scalar(select(back)):
            return 0
        session.execute(update(Canary).where(_TOLD).values(mended_at=now))
        return tell(session, next_id, now, [_mended(told)])
    # Mail came through since: then one mail was lost, and not the way.
    last = select(func.max(Canary.handled_at)).scalar_subquery()
    missing = select(Canary).where(
        Canary.handled_at.is_(None),
        Canary.sent_at <= now - late,
        Canary.sent_at > func.coalesce(last, now - DAY),
        Canary.sent_at > now - DAY,  # one that was sent by hand long ago says nothing about today
        Canary.told_at.is_(None),
    )
    lost = session.scalars(missing.order_by(Canary.sent_at).limit(1)).first()
    if lost is None:
        return 0
    lost.told_at = now
    return tell(session, next_id, now, [_lost(flight(session, lost.id), late)])


def stand_down(session: Session, now: datetime) -> None:
    """No more are sent: that one was missing is no news any more."""
    if _told(session) is not None:
        session.execute(update(Canary).where(_TOLD).values(mended_at=now))


def state(session: Session, now: datetime) -> CanaryState | None:
    """Where the canaries are; None where none was sent in a while."""
    sent = session.scalar(select(func.max(Canary.sent_at)))
    if sent is None:
        return None
    back = select(Canary.sent_at, Canary.handled_at).where(Canary.handled_at.is_not(None))
    last = session.execute(back.order_by(Canary.handled_at.desc()).limit(1)).first()
    rows = session.execute(back.where(Canary.sent_at > now - DAY))
    today = [(row.handled_at - row.sent_at).total_seconds() for row in rows if row.handled_at]
    told = _told(session)
    return CanaryState(
        sent_at=sent,
        returned_at=last.handled_at if last else None,
        seconds=(last.handled_at - last.sent_at).total_seconds() if last and last.handled_at else None,
        typical=statistics.median(today) if today else None,
        missing_since=told.sent_at if told else None,
    )


def flight(session: Session, canary_id: int) -> Flight | None:
    """One canary with its legs; None when there is no such one, or it is forgotten."""
    row = session.execute(_flights().where(Canary.id == canary_id)).first()
    return _flight(session, *row) if row else None


def flights(session: Session, limit: int) -> list[Flight]:
    """The latest ones, newest first."""
    rows = session.execute(_flights().order_by(Canary.sent_at.desc(), Canary.id.desc()).limit(limit)).all()
    return [_flight(session, *row, ask=False) for row in rows]


def flying(session: Session, ids: Collection[int], now: datetime) -> set[int]:
    """Those of these that are under way: sent within a day, and not yet back."""
    if not ids:
        return set()
    there = select(Canary.id).where(Canary.id.in_(ids), Canary.handled_at.is_(None), Canary.sent_at > now - DAY)
    return set(session.scalars(there))


def forget(session: Session, before: datetime) -> int:
    """Old ones go, with their letters. Returns how many; the rest of many has its turn with the next run."""
    old = select(Canary.id, Canary.outbox_id).where(Canary.sent_at < before).order_by(Canary.sent_at)
    rows = session.execute(old.limit(_AT_ONCE)).all()
    if rows:
        letters = [row.outbox_id for row in rows if row.outbox_id]
        session.execute(delete(Delivery).where(Delivery.outbox_id.in_(letters)))
        session.execute(delete(Outbox).where(Outbox.id.in_(letters)))
        session.execute(delete(Canary).where(Canary.id.in_([row.id for row in rows])))
    return len(rows)


def _flights() -> Select[Any]:
    columns: tuple[Any, ...] = (Canary, Outbox.state, Outbox.done_at)
    return select(*columns).outerjoin(Outbox, Outbox.id == Canary.outbox_id)


def _flight(session: Session, row: Canary, state: str | None, done_at: datetime | None, *, ask: bool = True) -> Flight:
    said = ""
    if ask and state != "sent":
        last = select(Delivery.reply).where(Delivery.outbox_id == row.outbox_id)
        said = session.scalar(last.order_by(Delivery.at.desc(), Delivery.id.desc()).limit(1)) or ""
    return Flight(
        id=row.id,
        address=row.address,
        sent_at=row.sent_at,
        handed_at=done_at if state == "sent" else None,
        arrived_at=row.arrived_at,
        handled_at=row.handled_at,
        state=state or "forgotten",
        said=said,
    )


def _told(session: Session) -> Canary | None:
    """The missing one that staff know of, while none has come back that they know of."""
    return session.scalars(select(Canary).where(_TOLD).order_by(Canary.told_at.desc()).limit(1)).first()


def advice(lost: Flight) -> Said:
    """Where a canary seems to be, and what to look at, in a sentence or two."""
    if lost.arrived_at is not None:
        return say("It came back.")
    if lost.state == "waiting" and not lost.said:
        return say(
            "No process has handed it to the relay. See that “postdesk serve” runs with the role deliver, and its log."
        )
    if lost.state == "waiting":
        return say(
            "The relay does not take it: “{reply}”. Look at the section relay of the settings, and at the relay.",
            reply=lost.said,
        )
    if lost.state == "sent":
        return say(
            "The relay took it, and it has not come in. Look at the queue and log of the relay, then at the way in: "
            "the MX record or the route to the desk, the mailbox and its spam folder, and whether addresses with a “+” "
            "or “-” in them are delivered."
        )
    return say(
        "It was not taken: “{reply}”. Look at the relay, and whether it may send to the desk address.", reply=lost.said
    )


def _lost(lost: Flight | None, late: timedelta) -> tuple[Said, list[Said]]:
    assert lost is not None  # noqa: S101 - for the type checker: its row was just read
    minutes = round(late.total_seconds() / 60)
    return say("Mail may not come through"), [
        say(
            "The desk sent a mail to itself to see whether mail comes through. After {minutes} minutes it has not "
            "come back.",
            minutes=minutes,
        ),
        advice(lost),
        say("You hear of it again when such a mail comes back."),
    ]


def _mended(told: Canary) -> tuple[Said, list[Said]]:
    if told.handled_at is None:
        return say("Mail comes through again"), [
            say("A mail that the desk sent to itself has come back. The one that was missing has not.")
        ]
    minutes = round((told.handled_at - told.sent_at).total_seconds() / 60)
    return say("Mail comes through again"), [
        say("The mail that was missing has come back. It was under way for {minutes} minutes.", minutes=minutes)
    ]
