"""Letters of the day: on working days, from a time of the wall clock on; what a day has missed no other day sends."""

from datetime import UTC, date, datetime, time, timedelta

from desk.hours import Hours


def day_of(now: datetime, at: time, hours: Hours) -> date | None:
    """The day whose letters may go out now; None before the time of day, and where nobody works.

    After a night switched off they go late, on the same day.
    """
    day = now.astimezone(hours.zone).date()
    if now < datetime.combine(day, at, hours.zone).astimezone(UTC) or not is_working_day(day, hours):
        return None
    return day


def is_working_day(day: date, hours: Hours) -> bool:
    """True for a day on which the desk opens."""
    begin = datetime.combine(day, time(), hours.zone)
    return hours.next_opening(begin) < datetime.combine(day + timedelta(days=1), time(), hours.zone)


def end_of(day: date, hours: Hours) -> datetime:
    """The midnight at which a day ends."""
    return datetime.combine(day + timedelta(days=1), time(), hours.zone).astimezone(UTC)
