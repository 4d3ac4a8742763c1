"""Thread-Index: the header by which Outlook and Exchange thread, which look little at References.

Form: [MS-OXOMSG] section 2.2.1.3, a root of 22 bytes and 5 more for each reply.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # FILETIME counts 100 ns from here
_MAX_REPLIES = 40


def _filetime(at: datetime) -> int:
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 10_000_000


def thread_guid(instance: str, ticket_id: int) -> bytes:
    """Sixteen bytes that all letters of a ticket share."""
    return hashlib.blake2b(f"{instance}/{ticket_id}".encode(), digest_size=16).digest()


def thread_index(guid: bytes, opened: datetime, replies: Sequence[datetime] = ()) -> str:
    """The header value of a letter; `replies` are the times of the letters after the first, this one last."""
    # The highest byte of a FILETIME of our days is the 1 that the form begins with; the two lowest are left out, also
    # where the time of a reply is counted from.
    start = _filetime(opened) & ~0xFFFF
    parts = [b"\x01", start.to_bytes(8, "big")[1:6], guid]
    for number, at in enumerate(replies[-_MAX_REPLIES:]):
        parts.append(_child(max(0, _filetime(at) - start), number))
    return base64.b64encode(b"".join(parts)).decode()


def _child(difference: int, number: int) -> bytes:
    """31 bits of the time since the first letter, coarser once it is more than 1.7 years, and a count."""
    if difference < 1 << 49:
        code = difference >> 18
    else:
        code = 1 << 31 | difference >> 23 & 0x7FFFFFFF
    return code.to_bytes(4, "big") + bytes((number & 0x0F,))
