"""Sessions of signed-in browsers: start, resume, end. The cookie's value is never kept, only its hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.holders import Holder, holder_of, lives, selected
from desk.levels import Levels
from store.tables import Account, WebSession

# `seen_at` is written at most this often: reading a page does not cost a write.
TOUCH = timedelta(minutes=1)
CHOOSING = timedelta(hours=8)  # how long a session lives that has yet to choose a password
_DEVICES = 50  # that a page lists; nobody has as many, but a program may sign in every minute


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives without a click, and at the longest.

    One that is kept (“keep me logged in on this computer”) needs no clicks: it lives for the longest time.
    """

    customer_idle: timedelta = timedelta(hours=8)
    customer_longest: timedelta = timedelta(days=30)
    staff_idle: timedelta = timedelta(minutes=30)
    staff_longest: timedelta = timedelta(hours=12)

    def idle(self, *, staff: bool, kept: bool = False) -> timedelta:
        """Without a click."""
        if kept:
            return self.longest(staff=staff)
        return self.staff_idle if staff else self.customer_idle

    def longest(self, *, staff: bool) -> timedelta:
        """With any number of clicks."""
        return self.staff_longest if staff else self.customer_longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor(Holder):
    """Who is signed in, as pages need them."""

    key: bytes
    csrf: str
    must_change: bool
    stale: bool  # `touch` is due
    kept: bool = False  # as Lifetimes says
    two_step: bool = False  # has set up two-step sign-in


@dataclass(frozen=True, slots=True)
class Started:
    """A new session: the value of its cookie, and for how long."""

    cookie: str
    lasts: timedelta
    kept: bool = False  # also when the browser is closed


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that is signed in, for its owner to see."""

    name: str
    user_agent: str
    since: datetime
    seen_at: datetime
    here: bool  # the one that asks


def key_of(cookie: str) -> bytes:
    """What is stored of a cookie."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()


def start(
    session: Session,
    account: Account,
    *,
    now: datetime,
    lifetimes: Lifetimes,
    must_change: bool = False,
    keep: bool = False,
    user_agent: str = "",
    goes_on: bool = False,
) -> Started:
    """Sign an account in; always with a new id (fixation). With `goes_on` somebody stays who was here before."""
    cookie = secrets.token_urlsafe(32)
    lasts = CHOOSING if must_change else lifetimes.longest(staff=account.staff_id is not None)
    session.add(
        WebSession(
            key=key_of(cookie),
            account_id=account.id,
            csrf=secrets.token_urlsafe(32),
            must_change=must_change,
            kept=keep,
            created_at=now,
            seen_at=now,
            expires_at=now + lasts,
            user_agent="".join(letter for letter in user_agent if letter.isprintable())[:255],
        )
    )
    account.last_login_at = now
    session.flush()
    if not goes_on:
        whose = (account.staff_id, account.contact_id)
        audit.note(session, "sign-in.done", "account", account.id, who=whose, once=must_change or None)
    return Started(cookie, lasts, keep)


_HOLDER = selected(
    WebSession,
    WebSession.key,
    WebSession.csrf,
    WebSession.must_change,
    WebSession.kept,
    WebSession.seen_at,
    WebSession.expires_at,
).where(WebSession.key == bindparam("held"))


def resume(session: Session, cookie: str, *, now: datetime, lifetimes: Lifetimes, levels: Levels) -> Visitor | None:
    """Who holds this cookie; None when it is unknown, ended, idle too long, or its owner lost access."""
    row = session.execute(_HOLDER, {"held": key_of(cookie)}).one_or_none()
    if row is None or not lives(row) or _is_over(row, lifetimes, now, staff=row.staff_id is not None):
        return None
    return Visitor(
        **holder_of(session, row, levels),
        key=row.key,
        csrf=row.csrf,
        must_change=row.must_change,
        stale=now - row.seen_at >= TOUCH,
        kept=row.kept,
        two_step=row.totp_at is not None,
    )


def _is_over(row: Any, lifetimes: Lifetimes, now: datetime, *, staff: bool) -> bool:
    """True after its time, or after too long without a click; a kept one that has yet to choose a password, too."""
    idle = lifetimes.idle(staff=staff, kept=row.kept and not row.must_change)
    return bool(now >= row.expires_at or now - row.seen_at >= idle)


def touch(session: Session, key: bytes, now: datetime) -> None:
    """Note a click."""
    session.execute(update(WebSession).where(WebSession.key == key).values(seen_at=now))


def end(session: Session, key: bytes) -> None:
    """Sign one browser out."""
    _end(session, key, "sign-in.out")


def _end(session: Session, key: bytes, act: str) -> None:
    gone = session.scalar(delete(WebSession).where(WebSession.key == key).returning(WebSession.account_id))
    if gone is not None:
        audit.note(session, act, "account", gone)


def end_all(session: Session, account_id: int) -> None:
    """Sign every browser of an account out."""
    session.execute(delete(WebSession).where(WebSession.account_id == account_id))


def devices(session: Session, visitor: Visitor, now: datetime, lifetimes: Lifetimes) -> list[Device]:
    """The browsers in which the visitor's account is signed in, this one first, then by their last click."""
    rows = session.scalars(
        select(WebSession)
        .where(WebSession.account_id == visitor.account_id, WebSession.expires_at > now)
        .order_by((WebSession.key == visitor.key).desc(), WebSession.seen_at.desc(), WebSession.created_at.desc())
        .limit(_DEVICES)
    )
    return [
        Device(name_of(row.key), row.user_agent, row.created_at, row.seen_at, row.key == visitor.key)
        for row in rows
        if not _is_over(row, lifetimes, now, staff=visitor.is_staff)
    ]


def end_device(session: Session, visitor: Visitor, name: str) -> None:
    """Sign one of the visitor's own browsers out, by the name of its Device; nothing happens for any other."""
    own = session.scalars(select(WebSession.key).where(WebSession.account_id == visitor.account_id))
    for key in own.all():
        if name_of(key) == name:
            _end(session, key, "session.ended")


def end_others(session: Session, visitor: Visitor) -> None:
    """Sign every browser of the visitor's account out but this one."""
    others = (WebSession.account_id == visitor.account_id, WebSession.key != visitor.key)
    gone = session.scalars(delete(WebSession).where(*others).returning(WebSession.account_id)).all()
    if gone:
        audit.note(session, "session.ended", "account", visitor.account_id, browsers=len(gone))


def name_of(key: bytes) -> str:
    """What stands for a session on a page: nothing that opens it, and not what is stored of it either."""
    return hashlib.sha256(b"device" + key).hexdigest()[:20]


def purge(session: Session, now: datetime) -> None:
    """Remove sessions that nobody can use any more."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
