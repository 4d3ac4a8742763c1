"""The announcement line that every page shows while one is live."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk import announcements
from store.database import Database

_FRESH = timedelta(seconds=10)  # so long a page may show the line of before


@dataclass(frozen=True, slots=True)
class Headline:
    """The newest announcement that is live, and where the rest of it stands."""

    id: int
    title: str


class News:
    """Asks the database now and then, not for every page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._read: datetime | None = None
        self._line: Headline | None = None

    def line(self, now: datetime) -> Headline | None:
        """What to show at this moment; None for nothing."""
        with self._lock:
            if self._read is None or not timedelta(0) <= now - self._read < _FRESH:
                with self._database.reading() as session:
                    found = announcements.shown(session, now, now)
                self._line = Headline(found[0].id, found[0].title) if found else None
                self._read = now
            return self._line
