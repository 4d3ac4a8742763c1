"""The announcement line that every page shows while one is live."""

from dataclasses import dataclass
from datetime import datetime

from desk import announcements
from portal.board import FiguresBoard
from store.database import Database


@dataclass(frozen=True, slots=True)
class Headline:
    """The newest announcement that is live, and where the rest of it stands."""

    id: int
    title: str


class News:
    """Asks the database now and then, not for every page."""

    def __init__(self, database: Database, board: FiguresBoard) -> None:
        self._database = database
        self._board = board

    def line(self, now: datetime) -> Headline | None:
        """What to show at this moment, or a little while ago; None for nothing."""
        return self._board.read("", lambda: self._newest(now))

    def _newest(self, now: datetime) -> Headline | None:
        with self._database.reading() as session:
            found = announcements.shown(session, now, now)
        return Headline(found[0].id, found[0].title) if found else None
