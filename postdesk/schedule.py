"""Runs the timers once a minute. With several machines only the one that holds the lease does it."""

import contextlib
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from desk import audit
from desk.audit import Origin
from gateway.outage import Outage
from postdesk.clock_watch import ClockWatch
from postdesk.timers import TIMERS, Done, Run
from postdesk.wiring import House
from store.identity import name_of
from store.leases import hold_lease, let_go
from store.tables import JobRun, Lease

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
EVERY, LOOK = 60, 2  # seconds from one run of the timers to the next, and from one look at the clock to the next
_NAME = "schedule"


def start(house: House) -> Callable[[], None]:
    """Start the timers in a thread; returns what ends them."""
    holder, stop = name_of(), threading.Event()
    jobs = {name: Outage(f"housekeeping ({name})") for name in TIMERS}

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
    scheduler.add_job(tick, "interval", seconds=EVERY, id=_NAME)
    scheduler.start()
    thread = threading.Thread(target=_watch, args=(house, scheduler, stop), name="clock-watch", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()
        scheduler.shutdown()
        # Without the database the lease ends by itself, a little later.
        with contextlib.suppress(OSError, DBAPIError), house.database.transaction(durable=False) as session:
            let_go(session, _NAME, holder)

    return end


def _watch(house: House, scheduler: BackgroundScheduler, stop: threading.Event) -> None:
    """APScheduler waits for a time of day: after the clock was set back by a day, it would wait for a day."""
    clock, outage = ClockWatch(), Outage("what waits since before the clock was set back")
    while not stop.wait(LOOK):
        try:
            if clock.look(house.database):
                scheduler.reschedule_job(_NAME, trigger="interval", seconds=EVERY)
        except Exception as error:
            outage.failed(error)
        else:
            outage.worked()


def run(house: House, name: str, holder: str, now: datetime) -> bool:
    """One timer in one transaction; False when another process holds the lease."""
    with house.database.transaction(durable=False) as session:
        if not hold_lease(session, _NAME, holder, now, LEASE):
            return False
        done = _run(house, session, name, now)
    if done.count:
        log.info("a timer ran", timer=name, count=done.count)
    _follow(done)
    return True


def run_now(house: House, name: str, now: datetime) -> Done:
    """One timer, whoever holds the lease: after what that process is at, so that nothing is done twice."""
    with house.database.transaction() as session:
        hold_lease(session, _NAME, f"by hand:{os.getpid()}", now, timedelta())
        session.execute(select(Lease).where(Lease.name == _NAME).with_for_update()).all()
        done = _run(house, session, name, now)
    _follow(done)
    return done


def _run(house: House, session: Session, name: str, now: datetime) -> Done:
    last = session.get(JobRun, name)
    if last is None:
        last = JobRun(name=name, done_for="", at=now)
        session.add(last)
    session.info["timer"] = name  # the letters that it queues bear its name (desk/writes.py)
    with bound_contextvars(timer=name), _acting(name):
        done = TIMERS[name].run(Run(house, session, now, last.done_for))
    last.done_for, last.at = done.done_for, now
    return done


def _acting(name: str) -> AbstractContextManager[None]:
    """By the clock the timer itself acts; by hand whoever runs it does."""
    return audit.acting(Origin("timer", operator=name)) if audit.origin().way == "timer" else contextlib.nullcontext()


def _follow(done: Done) -> None:
    if done.then is not None:
        done.then()
