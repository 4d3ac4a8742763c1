"""Ticket numbers, T20190409.0967 or in a form of the desk's own, R-000967: given out, and found in what is written."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from store import counters
from store.tables import NumberSeries, core

STANDARD_FORM = "TYYYYMMDD.0000"
FEWEST, MOST = 5, 9  # digits of a number that does not begin with its day
# A task has .001 behind the number of its ticket. Only ASCII digits: full-width ones and the like are somebody trying.
_TASK = r"(?:\.[0-9]{3})?(?![0-9.]*[0-9])"
_STANDARD = rf"\b[Tt][0-9]{{8}}\.[0-9]{{4,6}}{_TASK}"
_FORM = re.compile(r"([^0]*?)(-?)(0*)")
_SERIES = re.compile(r"[A-Z]{1,6}-")
_SHAPE = re.compile(r"[A-Za-z]{1,6}-?[0-9]{4,9}(?:\.[0-9]{3,6}){0,2}")
_DASHES = "-‐‑–−"  # what mail programs and word processors make of a hyphen
_HYPHENS = str.maketrans(dict.fromkeys(_DASHES, "-"))
# What stands before a number in many a subject and means something else.
_TAKEN = frozenset(
    {"AW", "CVE", "CWE", "DIN", "EN", "FW", "FWD", "IEC", "IEEE", "ISO", "KB", "PO", "RE", "RFC", "SN", "UTF", "WG"}
)


@dataclass(frozen=True, slots=True)
class Form:
    """How new numbers look: by the day without `series`, else its letters and a counter that never begins again."""

    series: str = ""  # "R-"
    digits: int = 4  # at least so many

    @classmethod
    def read(cls, said: str) -> "Form":
        """From TYYYYMMDD.0000, or letters, a hyphen and a zero for each digit; ValueError says what is wrong."""
        if said == STANDARD_FORM:
            return cls()
        parts = _FORM.fullmatch(said)
        letters, hyphen, zeros = parts.groups() if parts else (said, "", "")
        if fault := _fault(letters, hyphen, zeros):
            raise ValueError(fault)
        return cls(f"{letters}-", len(zeros))

    def write(self, count: int, day: str) -> str:
        """A number in this form; `day` is like 20190409."""
        return f"{self.series or f'T{day}.'}{count:0{self.digits}d}"


def _fault(letters: str, hyphen: str, zeros: str) -> str:
    """What is wrong with a form; "" for nothing."""
    form = f'must be "{STANDARD_FORM}", or one to six letters A to Z, a hyphen and zeros, like "R-000000"'
    if not zeros:
        return f"{form}: the zeros at the end are the counter, and it has none"
    if not hyphen or not _SERIES.fullmatch(f"{letters}-"):
        return form
    if not FEWEST <= len(zeros) < MOST:
        return f"must have {FEWEST} to {MOST - 1} zeros: with fewer, other words of a subject look like a number"
    if letters == "T":
        return f"the letter T is that of {STANDARD_FORM}, which is always known: choose another one"
    if letters in _TAKEN:
        return f"the letters {letters} stand before numbers in many subjects and mean something else: choose others"
    return ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one desk. Known are those by the day, those of its form, and those of each form that it had."""

    form: Form = field(default_factory=Form)
    before: frozenset[str] = frozenset()  # series of numbers that were given out, as `given_out` finds them
    _series: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """One pattern for the desk, made once."""
        series = tuple(sorted(self.before | ({self.form.series} - {""})))
        object.__setattr__(self, "_series", series)
        object.__setattr__(self, "_pattern", re.compile(_pattern_of(series)))

    @property
    def example(self) -> str:
        """A number to show people what one looks like."""
        return self.form.write(967, "20190409")

    def spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Each number in a text as it is kept, in capitals, and where it begins and ends."""
        # Nearly every subject holds neither a dot nor, where that matters, anything like a hyphen.
        if "." in text or (self._series and ("-" in text or not text.isascii())):
            for found in self._pattern.finditer(text):
                yield _kept(found[0]), found.start(), found.end()

    def find_all(self, text: str) -> list[str]:
        """The numbers in a text, in order, without doubles."""
        return list(dict.fromkeys(number for number, _, _ in self.spans(text)))

    def only(self, text: str) -> str:
        """The number that a text is, with or without brackets; "" when it is none."""
        bare = text.strip("[] \t")
        return _kept(bare) if self._pattern.fullmatch(bare) else ""

    def strip(self, text: str) -> str:
        """A subject without its numbers and their brackets."""
        return " ".join(re.sub(r"\[\s*\]", " ", self._pattern.sub(" ", text)).split())

    def counted(self, number: str) -> tuple[str, int] | None:
        """The series in which a number was counted, and its place there; None for what is no number."""
        if not (found := self.only(number)):
            return None
        dated = found[0] == "T" and found[1].isdigit()
        series, _, rest = found[1:].partition(".") if dated else found.partition("-")
        return series if dated else f"{series}-", int(rest.partition(".")[0])

    def allocate(self, session: Session, count: int, now: datetime, zone: ZoneInfo) -> Sequence[str]:
        """The next `count` numbers. Unique over all processes; one that fails leaves a gap."""
        day = now.astimezone(zone).strftime("%Y%m%d")
        connection = session.connection()
        row = {"day": self.form.series or day, "last": count}
        counted = counters.counting_on(connection.dialect.name, NumberSeries, "day", "last")
        last = connection.execute(counted.returning(core(NumberSeries).c.last), row).scalar_one()
        return [self.form.write(number, day) for number in range(last - count + 1, last + 1)]


def _pattern_of(series: Sequence[str]) -> str:
    """Linear: each piece has a bounded length, and what is looked at behind a number belongs to no other one."""
    if not series:
        return _STANDARD
    letters = "|".join("".join(f"[{letter}{letter.lower()}]" for letter in one[:-1]) for one in series)
    # "INV-R-000123" and "R-000123-4" are numbers of somebody else.
    own = rf"\b(?<!\w[{_DASHES}])(?:{letters})[{_DASHES}][0-9]{{{FEWEST},{MOST}}}{_TASK}(?![A-Za-z_]|[{_DASHES}][0-9])"
    return f"{_STANDARD}|{own}"


def _kept(found: str) -> str:
    return found.upper().translate(_HYPHENS)


STANDARD = Numbers()  # of a desk that has no form of its own


def looks_like_one(word: str) -> bool:
    """True for the shape that numbers have on whatever desk: no id has it, and no words that somebody else made up."""
    return _SHAPE.fullmatch(word.strip("[] ")) is not None


def given_out(session: Session) -> frozenset[str]:
    """The series of which this desk has ever given out numbers, but for those of days."""
    found = session.scalars(select(NumberSeries.day).where(NumberSeries.day.like("%-")))
    return frozenset(series for series in found if _SERIES.fullmatch(series))
