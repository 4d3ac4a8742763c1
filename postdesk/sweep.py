"""A slow walk over all bytes that are kept, one of their 256 folders a day, for those that no row names any more.

Bytes go after the commit of what let go of them: when a process dies in between, nothing names them, and only this
finds them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from store.blobs import BlobStore

AGE = timedelta(days=1)  # whatever is younger may belong to a row that is still to come
AT_ONCE = 500
_FOLDERS = 256
_ENOUGH = 24  # hex digits of a digest tell it from all others


@dataclass(frozen=True, slots=True)
class Step:
    """The digests to be looked at now, and how far the walk has come with them."""

    digests: frozenset[str]
    place: str


def step(blobs: BlobStore, place: str, today: date) -> Step:
    """What is next behind this place, "" at first: the rest of a folder, or the first of the next day's one.

    A place is the day and the digest looked at last, or the folder alone when the whole of it was looked at.
    """
    day, _, last = place.partition(" ")
    folder, after = last[:2] or "00", last
    if len(last) == len(folder):
        if day == today.isoformat():
            return Step(frozenset(), place)
        folder, after = f"{(int(last, 16) + 1) % _FOLDERS:02x}", ""
    digests = blobs.names(folder, after, AT_ONCE)
    reached = digests[-1][:_ENOUGH] if len(digests) == AT_ONCE else folder
    return Step(frozenset(digests), f"{today.isoformat()} {reached}")
