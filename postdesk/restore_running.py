"""Whether a desk is at work: nothing is put under its feet."""

import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from store.database import Database
from store.tables import Lease, Process

FRESH = timedelta(minutes=3)  # a process that lives renews its row more often than that


def at_work(database: Database, now: datetime) -> list[str]:
    """Processes that work on this database, as far as it says; those of this machine that are dead do not count."""
    with database.reading() as session:
        tables = set(inspect(session.connection()).get_table_names())
        names = [*_processes(session, now, tables), *_leases(session, now, tables)]
    return sorted({name for name in names if not _is_dead(name)})


def _processes(session: Session, now: datetime, tables: set[str]) -> list[str]:
    if Process.__tablename__ not in tables:
        return []
    return list(session.scalars(select(Process.name).where(Process.seen_at > now - FRESH)))


def _leases(session: Session, now: datetime, tables: set[str]) -> list[str]:
    if Lease.__tablename__ not in tables:
        return []
    return list(session.scalars(select(Lease.holder).where(Lease.until > now)))


def _is_dead(name: str) -> bool:
    """Only of this machine's own can that be told. A holder is "host:pid", or "host:pid:…"."""
    host, _, rest = name.partition(":")
    pid = rest.partition(":")[0]
    if host not in (socket.gethostname(), socket.gethostname()[:100], os.uname().nodename) or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
