"""Credentials: giving somebody portal access, one-time passwords and links, choosing an own password."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from desk import audit, sessions
from desk.keys import Keys
from store.tables import AccessToken, Account, Contact, Outbox, Staff

Kind = Literal["password", "link"]
# Crockford's base 32: no I, L, O, U, so nothing to mistake; what is typed for them is read as 1, 1, 0,
# and the dash that some mail programs make of a hyphen is passed over too.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_AS_MEANT = str.maketrans({"I": "1", "L": "1", "O": "0", " ": None, "-": None, "–": None, "\t": None})
_LETTER_BYTES = 10  # 80 bits (ASVS 6.4.1)


class CredentialsError(Exception):
    """Access cannot be given; the text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class OnceLetter:
    """What a credentials letter says; made when it is rendered, and never kept."""

    username: str
    kind: Kind
    secret: str
    expires_at: datetime


def once_secret(nonce: bytes, keys: Keys, kind: str, key_id: int | None = None) -> str:
    """The one-time password "4KQ7-M2XD-9TRW-H3VN", or the secret of a one-time link, that belongs to a nonce."""
    key = keys.derive(f"once {kind}", key_id)
    if key is None:
        raise CredentialsError("the key that made this one-time password is gone: issue a new one")
    if kind == "link":
        return base64.urlsafe_b64encode(hashlib.blake2b(nonce, key=key, digest_size=30).digest()).decode()
    return in_letters(hashlib.blake2b(nonce, key=key, digest_size=_LETTER_BYTES).digest())


def in_letters(data: bytes) -> str:
    """Bytes, five or a multiple of it, as people type them: groups of four letters."""
    number, count = int.from_bytes(data), len(data) * 8 // 5
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))
    return "-".join(letters[start : start + 4] for start in range(0, count, 4))


def as_meant(text: str) -> str:
    """What `in_letters` made, however it was typed: without the signs between the groups, mistaken letters mended."""
    return text.upper().translate(_AS_MEANT)


def once_hash(secret: str, kind: str) -> str:
    """What is stored of a one-time secret. It has 80 random bits or more, so a fast hash is enough."""
    if kind == "password":
        secret = as_meant(secret)
    return hashlib.sha256(f"{kind}:{secret}".encode("utf-8", "surrogatepass")).hexdigest()


def activate(
    session: Session,
    keys: Keys,
    person: Contact | Staff,
    *,
    kind: Kind,
    hours: float,
    now: datetime,
    by: str,
    next_id: Callable[[], int],
) -> Account:
    """Give somebody portal access, or give it back, and write them a credentials letter (E1)."""
    if isinstance(person, Contact):
        person.known = True  # a member of staff vouches for them
    account = _account_of(session, person, now, next_id)
    account.active = True
    return issue(session, keys, person, kind=kind, hours=hours, now=now, by=by, next_id=next_id)


def issue(
    session: Session,
    keys: Keys,
    person: Contact | Staff,
    *,
    kind: Kind,
    hours: float,
    now: datetime,
    by: str,
    next_id: Callable[[], int],
    letter: bool = True,
) -> Account:
    """A new one-time password or link; earlier ones end, an own password works until this one is used.

    `letter=False` is for "postdesk init", which prints the link of the first administrator.
    """
    account = _account_of(session, person, now, next_id)
    if not account.active:
        raise CredentialsError(f"portal access of {account.username} is switched off: activate it first")
    account.once_nonce = secrets.token_bytes(16)
    account.once_kind = kind
    account.once_hash = once_hash(once_secret(account.once_nonce, keys, kind), kind)
    account.once_expires_at = now + timedelta(hours=hours)
    if letter:
        _withdraw_letters(session, person, now)
        session.add(letter_to(person, "credentials", {"by": by}, now, next_id))
    session.flush()
    kind_of = "staff" if isinstance(person, Staff) else "contact"
    audit.note(session, "access.granted", kind_of, person.id, by_letter=kind if letter else None)
    return account


def deactivate(session: Session, account: Account) -> None:
    """Take portal access away: all sessions end at once. Writing by mail goes on as before."""
    account.active = False
    _forget_once(account)
    sessions.end_all(session, account.id)
    kind = "staff" if account.staff_id is not None else "contact"
    audit.note(session, "access.taken", kind, account.staff_id or account.contact_id)


def for_letter(account: Account, keys: Keys, now: datetime) -> OnceLetter | None:
    """What the letter to its owner says; None when it was used, replaced or ran out before it could be sent."""
    if not account.active or not account.once_nonce or not account.once_hash:
        return None
    if account.once_expires_at is None or account.once_expires_at <= now:
        return None
    kind: Kind = "link" if account.once_kind == "link" else "password"
    for key_id, _ in keys.entries:  # a key added since must not change what an issued letter says
        secret = once_secret(account.once_nonce, keys, kind, key_id)
        if hmac.compare_digest(once_hash(secret, kind), account.once_hash):
            return OnceLetter(account.username, kind, secret, account.once_expires_at)
    return None


def once_is_right(account: Account, secret: str, kind: Kind, now: datetime) -> bool:
    """True when `secret` is this account's one-time password or link, unused and in time."""
    right = hmac.compare_digest(once_hash(secret, kind), account.once_hash or "0" * 64)
    in_time = account.once_expires_at is not None and now < account.once_expires_at
    return right and in_time and account.once_kind == kind and bool(account.once_hash)


def account_of_link(session: Session, secret: str, now: datetime) -> Account | None:
    """The account whose one-time link this is, unused and in time."""
    account = session.scalars(
        select(Account).where(Account.once_hash == once_hash(secret, "link"), Account.active)
    ).one_or_none()
    return account if account is not None and once_is_right(account, secret, "link", now) else None


def use_once(session: Session, account: Account) -> bool:
    """Use the one-time secret up; the own password and all sessions end. False when another try was quicker."""
    taken = session.execute(
        update(Account)
        .where(Account.id == account.id, Account.once_hash == account.once_hash, Account.once_hash != "")
        .values(once_hash="", once_nonce=None, once_kind="", once_expires_at=None, password_hash="")
        .execution_options(synchronize_session="fetch")
    )
    sessions.end_all(session, account.id)
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # a CursorResult, which the stub does not say


def set_password(
    session: Session,
    account: Account,
    password_hash: str,
    *,
    now: datetime,
    next_id: Callable[[], int],
    tell: bool = True,
) -> None:
    """Keep a chosen password: secrets, sessions and access tokens end; with `tell` its owner gets a letter (E3)."""
    first = account.password_changed_at is None
    account.password_hash = password_hash
    account.password_changed_at = now
    _forget_once(account)
    sessions.end_all(session, account.id)
    audit.note(session, "password.changed", "account", account.id, first=first or None)
    session.execute(delete(AccessToken).where(AccessToken.account_id == account.id))  # somebody else may have made one
    if tell:
        person = owner(session, account)
        session.add(letter_to(person, "password_changed", {"at": now.isoformat(), "first": first}, now, next_id))
    session.flush()


def owner(session: Session, account: Account) -> Contact | Staff:
    """Whose account it is."""
    person = (
        session.get(Staff, account.staff_id)
        if account.staff_id is not None
        else session.get(Contact, account.contact_id)
    )
    if person is None:
        raise CredentialsError(f"nobody owns the account {account.username}")
    return person


def _account_of(session: Session, person: Contact | Staff, now: datetime, next_id: Callable[[], int]) -> Account:
    """Their account, made when there is none, with the primary address of today as its user name."""
    username = person.address.lower()
    if not username:
        raise CredentialsError("portal access needs an e-mail address")
    if person.deactivated_at is not None:
        raise CredentialsError(f"{username} is deactivated")
    staff = isinstance(person, Staff)
    mine = (Account.staff_id if staff else Account.contact_id) == person.id
    account = session.scalars(select(Account).where(mine)).one_or_none()
    taken = session.scalars(select(Account).where(Account.username == username)).one_or_none()
    if taken is not None and taken is not account:
        raise CredentialsError(f"{username} is the user name of somebody else")
    if account is None:
        account = Account(id=next_id(), active=True, password_hash="", once_hash="", once_kind="", created_at=now)
        account.staff_id, account.contact_id = (person.id, None) if staff else (None, person.id)
        session.add(account)
    account.username = username
    return account


def _forget_once(account: Account) -> None:
    account.once_nonce, account.once_kind, account.once_hash, account.once_expires_at = None, "", "", None


def _withdraw_letters(session: Session, person: Contact | Staff, now: datetime) -> None:
    """An earlier letter that still waits would say the same as the new one: one is enough."""
    theirs = Outbox.staff_id == person.id if isinstance(person, Staff) else Outbox.contact_id == person.id
    session.execute(
        update(Outbox)
        .where(theirs, Outbox.kind == "credentials", Outbox.state == "waiting")
        .where(or_(Outbox.lease_until.is_(None), Outbox.lease_until < now))
        .values(state="folded", done_at=now)
        .execution_options(synchronize_session=False)
    )


def letter_to(
    person: Contact | Staff, kind: str, context: dict[str, Any], now: datetime, next_id: Callable[[], int]
) -> Outbox:
    """A letter about somebody's own access."""
    staff = isinstance(person, Staff)
    return Outbox(
        id=next_id(),
        kind=kind,
        recipient=person.address,
        recipient_name=person.name,
        contact_id=None if staff else person.id,
        staff_id=person.id if staff else None,
        context=context,
        automatic=False,  # a person asked for it, and a flood of receipts must not use up its place
        state="waiting",
        next_at=now,
        created_at=now,
    )
