"""What a process is called in leases and in the table of processes: a name that no other process ever has.

`host.mark:pid.start`. Containers are often called alike, and count their processes from 1: the mark tells apart the
boots of a machine, and the containers on it. Pids come again: when a process began tells it from an earlier one.
"""

import hashlib
import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_HOST = 60  # letters of a host's name that count
_DEAD = (b"Z", b"X")  # a zombie stays in the table until it is reaped, which in a container may be never


def name_of(pid: int | None = None) -> str:
    """The name of a process of this machine, of this one by default."""
    pid = os.getpid() if pid is None else pid
    return f"{_here()}:{pid}.{_start_of(pid)}"


def short(name: str) -> str:
    """As people say it: host and pid."""
    place, _, process = name.rpartition(":")
    return f"{place.rpartition('.')[0] or place}:{process.partition('.')[0]}"


def is_dead(name: str) -> bool:
    """True for a process of this machine, or of this container, that runs no more; nothing is known of others."""
    place, _, process = name.rpartition(":")
    pid, _, start = process.partition(".")
    return place == _here() and pid.isdigit() and _start_of(int(pid)) != start


def _here() -> str:
    return f"{socket.gethostname()[:_HOST]}.{_mark()}"


@cache
def _mark() -> str:
    """This boot of this machine, and the container in it."""
    facts: list[str] = []
    with suppress(OSError):  # not on Linux, or not allowed here: the name of the host has to do
        facts.append((_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        facts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.blake2b("\n".join(facts).encode(), digest_size=4).hexdigest()


def _start_of(pid: int) -> str:
    """When a process began, in ticks since the boot; "" for one that does not run."""
    try:
        # proc_pid_stat(5): field 3 is the state, 22 the start; the name before them may itself hold brackets.
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "" if _PROC.joinpath("self").exists() else "0"
    return "" if fields[0] in _DEAD else fields[19].decode()
