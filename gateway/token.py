"""Reply tokens: a ticket, a person and a visibility in an address, signed so that nobody can make one up."""

import re
from dataclasses import dataclass
from typing import Literal

from desk import signed
from desk.keys import Keys

VERSION = 1
_PURPOSE = "reply token"
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
    return signed.write(_payload(token, keys.newest), keys, _PURPOSE)


def read(text: str, keys: Keys) -> Token | None:
    """The token in `text`, or None when it is not ours, altered, or signed with a key that is gone."""
    text = text.lower()
    if not _TOKEN.fullmatch(text):
        return None
    payload = signed.read(text, keys, _PURPOSE, 4)
    return _unpack(payload) if payload is not None and payload[0] >> 4 == VERSION else None


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
