"""The day whose letters go out: by the wall clock, on working days alone, and never a day late."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from desk import daily, working_days
from desk.hours import Holiday, Hours

LONDON = ZoneInfo("Europe/London")
WEEK = (((9 * 60, 17 * 60),),) * 5 + ((), ())
HOURS = Hours(LONDON, WEEK, holidays=(Holiday(date(2026, 12, 25), date(2026, 12, 28)),))
EIGHT = time(8)


def local(text: str) -> datetime:
    """A time of the wall clock in London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    "now, day",
    [
        ("2026-11-23 07:59", None),
        ("2026-11-23 08:00", "2026-11-23"),
        ("2026-11-23 23:59", "2026-11-23"),  # switched off all day: late, and still that day's
        ("2026-11-28 08:00", None),  # a Saturday
        ("2026-12-25 12:00", None),  # a holiday
        ("2026-12-29 08:00", "2026-12-29"),
        ("2026-03-30 08:00", "2026-03-30"),  # the clocks went forward in the night to Sunday
        ("2026-10-26 08:00", "2026-10-26"),  # and back
    ],
)
def test_the_day_of_a_moment(now: str, day: str | None) -> None:
    """From the time of day on, where the desk works on that day."""
    found = daily.day_of(local(now).astimezone(UTC), EIGHT, HOURS)
    assert found == (date.fromisoformat(day) if day else None)


def test_eight_is_eight_in_summer_and_winter() -> None:
    """By the clock on the wall: an hour earlier in UTC in summer."""
    assert daily.day_of(datetime(2026, 6, 1, 7, 0, tzinfo=UTC), EIGHT, HOURS) == date(2026, 6, 1)
    assert daily.day_of(datetime(2026, 11, 23, 7, 59, tzinfo=UTC), EIGHT, HOURS) is None


def test_a_day_ends_at_midnight_of_its_zone() -> None:
    """Also on the day of 25 hours."""
    assert daily.end_of(date(2026, 10, 25), HOURS) == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)
    assert daily.end_of(date(2026, 6, 1), HOURS) == datetime(2026, 6, 1, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("now", ["2026-11-23 12:00", "2026-11-23 03:00", "2026-11-29 12:00", "2026-12-29 09:00",
                                 "2026-10-25 01:30", "2026-03-29 04:00"])  # fmt: skip
@pytest.mark.parametrize("days", [1, 3, 10])
def test_working_days_ago(now: str, days: int) -> None:
    """The latest moment from which so many working days have passed: a second later is too late."""
    at = local(now).astimezone(UTC)
    found = working_days.before(HOURS, at, days)
    assert working_days.passed(HOURS, found, days) <= at
    later = found.replace(microsecond=0) + 2 * working_days._SECOND
    assert working_days.passed(HOURS, later, days) > at
