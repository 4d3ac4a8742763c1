"""The running service under attack: what becomes of a hostile mail, and what it costs by the kernel's account."""

import contextlib
import os
import re
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from store.tables import Disposition
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk

_KEPT = re.compile(rb"2\.0\.0 Kept as (\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """What the processes of a desk used in a block: filled when it ends."""

    cpu: float = 0.0  # seconds of processor time, of all processes together
    grown: float = 0.0  # MB that the peak of the worst process stood above what it had at the beginning
    children: dict[int, float] = field(default_factory=dict)  # MB by process


@contextlib.contextmanager
def cost(desk: Desk, *, cpu: float, memory: float) -> Iterator[Cost]:
    """Fails where the block makes the desk use more seconds of processor time, or any process grow by more MB.

    The bounds are the promise of the row, not what it happens to take: /proc/PID/stat (utime + stime) and VmHWM,
    whose peak is set back at the beginning (proc(5), clear_refs). Waiting for a busy machine counts for nothing.
    A process that ends in the block is a failure too: that is what a fatal mail would do.
    """
    pids = desk.processes()
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    before = {pid: (_seconds(pid), _status(pid, "VmHWM")) for pid in pids}
    used = Cost()
    yield used
    assert desk.processes() == pids, f"a process ended\n{desk.log()[-3000:]}"
    used.cpu = sum(_seconds(pid) - before[pid][0] for pid in pids)
    used.children = {pid: _status(pid, "VmHWM") - before[pid][1] for pid in pids}
    used.grown = max(used.children.values())
    assert used.cpu <= cpu, f"{used.cpu:.2f} s of processor time"
    assert used.grown <= memory, f"a process grew by {used.grown:.0f} MB"


@contextlib.contextmanager
def soon(pid: int, seconds: float = 1.0) -> Iterator[None]:
    """Fails where a process works for longer than that before the block is done: whoever waits for it waits as long."""
    before = _seconds(pid)
    yield
    used = _seconds(pid) - before
    assert used <= seconds, f"{used:.2f} s of processor time"


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _status(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert found, name
    return int(found[1]) / 1024


def hand_over(desk: Desk, raw: bytes, sender: str = "eve@attacker.test", to: str = DESK) -> int:
    """These very bytes over SMTP, dots stuffed and the end mark added as needed; the number it is kept under."""
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=60) as client:
        client.ehlo("attacker.test")
        assert client.mail(sender)[0] == 250
        assert client.rcpt(to)[0] == 250
        code, words = client.data(raw)
    found = _KEPT.search(words)
    assert code == 250, (code, words)
    assert found, words
    return int(found[1])


def became(desk: Desk, received_id: int, seconds: float = 60.0) -> Disposition:
    """What became of a mail, once it is decided."""

    def look() -> Disposition | None:
        with desk.database.reading() as session:
            return session.get(Disposition, received_id)

    return wait_for(look, f"the disposition of mail {received_id}\n{desk.log()[-3000:]}", seconds)  # type: ignore[return-value]


def attack(
    desk: Desk, raw: bytes, *, cpu: float = 2.0, memory: float = 64.0, sender: str = "eve@attacker.test"
) -> Disposition:
    """A hostile mail from the wire to its disposition, within bounds."""
    with cost(desk, cpu=cpu, memory=memory):
        return became(desk, hand_over(desk, raw, sender))
