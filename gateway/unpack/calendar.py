"""Calendar invitations (RFC 5545, RFC 5546) as short lines for people: what is asked, what, when, where, who."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from gateway.headers import clean
from gateway.unpack import calendar_rules
from gateway.unpack.calendar_lines import Calendar, Component, Value, read
from gateway.unpack.calendar_times import FLOATING, Moment, in_zone, moment, span
from gateway.unpack.calendar_words import ENGLISH, Words

MAX_ENTRIES = 5
MAX_PEOPLE = 10
_MAX_LINES, _MAX_DESCRIPTION = 6, 600
_LINKS = (
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "X-GOOGLE-CONFERENCE",
    "CONFERENCE",  # RFC 7986
)
_URL = re.compile(r"https?://[^\s<>\"'\\]{4,900}")
_MEETING_URL = re.compile(  # Zoom, Webex and others write their link into the text alone
    r"https://(?:[\w-]{1,60}\.){0,4}(?:zoom\.us|webex\.com|teams\.microsoft\.com|teams\.live\.com|meet\.google\.com"
    r"|meet\.jit\.si|gotomeeting\.com|goto\.com|whereby\.com)/[^\s<>\"'\\]{1,800}"
)


def invitation(data: bytes, *, description: bool = True, words: Words = ENGLISH) -> str:
    """What a text/calendar part says; "" when it cannot be read. Without `description`, facts only."""
    try:
        return _told(read(data), description, words)
    except Exception:  # icalendar raises many kinds on what nobody foresaw: the file itself is kept anyway
        return ""


def reply_of(data: bytes) -> tuple[str, str] | None:
    """The address and the PARTSTAT of who answers an invitation (METHOD:REPLY); None when it is no answer."""
    try:
        calendar = read(data)
    except Exception:  # as above
        return None
    if calendar.method != "REPLY":
        return None
    for entry in calendar.entries:
        for value in entry.all("ATTENDEE"):
            if address := _address(value):
                return address, clean(value.parameters.get("PARTSTAT", "NEEDS-ACTION").upper(), 40)
    return None


def _told(calendar: Calendar, description: bool, words: Words) -> str:
    entries = calendar.entries[:MAX_ENTRIES]
    blocks = ["\n".join(_entry(calendar, entry, description, words)) for entry in entries]
    more = len(calendar.entries) - len(entries) + calendar.more
    if more:
        blocks.append(words.more_events.format(count=more))
    return "\n\n".join(blocks)


def _entry(calendar: Calendar, entry: Component, description: bool, words: Words) -> Iterator[str]:
    title = clean(entry.text("SUMMARY"), 250) or words.untitled
    yield f"{_heading(calendar.method, entry, words)}: {title}"
    yield from _times(calendar, entry, words)
    yield from _places(entry, words)
    yield from _people(calendar.method, entry, words)
    if calendar.method in ("REPLY", "COUNTER", "DECLINECOUNTER") and (said := _shortened(entry.text("COMMENT"))):
        yield f"{words.comment}: {said}"
    if description and calendar.method != "REPLY" and (said := _shortened(entry.text("DESCRIPTION"))):
        yield f"\n{said}"


def _heading(method: str, entry: Component, words: Words) -> str:
    if method == "CANCEL" or entry.text("STATUS").upper() == "CANCELLED":
        return words.methods["CANCEL"]
    if method == "REPLY":
        answer = next((value.parameters.get("PARTSTAT", "").upper() for value in entry.all("ATTENDEE")), "")
        told = words.answers.get(answer)
        return told[:1].upper() + told[1:] if told else words.methods["REPLY"]
    if method == "REQUEST" and entry.text("SEQUENCE").lstrip("0"):
        return words.updated
    return words.methods.get(method, words.kinds.get(entry.name, words.kinds["VEVENT"]))


def _times(calendar: Calendar, entry: Component, words: Words) -> Iterator[str]:
    start, end = _start_and_end(calendar, entry)
    due = _moment(calendar, entry, "DUE")
    if start is not None:
        yield f"{words.when}: {span(start, end, words)}"
        yield from _recurrence(entry, start, words)
    if due is not None:
        yield f"{words.due}: {span(due, None, words)}"
    if (only := _moment(calendar, entry, "RECURRENCE-ID")) is not None:
        only = in_zone(only, start.zone if start is not None else FLOATING)
        yield f"{words.only}: {span(only, None, words)}"


def _moment(calendar: Calendar, entry: Component, name: str) -> Moment | None:
    found = (moment(value, calendar.zones) for value in entry.all(name)[:3])
    return next((item for item in found if item is not None), None)


def _start_and_end(calendar: Calendar, entry: Component) -> tuple[Moment | None, Moment | None]:
    start, end = _moment(calendar, entry, "DTSTART"), _moment(calendar, entry, "DTEND")
    if start is None:
        return None, None
    if end is None and (length := entry.text("DURATION")):
        from icalendar.prop import vDuration

        try:
            lasting = vDuration.from_ical(length)  # type: ignore[no-untyped-call]  # icalendar is typed in part
            end = Moment(start.clock + lasting, start.zone, start.whole_day)
        except (ValueError, OverflowError):
            end = None
    if entry.text("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE":
        whole = Moment(start.clock, start.zone, whole_day=True)
        return whole, None if end is None else Moment(end.clock, end.zone, whole_day=True)
    return start, end


def _recurrence(entry: Component, start: Moment, words: Words) -> Iterator[str]:
    rules = [calendar_rules.described(value.raw, start, words) for value in entry.all("RRULE")[:1]]
    if extra := sum(value.raw.count(",") + 1 for value in entry.all("RDATE")):
        rules.append(words.extra.format(count=extra))
    if left_out := sum(value.raw.count(",") + 1 for value in entry.all("EXDATE")):
        rules.append(words.excepted_one if left_out == 1 else words.excepted.format(count=left_out))
    if rules:
        yield f"{words.repeats}: {', '.join(rules)}"


def _places(entry: Component, words: Words) -> Iterator[str]:
    rooms = [value for value in entry.all("ATTENDEE") if _is_room(value)]
    place = clean(entry.text("LOCATION"), 250) or ", ".join(_name(value) for value in rooms[:5])
    if place:
        yield f"{words.where}: {place}"
    link = _link(entry)
    if link and link not in place:
        yield f"{words.online}: {link}"


def _link(entry: Component) -> str:
    for name in _LINKS:
        for value in entry.all(name)[:5]:
            if (match := _URL.match(value.text.strip())) is not None:
                return match[0]
    for name in ("LOCATION", "DESCRIPTION", "URL"):
        if (match := _MEETING_URL.search(entry.text(name))) is not None:
            return match[0]
    return ""


def _people(method: str, entry: Component, words: Words) -> Iterator[str]:
    organisers = entry.all("ORGANIZER")[:1]
    invited = [value for value in entry.all("ATTENDEE") if not _is_room(value)]
    if organisers:
        yield f"{words.organiser}: {_person(organisers[0])}"
    if not invited:
        return
    told = [_person(value) + _remarks(value, words) for value in invited[:MAX_PEOPLE]]
    more = len(invited) - len(told) + entry.counts["ATTENDEE"] - len(entry.all("ATTENDEE"))
    label = words.answered if method in ("REPLY", "COUNTER") else words.invited
    yield f"{label}: {', '.join(told)}" + (f" {words.more.format(count=more)}" if more > 0 else "")


def _is_room(value: Value) -> bool:
    return value.parameters.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE")


def _address(value: Value) -> str:
    """The address of a CAL-ADDRESS; Exchange also writes names of its own directory there, which are none."""
    for written in (value.raw, value.parameters.get("EMAIL", "")):
        address = unquote(re.sub(r"^mailto:", "", written.strip(), flags=re.IGNORECASE))
        local, at, domain = clean(address, 320).strip("<> ").rpartition("@")
        if at and local and domain and not any(sign in " <>," for sign in local + domain):
            return f"{local}@{domain.lower()}"
    return ""


def _name(value: Value) -> str:
    return clean(value.parameters.get("CN", ""), 100).strip("\"' ") or _address(value) or clean(value.text, 100)


def _person(value: Value) -> str:
    name, address = _name(value), _address(value)
    return name if not address or name.lower() == address.lower() else f"{name} <{address}>"


def _remarks(value: Value, words: Words) -> str:
    optional = words.optional if value.parameters.get("ROLE", "").upper() == "OPT-PARTICIPANT" else ""
    answer = words.answers.get(value.parameters.get("PARTSTAT", "").upper(), "")
    remarks = ", ".join(remark for remark in (optional, answer) if remark)
    return f" ({remarks})" if remarks else ""


def _shortened(text: str) -> str:
    """The first lines of a description: invitations to online meetings bring pages of dial-in numbers."""
    lines = [line.strip() for line in text.split("\n")]
    kept = "\n".join(lines[:_MAX_LINES])[:_MAX_DESCRIPTION].strip()
    return kept + " \u2026" if len(kept) < len("\n".join(lines).strip()) else kept
