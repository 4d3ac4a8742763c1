"""The lines of iCalendar (RFC 5545) cut into components: bounded, and forgiving where calendar programs are careless.

icalendar reads the lines and values. Its Calendar.from_ical() is not used: it gives up at the first fault, and it
remembers time zones that a stranger's mail defines for all mails that follow.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway import charset
from gateway.headers import clean_body

MAX_BYTES = 256 * 1024
MAX_COMPONENTS = 50
_MAX_LINE = 8 * 1024
_MAX_VALUES = 300  # of one property: people who are invited
_BEGIN = re.compile(rb"^BEGIN:VCALENDAR[ \t]{0,80}\r?$", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(rb"\r?\n[ \t]")
_NAME = re.compile(r"[\w-]{1,60}")
_ENTRIES = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")
_READ = frozenset(
    "METHOD SUMMARY DTSTART DTEND DUE DURATION RRULE RDATE EXDATE RECURRENCE-ID LOCATION ORGANIZER ATTENDEE "
    "DESCRIPTION COMMENT SEQUENCE STATUS URL CONFERENCE TZID TZOFFSETTO X-LIC-LOCATION X-GOOGLE-CONFERENCE "
    "X-MICROSOFT-SKYPETEAMSMEETINGURL X-MICROSOFT-ONLINEMEETINGCONFLINK X-MICROSOFT-ONLINEMEETINGEXTERNALLINK "
    "X-MICROSOFT-CDO-ALLDAYEVENT".split()
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a property, and its parameters by upper-case name."""

    text: str  # TEXT with its backslashes undone
    raw: str
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Component:
    """An event, a task or a time zone with its properties."""

    name: str
    properties: dict[str, list[Value]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)  # also of what was not kept

    def all(self, name: str) -> list[Value]:
        """All values of a property."""
        return self.properties.get(name, [])

    def text(self, name: str) -> str:
        """The first value of a property that says anything."""
        return next((value.text.strip() for value in self.all(name) if value.text.strip()), "")


@dataclass(slots=True)
class Calendar:
    """One calendar file: what it is for, its entries and its time zones."""

    method: str = ""
    entries: list[Component] = field(default_factory=list)
    zones: list[Component] = field(default_factory=list)
    more: int = 0  # entries beyond the limit


def read(data: bytes) -> Calendar:
    """The calendar that begins first in `data`; an empty one when there is none."""
    calendar = Calendar()
    begin = _BEGIN.search(data[: MAX_BYTES * 2])
    if begin is None:
        data = charset.decode(data[: MAX_BYTES * 2]).encode("utf-8", "replace")  # UTF-16, for one
        begin = _BEGIN.search(data)
    if begin is None:
        return calendar
    # Before it is decoded: programs that fold by bytes cut characters in two.
    unfolded = _FOLD.sub(b"", data[begin.end() : begin.end() + MAX_BYTES])
    text = clean_body(charset.decode(unfolded, "utf-8"))
    _fill(calendar, text.split("\n"))
    return calendar


def _fill(calendar: Calendar, lines: list[str]) -> None:
    top = Component("VCALENDAR")
    open_components: list[Component | None] = [top]
    for name, line in _named(lines):
        if name == "BEGIN":
            open_components.append(_begun(calendar, line[6:].strip().upper(), open_components))
        elif name == "END":
            open_components.pop()
            if not open_components:
                break  # of the calendar: others may follow
        elif (component := open_components[-1]) is not None and name in _READ:
            _keep(component, name, line)
    calendar.method = top.text("METHOD").upper()


def _named(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        match = _NAME.match(line)
        if match is not None:
            yield match[0].upper(), line[:_MAX_LINE]


def _begun(calendar: Calendar, name: str, around: list[Component | None]) -> Component | None:
    """The component to fill: none for an alarm, and for what nobody knows."""
    outer = around[-1]
    if len(around) > 1:
        # A time zone is known by the offsets in its parts; an alarm says nothing of its event.
        return outer if outer is not None and outer.name == "VTIMEZONE" else None
    if len(calendar.entries) + len(calendar.zones) >= MAX_COMPONENTS:
        calendar.more += name in _ENTRIES
        return None
    component = Component(name)
    if name in _ENTRIES:
        calendar.entries.append(component)
    elif name == "VTIMEZONE":
        calendar.zones.append(component)
    return component


def _keep(component: Component, name: str, line: str) -> None:
    component.counts[name] = component.counts.get(name, 0) + 1
    kept = component.properties.setdefault(name, [])
    if len(kept) >= _MAX_VALUES:
        return
    from icalendar.parser import Contentline, unescape_backslash

    try:
        _, parameters, raw = Contentline(line).raw_parts()  # type: ignore[no-untyped-call]  # icalendar is typed in part
    except (ValueError, AssertionError):
        return  # damaged: the other lines count
    plain = {key.upper(): value if isinstance(value, str) else ",".join(value) for key, value in parameters.items()}
    kept.append(Value(clean_body(unescape_backslash(raw)), raw.strip(), plain))
