"""Signing in: a name and a password, or a one-time link, become a session, or a refusal that gives nothing away.

Where somebody has two-step sign-in, they become half a sign-in, to which the code is still to come.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import audit, credentials, half_way, passwords, sessions, totp, tries, two_step
from desk.half_way import Half
from desk.keys import Keys
from store.database import Database
from store.tables import Account, Contact, Staff

How = Literal["password", "link", "code"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session began; with `must_change` only choosing a password and signing out are open to it."""

    started: sessions.Started
    must_change: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No session. "wrong" is the same for an unknown name, a wrong password and an account without access.

    "gone" is said to half a sign-in that has run out, or whose password or access has changed.
    """

    why: Literal["wrong", "wait", "busy", "gone"]
    wait: timedelta = timedelta(0)


def sign_in(
    database: Database,
    username: str,
    password: str,
    peer: str,
    *,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str = "",
    keep: bool = False,
    with_code: bool = True,
) -> SignedIn | Half | Refused:
    """Check a name with an own or a one-time password. Without `with_code` nobody is asked for a code.

    Takes the database and not a session: Argon2 runs outside of any transaction, or a flood of sign-ins
    would hold up mail.
    """
    name = clean_name(username)
    with database.transaction(durable=False) as session:
        wait = tries.begin(session, name, peer, now, database.ids.next)
    if wait:
        return Refused("wait", wait)
    with database.reading() as session:
        account = session.scalars(select(Account).where(Account.username == name)).one_or_none()
        session.expunge_all()  # the end of a reading session expires what it read
    # An unknown name costs the same: one Argon2 check and one hash of a one-time password.
    probe = account or Account(username=name, password_hash="", once_hash="", once_kind="")
    try:
        own = passwords.verify(password, probe.password_hash)
    except passwords.Busy:
        return Refused("busy")
    once = credentials.once_is_right(probe, password, "password", now)
    if account is None or not (own or once):
        return _wrong(database, account, "password")
    return _begin(
        database, account, name, peer, now, lifetimes, user_agent, by_once=once, keep=keep, with_code=with_code
    )


def sign_in_by_link(
    database: Database,
    secret: str,
    peer: str,
    *,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str = "",
    with_code: bool = True,
) -> SignedIn | Half | Refused:
    """Use a one-time link up."""
    with database.transaction(durable=False) as session:
        wait = tries.begin(session, "link", peer, now, database.ids.next)
        account = None if wait else credentials.account_of_link(session, secret, now)
        session.flush()
        session.expunge_all()
    if wait:
        return Refused("wait", wait)
    if account is None:
        return _wrong(database, None, "link")
    return _begin(
        database, account, "link", peer, now, lifetimes, user_agent, by_once=True, keep=False, with_code=with_code
    )


def sign_in_by_code(
    database: Database,
    keys: Keys,
    cookie: str,
    typed: str,
    peer: str,
    *,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str = "",
) -> SignedIn | Refused:
    """The second step: half a sign-in and a code become a session."""
    with database.transaction(durable=False) as session:
        half = half_way.find(session, cookie, now)
        subject = _subject(half.account_id, typed, peer) if half else ""
        wait = tries.count(session, subject, peer, now, database.ids.next) if half else timedelta(0)
    if half is None:
        return Refused("gone")
    if wait:
        return Refused("wait", wait)
    with database.transaction() as session:
        account = session.get(Account, half.account_id, with_for_update=True)
        half = half_way.find(session, cookie, now)
        if half is None or account is None or not _has_access(session, account) or account.totp_at is None:
            return _refused(session, account, "code", "gone")
        if not half_way.still_right(half, account):
            return _refused(session, account, "code", "gone")
        if two_step.use(session, account, typed, keys, now, database.ids.next) is None:
            _warn(session, account, subject, now, database.ids.next)
            return _refused(session, account, "code")
        if half.by_once and not credentials.use_once(session, account):
            return _refused(session, account, "code", "gone")
        _forgive_codes(session, account.id, peer, now)
        session.delete(half)
        return _start(session, account, now, lifetimes, user_agent, by_once=half.by_once, keep=half.kept)


def refusal_of_password(
    database: Database, account_id: int, username: str, password: str, peer: str, *, now: datetime
) -> Refused | None:
    """Why the current password of an open session was not right; None when it was.

    An open session alone changes neither password nor address; guesses at it are limited like sign-ins.
    """
    with database.transaction(durable=False) as session:
        wait = tries.begin(session, username, peer, now, database.ids.next)
        stored = session.get_one(Account, account_id).password_hash
    if wait:
        return Refused("wait", wait)
    try:
        if not passwords.verify(password, stored):
            with database.transaction(durable=False) as session:
                audit.note(session, "password.refused", "account", account_id)
            return Refused("wrong")
    except passwords.Busy:
        return Refused("busy")
    with database.transaction(durable=False) as session:
        tries.forgive(session, username, peer, now)
    return None


def change_two_step(
    database: Database,
    keys: Keys,
    account_id: int,
    typed: str,
    act: Literal["codes", "off"],
    peer: str,
    *,
    now: datetime,
) -> list[str] | Refused:
    """What an open session and the password alone do not: new recovery codes, which are returned, or no second step."""
    subject, next_id = _subject(account_id, typed, peer), database.ids.next
    with database.transaction(durable=False) as session:
        wait = tries.count(session, subject, peer, now, next_id)
    if wait:
        return Refused("wait", wait)
    with database.transaction() as session:
        account = session.get_one(Account, account_id, with_for_update=True)
        if two_step.use(session, account, typed, keys, now, next_id) is None:
            audit.note(session, "password.refused", "account", account_id, by="code")
            _warn(session, account, subject, now, next_id)
            return Refused("wrong")
        _forgive_codes(session, account_id, peer, now)
        if act == "codes":
            return two_step.renew(session, account, now, next_id)
        two_step.switch_off(session, account, now, next_id)
        return []


def clean_name(username: str) -> str:
    """A user name as stored; what can be none (a NUL, which PostgreSQL refuses) becomes one that nobody has."""
    name = username.strip().lower()[:320]
    return name if name.isprintable() else ""


def _begin(
    database: Database,
    seen: Account,
    tried: str,
    peer: str,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str,
    *,
    by_once: bool,
    keep: bool,
    with_code: bool,
) -> SignedIn | Half | Refused:
    """Start the session, or the second step, if nothing changed since `seen` was read."""
    with database.transaction() as session:
        account = session.get(Account, seen.id, with_for_update=True)
        by: How = "link" if tried == "link" else "password"
        if account is None or not _has_access(session, account):
            return _refused(session, account, by)
        if (account.password_hash, account.once_hash) != (seen.password_hash, seen.once_hash):
            return _refused(session, account, by)
        if with_code and account.totp_at is not None:
            tries.forgive(session, tried, peer, now)
            audit.note(session, "sign-in.half", "account", account.id, who=(None, None), by=by)
            return half_way.begin(session, account, by_once=by_once, keep=keep, now=now)
        if by_once and not credentials.use_once(session, account):
            return _refused(session, account, by)
        tries.forgive(session, tried, peer, now)
        return _start(session, account, now, lifetimes, user_agent, by_once=by_once, keep=keep)


def _wrong(database: Database, account: Account | None, by: How) -> Refused:
    """Written down for known and unknown names alike, so that both cost the same."""
    with database.transaction(durable=False) as session:
        return _refused(session, account, by)


def _subject(account_id: int, typed: str, peer: str) -> str:
    """What a code is counted by: those of an app from anywhere."""
    return tries.codes_of(account_id) if totp.typed_code(typed) else tries.recovery_of(account_id, peer)


def _forgive_codes(session: Session, account_id: int, peer: str, now: datetime) -> None:
    """One was right, of the app or for emergencies: nobody but the owner has either."""
    for subject in (tries.codes_of(account_id), tries.recovery_of(account_id, peer)):
        tries.forget(session, subject, peer, now)


def _warn(session: Session, account: Account, subject: str, now: datetime, next_id: Callable[[], int]) -> None:
    """Tell the owner, once, when wrong codes of an app have become many."""
    if subject == tries.codes_of(account.id) and tries.how_many(session, subject) == tries.FREE_TRIES:
        two_step.warn(session, account, now, next_id)


def _refused(session: Session, account: Account | None, by: How, why: Literal["wrong", "gone"] = "wrong") -> Refused:
    # Nobody has shown that they are whose account it is, and what was typed as a name may be a password.
    audit.note(session, "sign-in.refused", "account", account.id if account else None, who=(None, None), by=by)
    return Refused(why)


def _start(
    session: Session,
    account: Account,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str,
    *,
    by_once: bool,
    keep: bool,
) -> SignedIn:
    sessions.purge(session, now)
    started = sessions.start(
        session, account, now=now, lifetimes=lifetimes, must_change=by_once, keep=keep, user_agent=user_agent
    )
    return SignedIn(started, by_once)


def _has_access(session: Session, account: Account) -> bool:
    person: Contact | Staff = credentials.owner(session, account)
    return account.active and person.deactivated_at is None
