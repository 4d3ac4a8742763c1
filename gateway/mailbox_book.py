"""What is kept about a mailbox in the database: who reads it, how it does, and where its mails begin."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from time import monotonic
from typing import Any, Protocol

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.mailbox_start import Start
from gateway.mailbox_state import MailboxState
from store.database import Database
from store.identity import name_of
from store.leases import free_dead, hold_lease
from store.tables import Lease
from store.tables import MailboxState as Row

# What a reader that dies keeps the others from reading, where they cannot see it dead. It is longer than the longest
# step of a visit in which nobody says that the reader lives: a batch that drips in (MailboxConfig.batch_timeout).
TERM = timedelta(minutes=6)
BEAT = 20.0  # seconds after which a reader says that it lives, with nothing new to say
OFTEN = 2.0  # seconds between two writes about progress
_LONGEST = 60  # of the name of a lease


class Book(Protocol):
    """What a poller keeps from visit to visit, and tells others."""

    def load(self) -> MailboxState:
        """How the mailbox does, as whoever read it last has left it."""

    def hold(self, state: MailboxState) -> bool:
        """Write the state; False when another process reads this mailbox."""

    def note(self, state: MailboxState) -> bool:
        """The same, only when there is something new, and not too often."""

    def start(self) -> Start | None:
        """Where the mails begin that are taken, as it is now; None when that was never decided."""

    def set_start(self, start: Start) -> None:
        """Keep it: durable, or an exception."""

    def let_go(self, state: MailboxState) -> None:
        """Let another process read this mailbox at once."""


class Forgetful:
    """A book for one process that ends."""

    def __init__(self) -> None:
        self._start: Start | None = None

    def load(self) -> MailboxState:
        """Nothing is known."""
        return MailboxState()

    def hold(self, state: MailboxState) -> bool:
        """Nobody else is there."""
        return True

    def note(self, state: MailboxState) -> bool:
        """Nobody reads it."""
        return True

    def start(self) -> Start | None:
        """As long as this process lives."""
        return self._start

    def set_start(self, start: Start) -> None:
        """As long as this process lives."""
        self._start = start

    def let_go(self, state: MailboxState) -> None:
        """There is nothing to let go."""


class DatabaseBook:
    """A book that all processes see."""

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._name = database, name
        self._clock = clock
        self._lease = _lease_name(name)
        self._holder = name_of()
        self._written: MailboxState | None = None
        self._written_at = 0.0

    def load(self) -> MailboxState:
        """How the mailbox does, as whoever read it last has left it."""
        with self._database.reading() as session:
            row = session.get(Row, self._name)
        known = {name: getattr(row, name) for name in MailboxState.__dataclass_fields__} if row else {}
        return replace(MailboxState(**known), mode="", waiting=0, taken=0)

    def hold(self, state: MailboxState) -> bool:
        """Write the state; False when another process reads this mailbox."""
        now = self._clock()
        with self._database.transaction(durable=False) as session:
            free_dead(session, self._lease)  # a process of this machine that died keeps nobody waiting
            if not hold_lease(session, self._lease, self._holder, now, TERM):
                self._written = None
                return False
            _write(session, self._name, _health(state) | {"seen_at": now})
        self._written, self._written_at = state, monotonic()
        return True

    def note(self, state: MailboxState) -> bool:
        """The same, when there is something new, not too often, and every BEAT seconds in any case."""
        age = monotonic() - self._written_at
        known = self._written
        if known and age < BEAT and (known == state or (age < OFTEN and _same_but_progress(known, state))):
            return True
        return self.hold(state)

    def start(self) -> Start | None:
        """Where the mails begin that are taken, as it is now; None when that was never decided."""
        with self._database.reading() as session:
            row = session.get(Row, self._name)
        if row is None or not row.start_known:
            return None
        return Start(row.uid_validity, row.start_uid, row.start_at)

    def set_start(self, start: Start) -> None:
        """Keep it: durable, or an exception."""
        # A server without UIDVALIDITY, of which all mails are taken: all three are empty, and still it is decided.
        values: dict[str, Any] = {"start_known": True, "uid_validity": start.uid_validity}
        values |= {"start_uid": start.uid, "start_at": start.at}
        now = self._clock()
        with self._database.transaction() as session:
            if not _update(session, self._name, values):
                _write(session, self._name, values | {"seen_at": now})

    def let_go(self, state: MailboxState) -> None:
        """End the lease: another process may read this mailbox at once."""
        ours = (Lease.name == self._lease) & (Lease.holder == self._holder)
        with self._database.transaction(durable=False) as session:
            if session.execute(update(Lease).where(ours).values(until=self._clock())).rowcount:  # type: ignore[attr-defined]
                _write(session, self._name, _health(state) | {"seen_at": self._clock()})


def _lease_name(mailbox: str) -> str:
    """Names that are too long are told apart by a digest: cut, two mailboxes would share a lease."""
    name = f"imap:{mailbox}"
    return name if len(name) <= _LONGEST else f"imap:{blake2b(mailbox.encode(), digest_size=20).hexdigest()}"


def _health(state: MailboxState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in MailboxState.__dataclass_fields__}


def _same_but_progress(one: MailboxState, other: MailboxState) -> bool:
    def still(state: MailboxState) -> MailboxState:
        return replace(state, waiting=0, taken=0, last_success=None, last_error_at=None)

    return still(one) == still(other)


def _write(session: Session, name: str, values: dict[str, Any]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Row).values(name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _update(session: Session, name: str, values: dict[str, Any]) -> bool:
    found = session.execute(update(Row).where(Row.name == name).values(**values))
    return bool(found.rowcount)  # type: ignore[attr-defined]
