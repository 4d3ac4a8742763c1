"""Shows the others that a process lives: a row of its own, renewed by a thread, and taken off at the end."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from gateway.outage import Outage
from postdesk import __version__
from store import processes
from store.database import Database
from store.identity import name_of
from store.migrations.state import newest

log = structlog.get_logger(__name__)

CLOCK_OFF = timedelta(seconds=5)  # leases last for minutes: they bear more than that, but something is wrong


@contextmanager
def living(database: Database, roles: Collection[str]) -> Iterator[None]:
    """While this block runs, the process is known to live. A database that is away ends nothing."""
    heart = _Heart(database, roles)
    thread = threading.Thread(target=heart.beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        heart.stop.set()
        thread.join(processes.EVERY.total_seconds())


class _Heart:
    def __init__(self, database: Database, roles: Collection[str]) -> None:
        self._database, self._roles = database, roles
        self._name, self._schema = name_of(), newest()
        self._outage = Outage("showing that this process lives")
        self._clock_is_off = False
        self.stop = threading.Event()

    def beat(self) -> None:
        """Until it is stopped; then the process is taken off."""
        while not self.stop.is_set():
            self._guarded()
            self.stop.wait(processes.EVERY.total_seconds())
        try:
            with self._database.transaction(durable=False) as session:
                processes.take_off(session, [self._name])
        except Exception as error:
            log.warning("a process could not take itself off the list; it will be seen to be gone", error=repr(error))

    def _guarded(self) -> None:
        try:
            self._show()
        except Exception as error:
            self._outage.failed(error)
        else:
            self._outage.worked()

    def _show(self) -> None:
        with self._database.transaction(durable=False) as session:
            ahead = processes.show(session, self._name)
            if ahead is None:
                processes.register(session, self._name, self._roles, __version__, self._schema)
                ahead = processes.show(session, self._name) or timedelta()
        off = abs(ahead) > CLOCK_OFF
        if off and not self._clock_is_off:
            seconds = round(ahead.total_seconds(), 1)
            log.warning("the clock of this machine is not that of the database; set both by NTP", seconds_ahead=seconds)
        self._clock_is_off = off
