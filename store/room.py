"""Room on the disks: how much must be free for mail to be taken, and a file that is given up where nothing is left."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Change = Literal["", "given up", "made", "no room"]


@dataclass(frozen=True, slots=True)
class ReserveFile:
    """Blocks of a disk that are ours, though nothing stands in them.

    When others have filled the disk to the last byte, it is removed: then the desk can still write down what becomes of
    the mail that it has taken. New mail is refused until the file is there again.
    """

    path: Path
    size: int  # bytes

    @property
    def is_there(self) -> bool:
        """Whether all of it is."""
        try:
            return self.path.stat().st_size >= self.size
        except FileNotFoundError:
            return False

    def tend(self, needed: int) -> Change:
        """Give it up when less than a quarter of it is free; make it when `needed` bytes stay free beside it."""
        free = shutil.disk_usage(self.path.parent).free
        if self.is_there:
            if free >= self.size // 4:
                return ""
            self.path.unlink(missing_ok=True)
            return "given up"
        if free <= needed + self.size:
            return "no room"
        self._make()
        return "made"

    def _make(self) -> None:
        # Of two processes each may do this: it is the same file. One that was broken off is shorter, and is completed.
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(handle, 0, self.size)
        except OSError:
            self.path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class Room:
    """What must be free in these folders for mail to be taken."""

    folders: tuple[Path, ...] = ()
    least: int = 0  # bytes
    percent: int = 0  # of the disk
    file: ReserveFile | None = None

    def needed(self, folder: Path) -> int:
        """Bytes that must be free on the disk of a folder: so many, or this share of it, whichever is more.

        Where the reserve file is not there, so much more: else mail would take what was given up for its outcomes.
        """
        found = max(self.least, shutil.disk_usage(folder).total * self.percent // 100)
        missing = self.file is not None and not self.file.is_there and _on_one_disk(folder, self.file.path.parent)
        return found + self.file.size if missing and self.file else found

    def most(self) -> int:
        """The largest of these figures."""
        return max((self.needed(folder) for folder in self.folders if folder.exists()), default=0)

    def is_enough(self) -> bool:
        """Whether there is room for mail."""
        return all(shutil.disk_usage(folder).free > self.needed(folder) for folder in self.folders)

    def tend(self) -> Change:
        """See to the reserve file."""
        if self.file is None:
            return ""
        folder = self.file.path.parent
        share = shutil.disk_usage(folder).total * self.percent // 100
        return self.file.tend(max(self.least, share))


def _on_one_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev
