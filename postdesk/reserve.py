"""Sees to the reserve file beside an SQLite database while the desk runs, and tells the operator once when it goes."""

from time import monotonic

import structlog

from store.room import Room

log = structlog.get_logger(__name__)

EVERY = 1.0  # seconds


class Keeper:
    """One in the parent of the processes: it has nothing else to do, and is there as long as any of them."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._looked = float("-inf")
        self._is_short = False
        self._failed = False

    def look(self) -> None:
        """At most once a second. What fails is told once, and keeps nobody from working."""
        if self._room.file is None or monotonic() - self._looked < EVERY:
            return
        self._looked = monotonic()
        try:
            change = self._room.tend()
        except OSError as error:
            if not self._failed:
                log.error("the reserve file cannot be seen to", exc_info=error)
            self._failed = True
            return
        self._failed = False
        if change in ("given up", "no room") and not self._is_short:
            self._is_short = True
            log.error("the disk of the database is full; mail is refused for now", reserve_file=change)
        elif change == "made" and self._is_short:
            self._is_short = False
            log.warning("the disk of the database has room again; mail is taken", reserve_file=change)
