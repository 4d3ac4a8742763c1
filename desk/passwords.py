"""Passwords: what may be one (two profiles), and Argon2id hashes of them."""

import functools
import re
import threading
import unicodedata
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from desk.said import Said, say

Profile = Literal["modern", "guide"]

MODERN_MIN, MODERN_MAX = 12, 128
GUIDE = re.compile(r"[A-Za-z0-9]{5,50}")
RULES: dict[Profile, Said] = {
    "modern": say("12 to 128 characters. Any characters, spaces too. Three or four words you make up work well."),
    "guide": say("5 to 50 letters and digits, without spaces."),
}
# OWASP Password Storage Cheat Sheet: 19 MiB and two passes. More memory would let a flood of sign-ins
# take the machine; two hashes at a time keep it at 38 MiB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_AT_A_TIME = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 5.0
_LEET = str.maketrans("@4310$57!", "aaeiossti")
_AROUND = "0123456789!?.,*#$%&+-_@ "
_WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)


class Busy(Exception):
    """More sign-ins at once than the machine may spend memory on; temporary."""


def fault(password: str, profile: Profile, *, username: str = "") -> str:
    """Why this cannot be a password, as a sentence (desk/said.py) for its form; "" when it can."""
    if not password:
        return say("Enter a new password")
    if profile == "guide":
        return "" if GUIDE.fullmatch(password) else say("Password must be 5 to 50 letters and digits, without spaces")
    if not MODERN_MIN <= len(_normal(password)) <= MODERN_MAX:
        return say("Password must be {least} to {most} characters", least=MODERN_MIN, most=MODERN_MAX)
    if is_common(password):
        return say("This password is too easy to guess. Choose one that nobody else would think of")
    local_part = username.partition("@")[0]
    if username and password.lower().strip() in (username, local_part * 2, local_part * 3):
        return say("Password must not be your user name")
    return ""


def is_common(password: str) -> bool:
    """True for the listed passwords, also with digits or signs around them, digits for letters, or repeated."""
    forms = {_normal(password).lower()}
    forms |= {re.sub(r"[\s._-]+", "", form) for form in forms}
    forms |= {form.rstrip(_AROUND) for form in forms}
    forms |= {form.lstrip(_AROUND) for form in forms}
    forms |= {form.translate(_LEET) for form in forms}
    return any(form == "" or form in _common() or _patterned(form) for form in forms)


def _patterned(form: str) -> bool:
    """A short piece over and over, a listed one repeated, or a run along the alphabet, the digits or the keyboard."""
    for length in range(1, len(form) // 2 + 1):
        if form == (form[:length] * (len(form) // length + 1))[: len(form)] and (
            length <= 4 or form[:length] in _common()
        ):
            return True
    return len(form) >= 6 and any(form in walk * 2 or form in walk[::-1] * 2 for walk in _WALKS)


@functools.cache
def _common() -> frozenset[str]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def hash_password(password: str) -> str:
    """The Argon2id hash to keep. Busy when too many are being made."""
    with _Turn():
        return _HASHER.hash(_normal(password))


def verify(password: str, stored: str) -> bool:
    """True when `password` made `stored`. An empty `stored` costs the same time and is False."""
    with _Turn():
        try:
            return _HASHER.verify(stored or nobodys_hash(), _normal(password)) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


@functools.cache
def nobodys_hash() -> str:
    """A hash that no password matches knowingly: sign-in with an unknown name is checked against it."""
    return _HASHER.hash("nobody has this password")


def _normal(password: str) -> str:
    """One form for what different keyboards type (NIST SP 800-63B section 3.1.1.2); nothing longer is hashed."""
    whole = password[: MODERN_MAX * 8].encode("utf-8", "replace").decode()  # half a surrogate pair has no UTF-8
    return unicodedata.normalize("NFKC", whole)


class _Turn:
    """Waits for one of the two places in which hashes are made."""

    def __enter__(self) -> None:
        if not _AT_A_TIME.acquire(timeout=_WAIT_SECONDS):
            raise Busy

    def __exit__(self, *_: object) -> None:
        _AT_A_TIME.release()
