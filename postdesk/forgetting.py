"""Bytes that became nobody's: by retention, by an erasure, by a move that was taken back."""

from collections.abc import Collection
from datetime import datetime

from desk import retention
from postdesk.wiring import House

AT_ONCE = 200


def forget(house: House, digests: Collection[str], before: datetime) -> tuple[int, list[str]]:
    """How many of these went, as nothing names them; and those that stay though, as they were put after `before`.

    A backup that is being made copies what was named at its beginning: whoever calls this holds its lease
    (`backup.held`), or leaves it while one is made (`backup_due.is_running`).
    """
    gone, young = 0, []
    wanted = sorted(digests)
    for start in range(0, len(wanted), AT_ONCE):
        # One moment for all that may name them: what waits for a “confirm” becomes a file meanwhile.
        with house.database.reading() as session:
            unused = retention.unused(session, wanted[start : start + AT_ONCE])
        for digest in sorted(unused):
            if house.blobs.forget(digest, before):
                gone += 1
            else:
                young.append(digest)
    return gone, young
