"""Working time: when a desk is open, and how long something takes in hours that count."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES = 24 * 60
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KEPT = 1_000  # days whose spans are remembered
_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Minutes = tuple[int, int]  # from and until, in minutes of the day: 540, 1050 is 09:00 to 17:30
Span = tuple[datetime, datetime]  # the same on one day, in UTC


@dataclass(frozen=True, slots=True)
class Amount:
    """A length of working time: whole working days, and minutes besides."""

    days: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which nobody works, the last one among them."""

    first: date
    last: date
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """The working time of a week, in a zone, without the holidays. Moments are aware; what comes back is in UTC."""

    zone: ZoneInfo
    week: tuple[tuple[Minutes, ...], ...]  # of Monday to Sunday, in order and apart from each other
    name: str = ""
    holidays: tuple[Holiday, ...] = ()
    full_day: timedelta = field(init=False)  # what a working day stands for: the longest one of the week
    _free: frozenset[date] = field(init=False, repr=False)
    _spans: dict[int, tuple[Span, ...]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != len(DAYS) or not any(self.week):
            raise ValueError("a week has seven days, and working time on one of them")
        for day in self.week:
            ends = [0, *(minute for span in day for minute in span), MINUTES]
            if ends != sorted(ends) or any(since == until for since, until in day):
                raise ValueError("the working time of a day is in order, without overlaps, from 00:00 to 24:00")
        free = (one.first + n * _DAY for one in self.holidays for n in range((one.last - one.first).days + 1))
        object.__setattr__(self, "_free", frozenset(free))
        longest = max(sum(until - since for since, until in day) for day in self.week)
        object.__setattr__(self, "full_day", timedelta(minutes=longest))

    def length(self, amount: Amount) -> timedelta:
        """An amount as working time."""
        return amount.days * self.full_day + timedelta(minutes=amount.minutes)

    def is_working(self, moment: datetime) -> bool:
        """True from the minute of opening until that of closing."""
        return self.next_opening(moment) == moment

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself within working time, else the next one at which that begins."""
        return max(moment.astimezone(UTC), next(self._from(moment))[0])

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """When so much working time has passed since a moment: within working time, or as it closes."""
        moment, left = moment.astimezone(UTC), amount
        for since, until in self._from(moment):
            start = max(since, moment)
            if left <= until - start:
                return start + left
            left -= until - start
        raise AssertionError("there is always another working day")

    def between(self, since: datetime, until: datetime) -> timedelta:
        """The working time between two moments; nothing where the second is not after the first."""
        since, until, total = since.astimezone(UTC), until.astimezone(UTC), timedelta()
        if until <= since:
            return total
        for opens, closes in self._from(since):
            if opens >= until:
                break
            total += min(closes, until) - max(opens, since)
        return total

    def _from(self, moment: datetime) -> Iterator[Span]:
        """The spans of working time that end after a moment, without end."""
        day = moment.astimezone(self.zone).toordinal() - 1  # where clocks change, yesterday's last span may reach on
        known, before = self._spans, _LONG_AGO
        while True:
            for since, until in known[day] if day in known else self._of(day):
                if since < before:  # a clock set forward makes two spans one
                    since = before
                if since < until:
                    before = until
                    if until > moment:
                        yield since, until
            day += 1

    def _of(self, number: int) -> tuple[Span, ...]:
        """The spans of a day, which is kept by its number: most questions are about the next few days."""
        if len(self._spans) >= _KEPT:
            self._spans.clear()
        day = date.fromordinal(number)
        minutes = () if day in self._free else self.week[day.weekday()]
        found = tuple((self._at(day, since), self._at(day, until)) for since, until in minutes)
        self._spans[number] = found
        return found

    def _at(self, day: date, minute: int) -> datetime:
        """A time of the wall clock. One that is skipped or comes twice is meant as RFC 5545 section 3.3.5 says."""
        if minute == MINUTES:
            day, minute = day + _DAY, 0
        return datetime.combine(day, time(minute // 60, minute % 60), self.zone).astimezone(UTC)


def office(zone: ZoneInfo) -> Hours:
    """Monday to Friday, 09:00 to 17:30, with no holidays: what holds where nothing else is said."""
    return Hours(zone, (((9 * 60, 17 * 60 + 30),),) * 5 + ((), ()))
