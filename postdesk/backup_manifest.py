"""The manifest of a backup: what is in it, of which moment, with a digest for each file; written last."""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from postdesk import private_file
from postdesk.verify_blobs import read_through
from store.disk import sync_folder

FILE = "manifest.json"
BLOB_LIST = "blobs.list"
FORMAT = 1
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HALF, _FAILED = ".half-", ".failed-"  # before the name of one that is being made, or was not what it should be


class BackupError(Exception):
    """Why there is no backup, or nothing was restored; in words. `code` is the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the backup, by its name in it: its digest and size, and where it belongs."""

    sha256: str
    size: int
    place: str = ""  # relative to the folder of the settings, or absolute


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    name: str
    made_at: datetime  # the moment of its rows
    finished_at: datetime
    version: str
    schema: str
    database: str  # sqlite | postgresql
    server: str  # "SQLite 3.40.1"
    settings: str = ""  # the settings file by its name in the backup; "" when it is not in it
    secrets: bool = True  # it holds keys and passwords
    blobs: bool = True  # it holds the bytes that its rows name
    blob_count: int = 0
    blob_bytes: int = 0
    linked: int = 0  # of these, so many are shared with an earlier backup
    lost: tuple[str, ...] = ()  # digests of bytes that rows name and the desk itself had lost
    checked: str = ""  # how it was verified, in words
    tally: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)  # by table
    files: dict[str, Kept] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Durably, as the last file of all."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False, default=_plain) + "\n"
        write_private(folder / FILE, text.encode())
        sync_folder(folder)

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """BackupError when there is none, or it is of another kind."""
        try:
            data: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise BackupError(f"{folder} is no complete backup: it has no {FILE}.", 66) from error
        except (OSError, ValueError) as error:
            raise BackupError(f"{folder / FILE} cannot be read: {error}", 66) from error
        if data.pop("format", None) != FORMAT:
            raise BackupError(
                f"{folder} was made by another version of Postdesk, in a form that this one does not know."
            )
        try:
            files = {name: Kept(**kept) for name, kept in data.pop("files").items()}
            made, finished = (datetime.fromisoformat(data.pop(name)) for name in ("made_at", "finished_at"))
            lost = tuple(data.pop("lost"))
            return cls(**data, made_at=made, finished_at=finished, files=files, lost=lost)
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{folder / FILE} is not a manifest: {error}", 66) from error


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def name_of(now: datetime) -> str:
    """How a backup of this moment is called."""
    return f"{now:%Y%m%dT%H%M%SZ}"


def half(folder: Path, name: str) -> Path:
    """Where it is made, until it is complete."""
    return folder / f"{_HALF}{name}"


def failed(folder: Path, name: str) -> Path:
    """Where one is kept that was made, and then was not what it should be."""
    return folder / f"{_FAILED}{name}"


def leftovers(folder: Path) -> list[Path]:
    """What runs left that did not come to their end."""
    return sorted(path for path in folder.iterdir() if path.name.startswith((_HALF, _FAILED)))


def complete(folder: Path) -> list[Path]:
    """The complete backups of a folder, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and (path / FILE).is_file())


def write_private(path: Path, data: bytes) -> Kept:
    """A new file for its owner only, on disk when this returns."""
    private_file.write(path, data)
    return kept(path)


def kept(path: Path, place: str = "") -> Kept:
    """A file as the manifest notes it."""
    with path.open("rb") as stream:
        digest, size = read_through(stream)
    return Kept(digest, size, place)
