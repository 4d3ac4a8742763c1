"""Who was erased, beside the backups: older ones still hold them, so whoever restores one erases them again.

The list holds no address, only a keyed digest of each; with secret.key one can tell whether a known address is in it.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from postdesk.backup_manifest import BackupError, write_private
from postdesk.wiring import House
from store.tables import Erasure

FILE = "erased.json"


@dataclass(frozen=True, slots=True)
class Erased:
    """One erasure: when, the digests of the addresses, and how it was asked for."""

    at: datetime
    marks: tuple[str, ...]
    delete_tickets: bool
    words: bool


def write(house: House, folder: Path) -> None:
    """All erasures that the database knows, and those that the list has from before, in place of the list."""
    with house.database.reading() as session:
        rows = [(row.at, row.report) for row in session.scalars(select(Erasure).order_by(Erasure.at, Erasure.id))]
    known = [_row(at, report) for at, report in rows if report.get("marks")]
    seen = {tuple(row["marks"]) for row in known}
    kept = [] if not (folder / FILE).exists() else _load(folder / FILE)
    known += [row for row in kept if tuple(row["marks"]) not in seen]
    fresh = folder / f".{FILE}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    write_private(fresh, (json.dumps(sorted(known, key=lambda row: row["at"]), indent=1) + "\n").encode())
    os.rename(fresh, folder / FILE)


def _row(at: datetime, report: dict[str, Any]) -> dict[str, Any]:
    return {"at": at.isoformat(), "marks": report["marks"], "tickets": report["tickets"], "words": report["words"]}


def _load(file: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return [row for row in rows if row["marks"] and datetime.fromisoformat(row["at"])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{file} is not a list of erasures: {error}", 66) from error


def read(file: Path) -> list[Erased]:
    """The list; BackupError when it is none."""
    return [
        Erased(datetime.fromisoformat(row["at"]), tuple(row["marks"]), row["tickets"] == "delete", bool(row["words"]))
        for row in _load(file)
    ]


def since(erased: Iterable[Erased], moment: datetime) -> list[Erased]:
    """Those that a backup of this moment does not know of."""
    return [one for one in erased if one.at > moment]
