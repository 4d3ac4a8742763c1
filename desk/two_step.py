"""Two-step sign-in: who must have it, setting it up and switching it off, codes of an app and for emergencies."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from desk import audit, credentials, half_way, sealed, totp, tries
from desk.keys import Keys
from store.tables import Account, LoginTry, RecoveryCode, core

# Who may have it, and who must: nobody and nobody · all may · staff must · staff and Admin users must · all must
Policy = Literal["off", "optional", "staff", "admins", "everybody"]
Used = Literal["app", "recovery"]  # what a code that was right is of

CODES = 10  # for emergencies
SETTING_UP = timedelta(minutes=15)  # that a new secret waits for its first code
_CODE_BYTES = 15  # 120 bits: a plain hash of more than 112 does (NIST SP 800-63B-4 section 3.1.2.2)
_KEPT, _OFFERED = "totp secret", "totp offer"  # purposes of keys

log = structlog.get_logger(__name__)


def is_required(policy: Policy, *, staff: bool, admin: bool) -> bool:
    """True where somebody must have it. Admin users are contacts who may manage those of their organisation."""
    if policy == "admins":
        return staff or admin
    return policy == "everybody" or (policy == "staff" and staff)


def offer(secret: bytes, account_id: int, session_key: bytes, keys: Keys, now: datetime) -> str:
    """A new secret as the form with its first code carries it: sealed, for one session of one account, for some time.

    It is kept nowhere else until the code came, so nobody who comes later to an open session can look at it.
    """
    plain = int(now.timestamp()).to_bytes(8) + secret
    return base64.urlsafe_b64encode(sealed.seal(plain, keys, _OFFERED, _bound(account_id) + session_key)).decode()


def offered(text: str, account_id: int, session_key: bytes, keys: Keys, now: datetime) -> bytes | None:
    """The secret of an offer; None when it is not of this session, or is too old."""
    try:
        data = base64.b64decode(text.encode("ascii"), b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    plain = sealed.unseal(data, keys, _OFFERED, _bound(account_id) + session_key)
    if plain is None or now.timestamp() - int.from_bytes(plain[:8]) > SETTING_UP.total_seconds():
        return None
    return plain[8:]


def switch_on(
    session: Session, account: Account, secret: bytes, step: int, keys: Keys, now: datetime, next_id: Callable[[], int]
) -> list[str]:
    """From now on a code is asked for at each sign-in; `step` is that of the first one, which is used up by it.

    Returns the recovery codes, which are never shown again.
    """
    account.totp_secret = sealed.seal(secret, keys, _KEPT, _bound(account.id))
    account.totp_step = step
    account.totp_at = now
    half_way.end_all(session, account.id)
    made = _recovery_codes(session, account.id)
    _tell(session, account, "on", now, next_id)
    return made


def switch_off(session: Session, account: Account, now: datetime, next_id: Callable[[], int], *, by: str = "") -> None:
    """The password alone is enough again; `by` is who at the desk did it, where it was not the owner."""
    account.totp_secret, account.totp_at, account.totp_step = None, None, 0
    half_way.end_all(session, account.id)
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    # Wrong codes of the secret that is gone would have its owner wait at the next one.
    session.execute(delete(core(LoginTry)).where(tries.at_codes([account.id])))
    _tell(session, account, "off", now, next_id, by=by)


def renew(session: Session, account: Account, now: datetime, next_id: Callable[[], int]) -> list[str]:
    """New recovery codes; those before work no more."""
    made = _recovery_codes(session, account.id)
    _tell(session, account, "codes", now, next_id)
    return made


def warn(session: Session, account: Account, now: datetime, next_id: Callable[[], int]) -> None:
    """Several wrong codes came after a right password: its owner hears that somebody may know it."""
    _letter(session, account, "tried", now, next_id)


def left(session: Session, account_id: int) -> int:
    """How many recovery codes are not used."""
    return session.scalar(select(func.count()).where(RecoveryCode.account_id == account_id)) or 0


def use(
    session: Session, account: Account, typed: str, keys: Keys, now: datetime, next_id: Callable[[], int]
) -> Used | None:
    """Use up the code that was typed; None when it is not right, or was used before.

    The caller holds the row of the account, so that of two that come at once with one code only the first is let in.
    """
    if account.totp_at is None:
        return None
    if totp.typed_code(typed):
        secret = sealed.unseal(account.totp_secret or b"", keys, _KEPT, _bound(account.id))
        if secret is None:
            log.error("the secret of a two-step sign-in cannot be read", account=account.id)
            return None
        step = totp.step_of(secret, typed, now, account.totp_step)
        if step is None:
            return None
        account.totp_step = step
        if sealed.is_of_older_key(account.totp_secret or b"", keys):
            account.totp_secret = sealed.seal(secret, keys, _KEPT, _bound(account.id))
        session.flush()
        return "app"
    mine = (RecoveryCode.account_id == account.id, RecoveryCode.digest == _digest(typed))
    if session.scalar(delete(RecoveryCode).where(*mine).returning(RecoveryCode.account_id)) is None:
        return None
    _tell(session, account, "recovery", now, next_id)
    return "recovery"


def _recovery_codes(session: Session, account_id: int) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    made = [credentials.in_letters(secrets.token_bytes(_CODE_BYTES)) for _ in range(CODES)]
    session.add_all(RecoveryCode(account_id=account_id, digest=_digest(code)) for code in made)
    session.flush()
    return made


def _digest(code: str) -> bytes:
    meant = credentials.as_meant(code[:200])
    return hashlib.sha256(f"recovery:{meant}".encode("utf-8", "surrogatepass")).digest()


def _bound(account_id: int) -> bytes:
    return f"account {account_id};".encode()


def _tell(
    session: Session, account: Account, what: str, now: datetime, next_id: Callable[[], int], *, by: str = ""
) -> None:
    """Its owner gets a letter: whoever did not do it should know at once."""
    log.info("two-step sign-in", what=what, account=account.id)
    # Whoever signs in with a recovery code is not signed in yet when it is used.
    whose = (account.staff_id, account.contact_id) if what == "recovery" else None
    audit.note(session, "second-factor.changed", "account", account.id, who=whose, what=what)
    _letter(session, account, what, now, next_id, by=by)


def _letter(
    session: Session, account: Account, what: str, now: datetime, next_id: Callable[[], int], *, by: str = ""
) -> None:
    facts = {"what": what, "at": now.isoformat(), "left": left(session, account.id), "by": by}
    session.add(credentials.letter_to(credentials.owner(session, account), "two_step", facts, now, next_id))
    session.flush()
