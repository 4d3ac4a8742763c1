"""Sessions of signed-in browsers: start, resume, end. The cookie's value is never kept, only its hash."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from desk import access, nesting
from desk.access import Person
from desk.levels import Level, Levels
from store.tables import Account, Contact, Organisation, Staff, WebSession

# `seen_at` is written at most this often: reading a page does not cost a write.
TOUCH = timedelta(minutes=1)
CHOOSING = timedelta(hours=8)  # how long a session lives that has yet to choose a password


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives without a click, and at the longest."""

    customer_idle: timedelta = timedelta(hours=8)
    customer_longest: timedelta = timedelta(days=30)
    staff_idle: timedelta = timedelta(minutes=30)
    staff_longest: timedelta = timedelta(hours=12)

    def idle(self, *, staff: bool) -> timedelta:
        """Without a click."""
        return self.staff_idle if staff else self.customer_idle

    def longest(self, *, staff: bool) -> timedelta:
        """With any number of clicks."""
        return self.staff_longest if staff else self.customer_longest


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, as pages need them."""

    key: bytes
    account_id: int
    username: str
    name: str
    person: Person
    csrf: str
    must_change: bool
    stale: bool  # `touch` is due
    level: Level = field(default_factory=lambda: Level(""))  # what a contact may do; of staff it says nothing
    languages: tuple[str, ...] = ()  # of the person, then of their organisation

    @property
    def keeps_people(self) -> bool:
        """True for contacts who may manage those of their organisation."""
        return self.level.people and self.person.contact_id is not None and self.person.organisation_id is not None

    @property
    def is_staff(self) -> bool:
        """True for people who work at the desk."""
        return self.person.staff_id is not None


@dataclass(frozen=True, slots=True)
class Started:
    """A new session: the value of its cookie, and for how long."""

    cookie: str
    lasts: timedelta


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
) -> Started:
    """Sign an account in; always with a new id (fixation)."""
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
    return Started(cookie, lasts)


# One statement, because every click asks it.
_HOLDER = (
    select(
        WebSession.key, WebSession.csrf, WebSession.must_change, WebSession.seen_at, WebSession.expires_at,
        Account.id, Account.username, Account.active, Account.contact_id, Account.staff_id,
        Staff.name.label("staff_name"), Staff.deactivated_at.label("staff_left"),
        Contact.name, Contact.first_name, Contact.organisation_id, Contact.deactivated_at.label("contact_left"),
        Contact.level, Contact.sees, Contact.language, Staff.language.label("staff_language"),
        Organisation.visibility, Organisation.language.label("organisation_language"),
    )
    .join(Account, Account.id == WebSession.account_id)
    .outerjoin(Staff, Staff.id == Account.staff_id)
    .outerjoin(Contact, Contact.id == Account.contact_id)
    .outerjoin(Organisation, Organisation.id == Contact.organisation_id)
    .where(WebSession.key == bindparam("held"))
)  # fmt: skip


def resume(session: Session, cookie: str, *, now: datetime, lifetimes: Lifetimes, levels: Levels) -> Visitor | None:
    """Who holds this cookie; None when it is unknown, ended, idle too long, or its owner lost access."""
    row = session.execute(_HOLDER, {"held": key_of(cookie)}).one_or_none()
    if row is None or not row.active:
        return None
    if now >= row.expires_at or now - row.seen_at >= lifetimes.idle(staff=row.staff_id is not None):
        return None
    person = _person(session, row, levels)
    if not person.active:
        return None
    return Visitor(
        key=row.key,
        account_id=row.id,
        username=row.username,
        name=row.staff_name or row.name or row.first_name or row.username,
        person=person,
        csrf=row.csrf,
        must_change=row.must_change,
        stale=now - row.seen_at >= TOUCH,
        level=levels.of(row.level) if row.contact_id is not None else Level(""),
        languages=tuple(filter(None, (row.staff_language, row.language, row.organisation_language))),
    )


def _person(session: Session, row: Any, levels: Levels) -> Person:
    """With the rights of today; only for who sees the organisations below their own another query."""
    own = row.organisation_id
    seen = access.sees(row.sees, levels.of(row.level), row.visibility) if row.contact_id is not None else "own"
    below = nesting.below(session, [own])[own] if own is not None and seen == "sub-organisations" else frozenset()
    return Person(
        contact_id=row.contact_id,
        staff_id=row.staff_id,
        organisation_id=own,
        organisations=access.organisations(own, seen, below),
        active=row.staff_left is None and row.contact_left is None,
    )


def touch(session: Session, key: bytes, now: datetime) -> None:
    """Note a click."""
    session.execute(update(WebSession).where(WebSession.key == key).values(seen_at=now))


def end(session: Session, key: bytes) -> None:
    """Sign one browser out."""
    session.execute(delete(WebSession).where(WebSession.key == key))


def end_all(session: Session, account_id: int) -> None:
    """Sign every browser of an account out."""
    session.execute(delete(WebSession).where(WebSession.account_id == account_id))


def purge(session: Session, now: datetime) -> None:
    """Remove sessions that nobody can use any more."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
