"""The shape of catalogue.toml: its tables, their keys, and what each may be."""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from desk.fields import PRIORITIES
from desk.hours import DAYS, MINUTES, Amount
from desk.request_types import Question
from postdesk.catalogue_words import Faults
from postdesk.settings_kinds import Section, TimeZone

Label = Literal["Type", "Service", "Site", "Item", "Urgency", "Impact", "Our ref", "Needed by"]
LABELS: tuple[str, ...] = get_args(Label)
_MOST_DAYS = 366  # of one holiday
_AMOUNT = re.compile(r"(?:(\d{1,3})\s?d)?\s*(?:(\d{1,4})\s?h)?\s*(?:(\d{1,5})\s?m)?", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s?[-–]\s?(\d{1,2}):(\d{2})")
_NO_LABEL = re.compile(r"[:：*_\n]")

Name = Annotated[str, Field(min_length=1, max_length=200)]
ShortName = Annotated[str, Field(min_length=1, max_length=30)]  # of a type: as long as a ticket keeps it
PriorityName = Annotated[str, Field(min_length=1, max_length=20)]


def _amount(value: Any) -> Amount | None:
    found = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not days + hours + minutes:
        raise ValueError("must be a length of working time like “30m”, “1h” or “2d”")
    return Amount(days, hours * 60 + minutes)


def _spans(value: Any) -> tuple[tuple[int, int], ...]:
    """The working time of one day: one text or several."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("must be working time like “09:00-17:30”, or a list of several")
    found, faults = [], []
    for text in texts:
        try:
            found.append(_span(text))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    found.sort()
    for one, other in pairwise(found):
        if other[0] < one[1]:
            raise ValueError(f"the times {_clock(one)} and {_clock(other)} overlap")
    return tuple(found)


def _span(text: str) -> tuple[int, int]:
    found = _SPAN.fullmatch(text.strip())
    parts = [int(part) for part in found.groups()] if found else [0, 60, 0, 60]
    since, until = parts[0] * 60 + parts[1], parts[2] * 60 + parts[3]
    if parts[1] > 59 or parts[3] > 59 or not since < until <= MINUTES:
        raise ValueError(f"“{text}” must be a time from and until, like “09:00-17:30”, at most “00:00-24:00”")
    return since, until


def _clock(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


def _days(value: Any) -> Any:
    """The days of a week, each alone: “Mon-Fri” and “Sat, Sun” are taken apart."""
    if not isinstance(value, dict):
        raise ValueError('must be a table of days, like { "Mon-Fri" = "09:00-17:30" }')
    found: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for key, spans in value.items():
        try:
            days, times = _named(str(key)), _spans(spans)
        except ValueError as error:
            faults.append((str(key), str(error)))
            continue
        faults += [(str(key), f"{day} is named twice") for day in days if day in found]
        found |= dict.fromkeys(days, times)
    if faults:
        raise Faults(faults)
    if not any(found.values()):
        raise ValueError("there must be working time on one day at least")
    return found


def _named(key: str) -> list[str]:
    days: list[str] = []
    for part in key.split(","):
        first, _, last = (name.strip().title() for name in part.replace("–", "-").partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"days are {', '.join(DAYS)}, or from one to another: Mon-Fri")
        start, end = DAYS.index(first), DAYS.index(last or first)
        if end < start:
            raise ValueError(f"{first} comes after {last}")
        days += DAYS[start : end + 1]
    return days


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    for place, value in enumerate(values):
        if not value.strip():
            raise ValueError("must not be empty")
        if value.casefold() in (one.casefold() for one in values[:place]):
            raise ValueError(f"“{value}” is named twice")
    return values


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("must name an answer at least; without choices any answer is taken")
    return values


def _question(value: str) -> str:
    if _NO_LABEL.search(value) or not Question(value).label:
        raise ValueError("begins a line to be filled in: one line without the signs : * _")
    return value


EachOnce = AfterValidator(_each_once)
Length = Annotated[Amount | None, BeforeValidator(_amount)]


class QuestionRow(Section):
    """A follow-up question."""

    text: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_question)]
    required: StrictBool = False
    choices: Annotated[tuple[Name, ...], AfterValidator(_some), EachOnce] = ()


class TypeRow(Section):
    """[[types]]"""

    name: ShortName
    heading: str = ""
    message: str = Field(default="", max_length=1000)
    needs_item: StrictBool = False
    fields: Annotated[tuple[Label, ...], EachOnce] = ()
    questions: tuple[QuestionRow, ...] = ()
    team: str = ""
    triage: StrictBool = False
    aliases: tuple[ShortName, ...] = ()


class SubServiceRow(Section):
    """[[services.sub]]: what it does not say is as its service says."""

    name: Name
    text: str | None = None
    public: StrictBool | None = None
    organisations: tuple[str, ...] | None = None
    type: str | None = None
    team: str | None = None
    questions: tuple[QuestionRow, ...] = ()


class ServiceRow(Section):
    """[[services]]"""

    name: Name
    category: str = Field(default="", max_length=200)
    text: str = ""
    public: StrictBool = False
    organisations: tuple[str, ...] = ()
    type: str = ""
    team: str = ""
    questions: tuple[QuestionRow, ...] = ()
    sub: tuple[SubServiceRow, ...] = ()


class ItemRow(Section):
    """[[items]]"""

    name: Name
    organisation: str = ""
    site: str = ""
    product: str = ""
    serial: str = ""
    reference: str = ""
    team: str = ""


class PriorityTable(Section):
    """[priority]"""

    levels: Annotated[tuple[PriorityName, ...], Field(min_length=1), EachOnce] = PRIORITIES
    matrix: dict[str, dict[str, str]] | None = None


class HolidayRow(Section):
    """A holiday of several days, or with a name."""

    ALSO: ClassVar = ("on",)  # a key of the file that _holiday() takes apart
    first: date = Field(alias="from")
    last: date | None = Field(default=None, alias="to")
    name: str = ""


def _holiday(value: Any) -> Any:
    if isinstance(value, dict) and "on" in value:
        value = {"from" if key == "on" else key: one for key, one in value.items()}
    elif not isinstance(value, dict):
        value = {"from": value}
    if type(value.get("from")) is not date or type(value.get("to", value["from"])) is not date:
        raise ValueError("must be a date like 2026-12-25, or a table with “on”, or “from” and “to”, and perhaps “name”")
    if not 0 <= (value.get("to", value["from"]) - value["from"]).days < _MOST_DAYS:
        raise ValueError("must end on the day on which it begins, or within a year after it")
    return value


class HoursRow(Section):
    """[[hours]]"""

    name: str = ""
    zone: TimeZone | None = None
    days: Annotated[dict[str, tuple[tuple[int, int], ...]], BeforeValidator(_days)]
    holidays: tuple[Annotated[HolidayRow, BeforeValidator(_holiday)], ...] = ()
    addresses: tuple[str, ...] = ()


class TargetRow(Section):
    """[[targets]]"""

    priority: str
    type: str = ""
    first_answer: Length = None
    solve: Length = None
