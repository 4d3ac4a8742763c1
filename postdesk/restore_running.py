"""Whether a desk is at work: nothing is put under its feet."""

from datetime import datetime

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from store.database import Database
from store.identity import is_dead
from store.processes import GONE
from store.tables import Lease, Process

_SURELY = 3 * GONE  # a process that is only slow to show itself must not lose its database


def at_work(database: Database, now: datetime) -> list[str]:
    """Processes that work on this database, as far as it says; those of this machine that are dead do not count."""
    with database.reading() as session:
        tables = set(inspect(session.connection()).get_table_names())
        names = [*_processes(session, now, tables), *_leases(session, now, tables)]
    return sorted({name for name in names if not is_dead(name)})


def _processes(session: Session, now: datetime, tables: set[str]) -> list[str]:
    if Process.__tablename__ not in tables:
        return []
    return list(session.scalars(select(Process.name).where(Process.seen_at > now - _SURELY)))


def _leases(session: Session, now: datetime, tables: set[str]) -> list[str]:
    if Lease.__tablename__ not in tables:
        return []
    return list(session.scalars(select(Lease.holder).where(Lease.until > now)))
