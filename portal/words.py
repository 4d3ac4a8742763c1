"""How pages say dates, spans, sizes and statuses."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk import statuses

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
LEDGER = {
    "opened": "New tickets",
    "noted": "Notes on tickets",
    "folded": "Automatic mail, shown in its ticket",
    "answered": "Commands, answered",
    "held": "Held for a person to decide",
    "ignored": "Duplicates, our own mail, and what a person discarded",
}
_FIELDS = {"status": "Status", "assignee": "Assigned to", "merged": "Merged into"}


def date_time(moment: datetime, zone: ZoneInfo) -> str:
    """ "9 Apr 2019, 13:07" in the desk's zone."""
    local = moment.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"


def span(length: timedelta) -> str:
    """ "12 s", "7 min", "3 h", "5 days"."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"


def size(count: int) -> str:
    """ "312 bytes", "48 KB", "2.4 MB"."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f} KB"
    return f"{count / 1_000_000:.1f} MB"


def shape(status: str) -> str:
    """Ring: open. Square: waiting for the customer. Disc: done."""
    if status in statuses.WAITING_ON_CUSTOMER:
        return "square"
    return "disc" if statuses.is_done(status) else "ring"


def changes(changed: dict[str, Any]) -> list[str]:
    """ "Status: In Progress (was New)", one line for each field that changed."""
    lines = []
    for name, value in changed.items():
        label = _FIELDS.get(name) or name.replace("_", " ").capitalize()
        before, after = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (None, value)
        lines.append(f"{label}: {after or 'nobody'}" + (f" (was {before})" if before else ""))
    return lines
