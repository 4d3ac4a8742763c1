"""The two days between which a list looks, as its filters say them: the second one is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk.acting.wish import day_of
from desk.said import say

_FIRST, _LAST = 1970, 9000  # years that both databases and every time zone can do with


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when, and until when, without that moment; None where it has no end. Faults by the name of their field."""

    since: datetime | None
    until: datetime | None
    faults: Mapping[str, str]


def between(filters: Mapping[str, str], zone: ZoneInfo) -> Stretch:
    """The fields “since” and “until”."""
    faults: dict[str, str] = {}
    days: dict[str, datetime | None] = {}
    for name in ("since", "until"):
        day = day_of(filters[name]) if filters[name] else None
        if filters[name] and (day is None or not _FIRST <= day.year <= _LAST):
            faults[name] = say("Enter a real date, like {day}", day="2019-05-03")
            day = None
        days[name] = datetime.combine(day, time(), zone) if day else None
    until = days["until"] + timedelta(days=1) if days["until"] else None
    return Stretch(days["since"], until, faults)
