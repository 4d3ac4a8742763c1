"""The daily backup, begun by the clock in a process of its own; whether one is being made, and how old the last is."""

import subprocess
import sys
import threading
from datetime import datetime, time, timedelta

import structlog

from postdesk.wiring import House
from store.tables import JobRun, Lease

log = structlog.get_logger(__name__)

JOB = "backup"  # the row that says which backup was the last complete one, and when
_AGAIN = timedelta(hours=1)
LEASE = "backup"  # while it is held, no bytes are forgotten


def is_running(house: House, now: datetime) -> bool:
    """Whether a backup is being made: what its rows name has to stay until it is copied."""
    with house.database.reading() as session:
        lease = session.get(Lease, LEASE)
    return lease is not None and lease.until > now


def last_made(house: House) -> tuple[str, datetime] | None:
    """Name and time of the last complete backup; None when there was never one."""
    with house.database.reading() as session:
        last = session.get(JobRun, JOB)
    return (last.done_for, last.at) if last else None


def due(house: House, now: datetime, done_for: str) -> str:
    """The moment, by the time of the desk, when a backup is to begin now; "" for none.

    Once a day; and once an hour after one that failed, until the day has its backup.
    """
    settings, here = house.settings.backup, now.astimezone(house.zone)
    if not settings.folder or here.time() < time.fromisoformat(settings.at):
        return ""
    begun = datetime.fromisoformat(done_for).replace(tzinfo=None) if done_for else datetime.min
    fresh = here.replace(tzinfo=None, second=0, microsecond=0)
    if begun.date() == here.date():
        if fresh < begun + _AGAIN or is_running(house, now):
            return ""
        made = last_made(house)
        if made is not None and made[1].astimezone(house.zone).date() == here.date():
            return ""
    return fresh.isoformat(timespec="minutes")


def begin(house: House) -> None:
    """Start `postdesk backup`. It takes its time and memory apart from us, and is not in the way of other timers."""
    chosen = ["--config", str(house.loaded.file)] if house.loaded.file else []
    command = [sys.executable, "-m", "postdesk", *chosen, "backup"]
    process = subprocess.Popen(  # noqa: S603 - ourselves
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    threading.Thread(target=_follow, args=(process,), name="backup", daemon=True).start()
    log.info("the daily backup begins")


def _follow(process: "subprocess.Popen[str]") -> None:
    said, _ = process.communicate()
    lines = [line for line in said.splitlines() if line.strip()]
    if process.returncode == 0:
        log.info("the daily backup is made")
    else:
        log.error("the daily backup failed", exit_code=process.returncode, said=" ".join(lines[-5:])[-1000:])


def age_fault(house: House, now: datetime, made: tuple[str, datetime] | None) -> str:
    """A sentence when the last backup is older than the settings want, or there is none; "" otherwise."""
    settings = house.settings.backup
    if not settings.folder:
        return ""
    if made is None:
        return "there is no backup yet, and backup.folder is set. Make one now: postdesk backup"
    hours = (now - made[1]).total_seconds() / 3600
    if hours <= settings.warn_hours:
        return ""
    return f"the last backup is {hours:,.0f} hours old; more than {settings.warn_hours} are a fault (backup.warn_hours)"
