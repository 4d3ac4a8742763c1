"""What an import has come to so far: exact counts, and the fates of its rows, as many as are kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from desk import import_words
from desk.contact_import import FATES, SHOWN, Fate, Step
from desk.said import both, kept, say_many

KEPT = 5_000  # rows of an import that its history names; those that were refused first


@dataclass(slots=True)
class Tally:
    """Counts rows part by part; of the steps it keeps number, fate and reason alone, and those of so many."""

    counts: Counter[Fate] = field(default_factory=Counter)
    letters: int = 0  # with credentials
    refused: list[str] = field(default_factory=list)  # “row 6: …”, the first ones
    _refused: list[list[Any]] = field(default_factory=list)
    _others: list[list[Any]] = field(default_factory=list)

    @classmethod
    def of(cls, figures: Mapping[str, int], rows: Iterable[list[Any]]) -> "Tally":
        """As the history kept it, to count on; the sentences about refused rows are those of what comes."""
        tally = cls(Counter({fate: figures[fate] for fate in FATES}), figures["letters"])
        for row in rows:
            (tally._refused if row[1] == "refused" else tally._others).append(row)
        return tally

    def add(self, steps: Iterable[Step]) -> None:
        """Count these as well."""
        for step in steps:
            self.counts[step.fate] += 1
            self.letters += step.access
            rows = self._refused if step.fate == "refused" else self._others
            if len(rows) < KEPT:
                rows.append([step.number, step.fate, kept(step.why)])
            if step.fate == "refused" and len(self.refused) < KEPT:
                self.refused.append(step.told)

    @property
    def total(self) -> int:
        """How many rows were decided."""
        return sum(self.counts.values())

    @property
    def changes(self) -> bool:
        """True when somebody is added or updated."""
        return bool(self.counts["added"] or self.counts["updated"])

    @property
    def rows(self) -> list[list[Any]]:
        """Row, fate and reason, for the history: in the order of the file."""
        return sorted((self._refused + self._others)[:KEPT], key=lambda row: int(row[0]))

    @property
    def figures(self) -> dict[str, int]:
        """The counts by name, and that of the letters."""
        return {**{fate: self.counts[fate] for fate in FATES}, "letters": self.letters}

    def summary(self, *, done: bool) -> str:
        """12 will be added, 3 updated, 1 refused (row 6: …)."""
        found: dict[str, int] = {fate: self.counts[fate] for fate in FATES}
        return import_words.summary(found, self.refused, SHOWN, done=done)

    def letters_said(self, *, done: bool) -> str:
        """How many people get a letter with credentials; "" for none."""
        if not self.letters:
            return ""
        if done:
            return say_many(
                "{n} person gets a letter with credentials.", "{n} people get a letter with credentials.", self.letters
            )
        return say_many(
            "{n} person will get a letter with credentials.",
            "{n} people will get a letter with credentials.",
            self.letters,
        )

    def sentences(self, *, done: bool) -> str:
        """Both."""
        return both(self.summary(done=done), self.letters_said(done=done))
