"""Personal access tokens: made by their owner, shown once, kept as a hash, with the rights of today at each use."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.acting.rules import Refused
from desk.holders import Holder, holder_of, lives, selected
from desk.levels import Levels
from desk.said import say
from store.tables import AccessToken, Account, ApiAnswer, core

PREFIX = "pd_"  # so that programs that look for lost secrets know one
DAYS = (30, 90, 365)  # how long one may live
MOST = 50  # of one account
NAME = 100  # characters
TOUCH = timedelta(minutes=1)  # the last use is noted to the minute: reading costs no write
ANSWERS_KEPT = timedelta(hours=24)  # of requests with an Idempotency-Key
_TOKEN = re.compile(r"pd_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer(Holder):
    """Whoever holds a token, as the API needs them."""

    token_id: int
    may_write: bool
    stale: bool  # `touch` is due
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Owned:
    """A token as its owner sees it."""

    id: int
    name: str
    hint: str
    may_write: bool
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def digest_of(token: str) -> bytes:
    """What is stored of a token: it is random, so a plain hash does."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def make(
    session: Session,
    account_id: int,
    name: str,
    days: int,
    *,
    may_write: bool,
    now: datetime,
    next_id: Callable[[], int],
) -> str:
    """A new token, which is never shown again; Refused says what is wrong with the wish."""
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise Refused(say("Enter a name for the token"), "name")
    if len(name) > NAME:
        raise Refused(say("Name must be {n} characters or fewer", n=NAME), "name")
    if days not in DAYS:
        raise Refused(say("Select how long the token works"), "days")
    _has_room(session, account_id, name, now)
    token = PREFIX + secrets.token_urlsafe(32)
    session.add(
        AccessToken(
            id=next_id(),
            account_id=account_id,
            digest=digest_of(token),
            hint=token[:8],
            name=name,
            may_write=may_write,
            created_at=now,
            expires_at=now + timedelta(days=days),
            used_at=None,
        )
    )
    session.flush()
    made = session.scalar(select(AccessToken.id).where(AccessToken.digest == digest_of(token)))
    audit.note(session, "token.made", "token", made, days=days, may="write" if may_write else "read")
    return token


def _has_room(session: Session, account_id: int, name: str, now: datetime) -> None:
    """Names tell tokens apart, and an account has so many at the most."""
    # One at a time for an account, so that many at once do not slip past the limit.
    session.get_one(Account, account_id, with_for_update=True)
    session.execute(delete(AccessToken).where(AccessToken.account_id == account_id, AccessToken.expires_at <= now))
    count = session.scalar(select(func.count()).where(AccessToken.account_id == account_id)) or 0
    same = select(AccessToken.id).where(AccessToken.account_id == account_id, AccessToken.name == name)
    if session.scalar(same.limit(1)) is not None:  # a form that is sent twice makes one token
        raise Refused(say("You have a token of this name. Choose another one"), "name")
    if count >= MOST:
        raise Refused(say("You have {n} tokens, which is the most. End one of them first.", n=MOST), "name")


def of(session: Session, account_id: int, now: datetime) -> list[Owned]:
    """Those of an account that work, the newest first."""
    rows = session.scalars(
        select(AccessToken)
        .where(AccessToken.account_id == account_id, AccessToken.expires_at > now)
        .order_by(AccessToken.created_at.desc(), AccessToken.id.desc())
    )
    return [
        Owned(row.id, row.name, row.hint, row.may_write, row.created_at, row.expires_at, row.used_at) for row in rows
    ]


def end(session: Session, account_id: int, token_id: int) -> bool:
    """It works no more; False when there is none of that id, or it is somebody else's."""
    own = delete(AccessToken).where(AccessToken.id == token_id, AccessToken.account_id == account_id)
    gone = session.scalar(own.returning(AccessToken.id))
    if gone is not None:
        audit.note(session, "token.ended", "token", gone)
    return gone is not None


_HOLDER = selected(
    AccessToken, AccessToken.id.label("token_id"), AccessToken.may_write, AccessToken.used_at, AccessToken.expires_at
).where(AccessToken.digest == bindparam("held"))


def find(session: Session, token: str, now: datetime, levels: Levels) -> Bearer | None:
    """Who holds this token; None when it is unknown, ended, has run out, or its owner lost access."""
    if not _TOKEN.fullmatch(token):
        return None
    row = session.execute(_HOLDER, {"held": digest_of(token)}).one_or_none()
    if row is None or not lives(row) or now >= row.expires_at:
        return None
    return Bearer(
        **holder_of(session, row, levels),
        token_id=row.token_id,
        may_write=row.may_write,
        stale=row.used_at is None or now - row.used_at >= TOUCH,
        expires_at=row.expires_at,
    )


def touch(session: Session, token_id: int, now: datetime) -> None:
    """Note that it was used."""
    session.execute(update(AccessToken).where(AccessToken.id == token_id).values(used_at=now))


def purge(session: Session, now: datetime) -> None:
    """Remove tokens that have run out, and answers that nobody asks for again."""
    session.execute(delete(core(AccessToken)).where(core(AccessToken).c.expires_at <= now))
    session.execute(delete(core(ApiAnswer)).where(core(ApiAnswer).c.at <= now - ANSWERS_KEPT))
