"""The token of a canary: its id, signed, so that nobody but this desk can make one; and where a mail has it."""

import re
from typing import TYPE_CHECKING

from desk import signed
from desk.keys import Keys

if TYPE_CHECKING:
    from gateway.view import Incoming

HEADER = "X-Postdesk-Canary"
VERSION = 1
_PURPOSE = "canary"
_TOKEN = re.compile(r"[a-z2-7]{20,46}")


def make(canary_id: int, keys: Keys) -> str:
    """The token as lower-case base32, short enough for a mail address."""
    number = canary_id.to_bytes(max(3, (canary_id.bit_length() + 7) // 8))
    return signed.write(bytes((VERSION, keys.newest)) + number, keys, _PURPOSE)


def read(text: str, keys: Keys) -> int:
    """The id in a token; 0 when it is not ours, altered, or signed with a key that is gone."""
    text = text.strip().lower()
    if not _TOKEN.fullmatch(text):
        return 0
    payload = signed.read(text, keys, _PURPOSE, 3)
    return int.from_bytes(payload[2:]) if payload is not None and payload[0] == VERSION else 0


def of(mail: "Incoming", keys: Keys) -> int:
    """The id of the canary that a mail names, by one of its recipients or in its header; 0 for nearly every one."""
    named = next((found.canary for found in mail.recipients if found.canary), 0)
    return named or read(mail.message.extra.get(HEADER.lower(), ""), keys)
