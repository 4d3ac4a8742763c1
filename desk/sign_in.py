"""Signing in: a name and a password, or a one-time link, become a session, or a refusal that gives nothing away."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from desk import credentials, passwords, sessions, tries
from store.database import Database
from store.tables import Account, Contact, Staff


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session began; with `must_change` only choosing a password and signing out are open to it."""

    started: sessions.Started
    must_change: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No session. "wrong" is the same for an unknown name, a wrong password and an account without access."""

    why: Literal["wrong", "wait", "busy"]
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
) -> SignedIn | Refused:
    """Check a name with an own or a one-time password.

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
        return Refused("wrong")
    return _begin(database, account, name, peer, now, lifetimes, user_agent, by_once=once, keep=keep)


def sign_in_by_link(
    database: Database,
    secret: str,
    peer: str,
    *,
    now: datetime,
    lifetimes: sessions.Lifetimes,
    user_agent: str = "",
) -> SignedIn | Refused:
    """Use a one-time link up."""
    with database.transaction(durable=False) as session:
        wait = tries.begin(session, "link", peer, now, database.ids.next)
        account = None if wait else credentials.account_of_link(session, secret, now)
        session.flush()
        session.expunge_all()
    if wait:
        return Refused("wait", wait)
    if account is None:
        return Refused("wrong")
    return _begin(database, account, "link", peer, now, lifetimes, user_agent, by_once=True)


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
            return Refused("wrong")
    except passwords.Busy:
        return Refused("busy")
    with database.transaction(durable=False) as session:
        tries.forgive(session, username, peer, now)
    return None


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
    keep: bool = False,
) -> SignedIn | Refused:
    """Start the session, if nothing changed since `seen` was read."""
    with database.transaction() as session:
        account = session.get(Account, seen.id, with_for_update=True)
        if account is None or not account.active or _deactivated(credentials.owner(session, account)):
            return Refused("wrong")
        if (account.password_hash, account.once_hash) != (seen.password_hash, seen.once_hash):
            return Refused("wrong")
        if by_once and not credentials.use_once(session, account):
            return Refused("wrong")
        tries.forgive(session, tried, peer, now)
        sessions.purge(session, now)
        started = sessions.start(
            session,
            account,
            now=now,
            lifetimes=lifetimes,
            must_change=by_once,
            keep=keep,
            user_agent=user_agent,
        )
        return SignedIn(started, by_once)


def _deactivated(person: Contact | Staff) -> bool:
    return person.deactivated_at is not None
