"""Memory of every process of a desk over time, by /proc: what it has, and what of it is its own heap."""

import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from bench.soak.flat import Point, Verdict, verdict
from store.tables import Process
from tests.peers.desk import Desk

_FIELD = re.compile(r"^(Pss|Rss|Anonymous):\s+(\d+) kB", re.MULTILINE)


@dataclass(slots=True)
class Memory:
    """Series by process. `heap` is Anonymous: files that are mapped come and go with the page cache."""

    heap: dict[int, list[Point]] = field(default_factory=dict)
    pss: dict[int, list[Point]] = field(default_factory=dict)
    rss: dict[int, list[Point]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """MB of all processes now, proportionally."""
        return sum(points[-1][1] for points in self.pss.values() if points)

    def verdicts(self) -> list[Verdict]:
        """One for each process, judged by its heap."""
        return [verdict(self.names.get(pid, str(pid)), points) for pid, points in self.heap.items()]

    def lines(self) -> list[str]:
        """For people: heap over time, then Pss and Rss at the end."""
        more = [f"  Pss {self.pss[pid][-1][1]:.1f}, Rss {self.rss[pid][-1][1]:.1f}" for pid in self.heap]
        return [found.line + also for found, also in zip(self.verdicts(), more, strict=True)]

    def table(self) -> list[tuple[str, str, str, str, str]]:
        """Every figure, for whoever wants to draw it: process, seconds, and MB of heap, Pss and Rss."""
        rows = [("process", "seconds", "heap", "pss", "rss")]
        for pid, points in self.heap.items():
            more = zip(points, self.pss[pid], self.rss[pid], strict=True)
            name = self.names.get(pid, str(pid))
            rows += [
                (name, f"{at:.1f}", f"{heap:.2f}", f"{pss:.2f}", f"{rss:.2f}")
                for (at, heap), (_, pss), (_, rss) in more
            ]
        return rows

    def add(self, pid: int, at: float) -> None:
        """One look at a process."""
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        values = {name: int(size) / 1024 for name, size in _FIELD.findall(text)}
        for series, name in ((self.heap, "Anonymous"), (self.pss, "Pss"), (self.rss, "Rss")):
            series.setdefault(pid, []).append((at, values[name]))


class Sampler(threading.Thread):
    """Looks every so many seconds until it is stopped."""

    def __init__(self, desk: Desk, every: float) -> None:
        super().__init__(name="samples", daemon=True)
        self.memory = Memory()
        self._desk, self._every = desk, every
        self._gone: set[int] = set()
        self._end = threading.Event()
        self._began = time.monotonic()

    def run(self) -> None:
        """Until `stop`; a process that ended is noted, and the others are looked at further."""
        pids = self._desk.processes()
        while not self._end.wait(self._every):
            if len(self.memory.names) < len(pids):  # a process says who it is some time after it began
                self.memory.names = _names(self._desk, pids)
            for pid in [pid for pid in pids if pid not in self._gone]:
                try:
                    self.memory.add(pid, time.monotonic() - self._began)
                except OSError:
                    self._gone.add(pid)
                    self.memory.gone.append(self.memory.names.get(pid, str(pid)))

    def stop(self) -> Memory:
        """The series, once it has ended."""
        self._end.set()
        self.join()
        return self.memory


def _names(desk: Desk, pids: list[int]) -> dict[int, str]:
    """The roles of each process that has said them in the database; the first keeps the others, and says nothing."""
    with desk.database.reading() as session:
        rows = session.execute(select(Process.name, Process.roles)).all()
    said = {int(found[1]): "+".join(roles) for name, roles in rows if (found := re.search(r":(\d+)", name))}
    return {pids[0]: "supervisor"} | {pid: said[pid] for pid in pids if pid in said}
