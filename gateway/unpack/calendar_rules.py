"""How often something in a calendar happens: recurrence rules (RFC 5545 section 3.3.10) in words, never expanded."""

import re
from collections.abc import Mapping

from gateway.unpack.calendar_lines import Value
from gateway.unpack.calendar_times import Moment, in_zone, moment, written
from gateway.unpack.calendar_words import Words

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_DAY_NUMBER = re.compile(r"\d{1,2}\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,4}\Z", re.ASCII)
_TOLD = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}


def described(rule: str, start: Moment, words: Words) -> str:
    """A rule in words; a plain reference to the file where the words would be wrong."""
    parts = {key: value for key, _, value in (part.partition("=") for part in rule.upper().split(";")[:20])}
    told = _pattern(parts, words) if not parts.keys() - _TOLD - {""} else None
    bounds = (_until(parts.get("UNTIL", ""), start, words), _count(parts.get("COUNT", ""), words))
    return ", ".join(part for part in (told or words.own_rule, *bounds) if part)


def _pattern(parts: Mapping[str, str], words: Words) -> str | None:
    frequency = parts.get("FREQ", "")
    interval = parts.get("INTERVAL", "1")
    if frequency not in words.every or _NUMBER.match(interval) is None or int(interval) < 1:
        return None
    once, often = words.every[frequency]
    every = once if int(interval) == 1 else often.format(count=int(interval))
    days = parts.get("BYDAY", "")
    if frequency in ("DAILY", "WEEKLY") and set(days.split(",")) == set(_DAYS[:5]) and int(interval) == 1:
        return None if _narrowed(parts, "BYMONTHDAY", "BYMONTH", "BYSETPOS") else words.weekdays
    if frequency == "WEEKLY":
        on = None if _narrowed(parts, "BYMONTHDAY", "BYMONTH", "BYSETPOS") else _week_days(days, words)
    elif frequency == "DAILY":
        on = None if _narrowed(parts, "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS") else ""
    else:
        on = _month_days(parts, words)
    months = _months(parts.get("BYMONTH", ""), words)
    if on is None or months is None:
        return None
    return " ".join(part for part in (every, on, months) if part)


def _narrowed(parts: Mapping[str, str], *names: str) -> bool:
    return any(parts.get(name) for name in names)


def _week_days(days: str, words: Words) -> str | None:
    if not days:
        return ""
    found = [_DAYS.index(day) for day in days.split(",") if day in _DAYS]
    if len(found) != days.count(",") + 1:
        return None
    return words.on.format(days=listed([words.days[number] for number in sorted(set(found))], words))


def _month_days(parts: Mapping[str, str], words: Words) -> str | None:
    """`BYMONTHDAY=15`, `BYDAY=2TU`, or the latter as Outlook writes it: `BYDAY=TU;BYSETPOS=2`."""
    number, day, position = parts.get("BYMONTHDAY", ""), parts.get("BYDAY", ""), parts.get("BYSETPOS", "")
    if day:
        match = _DAY.match(day)
        if match is None or number or (match[1] and position):
            return None
        ordinal = match[1] or position
        if _NUMBER.match(ordinal) is None or int(ordinal) not in words.ordinals:
            return None
        return words.on_the.format(ordinal=words.ordinals[int(ordinal)], day=words.days[_DAYS.index(match[2])])
    if position:
        return None
    if not number:
        return ""
    if number == "-1":
        return words.last_day
    return words.on_day.format(number=int(number)) if _DAY_NUMBER.match(number) else None


def _months(months: str, words: Words) -> str | None:
    if not months:
        return ""
    numbers = [int(part) for part in months.split(",") if _NUMBER.match(part) and 1 <= int(part) <= 12]
    if len(numbers) != months.count(",") + 1:
        return None
    return words.in_month.format(months=listed([words.months[number - 1] for number in sorted(set(numbers))], words))


def _until(value: str, start: Moment, words: Words) -> str:
    """The last day, as it falls in the zone of the event: the rule itself tells it in UTC."""
    last = moment(Value(value, value, {}), ())
    return words.until.format(date=written(in_zone(last, start.zone).clock, words)) if last is not None else ""


def _count(value: str, words: Words) -> str:
    if _NUMBER.match(value) is None or int(value) < 1:
        return ""
    return words.once if int(value) == 1 else words.times.format(count=int(value))


def listed(items: list[str], words: Words) -> str:
    """One, two and three."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {words.conjunction} {items[-1]}"
