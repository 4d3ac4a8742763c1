"""Files for their owner only: made with their final mode, and on disk when the call returns."""

import contextlib
import os
import secrets
from pathlib import Path

from store.disk import sync_folder


def write(path: Path, data: bytes) -> None:
    """A new file. FileExistsError where one is."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def replace(path: Path, data: bytes) -> None:
    """A file as a whole: a fault or a crash leaves the old one. OSError when it cannot be."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write(fresh, data)
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):  # the fault itself is raised
            fresh.unlink()
        raise
    sync_folder(path.parent)
