"""Writing so that it lasts."""

import os
from pathlib import Path


def write_all(handle: int, data: bytes | memoryview) -> None:
    """os.write may take less than it is given, near a full disk for one."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
