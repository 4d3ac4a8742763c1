"""What has changed in the world since a backup was made, as far as a restored desk can take it into account.

Letters have left with ids and ticket numbers that the backup does not know, so those are never given out again. Letters
that waited may have gone since: they wait for a person. One-time passwords may have been used, and browsers signed out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from desk.numbers import Form
from store.tables import (
    AccessToken,
    Account,
    Announcement,
    HalfSignIn,
    IdBlock,
    JobRun,
    Lease,
    NumberSeries,
    Outbox,
    Process,
    ReceivedMail,
    WebSession,
    core,
)

HELD = "held"  # the state of a letter that a restore put aside until a person has decided
ID_LEAP = 1_000_000_000
NUMBER_LEAP = 5_000
_ONCE_A_DAY = ("digest", "day-sheet")


@dataclass(frozen=True, slots=True)
class After:
    """What was done, in numbers."""

    number_after: str  # new tickets have numbers behind this one
    letters: dict[str, int]  # that waited, by kind
    mails: int  # that waited
    signed_out: int
    credentials: int  # one-time passwords and links that were open
    tokens: int  # for programs
    announcements: tuple[str, ...]  # that may have been on their way


def adjust(session: Session, now: datetime, zone: ZoneInfo, form: Form, *, send_waiting: bool) -> After:
    """All of it, in one transaction."""
    _free(session)
    return After(
        number_after=_leap(session, now.astimezone(zone).strftime("%Y%m%d"), form),
        letters=_letters(session, now, send_waiting),
        mails=session.scalar(select(func.count()).where(ReceivedMail.waiting)) or 0,
        signed_out=_sign_out(session),
        credentials=_end_credentials(session, now),
        tokens=_end_tokens(session),
        announcements=_announcements(session, now, zone),
    )


def _free(session: Session) -> None:
    """Nobody who held a lease, or was at work, is there any more."""
    session.execute(delete(core(Lease)))
    session.execute(delete(core(Process)))
    for table in (core(ReceivedMail), core(Outbox)):
        session.execute(update(table).where(table.c.lease_until.is_not(None)).values(lease_until=None, holder=""))


def _leap(session: Session, day: str, form: Form) -> str:
    """Ids and numbers that may have gone out since the backup are left out, by far more than there can be."""
    block, series = core(IdBlock), core(NumberSeries)
    session.execute(update(block).values(next=block.c.next + ID_LEAP))
    lasting = series.c.day.like("%-")  # counters of a form without the day
    most = session.scalar(select(func.max(series.c.last)).where(~lasting)) or 0  # the busiest day there was
    counters = select(series.c.day, series.c.last).where(lasting | (series.c.day == day))
    last: dict[str, int] = {day: 0, form.series or day: 0}
    last |= dict(session.execute(counters).all())
    for name, before in last.items():
        # With so many digits a number is still known as one.
        leap, end = (5 * most, 900_000) if name == day else (before // 10, 900_000_000)
        last[name] = max(before, min(before + max(NUMBER_LEAP, leap), end))
        if session.execute(update(series).where(series.c.day == name).values(last=last[name])).rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(series).values(day=name, last=last[name]))
    return form.write(last[form.series or day], day)


def _letters(session: Session, now: datetime, send: bool) -> dict[str, int]:
    waiting = text("outbox.state = 'waiting'")
    kinds = dict(session.execute(select(Outbox.kind, func.count()).where(waiting).group_by(Outbox.kind)).all())
    if not send:
        session.execute(update(core(Outbox)).where(waiting).values(state=HELD))
    return kinds


def _sign_out(session: Session) -> int:
    """Whoever signed out since would be signed in again."""
    count = session.scalar(select(func.count()).select_from(WebSession)) or 0
    session.execute(delete(core(WebSession)))
    session.execute(delete(core(HalfSignIn)))
    return count


def _end_tokens(session: Session) -> int:
    """One that its owner has ended since, because it was lost, would work again."""
    count = session.scalar(select(func.count()).select_from(AccessToken)) or 0
    session.execute(delete(core(AccessToken)))
    return count


def _end_credentials(session: Session, now: datetime) -> int:
    """What works once may have been used since."""
    table = core(Account)
    open_ones = and_(table.c.once_hash != "", or_(table.c.once_expires_at.is_(None), table.c.once_expires_at > now))
    count = session.scalar(select(func.count()).where(open_ones)) or 0
    gone: dict[str, Any] = {"once_nonce": None, "once_kind": "", "once_hash": "", "once_expires_at": None}
    session.execute(update(table).where(table.c.once_hash != "").values(gone))
    return count


def _announcements(session: Session, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """One that was on its way would go out a second time to many, and so would the lists of today."""
    today = now.astimezone(zone).date().isoformat()
    session.execute(update(core(JobRun)).where(core(JobRun).c.name.in_(_ONCE_A_DAY)).values(done_for=today))
    begun = and_(Announcement.by_mail, Announcement.told_at.is_(None), Announcement.starts_at <= now)
    titles = tuple(session.scalars(select(Announcement.title).where(begun).order_by(Announcement.id)))
    session.execute(update(core(Announcement)).where(begun).values(told_at=now))
    return titles


def held(session: Session) -> Iterator[Outbox]:
    """The letters that wait for a person, oldest first."""
    yield from session.scalars(
        select(Outbox).where(Outbox.state == HELD).order_by(Outbox.created_at, Outbox.id),
        execution_options={"yield_per": 500},
    )


def settle(session: Session, ids: list[int], now: datetime, *, send: bool) -> int:
    """Let these go out now, or give them up; how many of them were waiting for that."""
    if send:  # the days until it is given up begin anew
        values: dict[str, Any] = {"state": "waiting", "next_at": now, "retried_at": now, "attempts": 0}
    else:
        values = {"state": "uncertain", "done_at": now, "rendered": None}
    table = core(Outbox)
    done = session.execute(
        update(table).where(table.c.id.in_(ids), table.c.state == HELD).values(values).returning(table.c.id)
    )
    return len(done.all())
