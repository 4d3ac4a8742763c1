"""A disk that forgets: a folder on an ext4 of its own, which a power cut takes back to what had been synced."""

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Self

import pytest

from tests.servers import short_folder, wait_for

# EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h), as "godown" of xfstests has it: from this moment
# nothing reaches the disk, neither dirty pages nor what the journal still holds in memory, and each fsync fails.
_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = struct.pack("I", 2)
_MEGABYTES = 768


class Disk:
    """`with Disk(folder) as disk:` what is in the folder moves onto the disk; nobody may have files open there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self._images = short_folder("disk.")
        self._image = self._images.__enter__() / "image"
        try:
            with self._image.open("wb") as file:
                file.truncate(_MEGABYTES << 20)
            _run("mkfs.ext4", "-q", "-F", str(self._image))
            before = self._image.parent / "before"
            _run("cp", "-a", str(self.folder), str(before))
            self._mount()
            _run("cp", "-a", f"{before}/.", str(self.folder))
            _run("sync", "-f", str(self.folder))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)
        self._images.__exit__(None, None, None)

    def cut(self) -> None:
        """The power is gone."""
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH)
        finally:
            os.close(handle)

    def back(self) -> None:
        """The power is back, and nobody has files open there any more: what is left is there, by the journal."""
        wait_for(self._unmounted, f"the end of those who use {self.folder}", 30)
        # A copy: where another mount namespace still holds the old file system, the same image would stay shut down.
        old, self._image = self._image, self._image.with_name(f"{self._image.name}+")
        _run("cp", "--sparse=always", str(old), str(self._image))
        old.unlink()
        self._mount()

    def _unmounted(self) -> bool:
        return subprocess.run(["umount", str(self.folder)], capture_output=True, check=False).returncode == 0

    def _mount(self) -> None:
        # commit: the journal is not written by the clock, so that only a sync makes anything safe.
        _run("mount", "-o", "loop,commit=600", str(self._image), str(self.folder))


def why_not() -> str:
    """Why there can be no such disk here; "" when there can be one."""
    if os.getuid():
        return "to mount a file system takes root"
    if not shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin"):
        return "mkfs.ext4 is not installed: install the package e2fsprogs"
    with short_folder("try.") as folder:
        try:
            with Disk(folder) as disk:
                disk.cut()
        except (OSError, RuntimeError) as error:
            return f"no ext4 can be mounted and shut down here: {error}"
    return ""


def require_disks() -> None:
    """Skip where there can be no such disk: that is a right of the machine, not a package."""
    if reason := why_not():
        pytest.skip(reason)


def _run(*command: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path})
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
