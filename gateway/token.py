"""Reply tokens: a ticket, a person and a visibility in an address, signed so that nobody can make one up."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Literal

from desk.keys import Keys

VERSION = 1
MAC_BYTES = 10  # 80 bits
_KINDS = ("contact", "staff", "delivery", "confirm")
_TOKEN = re.compile(r"[a-z2-7]{30,46}")


@dataclass(frozen=True, slots=True)
class Token:
    """Who a letter was for.

    For kind "delivery" `person_id` is the outbox row, for "confirm" the row of what waits; `ticket_id` is then 0.
    """

    kind: Literal["contact", "staff", "delivery", "confirm"]
    ticket_id: int
    person_id: int
    internal: bool = False


def make(token: Token, keys: Keys) -> str:
    """The token as lower-case base32 of at most 46 characters (RFC 5321 allows 64 in a local part)."""
    payload = _payload(token, keys.newest)
    return _encode(payload + _mac(payload, keys, keys.newest))


def read(text: str, keys: Keys) -> Token | None:
    """The token in `text`, or None when it is not ours, altered, or signed with a key that is gone."""
    text = text.lower()
    if not _TOKEN.fullmatch(text):
        return None
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (ValueError, binascii.Error):
        return None
    payload, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if len(payload) < 4 or payload[0] >> 4 != VERSION:
        return None
    expected = _mac(payload, keys, payload[1])
    if not expected or not hmac.compare_digest(mac, expected):
        return None
    return _unpack(payload)


def _payload(token: Token, key_id: int) -> bytes:
    ticket, person = _number(token.ticket_id), _number(token.person_id)
    head = VERSION << 4 | _KINDS.index(token.kind) << 1 | token.internal
    return bytes((head, key_id, len(ticket))) + ticket + person


def _number(value: int) -> bytes:
    """At least three bytes, so that no token is short enough to look like a word."""
    return value.to_bytes(max(3, (value.bit_length() + 7) // 8))


def _unpack(payload: bytes) -> Token | None:
    kind = payload[0] >> 1 & 0b111
    split = 3 + payload[2]
    if kind >= len(_KINDS) or split >= len(payload):
        return None
    ticket_id, person_id = int.from_bytes(payload[3:split]), int.from_bytes(payload[split:])
    return Token(_KINDS[kind], ticket_id, person_id, bool(payload[0] & 1))  # type: ignore[arg-type]


def _mac(payload: bytes, keys: Keys, key_id: int) -> bytes:
    key = keys.derive("reply token", key_id)
    return hashlib.blake2b(payload, key=key, digest_size=MAC_BYTES).digest() if key else b""


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()
