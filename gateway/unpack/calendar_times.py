"""When something in a calendar is: dates and times as they stand there, in the zone that is named, told in words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from gateway.headers import clean
from gateway.unpack.calendar_lines import Component, Value
from gateway.unpack.calendar_words import Words

_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?\d\d)?(?:\.\d{1,9})?(Z?))?", re.ASCII)
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+\-]{1,40}(?:/[A-Za-z0-9_+\-]{1,40}){0,2}\Z")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone by the name that a reader knows, with its rules where these are known."""

    name: str = ""
    rules: tzinfo | None = None


FLOATING = Zone()
UTC_ZONE = Zone("UTC", UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on the clock of a zone, or a whole day."""

    clock: datetime
    zone: Zone = FLOATING
    whole_day: bool = False

    def day(self, words: Words) -> str:
        """The date with its weekday."""
        weekday = words.days[self.clock.weekday()]
        return words.weekday_date.format(weekday=weekday, date=written(self.clock, words))

    def label(self, words: Words) -> str:
        """The zone in brackets; a floating time is said to be one (RFC 5545 section 3.3.5)."""
        if self.whole_day:
            return ""
        name = self.zone.name or words.floating
        if self.zone.rules is not None and self.zone != UTC_ZONE and (offset := _offset(self.clock, self.zone.rules)):
            name += f", {offset}"
        return f" ({name})"


def written(day: date, words: Words) -> str:
    """A date in words, without its weekday."""
    return words.date.format(number=day.day, month=words.months[day.month - 1], year=day.year)


def moment(value: Value, zones: Iterable[Component]) -> Moment | None:
    """The moment that a DTSTART or its like names; None when it cannot be read."""
    match = _TIME.match(value.raw)
    if match is None:
        return None
    year, month, day, hour, minute, utc = match.groups()
    try:
        clock = datetime(int(year), int(month), int(day))
        if int(hour or 0) > 24 or int(minute or 0) > 59:
            return None
        clock += timedelta(hours=int(hour or 0), minutes=int(minute or 0))  # 24:00 is the next day
    except (ValueError, OverflowError):
        return None
    if hour is None:
        return Moment(clock, whole_day=True)
    return Moment(clock, UTC_ZONE if utc else zone_of(value.parameters.get("TZID", ""), zones))


def zone_of(name: str, zones: Iterable[Component]) -> Zone:
    """The zone of a TZID: an Olson name, one of Windows, one behind the prefix of a program, or of the file's own."""
    name = clean(name.strip("\"' "), 80)
    if not name:
        return FLOATING
    for component in zones:
        if component.text("TZID") == name and (found := _defined(component)) is not None:
            return found
    return _known(name) or Zone(name)


def _known(name: str) -> Zone | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    if name.casefold() in ("utc", "gmt", "etc/utc", "z", "coordinated universal time", "tzone://microsoft/utc"):
        return UTC_ZONE
    parts = WINDOWS_TO_OLSON.get(name, name).strip("/").split("/")
    # "/freeassociation.sourceforge.net/Europe/Berlin", "/citadel.org/20210210_1/America/Argentina/Ushuaia"
    for start in range(max(0, len(parts) - 3), len(parts)):
        candidate = "/".join(parts[start:])
        if (rules := _rules(candidate)) is not None:
            return Zone(candidate, rules)
    return None


def _rules(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if _ZONE_NAME.match(name) is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder
        return None


def _defined(component: Component) -> Zone | None:
    """A zone of the file's own: the place it says it is, or its offset when there is only one."""
    name = component.text("TZID")
    if (known := _known(name)) is not None:
        return known
    place = component.text("X-LIC-LOCATION")
    if place and (rules := _rules(place)) is not None:
        return Zone(place, rules)
    offsets = {value.raw for value in component.all("TZOFFSETTO")}
    match = _OFFSET.match(offsets.pop()) if len(offsets) == 1 else None
    if match is None:
        return None
    return Zone(f"{clean(name, 80)}, {_short(match[1], int(match[2]), int(match[3]))}")


def _offset(clock: datetime, rules: tzinfo) -> str:
    offset = clock.replace(tzinfo=rules).utcoffset()
    if offset is None:
        return ""
    minutes = round(abs(offset) / timedelta(minutes=1))
    return _short("-" if offset < timedelta() else "+", minutes // 60, minutes % 60)


def _short(sign: str, hours: int, minutes: int) -> str:
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def in_zone(found: Moment, zone: Zone) -> Moment:
    """The same moment on the clock of another zone, where both are known."""
    if found.whole_day or found.zone.rules is None or zone.rules is None:
        return found
    try:
        clock = found.clock.replace(tzinfo=found.zone.rules).astimezone(zone.rules).replace(tzinfo=None)
    except (OverflowError, ValueError):  # the first and the last day of all
        return found
    return replace(found, clock=clock, zone=zone)


def span(start: Moment, end: Moment | None, words: Words) -> str:
    """From start to end, without saying twice what is the same."""
    if start.whole_day:
        return _days(start, end, words)
    first = f"{start.day(words)}, {start.clock:%H:%M}"
    if end is None or end.whole_day or (end.zone == start.zone and end.clock <= start.clock):
        return first + start.label(words)
    last = f"{end.clock:%H:%M}" if end.clock.date() == start.clock.date() else f"{end.day(words)}, {end.clock:%H:%M}"
    if end.zone == start.zone:
        return f"{first} {words.to} {last}{start.label(words)}"
    return f"{first}{start.label(words)} {words.to} {last}{end.label(words)}"


def _days(start: Moment, end: Moment | None, words: Words) -> str:
    """Whole days; the end is the first day that is free again (RFC 5545 section 3.6.1)."""
    if end is None or end.clock - start.clock <= timedelta(days=1):
        return f"{start.day(words)}, {words.all_day}"
    last = replace(end, clock=end.clock - timedelta(days=1))
    return f"{start.day(words)} {words.to} {last.day(words)}, {words.all_day}"
