"""Signed payloads as lower-case base32, short enough for a mail address: what nobody but this desk can make."""

import base64
import binascii
import hashlib
import hmac

from desk.keys import Keys

MAC_BYTES = 10  # 80 bits


def write(payload: bytes, keys: Keys, purpose: str) -> str:
    """The payload with its signature by the newest key, whose number the payload holds as its second byte."""
    return _text(payload + _mac(payload, keys, purpose))


def read(text: str, keys: Keys, purpose: str, least: int) -> bytes | None:
    """The payload, of `least` bytes or more; None when it is not ours, altered, or signed with a key that is gone."""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (ValueError, binascii.Error):
        return None
    payload, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    # The last letter may hold bits that stand for nothing: with others in them it is not the text that we wrote.
    if len(payload) < least or _text(raw) != text.lower():
        return None
    expected = _mac(payload, keys, purpose)
    return payload if expected and hmac.compare_digest(mac, expected) else None


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _mac(payload: bytes, keys: Keys, purpose: str) -> bytes:
    key = keys.derive(purpose, payload[1])
    return hashlib.blake2b(payload, key=key, digest_size=MAC_BYTES).digest() if key else b""
