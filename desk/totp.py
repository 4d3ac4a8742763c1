"""Codes that an app on a telephone shows (TOTP, RFC 6238): six digits of a shared secret and the time."""

import base64
import hmac
import re
import secrets
from datetime import datetime
from urllib.parse import quote

STEP = 30  # seconds
DIGITS = 6
DRIFT = 1  # steps that a clock may be early or late (RFC 6238 section 5.2)
_SECRET_BYTES = 20  # 160 bits, as long as the hash (RFC 4226 section 4, R6)
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


def new_secret() -> bytes:
    """A secret of 160 random bits."""
    return secrets.token_bytes(_SECRET_BYTES)


def step_at(now: datetime) -> int:
    """The step of a moment: how many half minutes since 1970."""
    return int(now.timestamp()) // STEP


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a step (RFC 4226 section 5.3). SHA-1 is what every app knows; as an HMAC nothing is wrong with it."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def typed_code(text: str) -> str:
    """Six digits as somebody typed them, with or without spaces; "" for anything else."""
    text = "".join(text.split()) if len(text) < 40 else ""
    return text if _CODE.fullmatch(text) else ""


def step_of(secret: bytes, typed: str, now: datetime, after: int = -1) -> int | None:
    """The step whose code was typed: that of now or one beside it, later than `after`, the last that was used.

    Every code is compared, each in constant time. Of two steps with the same code it is the later one: else the same
    digits would work again.
    """
    found, here, typed = None, step_at(now), typed_code(typed)
    for step in range(max(0, here - DRIFT), here + DRIFT + 1):
        if hmac.compare_digest(code(secret, step), typed) and step > after:
            found = step
    return found


def written(secret: bytes) -> str:
    """The secret for whoever types it into an app: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, issuer: str, username: str) -> str:
    """The secret as apps read it from a picture: an otpauth address (the format of Google Authenticator)."""
    issuer = issuer.replace(":", " ").strip()  # a colon ends the issuer in the label
    text = base64.b32encode(secret).decode().rstrip("=")
    label = f"{quote(issuer, safe='')}:{quote(username, safe='@')}"
    return f"otpauth://totp/{label}?secret={text}&issuer={quote(issuer, safe='')}"
