"""How pages say dates, spans, sizes and statuses."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk import statuses
from desk.language import ENGLISH, Language
from desk.said import say

LEDGER = {
    "opened": say("New tickets"),
    "noted": say("Notes on tickets"),
    "folded": say("Automatic mail, shown in its ticket"),
    "answered": say("Commands, answered"),
    "held": say("Held for a person to decide"),
    "ignored": say("Duplicates, our own mail, and what a person discarded"),
}
_FIELDS = {"status": say("Status"), "assignee": say("Assigned to"), "merged": say("Merged into")}


def date_time(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """ "9 Apr 2019, 13:07" in the desk's zone."""
    local = moment.astimezone(zone)
    return f"{language.date(local.date())}, {local:%H:%M}"


def span(length: timedelta, language: Language = ENGLISH) -> str:
    """ "12 s", "7 min", "3 h", "5 days"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return language.say("{n} s", n=seconds)
    if seconds < 3600:
        return language.say("{n} min", n=seconds // 60)
    if seconds < 48 * 3600:
        return language.say("{n} h", n=seconds // 3600)
    return language.say_many("{n} day", "{n} days", seconds // 86400)


def size(count: int, language: Language) -> str:
    """ "312 bytes", "48 KB", "2.4 MB"."""
    return language.say_many("{n} byte", "{n} bytes", count) if count < 1000 else language.size(count)


def shape(status: str) -> str:
    """Ring: open. Square: waiting for the customer. Disc: done."""
    if status in statuses.WAITING_ON_CUSTOMER:
        return "square"
    return "disc" if statuses.is_done(status) else "ring"


def changes(changed: dict[str, Any], language: Language) -> list[str]:
    """ "Status: In Progress (was New)", one line for each field that changed."""
    lines = []
    for name, value in changed.items():
        label = language.gettext(_FIELDS[name]) if name in _FIELDS else name.replace("_", " ").capitalize()
        before, after = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (None, value)
        now = language.name(str(after)) if after else language.say("nobody")
        was = language.name(str(before)) if before else ""
        line = language.say("{label}: {value}", label=label, value=now)
        lines.append(language.say("{now} (was {before})", now=line, before=was) if was else line)
    return lines
