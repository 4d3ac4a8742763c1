"""Faults of the desk itself, disk or database: told from a mail's own, waited out, and logged once for each change."""

import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

log = structlog.get_logger(__name__)

PAUSES = (1.0, 5.0, 15.0, 60.0)  # seconds to wait after the first, second, … fault in a row
_FIRST_REMINDER = 60.0
_LAST_REMINDER = 3_600.0
# unique and foreign key violation, serialization failure, deadlock (PostgreSQL, appendix A); SQLite's names below.
_CONFLICT_STATES = ("23505", "23503", "40001", "40P01")
_LIMITS = "54"  # the class of states of what is too much for PostgreSQL, however often it is tried
_CONFLICT_NAMES = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_FOREIGNKEY")


def is_ours(error: BaseException) -> bool:
    """True for what passes without a change to the mail: the disk, the database, a race with another process."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if _state(error).startswith(_LIMITS):
        return False
    return isinstance(error, OSError | OperationalError | InterfaceError) or is_conflict(error)


def is_conflict(error: BaseException) -> bool:
    """True when another process wrote the same row first. A value that the database never takes is no conflict."""
    name = getattr(error.orig, "sqlite_errorname", None) if isinstance(error, DBAPIError) else None
    return _state(error) in _CONFLICT_STATES or name in _CONFLICT_NAMES


def _state(error: BaseException) -> str:
    """The SQLSTATE of PostgreSQL; "" for any other error."""
    return getattr(error.orig, "sqlstate", None) or "" if isinstance(error, DBAPIError) else ""


def pause(faults: int) -> float:
    """Seconds to wait after so many faults in a row."""
    return PAUSES[min(max(faults, 1), len(PAUSES)) - 1]


def one_line(error: BaseException) -> str:
    """The first line of what an error says; the driver's own words where SQLAlchemy wraps them."""
    words = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"{type(error).__name__}: {words[0]}" if words else type(error).__name__


class Outage:
    """Says once that something does not work, reminds at growing intervals, and says once that it works again."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._faults = 0
        self._since = self._remind_at = 0.0
        self._interval = _FIRST_REMINDER

    def failed(self, error: BaseException) -> float:
        """Note a fault, with its traceback if it is the first; returns the seconds to wait."""
        self._faults += 1
        now = self._clock()
        if self._faults == 1:
            self._since, self._interval = now, _FIRST_REMINDER
            self._remind_at = now + self._interval
            log.error("a part does not work; it is tried again until it does", part=self._what, exc_info=error)
        elif now >= self._remind_at:
            self._interval = min(_LAST_REMINDER, self._interval * 2)
            self._remind_at = now + self._interval
            seconds = round(now - self._since)
            said = {"part": self._what, "error": one_line(error), "faults": self._faults, "seconds": seconds}
            log.error("a part still does not work", **said)
        return pause(self._faults)

    def worked(self) -> None:
        """Note that it works; said in one line when it did not before."""
        if self._faults:
            seconds = round(self._clock() - self._since)
            log.warning("a part works again", part=self._what, faults=self._faults, seconds=seconds)
            self._faults = 0
