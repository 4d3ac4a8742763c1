"""The folder of DKIM keys: a file for each, which running processes read again when it changes."""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gateway import dkim_keys
from gateway.dkim_keys import KeyFault, SigningKey
from postdesk import private_file

log = structlog.get_logger(__name__)

LOOKS_SECONDS = 5.0  # a running process looks at the folder at most so often
_ENDING = ".pem"
_MAX_BYTES = 64 * 1024
_Look = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that signs nothing as it is; what can be said of it all the same."""

    selector: str
    domain: str
    type: str
    state: str  # what it would be
    why: str


class KeyFolder:
    """Files named SELECTOR.DOMAIN.pem that only their owner reads. The folder need not be there."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._look: _Look | None = None
        self._active: dict[str, tuple[SigningKey, ...]] = {}

    def read(self) -> tuple[list[SigningKey], list[str]]:
        """All keys, by domain, then the oldest first; and a sentence for each file that cannot be used."""
        keys: list[SigningKey] = []
        faults: list[str] = []
        for path, found in self._tried():
            if isinstance(found, SigningKey):
                keys.append(found)
            else:
                faults.append(f"{path}: {found}")
        return sorted(keys, key=lambda key: (key.domain, key.since, key.selector)), faults

    def unusable(self) -> list[Unusable]:
        """The files that `read` cannot use."""
        return [_unusable(path, found) for path, found in self._tried() if isinstance(found, str)]

    def _tried(self) -> Iterator[tuple[Path, SigningKey | str]]:
        """Each file, with its key or why it cannot be used."""
        for path in self._files():
            try:
                yield path, _read(path)
            except FileNotFoundError:
                continue  # taken away just now
            except (KeyFault, OSError, UnicodeDecodeError) as error:
                yield path, str(error)

    def signers(self, domain: str) -> Sequence[SigningKey]:
        """The keys that sign for a domain now: one of each type at most."""
        with self._lock:
            if self._clock() - self._looked_at >= LOOKS_SECONDS:
                self._refresh()
                self._looked_at = self._clock()
            return self._active.get(domain, ())

    def write(self, key: SigningKey) -> Path:
        """Keep a key, on disk when this returns."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{key.name}{_ENDING}"
        private_file.replace(path, dkim_keys.write(key).encode("ascii"))
        return path

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.suffix == _ENDING and path.name[0] != ".")

    def _refresh(self) -> None:
        """Read again what changed. A folder that cannot be read now leaves things as they were."""
        try:
            look = tuple(_look(path) for path in self._files())
            if look == self._look:
                return
            keys, faults = self.read()
        except OSError as error:
            log.error("the folder of DKIM keys cannot be read; letters are signed as before", error=str(error))
            return
        for fault in faults:
            log.error("a DKIM key cannot be used; it signs nothing", fault=fault)
        active: dict[str, dict[str, SigningKey]] = {}
        for key in keys:  # of two active ones of a type the newer wins
            if key.state == "active":
                active.setdefault(key.domain, {})[key.type] = key
        self._active = {
            domain: tuple(found[kind] for kind in dkim_keys.TYPES if kind in found) for domain, found in active.items()
        }
        self._look = look


def _look(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return path.name, 0, 0, 0
    return path.name, found.st_mtime_ns, found.st_ino, found.st_mode


def _read(path: Path) -> SigningKey:
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise KeyFault(f"it can be read by others; run: chmod 600 {path}")
    return _parse(path, found)


def _unusable(path: Path, why: str) -> Unusable:
    """The state may be readable, where the fault is only who else may read it."""
    selector, _, domain = path.name.removesuffix(_ENDING).partition(".")
    try:
        key = _parse(path, path.stat())
    except (KeyFault, OSError, UnicodeDecodeError):
        return Unusable(selector, domain, "unknown", "unknown", why)
    return Unusable(key.selector, key.domain, key.type, key.state, why)


def _parse(path: Path, found: os.stat_result) -> SigningKey:
    if found.st_size > _MAX_BYTES:
        raise KeyFault("it is too big to be a key")
    made = datetime.fromtimestamp(int(found.st_mtime), UTC)
    return dkim_keys.read(path.name.removesuffix(_ENDING), path.read_text(encoding="ascii"), made)
