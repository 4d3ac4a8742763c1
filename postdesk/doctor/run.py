"""Runs the probes side by side, each with a deadline: without a network the doctor is done in seconds too."""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from gateway.outage import one_line
from postdesk.doctor import clock, database, disk, dns, mailbox, processes, queue, relay, secrets, timers, tls
from postdesk.doctor.findings import Finding, Probe
from store.damage import damage

if TYPE_CHECKING:
    from postdesk.wiring import House

_AWAY = "the database is away"  # stands for what _once says of it
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
    found = [finding for one in runs for finding in one.findings(seconds)]
    if (away := next((one.away for one in runs if one.away), None)) is not None:
        return _once(found, away)
    return found


def _once(found: Sequence[Finding], away: BaseException) -> list[Finding]:
    """One fault of the database is told once, in its own place where that is looked at; elsewhere that it is why."""
    harm = damage(away)
    why = "the database is damaged" if harm else "the database does not answer"
    known = any(one.topic == "database" and one.level == "error" for one in found)
    silent = [one for one in found if one.what == _AWAY]
    told = None if known else next((one for one in silent if one.topic == "database"), silent[0])
    result = []
    for one in found:
        if one is told:
            result.append(database.damaged(harm, one.topic) if harm else _no_answer(one, away))
        elif one.what != _AWAY:
            result.append(one)
        elif one.topic != "database":
            result.append(replace(one, what=f"Not looked at: {why}."))
    return result


def _no_answer(finding: Finding, away: BaseException) -> Finding:
    what = f"The database does not answer: {one_line(away).partition(': ')[2] or one_line(away)}"
    means = "Without it nothing is taken, handled or sent. Mail waits at its senders, and nothing is lost."
    do = "Start the database server, or mend [database] in the settings."
    return Finding(finding.topic, "error", what, means, do)


class _Run(threading.Thread):
    """A daemon: one that hangs, in a look-up of a name for one, does not keep the command from ending."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(name=f"doctor-{probe.topic}", daemon=True)
        self._probe = probe
        self._found: list[Finding] | None = None
        self.away: BaseException | None = None  # what the database said instead of answering

    def run(self) -> None:
        """Look."""
        try:
            self._found = list(self._probe.look())
        except Exception as error:
            if isinstance(error, OperationalError | InterfaceError | NoConnection) or damage(error):
                self.away = error
                means = "Nothing is known about this part."
                self._found = [Finding(self._probe.topic, "warning", _AWAY, means, "See “database”.")]
                return
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
