"""Runs the probes side by side, each with a deadline: without a network the doctor is done in seconds too."""

import threading
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from gateway.outage import one_line
from postdesk.doctor import clock, database, disk, dns, mailbox, processes, queue, relay, secrets, timers, tls
from postdesk.doctor.findings import Finding, Probe

if TYPE_CHECKING:
    from postdesk.wiring import House

SECONDS = 5.0  # what one probe may take
_SPARE = 1.5  # what it may take to notice that its time is over
# In this order they are told.
TOPICS = {
    "dns": dns.probes,
    "tls": tls.probes,
    "relay": relay.probes,
    "mailbox": mailbox.probes,
    "disk": disk.probes,
    "clock": clock.probes,
    "database": database.probes,
    "secrets": secrets.probes,
    "queue": queue.probes,
    "timers": timers.probes,
    "processes": processes.probes,
}


def examine(house: "House", topics: Collection[str] = (), *, seconds: float = SECONDS) -> list[Finding]:
    """All findings of these topics, or of every one."""
    chosen = [topic for topic in TOPICS if not topics or topic in topics]
    return run([probe for topic in chosen for probe in TOPICS[topic](house, seconds)], seconds)


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when all is well, 1 when there are warnings, 2 when there are errors."""
    return max(({"ok": 0, "warning": 1, "error": 2}[finding.level] for finding in findings), default=0)


def run(probes: Sequence[Probe], seconds: float) -> list[Finding]:
    """Everything at once; in the order of the probes."""
    runs = [_Run(probe) for probe in probes]
    for one in runs:
        one.start()
    end = time.monotonic() + seconds + _SPARE
    for one in runs:
        one.join(max(0.0, end - time.monotonic()))
    return [finding for one in runs for finding in one.findings(seconds)]


class _Run(threading.Thread):
    """A daemon: one that hangs, in a look-up of a name for one, does not keep the command from ending."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(name=f"doctor-{probe.topic}", daemon=True)
        self._probe = probe
        self._found: list[Finding] | None = None

    def run(self) -> None:
        """Look."""
        try:
            self._found = list(self._probe.look())
        except Exception as error:
            what = f"{self._probe.name} could not be looked at: {one_line(error)}"
            means = "Nothing is known about this part."
            self._found = [Finding(self._probe.topic, "error", what, means, "Mend what the line above names.")]

    def findings(self, seconds: float) -> list[Finding]:
        """What was found; that it took too long is a finding as well."""
        if self._found is not None:
            return self._found
        what = f"{self._probe.name}: no answer within {seconds:g} seconds."
        do = "Look whether this machine has a network, and whether a firewall drops what it sends."
        return [Finding(self._probe.topic, "error", what, "Nothing is known about this part.", do)]
