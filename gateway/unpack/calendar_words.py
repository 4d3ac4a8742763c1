"""The words that calendar entries are told in: one table for each language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is said about an event; names of fields are METHODs and PARTSTATs of RFC 5546 and RFC 5545."""

    methods: Mapping[str, str]
    kinds: Mapping[str, str]
    answers: Mapping[str, str]
    months: tuple[str, ...]
    days: tuple[str, ...]  # Monday first
    every: Mapping[str, tuple[str, str]]  # by FREQ: for an interval of one, and for others
    ordinals: Mapping[int, str]
    date: str = "{number} {month} {year}"
    weekday_date: str = "{weekday} {date}"
    updated: str = "Updated invitation"
    untitled: str = "(no title)"
    when: str = "When"
    repeats: str = "Repeats"
    only: str = "Only the date of"
    where: str = "Where"
    online: str = "Online"
    organiser: str = "Organiser"
    invited: str = "Invited"
    answered: str = "Answer"
    comment: str = "Comment"
    due: str = "Due"
    to: str = "to"
    all_day: str = "all day"
    floating: str = "time zone not stated"
    optional: str = "optional"
    conjunction: str = "and"
    more: str = "and {count} more"
    more_events: str = "And {count} more dates in the calendar file."
    until: str = "until {date}"
    once: str = "once"
    times: str = "{count} times"
    excepted: str = "except {count} dates"
    excepted_one: str = "except one date"
    extra: str = "and {count} more dates"
    weekdays: str = "every weekday, Monday to Friday"
    on: str = "on {days}"
    on_day: str = "on day {number}"
    last_day: str = "on the last day"
    on_the: str = "on the {ordinal} {day}"
    in_month: str = "in {months}"
    own_rule: str = "by a rule that stands in the calendar file"


ENGLISH = Words(
    methods={
        "REQUEST": "Invitation",
        "CANCEL": "Cancelled",
        "REPLY": "Answer to an invitation",
        "COUNTER": "New time proposed",
        "DECLINECOUNTER": "Proposed time declined",
        "ADD": "More dates",
        "REFRESH": "Latest version asked for",
        "PUBLISH": "Calendar entry",
    },
    kinds={"VEVENT": "Calendar entry", "VTODO": "Task", "VJOURNAL": "Note", "VFREEBUSY": "Free and busy times"},
    answers={
        "ACCEPTED": "accepted",
        "DECLINED": "declined",
        "TENTATIVE": "accepted tentatively",
        "DELEGATED": "passed on to somebody else",
        "COMPLETED": "done",
        "IN-PROCESS": "in process",
    },
    months=tuple("January February March April May June July August September October November December".split()),
    days=tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()),
    every={
        "DAILY": ("every day", "every {count} days"),
        "WEEKLY": ("every week", "every {count} weeks"),
        "MONTHLY": ("every month", "every {count} months"),
        "YEARLY": ("every year", "every {count} years"),
    },
    ordinals={1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second last"},
)
