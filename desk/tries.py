"""Failed sign-ins: how long to wait before the next one. Limited by name and address together, never by name alone.

But for codes of an app: those are limited by account, and remembered until a right one, because six digits are few.
"""

import hashlib
import math
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, and_, cast, delete, false, func, or_, select
from sqlalchemy.orm import Session

from store.tables import LoginTry

REMEMBERED = timedelta(hours=1)
FREE_TRIES = 5  # of one name from one address, before waiting begins
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)
# Some ninety wrong codes of one account in a month, each right with a chance of 3 in a million. NIST SP 800-63B-4
# section 3.2.2 ends it for good after a hundred in a row; here nobody is locked out for good.
CODES_REMEMBERED = timedelta(days=30)
LONGEST_WAIT_FOR_CODES = timedelta(days=1)
PEER_TRIES = 20  # from one address in a minute, whatever the names
_WHAT = ("", "link ", "status ")  # before a name: a password, a sign-in link or a status that was asked for
_LETTERS = ("status letter:", "request of:")  # what is counted by address alone
_CODES = "code:"


def subject_of(username: str, peer: str) -> str:
    """One name tried from one address: a stranger's tries do not lock the owner out."""
    return f"name:{username[:320]}|{peer[:45]}"


def one_by_one(session: Session, *subjects: str) -> None:
    """Who counts the same waits until the others have ended, or many at once would all find the count of before.

    SQLite lets one write at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        for key in sorted(
            hashlib.blake2b(subject.encode("utf-8", "replace"), digest_size=8).digest() for subject in subjects
        ):
            number = cast(int.from_bytes(key, "big", signed=True), BigInteger)
            session.execute(select(func.pg_advisory_xact_lock(number)))


def naming(addresses: Collection[str]) -> ColumnElement[bool]:
    """The tries that name one of these addresses: at signing in, and at each form that asks for a letter."""
    found: list[ColumnElement[bool]] = [false()]
    for address in {one.lower()[:320] for one in addresses}:
        found += [LoginTry.subject.startswith(f"name:{what}{address}|", autoescape=True) for what in _WHAT]
        found.append(LoginTry.subject.in_([kind + address for kind in _LETTERS]))
    return or_(*found)


def codes_of(account_id: int) -> str:
    """The codes of one account from anywhere: whoever is asked for one knows the password, and six digits are few."""
    return f"{_CODES}{account_id}"


def recovery_of(account_id: int, peer: str) -> str:
    """The recovery codes of one account, by address too: nobody guesses 120 bits, so no guesser keeps the owner out."""
    return f"recovery:{account_id}|{peer[:45]}"


def at_codes(account_ids: Collection[int]) -> ColumnElement[bool]:
    """The tries at the second step of these accounts."""
    found: list[ColumnElement[bool]] = [false()]
    for account_id in account_ids:
        found.append(LoginTry.subject == codes_of(account_id))
        found.append(LoginTry.subject.startswith(recovery_of(account_id, "")))
    return or_(*found)


def over(now: datetime) -> ColumnElement[bool]:
    """The tries that no limit looks at any more, and those of a time to come: the clock was ahead, and is set back."""
    short = and_(LoginTry.at < now - REMEMBERED, LoginTry.subject.not_like(f"{_CODES}%"))
    return or_(short, LoginTry.at < now - CODES_REMEMBERED, LoginTry.at > now + REMEMBERED)


def begin(session: Session, username: str, peer: str, now: datetime, next_id: Callable[[], int]) -> timedelta:
    """Count a try before it is checked, so that many at once do not slip through; or say how long to wait."""
    return count(session, subject_of(username, peer), peer, now, next_id)


def count(session: Session, subject: str, peer: str, now: datetime, next_id: Callable[[], int]) -> timedelta:
    """The same of anything that is tried."""
    one_by_one(session, subject, f"peer:{peer[:45]}")
    session.execute(delete(LoginTry).where(over(now)).execution_options(synchronize_session=False))
    wait = max(_wait_for(session, subject, now), _wait_for_peer(session, peer, now))
    if not wait:
        for counted in (subject, f"peer:{peer[:45]}"):
            session.add(LoginTry(id=next_id(), subject=counted, at=now))
        session.flush()
    return wait


def forgive(session: Session, username: str, peer: str, now: datetime) -> None:
    """A right password: the tries before it were typing mistakes, and this one was none."""
    forget(session, subject_of(username, peer), peer, now)


def forget(session: Session, subject: str, peer: str, now: datetime) -> None:
    """The same of anything that is tried."""
    session.execute(delete(LoginTry).where(LoginTry.subject == subject))
    session.execute(delete(LoginTry).where(LoginTry.subject == f"peer:{peer[:45]}", LoginTry.at == now))


def how_many(session: Session, subject: str) -> int:
    """The tries that are remembered of something."""
    return session.scalar(select(func.count()).where(LoginTry.subject == subject)) or 0


def minutes(wait: timedelta) -> int:
    """For people: whole minutes, one at least."""
    return max(1, math.ceil(wait.total_seconds() / 60))


def _wait_for(session: Session, subject: str, now: datetime) -> timedelta:
    count = how_many(session, subject)
    last: datetime | None = session.scalar(select(func.max(LoginTry.at)).where(LoginTry.subject == subject))
    if last is None or count < FREE_TRIES:
        return timedelta(0)
    # Doubled for each five further tries: 1, 2, 4, 8, 15 minutes.
    longest = LONGEST_WAIT_FOR_CODES if subject.startswith(_CODES) else LONGEST_WAIT
    pause = min(longest, FIRST_WAIT * 2 ** min(11, (count - FREE_TRIES) // FREE_TRIES))
    left: timedelta = pause - max(timedelta(0), now - last)
    return max(timedelta(0), left)


def _wait_for_peer(session: Session, peer: str, now: datetime) -> timedelta:
    count = session.scalar(
        select(func.count()).where(LoginTry.subject == f"peer:{peer[:45]}", LoginTry.at > now - FIRST_WAIT)
    )
    return FIRST_WAIT if (count or 0) >= PEER_TRIES else timedelta(0)
