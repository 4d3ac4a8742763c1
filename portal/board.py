"""The status as pages show it: read once a second at most, however many look."""

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from desk.status import Status, snapshot
from store.database import Database


class StatusBoard:
    """The latest snapshot; one thread reads it, the others wait for that reading."""

    def __init__(self, database: Database, seconds: float, mailboxes: Mapping[str, timedelta] | None = None) -> None:
        self._database = database
        self._mailboxes = mailboxes or {}  # each, and when it counts as silent
        self._seconds = seconds
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._read_at = 0.0

    def read(self, now: datetime) -> Status:
        """The status, at most `seconds` old."""
        with self._lock:
            if self._status is None or time.monotonic() - self._read_at >= self._seconds:
                with self._database.reading() as session:
                    self._status = snapshot(session, now, self._mailboxes)
                self._read_at = time.monotonic()
            return self._status
