"""Working time: over nights, weekends, holidays and the days on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.hours import MINUTES, Amount, Holiday, Hours, office

LONDON = ZoneInfo("Europe/London")
ALWAYS = Hours(ZoneInfo("Europe/Berlin"), (((0, MINUTES),),) * 7)
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata")]


def local(text: str, zone: ZoneInfo = LONDON) -> datetime:
    """A time of the wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """The working time of one day: none, one span or several."""
    ends = sorted(draw(st.sets(st.integers(0, MINUTES), max_size=6)))
    ends = ends[: len(ends) // 2 * 2]
    return tuple(zip(ends[::2], ends[1::2], strict=True))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Any week in any zone, with some holidays."""
    week = draw(st.lists(spans(), min_size=7, max_size=7).filter(any))
    days = draw(st.lists(st.dates(date(2018, 1, 1), date(2020, 1, 1)), max_size=5))
    holidays = tuple(Holiday(day, day + timedelta(days=n % 4)) for n, day in enumerate(days))
    return Hours(draw(st.sampled_from(ZONES)), tuple(week), holidays=holidays)


moments = st.datetimes(datetime(2018, 1, 1), datetime(2019, 12, 31), timezones=st.just(UTC))
amounts = st.integers(0, 60 * 24 * 20).map(lambda minutes: timedelta(minutes=minutes))


@settings(deadline=None)
@given(hours(), moments, amounts)
def test_what_is_added_has_passed(worked: Hours, moment: datetime, amount: timedelta) -> None:
    """The working time from a moment to the end of an amount is that amount; and it ends within working time."""
    end = worked.add(moment, amount)
    assert worked.between(moment, end) == amount
    assert end >= moment
    if amount:
        assert worked.between(end - timedelta(seconds=1), end) == timedelta(seconds=1)
    else:
        assert worked.is_working(end)


@settings(deadline=None)
@given(hours(), moments, amounts, amounts)
def test_more_is_later(worked: Hours, moment: datetime, one: timedelta, other: timedelta) -> None:
    """A longer amount ends later, the same amount from a later moment not sooner; parts come to the whole."""
    first = worked.add(moment, one)
    assert worked.add(moment, one + other) >= first
    assert worked.add(first, other) == worked.add(moment, one + other) or not other
    assert worked.add(moment + other, one) >= first
    assert worked.between(moment, moment + one) + worked.between(moment + one, moment + one + other) == worked.between(
        moment, moment + one + other
    )


@settings(deadline=None)
@given(hours(), moments)
def test_the_next_opening(worked: Hours, moment: datetime) -> None:
    """Nothing is worked until then, and work goes on at once after it."""
    opens = worked.next_opening(moment)
    assert worked.between(moment, opens) == timedelta()
    assert worked.is_working(opens)
    assert worked.is_working(moment) == (opens == moment)


@given(moments, amounts)
def test_round_the_clock(moment: datetime, amount: timedelta) -> None:
    """A desk that never closes counts every minute, also where clocks change."""
    assert ALWAYS.add(moment, amount) == moment + amount
    assert ALWAYS.between(moment, moment + amount) == amount
    assert ALWAYS.is_working(moment)


def test_an_office_week() -> None:
    """From Friday afternoon to Monday; closing time is still that day."""
    worked = office(LONDON)
    assert worked.add(local("2019-04-05 16:30"), timedelta(hours=2)) == local("2019-04-08 10:00")
    assert worked.add(local("2019-04-06 12:00"), timedelta(hours=8, minutes=30)) == local("2019-04-08 17:30")
    assert worked.between(local("2019-04-01 00:00"), local("2019-04-08 00:00")) == timedelta(hours=42.5)
    assert worked.add(local("2019-03-29 16:30"), timedelta(hours=2)) == local("2019-04-01 10:00")  # clocks changed
    assert not worked.is_working(local("2019-04-05 17:30"))
    assert worked.next_opening(local("2019-04-05 17:30")) == local("2019-04-08 09:00")
    assert worked.length(Amount(days=2, minutes=30)) == timedelta(hours=17.5)


def test_holidays() -> None:
    """One day or several are left out."""
    easter = Holiday(date(2019, 4, 19), date(2019, 4, 22), "Easter")
    worked = Hours(LONDON, office(LONDON).week, holidays=(easter,))
    assert worked.add(local("2019-04-18 17:00"), timedelta(hours=1)) == local("2019-04-23 09:30")
    assert not worked.is_working(local("2019-04-22 10:00"))


@pytest.mark.parametrize(
    "night, length",
    [("2019-03-31", timedelta(hours=4)), ("2019-10-27", timedelta(hours=6)), ("2019-04-07", timedelta(hours=5))],
)
def test_clocks_change(night: str, length: timedelta) -> None:
    """A night shift from midnight to 05:00 is an hour shorter in spring, and an hour longer in autumn."""
    worked = Hours(LONDON, (((0, 180), (180, 300)),) * 7)
    assert worked.add(local(f"{night} 00:00"), length) == local(f"{night} 05:00")
    assert worked.between(local(f"{night} 00:00"), local(f"{night} 12:00")) == length


def test_spans_within_the_skipped_hour() -> None:
    """Where the clock skips the time between two spans, none of it counts twice."""
    worked = Hours(ZoneInfo("Europe/Berlin"), (((60, 165), (180, 300)),) * 7)
    day = datetime(2019, 3, 31, tzinfo=UTC)
    found = [worked.add(day, timedelta(minutes=n)) for n in range(0, 240, 10)]
    assert all(one < other for one, other in pairwise(found))
    assert worked.between(datetime(2019, 3, 30, 23, tzinfo=UTC), datetime(2019, 3, 31, 12, tzinfo=UTC)) == timedelta(
        hours=3
    )


def test_years_ahead() -> None:
    """A target that lies years ahead is found day by day."""
    worked = office(LONDON)
    end = worked.add(local("2019-04-01 09:00"), 1_000 * worked.full_day)
    assert end == local("2023-01-27 17:30")


@pytest.mark.parametrize(
    "week",
    [
        ((),) * 7,
        (((60, 120), (90, 180)),) * 7,
        (((180, 240), (60, 120)),) * 7,
        (((120, 60),),) * 7,
        (((0, MINUTES + 1),),) * 7,
        (((0, 60),),) * 6,
    ],
)
def test_no_such_week(week: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    """No working time at all, overlaps and disorder are refused: nothing would ever be due."""
    with pytest.raises(ValueError, match=r"week|working time"):
        Hours(LONDON, week)
