"""The timers: housekeeping by the clock. With several machines only the one that holds the lease does it."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.orm import Session

from desk import clockwork, sessions
from gateway.outage import Outage
from postdesk.wiring import House
from store.leases import hold_lease

LEASE = timedelta(minutes=2)


def start(house: House) -> Callable[[], None]:
    """Start the timers in a thread; returns what ends them."""
    holder = f"{os.uname().nodename}:{os.getpid()}"
    jobs = {name: Outage(f"housekeeping ({name})") for name in JOBS}

    def tick() -> None:
        for name, outage in jobs.items():
            try:
                run(house, name, holder, datetime.now(UTC))
            except Exception as error:  # APScheduler would write a traceback a minute
                outage.failed(error)
            else:
                outage.worked()

    # A job that was due while the machine slept runs once, late, instead of not at all.
    scheduler = BackgroundScheduler(
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}, timezone="UTC"
    )
    scheduler.add_job(tick, "interval", minutes=1, id="tick")
    scheduler.start()
    return lambda: scheduler.shutdown()


def run(house: House, name: str, holder: str, now: datetime) -> bool:
    """One job in one transaction; False when another process holds the lease."""
    with house.database.transaction(durable=False) as session:
        if not hold_lease(session, "schedule", holder, now, LEASE):
            return False
        JOBS[name](house, session, now)
    return True


def _complete(house: House, session: Session, now: datetime) -> None:
    days = timedelta(days=house.settings.mail.reopen_days)
    clockwork.complete(session, house.database.ids.next, now, days, lock=not house.database.is_sqlite)


def _due(house: House, session: Session, now: datetime) -> None:
    clockwork.tell_of_due(session, house.database.ids.next, now)


def _purge(house: House, session: Session, now: datetime) -> None:
    sessions.purge(session, now)
    clockwork.forget_questions(session, now)


JOBS: dict[str, Callable[[House, Session, datetime], None]] = {"complete": _complete, "due": _due, "purge": _purge}
