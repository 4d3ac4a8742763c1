"""The timers: did each run lately, and is the last backup young enough?"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from postdesk.doctor.findings import Finding, Notes, Probe

if TYPE_CHECKING:
    from postdesk.wiring import House

_LATE = timedelta(minutes=15)  # they all run once a minute
_BEGIN = timedelta(minutes=3)  # so long after the first start they may not have run yet


def probes(house: "House", _seconds: float) -> list[Probe]:
    """One."""
    return [Probe("timers", "the timers", lambda: _look(house))]


def _look(house: "House") -> Iterable[Finding]:
    from postdesk import backup_due
    from postdesk.timers import TIMERS
    from store.tables import JobRun

    notes = Notes("timers")
    if house.missing_database:
        return notes.found
    now = datetime.now(UTC)
    with house.database.reading() as session:
        ran = {row.name: row.at for row in session.execute(select(JobRun.name, JobRun.at))}
        begin = _begin(session)
    late = [name for name in TIMERS if name != backup_due.JOB and now - ran.get(name, now - 2 * _LATE) > _LATE]
    if late and begin:
        notes.ok("The desk has just been started: its timers begin in a moment.")
    elif len(late) == len(TIMERS) or (late and not ran):
        means = "Nobody is reminded, nothing becomes Complete, no digest goes out, nothing old is forgotten."
        notes.error("No timer has run lately.", means, "Run a process with the role schedule:", "postdesk serve")
    elif late:
        means = "What each does: postdesk timers list."
        notes.warning(f"These timers have not run lately: {', '.join(late)}.", means, "Look into the log for them.")
    else:
        notes.ok("All timers ran in the last minutes.")
    if not house.settings.backup.folder:
        means = "If the disk fails, every ticket is lost, unless something else makes backups."
        notes.warning("No backup is made by the clock.", means, "Set backup.folder to a folder on another disk.")
    elif fault := backup_due.age_fault(house, now, backup_due.last_made(house)):
        means = "What came in since then would be lost with the disk."
        notes.error(
            f"{fault[:1].upper()}{fault[1:].rstrip('.')}.",
            means,
            "Make one, and look at what it says:",
            "postdesk backup",
        )
    else:
        notes.ok("The last backup is young enough.")
    return notes.found


def _begin(session: Session) -> bool:
    """Whether all that could run the timers was started a moment ago."""
    from store.processes import clock, known

    started = [one.started_at for one in known(session) if one.lives and "schedule" in one.roles]
    return bool(started) and min(started) > clock(session) - _BEGIN
