"""A pass for one picture: what the frame of a mail shows instead of the cookie, which browsers keep from it."""

import hashlib
import hmac
from datetime import datetime, timedelta

from desk.keys import Keys

LASTS = timedelta(minutes=15)  # a frame asks for its pictures as soon as it is there; slow lines take a while


def new(file_id: int, now: datetime, keys: Keys) -> str:
    """For somebody who may see that file: its bytes for a quarter of an hour, and nothing else."""
    until = int((now + LASTS).timestamp())
    return f"{until}-{_sign(file_id, until, keys)}"


def is_right(given: str, file_id: int, now: datetime, keys: Keys) -> bool:
    """True for a pass of ours, for that file, that has not run out."""
    until, _, signature = given.partition("-")
    if not (until.isascii() and until.isdecimal() and len(until) <= 12):
        return False
    right = _sign(file_id, int(until), keys)
    return now.timestamp() < int(until) and hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode())


def _sign(file_id: int, until: int, keys: Keys) -> str:
    key = keys.derive("picture pass")
    if key is None:  # an empty key would let anybody sign
        raise LookupError("there is no master key")
    return hashlib.blake2b(f"{file_id}-{until}".encode(), key=key, digest_size=16).hexdigest()
