"""The processes of the desk, on all its machines: each registers, shows that it lives, and takes itself off at its end.

Ages are reckoned by the clock of the database, so that those of the machines need not agree.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from store.identity import is_dead
from store.tables import Process

EVERY = timedelta(seconds=10)  # how often a process shows that it lives
GONE = timedelta(seconds=60)  # one that was not seen for so long is gone, as far as anybody can tell
FORGOTTEN = timedelta(days=1)
_SETTLED = timedelta(seconds=30)  # a desk that has just started may not be complete yet
NEEDED = ("work", "deliver", "schedule")  # without these no mail becomes a ticket, no letter leaves, no timer runs


@dataclass(frozen=True, slots=True)
class Known:
    """A process as the table has it, at one moment."""

    name: str
    roles: tuple[str, ...]
    version: str
    schema: str  # the newest that it knows
    started_at: datetime
    seen: timedelta  # how long ago it was seen
    clock: timedelta  # how much its machine's clock is ahead of the database's

    @property
    def lives(self) -> bool:
        """False when it was not seen for so long that it must be gone, or cut off."""
        return self.seen < GONE


def clock(session: Session) -> datetime:
    """The time as the database has it; SQLite has that of this machine."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    found = session.scalar(text("SELECT clock_timestamp()"))
    return found if isinstance(found, datetime) else datetime.now(UTC)


def register(session: Session, name: str, roles: Collection[str], version: str, schema: str) -> None:
    """A process begins."""
    now = clock(session)
    row = Process(name=name, roles=list(roles), version=version, schema=schema, started_at=now, seen_at=now)
    session.merge(row)


def show(session: Session, name: str) -> timedelta | None:
    """It lives; how much its clock is ahead. None when its row is not there (any more): it registers again then."""
    before = datetime.now(UTC)
    now = clock(session)
    ahead = before + (datetime.now(UTC) - before) / 2 - now
    values = {"seen_at": now, "clock_ms": round(ahead / timedelta(milliseconds=1))}
    changed = update(Process).where(Process.name == name).values(values).returning(Process.name)
    return ahead if session.scalars(changed).first() is not None else None


def take_off(session: Session, names: Collection[str]) -> None:
    """These have ended in order, or are known to be dead."""
    if names:
        session.execute(delete(Process).where(Process.name.in_(names)))


def take_off_dead(session: Session) -> None:
    """Those of this machine that died, and whatever was not seen for a day."""
    names = session.scalars(select(Process.name)).all()
    take_off(session, [name for name in names if is_dead(name)])
    session.execute(delete(Process).where(Process.seen_at < clock(session) - FORGOTTEN))


def known(session: Session) -> list[Known]:
    """All that are known, by name."""
    now = clock(session)
    return [
        Known(
            name=row.name,
            roles=tuple(row.roles),
            version=row.version,
            schema=row.schema,
            started_at=row.started_at,
            seen=max(now - row.seen_at, timedelta()),
            clock=timedelta(milliseconds=row.clock_ms),
        )
        for row in session.scalars(select(Process).order_by(Process.name))
    ]


def missing_roles(session: Session) -> tuple[str, ...]:
    """Roles without a living process, of those that a desk needs and those whose processes are gone."""
    now, found = clock(session), known(session)
    living = [process for process in found if process.lives]
    if not living or min(process.started_at for process in living) > now - _SETTLED:
        return ()
    served = {role for process in living for role in process.roles}
    lost = {role for process in found if not process.lives for role in process.roles}
    return tuple(role for role in dict.fromkeys((*NEEDED, *sorted(lost))) if role not in served)
