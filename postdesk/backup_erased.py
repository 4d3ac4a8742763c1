"""Who was erased, beside the backups: older ones still hold them, so whoever restores one erases them again.

The list holds no address, only a keyed digest of each; with secret.key one can tell whether a known address is in it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from postdesk import private_file
from postdesk.backup_due import JOB
from postdesk.backup_manifest import BackupError
from postdesk.wiring import House
from store.tables import Erasure, JobRun

FILE = "erased.json"


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: when it ended, the digests of the addresses, and how it was asked for."""

    ended: datetime  # when it began, while it has not ended
    marks: tuple[str, ...]
    delete_tickets: bool
    words: bool


def folders(house: House) -> list[Path]:
    """Where backups are: the folder of the settings, and that of the last one, which may have been named by hand."""
    with house.database.reading() as session:
        last = session.get(JobRun, JOB)
    named = (house.settings.backup.folder, last.place if last else "")
    return [Path(one) for one in dict.fromkeys(named) if one]


def write_all(house: House) -> tuple[str, ...]:
    """The list beside all backups that are known; in sentences, where it could not be written."""
    told = []
    for folder in folders(house):
        try:
            write(house, folder)
        except (OSError, BackupError) as error:
            if isinstance(error, FileNotFoundError) and not _has_backup(house):
                continue  # the folder is made with the first one
            told.append(
                f"The list of erasures beside the backups in {folder} could not be written: {error}. The next backup "
                "into it writes it. Whoever restores an older one before that has to erase them again."
            )
    return tuple(told)


def _has_backup(house: House) -> bool:
    with house.database.reading() as session:
        return session.get(JobRun, JOB) is not None


def write(house: House, folder: Path) -> None:
    """All erasures that the database knows, and those that the list has from before, in place of the list."""
    with house.database.reading() as session:
        rows = [(row.at, row.report) for row in session.scalars(select(Erasure).order_by(Erasure.at, Erasure.id))]
    known = [_row(at, report) for at, report in rows if report.get("marks")]
    seen = {tuple(row["marks"]) for row in known}
    kept = [] if not (folder / FILE).exists() else _load(folder / FILE)[1]
    known += [row for row in kept if tuple(row["marks"]) not in seen]
    content = {"written_at": datetime.now(UTC).isoformat(), "erased": sorted(known, key=lambda row: row["at"])}
    private_file.replace(folder / FILE, (json.dumps(content, indent=1) + "\n").encode())


def _row(at: datetime, report: dict[str, Any]) -> dict[str, Any]:
    ended = report.get("ended", at.isoformat())
    kept = {name: report[name] for name in ("marks", "tickets", "words")}
    return {"at": at.isoformat(), "ended": ended, **kept}


def _load(file: Path) -> tuple[datetime, list[dict[str, Any]]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        rows = [row for row in content["erased"] if row["marks"]]
        for row in rows:
            _erased(row)
        return datetime.fromisoformat(content["written_at"]), rows
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{file} is not a list of erasures: {error}", 66) from error


def read(file: Path) -> list[Erased]:
    """The list; BackupError when it is none."""
    return [_erased(row) for row in _load(file)[1]]


def _erased(row: dict[str, Any]) -> Erased:
    ended = datetime.fromisoformat(row["ended"])
    return Erased(ended, tuple(row["marks"]), row["tickets"] == "delete", bool(row["words"]))


def written_at(file: Path) -> datetime:
    """When the list was written: of whoever was erased after that it says nothing."""
    return _load(file)[0]


def since(erased: Iterable[Erased], moment: datetime) -> list[Erased]:
    """Those that a backup of this moment does not know of, or not to their end."""
    return [one for one in erased if one.ended > moment]
