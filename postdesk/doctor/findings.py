"""What the doctor finds: how bad it is, what it means, what to do about it, and the very record to publish."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `means` and `do` are sentences; "" where all is well."""

    topic: str
    level: Level
    what: str
    means: str = ""
    do: str = ""
    record: str = ""  # a line for a zone file, or a command

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {
            "topic": self.topic,
            "level": self.level,
            "what": self.what,
            "means": self.means,
            "do": self.do,
            "record": self.record,
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to look at; `look` may raise, and what it raises is a finding too."""

    topic: str
    name: str
    look: "Callable[[], Iterable[Finding]]"


class Notes:
    """Collects the findings of one topic."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self.found: list[Finding] = []

    def ok(self, what: str) -> None:
        """All is well here."""
        self.found.append(Finding(self._topic, "ok", what))

    def warning(self, what: str, means: str, do: str, record: str = "") -> None:
        """It works, and something should be done."""
        self.found.append(Finding(self._topic, "warning", what, means, do, record))

    def error(self, what: str, means: str, do: str, record: str = "") -> None:
        """It does not work."""
        self.found.append(Finding(self._topic, "error", what, means, do, record))


def span(time: timedelta) -> str:
    """How long, in words: whether before or behind does not show."""
    time = abs(time)
    seconds = round(time.total_seconds())
    if seconds < 180:
        return f"{seconds} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours" if time.days < 2 else f"{time.days} days"
