"""How pages say dates, spans, sizes and statuses."""

from datetime import datetime, timedelta
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
