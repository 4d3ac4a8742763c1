"""Portal access given, taken back and sent for, as rows of one collection of writes: for all that is asked by mail."""

import secrets
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from desk import audit, notices
from desk.credentials import Kind, once_hash, once_secret
from desk.keys import Keys
from desk.state import ContactState, StaffState
from desk.writes import Writes
from store.tables import AccessToken, Account, Outbox, WebSession

LINKS_PER_HOUR = 3  # sign-in links to one person
LINK_WORKS = timedelta(hours=1)
_LETTER = "sign_in_link"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a credentials letter carries, for how long that works, and how fast those of an import go out."""

    kind: Kind = "password"
    hours: float = 72
    letters_per_minute: int = 30


@dataclass(slots=True)
class AccountState:
    """The portal access of one person."""

    id: int
    contact_id: int | None
    staff_id: int | None
    username: str
    active: bool = True
    last_login_at: datetime | None = None


def accounts(session: Session, contacts: Collection[int] = (), staff: Collection[int] = ()) -> list[AccountState]:
    """The accounts of these people."""
    if not contacts and not staff:
        return []
    return _found(session, or_(Account.contact_id.in_(contacts), Account.staff_id.in_(staff)))


def accounts_of(session: Session, contacts: Select[Any]) -> list[AccountState]:
    """The accounts of the contacts whose ids a query finds."""
    return _found(session, Account.contact_id.in_(contacts))


def _found(session: Session, whose: ColumnElement[bool]) -> list[AccountState]:
    columns = (Account.id, Account.contact_id, Account.staff_id, Account.username, Account.active)
    return [AccountState(*row) for row in session.execute(select(*columns, Account.last_login_at).where(whose))]


def links_sent(session: Session, addresses: Collection[str], now: datetime) -> Counter[str]:
    """How many sign-in links each of these addresses, as written, was sent within the hour."""
    rows = select(Outbox.recipient, func.count()).where(
        Outbox.recipient.in_(addresses), Outbox.created_at > now - LINK_WORKS, Outbox.automatic, Outbox.kind == _LETTER
    )
    sent: Counter[str] = Counter()
    if addresses:
        for recipient, count in session.execute(rows.group_by(Outbox.recipient)):
            sent[recipient] = count
    return sent


def give(
    writes: Writes,
    keys: Keys,
    policy: Policy,
    person: ContactState | StaffState,
    account: AccountState | None,
    now: datetime,
    *,
    by: str,
    wait: timedelta = timedelta(),
    import_id: int | None = None,
) -> AccountState:
    """Give somebody portal access, or give it back, and write them a credentials letter (E1); earlier ones end.

    What it carries works for its hours from when the letter goes out: the last of an import may wait for a day.
    """
    account = account or _new(writes, person, now)
    account.active = True
    until = now + wait + timedelta(hours=policy.hours)
    writes.change(Account, account.id, active=True, **_once(keys, policy.kind, until))
    notices.letter(
        writes, "credentials", person, now, context={"by": by}, automatic=False, wait=wait, import_id=import_id
    )
    if import_id is None:  # of an import the log has one row: its history says whom it let in
        audit.note(writes, "access.granted", *_whom(person), by_letter=policy.kind)
    return account


def _whom(person: ContactState | StaffState) -> tuple[str, int]:
    return ("staff" if isinstance(person, StaffState) else "contact"), person.id


def welcomes_until(session: Session, now: datetime) -> datetime:
    """When the last of the welcome letters that wait for their turn goes out: `now` where there are none."""
    waiting = (Outbox.import_id.is_not(None), Outbox.state == "waiting", Outbox.attempts == 0)
    return max(session.scalar(select(func.max(Outbox.next_at)).where(*waiting)) or now, now)


def send_link(
    writes: Writes,
    keys: Keys,
    person: ContactState | StaffState,
    account: AccountState | None,
    now: datetime,
    *,
    sent: int = 0,
) -> AccountState | None:
    """Write a letter with a sign-in link (E2) to the stored address; returns the account that it is for.

    None, and no letter, for somebody who has no access and may have none, and when the hour's `sent` are enough.
    """
    if account is None and not (isinstance(person, ContactState) and person.known):
        return None
    if not person.active or (account and not account.active) or sent >= LINKS_PER_HOUR:
        return None
    account = account or _new(writes, person, now)
    writes.change(Account, account.id, **_once(keys, "link", now + LINK_WORKS))
    # Counted as an automatic letter, for a program could ask for it: that is what the limit is counted by.
    notices.letter(writes, _LETTER, person, now)
    audit.note(writes, "sign-in.link", *_whom(person))
    return account


def take(writes: Writes, account: AccountState) -> None:
    """Take portal access away: all sessions and access tokens end at once. Writing by mail goes on as before."""
    account.active = False
    gone: dict[str, Any] = {"once_nonce": None, "once_kind": "", "once_hash": "", "once_expires_at": None}
    writes.change(Account, account.id, active=False, **gone)
    writes.drop(WebSession, {"account_id": account.id})
    writes.drop(AccessToken, {"account_id": account.id})
    kind = "staff" if account.staff_id is not None else "contact"
    audit.note(writes, "access.taken", kind, account.staff_id or account.contact_id)


def rename(writes: Writes, account: AccountState, address: str) -> None:
    """The user name is the primary address: when that changes, all sessions end."""
    account.username = address.lower()
    writes.change(Account, account.id, username=account.username)
    writes.drop(WebSession, {"account_id": account.id})


def _once(keys: Keys, kind: Kind, until: datetime) -> dict[str, Any]:
    """A fresh one-time secret, of which only the hash is kept; the letter makes it anew from the nonce."""
    nonce = secrets.token_bytes(16)
    hashed = once_hash(once_secret(nonce, keys, kind), kind)
    return {"once_nonce": nonce, "once_kind": kind, "once_hash": hashed, "once_expires_at": until}


def _new(writes: Writes, person: ContactState | StaffState, now: datetime) -> AccountState:
    staff = isinstance(person, StaffState)
    contact_id, staff_id = (None, person.id) if staff else (person.id, None)
    # Ids are unique within a table: with the person's own, an import of thousands needs fewer.
    made = AccountState(person.id, contact_id, staff_id, person.address.lower())
    writes.add(
        Account,
        id=made.id,
        username=made.username,
        contact_id=contact_id,
        staff_id=staff_id,
        active=True,
        password_hash="",
        password_changed_at=None,
        once_nonce=None,
        once_kind="",
        once_hash="",
        once_expires_at=None,
        last_login_at=None,
        created_at=now,
    )
    return made
