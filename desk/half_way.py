"""Half-done sign-ins: a password or a link was right, a code is still to come. No session, and it opens no page."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from desk.sessions import key_of
from store.tables import Account, HalfSignIn

LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Half:
    """One that has begun: the value of its cookie, so that no other browser can go on with it."""

    cookie: str
    lasts: timedelta = LASTS


def begin(session: Session, account: Account, *, by_once: bool, keep: bool, now: datetime) -> Half:
    """What was right is not used up yet: a one-time password or link works on when no code comes."""
    purge(session, now)
    cookie = secrets.token_urlsafe(32)
    session.add(
        HalfSignIn(
            key=key_of(cookie),
            account_id=account.id,
            proof=_proof(account, by_once=by_once),
            by_once=by_once,
            kept=keep,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return Half(cookie)


def find(session: Session, cookie: str, now: datetime) -> HalfSignIn | None:
    """The one of this browser, in time."""
    row = session.get(HalfSignIn, key_of(cookie)) if cookie else None
    return row if row is not None and now < row.expires_at else None


def still_right(half: HalfSignIn, account: Account) -> bool:
    """True while the password, or the one-time secret, is the one that was right."""
    return hmac.compare_digest(half.proof, _proof(account, by_once=half.by_once))


def end_all(session: Session, account_id: int) -> None:
    """Whoever is half-way signs in anew."""
    session.execute(delete(HalfSignIn).where(HalfSignIn.account_id == account_id))


def purge(session: Session, now: datetime) -> None:
    """Remove those that nobody can go on with."""
    session.execute(delete(HalfSignIn).where(HalfSignIn.expires_at <= now))


def _proof(account: Account, *, by_once: bool) -> bytes:
    said = f"once:{account.once_hash}" if by_once else f"password:{account.password_hash}"
    return hashlib.sha256(said.encode()).digest()
