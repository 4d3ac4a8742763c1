"""What a process is called in leases and in the table of processes: a name that no other process ever has.

`host.mark:pid.start`. Containers are often called alike, and count their processes from 1: the mark tells apart the
boots of a machine, and the containers on it. Pids come again: when a process began tells it from an earlier one.

/proc may hide much of that, even that a process runs (`hidepid`, ProtectProc= and ProcSubset= of systemd). What cannot
be seen is not known to be dead: its leases run out by themselves, while work taken from a living one is done twice.
"""

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_HOST = 60  # letters of a host's name that count
_DEAD = (b"Z", b"X")  # a zombie stays in the table until it is reaped, which in a container may be never
_UNSEEN = "0"  # when a process began that runs, but cannot be looked at


def name_of(pid: int | None = None) -> str:
    """The name of a process of this machine, of this one by default."""
    pid = os.getpid() if pid is None else pid
    return f"{_here()}:{pid}.{_start_of(pid)}"


def short(name: str) -> str:
    """As people say it: host and pid."""
    place, _, process = name.rpartition(":")
    return f"{place.rpartition('.')[0] or place}:{process.partition('.')[0]}"


def is_dead(name: str) -> bool:
    """True for a process of this machine, or of this container, that runs no more; nothing is known of others.

    What one process holds several of is named `host.mark:pid.start.more`.
    """
    place, _, process = name.rpartition(":")
    pid, _, rest = process.partition(".")
    if place != _here() or not pid.isdigit():
        return False
    start, now = rest.partition(".")[0], _start_of(int(pid))
    return not now or (start != now and _UNSEEN not in (start, now))


def runs(pid: int) -> bool:
    """Whether there is a process of this machine, or of this container, with this pid; a zombie is none."""
    return bool(_start_of(pid))


def _here() -> str:
    return f"{socket.gethostname()[:_HOST]}.{_mark()}"


@cache
def _mark() -> str:
    """This boot of this machine, and the container in it; where that is hidden, this process and its children."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        facts = f"{boot}\n{os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:  # half of it would be the same on another machine, or after the next boot
        return secrets.token_hex(4)
    return hashlib.blake2b(facts.encode(), digest_size=4).hexdigest()


def _start_of(pid: int) -> str:
    """When a process began, in ticks since the boot; "" for one that does not run."""
    try:
        # proc_pid_stat(5): field 3 is the state, 22 the start; the name before them may itself hold brackets.
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return _UNSEEN if _is_there(pid) else ""
    return "" if fields[0] in _DEAD else fields[19].decode()


def _is_there(pid: int) -> bool:
    """The kernel's own word: a signal finds what /proc hides."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
