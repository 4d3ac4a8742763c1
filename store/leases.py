"""A lease in the database: the right of one process to do what only one may do."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.identity import is_dead
from store.tables import Lease


def hold_lease(session: Session, name: str, holder: str, now: datetime, term: timedelta) -> bool:
    """Take or renew a lease; False while another holder's term runs."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Lease).values(name=name, holder=holder, until=now + term)
    taken = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": now + term},
            where=or_(Lease.holder == holder, Lease.until < now),
        ).returning(Lease.holder)
    ).first()
    return taken == holder


def let_go(session: Session, name: str, holder: str) -> None:
    """Give a lease back before its term ends, so that the next one need not wait; nothing when it is not ours."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def free_dead(session: Session, name: str = "") -> None:
    """End a lease, or all of them, where its holder is a process of this machine that has died."""
    chosen = select(Lease.holder).where(Lease.name == name) if name else select(Lease.holder)
    dead = [holder for holder in session.scalars(chosen.distinct()).all() if is_dead(holder)]
    if dead:
        session.execute(delete(Lease).where(Lease.holder.in_(dead), *([Lease.name == name] if name else [])))
