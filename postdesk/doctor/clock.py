"""The clock of this machine, against those of the database, of the other machines, and of the world."""

import ctypes
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from postdesk.doctor.findings import Finding, Notes, Probe, span

if TYPE_CHECKING:
    from postdesk.wiring import House

_OFF = timedelta(seconds=5)
_FAR = timedelta(minutes=5)  # signatures and tokens of others count no longer then
_NOT_SET = 5  # TIME_ERROR of adjtimex(2)
_MEANS = "Due times, leases and the dates of letters go by the clock."
_DO = "Let a time service run on both machines: chrony, or systemd-timesyncd."
_DO_HERE = "Let a time service run: chrony, or systemd-timesyncd; in a container, on the machine below it."


def probes(house: "House", seconds: float) -> list[Probe]:
    """The system's own word, the database, and a server of HTTPS where the portal has one."""
    found = [
        Probe("clock", "the state of the clock", _kernel),
        Probe("clock", "the clock of the database", lambda: _database(house)),
    ]
    url = house.settings.desk.base_url
    if url.startswith("https:"):
        found.append(Probe("clock", f"the clock of {url}", lambda: _https(url, seconds)))
    return found


def _kernel() -> Iterable[Finding]:
    """What the kernel says: it is told by whatever keeps the time."""
    notes = Notes("clock")
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError):
        state = -1
    if state == _NOT_SET:
        means = f"It goes as it likes. {_MEANS}"
        notes.warning("Nothing keeps the clock of this machine right.", means, _DO_HERE, "timedatectl set-ntp true")
    elif state < 0:
        notes.ok("Whether a time service keeps the clock cannot be told here.")
    else:
        notes.ok("A time service keeps the clock of this machine right.")
    return notes.found


def _database(house: "House") -> Iterable[Finding]:
    from store.processes import clock, known

    notes = Notes("clock")
    if house.missing_database:
        return notes.found
    if house.database.is_sqlite:
        notes.ok("The database is on this machine: there is one clock.")
        return notes.found
    with house.database.reading() as session:
        before = datetime.now(UTC)
        there = clock(session)
        here = before + (datetime.now(UTC) - before) / 2
        others = [process for process in known(session) if process.lives and abs(process.clock) > _OFF]
    _compare(notes, here - there, "the database's")
    for process in others:
        what = f"The clock of {process.name.partition('.')[0]} differs by {span(process.clock)} from the database's."
        notes.warning(what, _MEANS, _DO)
    return notes.found


def _https(url: str, seconds: float) -> Iterable[Finding]:
    notes = Notes("clock")
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - https, from the settings
            stamp = answer.headers.get("Date", "")
    except urllib.error.HTTPError as error:
        stamp = error.headers.get("Date", "")
    except OSError:
        return notes.found  # that it cannot be reached is told below “tls”
    here = datetime.now(UTC)
    try:
        there = parsedate_to_datetime(stamp)
    except (TypeError, ValueError):
        return notes.found
    _compare(notes, here - there, f"that of {url}")
    return notes.found


def _compare(notes: Notes, ahead: timedelta, whose: str) -> None:
    if abs(ahead) <= _OFF:
        notes.ok(f"The clock of this machine agrees with {whose}.")
        return
    what = f"The clock of this machine is {span(ahead)} {'ahead of' if ahead > timedelta() else 'behind'} {whose}."
    (notes.error if abs(ahead) > _FAR else notes.warning)(what, _MEANS, _DO)
