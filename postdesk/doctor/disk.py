"""Room: what is free against the reserve, inodes, what lies on one disk together, and how long it will last."""

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from postdesk import blobs
from postdesk.doctor.findings import Finding, Notes, Probe
from postdesk.watching import folders

if TYPE_CHECKING:
    from postdesk.wiring import House

_GIB = 1024**3
_MIB = 1024**2
_FEW = 0.05  # of all inodes
_LITTLE = 0.1  # of the disk, and less than so much:
_ENOUGH = 5 * _GIB
_DAY = timedelta(days=1)
_LAST = 30  # days for which there should be room
_GROWN = 3  # bytes on the disk for each byte of mail: the mail, its text and files once more, indexes, the log


def probes(house: "House", _seconds: float) -> list[Probe]:
    """One for the disks, one for what comes in."""
    return [
        Probe("disk", "the disks", lambda: _disks(house)),
        Probe("disk", "how fast the disks fill", lambda: _growth(house)),
    ]


def _disks(house: "House") -> Iterable[Finding]:
    notes = Notes("disk")
    room = blobs.room(house.settings, house.database.file)
    devices: dict[int, list[str]] = {}
    for name, folder in _all(house).items():
        devices.setdefault(_existing(folder).stat().st_dev, []).append(name)
    for names in devices.values():
        folder = _existing(_all(house)[names[0]])
        _room(notes, " and ".join(names), folder, room.needed(folder))
    backup = next((names for names in devices.values() if "backups" in names and len(names) > 1), None)
    if backup:
        others = ", ".join(name for name in backup if name != "backups")
        means = "When that disk fails, the backup is lost with what it was made of."
        notes.warning(f"The backups lie on the same disk as: {others}.", means, "Set backup.folder to another disk.")
    return notes.found


def _all(house: "House") -> dict[str, Path]:
    found = folders(house)
    if house.settings.backup.folder:
        found["backups"] = Path(house.settings.backup.folder)
    return found


def _existing(folder: Path) -> Path:
    """The folder, or what is to hold it once it is made."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _room(notes: Notes, what: str, folder: Path, reserve: int) -> None:
    usage, state = shutil.disk_usage(folder), os.statvfs(folder)
    free = f"{usage.free / _GIB:,.1f} GiB of {usage.total / _GIB:,.0f} are free where the {what} lie"
    if usage.free <= reserve:
        means = "Mail is refused with “try again later” until there is more."
        what_is = f"Only {free}: less than blobs.reserve_mb and blobs.reserve_percent ask for."
        notes.error(what_is, means, "Make room, or take a larger disk.")
    elif usage.free <= 2 * reserve or usage.free < min(_ENOUGH, _LITTLE * usage.total):
        means = "Below blobs.reserve_mb mail is refused for the time being."
        notes.warning(f"Only {free}.", means, "Make room, or take a larger disk.")
    else:
        notes.ok(f"{free}.")
    if state.f_files and state.f_favail < _FEW * state.f_files:
        means = "A file system without inodes takes no file, however much room there is."
        what = f"Only {state.f_favail:,} of {state.f_files:,} inodes are left there."
        notes.warning(what, means, "Remove what consists of many small files, or make the file system anew with more.")


def _growth(house: "House") -> Iterable[Finding]:
    from store.tables import ReceivedMail

    notes = Notes("disk")
    local = folders(house)
    if house.missing_database or not local:
        return notes.found
    with house.database.reading() as session:
        since = datetime.now(UTC) - _DAY
        size = session.scalar(select(func.sum(ReceivedMail.size)).where(ReceivedMail.received_at > since)) or 0
    room, there = blobs.room(house.settings, house.database.file), [_existing(folder) for folder in local.values()]
    left = min(shutil.disk_usage(folder).free - room.needed(folder) for folder in there)
    days = left / (size * _GROWN) if size else float("inf")
    what = f"The last day brought {size / _MIB:,.0f} MiB of mail"
    if days < _LAST:
        means = f"At that pace there is room for about {max(0, int(days))} days."
        notes.warning(f"{what}.", means, "Make room, or set [retention] so that old mail goes.")
    else:
        notes.ok(f"{what}: at that pace there is room for {'years' if days > 730 else f'about {int(days)} days'}.")
    return notes.found
