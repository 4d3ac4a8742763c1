"""Which stories the sample desk has, and when each begins: some of every kind, then more by chance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from postdesk.seed import stories

DAYS = 60
# Of these there is one at least, so many days old.
_ALWAYS = (
    ("new", 0.1), ("new", 0.6), ("in_progress", 1), ("in_progress", 3), ("waiting_customer", 2),
    ("waiting_customer", 9), ("waiting_internal", 4), ("waiting_vendor", 8), ("waiting_vendor", 23),
    ("ready_to_procure", 6), ("update_added", 2), ("answered", 3), ("waiting_approval", 3), ("approved", 12),
    ("resolved", 4), ("resolved", 40), ("solved_by_customer", 7), ("withdrawn", 18), ("reopened", 3),
    ("by_telephone", 1.5), ("with_colleague", 6), ("watched", 4), ("unshared", 5), ("with_tasks", 5),
    ("with_tasks", 11), ("merged", 6), ("away", 4), ("overdue", 4), ("overdue", 9), ("due_soon", 1),
)  # fmt: skip
_NO_TICKETS = (("forged", timedelta(days=1)), ("forged", timedelta(days=5)))
# What is so old has ended for the most part; the others are of any kind.
_OLD = timedelta(days=17)
_ENDED = {
    "resolved": 70,
    "solved_by_customer": 9,
    "withdrawn": 8,
    "with_colleague": 6,
    "approved": 3,
    "waiting_vendor": 2,
}
_RECENT = {
    "resolved": 34, "waiting_customer": 9, "in_progress": 10, "answered": 7, "update_added": 5, "waiting_vendor": 5,
    "waiting_internal": 4, "new": 4, "solved_by_customer": 5, "reopened": 4, "withdrawn": 3, "waiting_approval": 3,
    "approved": 3, "by_telephone": 5, "with_colleague": 4, "watched": 3, "merged": 2, "due_soon": 3, "away": 1,
}  # fmt: skip
_STRANGERS = 0.06
# Of a day: when most mails are written, in minutes after midnight, and the others.
_BY_DAY, _OTHERS = (7 * 60 + 30, 18 * 60), (6 * 60, 22 * 60 + 30)
_SHARE_BY_DAY, _SHARE_OF_WEEKENDS = 0.9, 0.2
_LAST = timedelta(minutes=30)  # before the end of all stories none begins


@dataclass(frozen=True, slots=True)
class Planned:
    """A story, when it begins, and whether a stranger begins it."""

    at: datetime
    teller: stories.Teller
    stranger: bool


def plan(count: int, chance: random.Random, now: datetime, zone: ZoneInfo) -> list[Planned]:
    """Stories of so many tickets, and a few mails that open none, in the order in which they begin."""
    found = []
    for name, age in [*_names(count, chance), *_NO_TICKETS]:
        at = _by_day(now - age, now, zone, chance)
        stranger = name in stories.OF_STRANGERS and chance.random() < _STRANGERS
        found.append(Planned(at, stories.BY_NAME[name], stranger))
    return sorted(found, key=lambda one: one.at)


def _names(count: int, chance: random.Random) -> Iterator[tuple[str, timedelta]]:
    yield from ((name, timedelta(days=days)) for name, days in _ALWAYS[:count])
    for _ in range(count - len(_ALWAYS)):
        age = timedelta(days=DAYS) * chance.random()
        kinds = _ENDED if age > _OLD else _RECENT
        yield chance.choices(tuple(kinds), tuple(kinds.values()))[0], max(age, timedelta(hours=2))


def _by_day(at: datetime, now: datetime, zone: ZoneInfo, chance: random.Random) -> datetime:
    """Some time of that day: most people write by day, and on working days."""
    local = at.astimezone(zone)
    if local.weekday() > 4 and chance.random() > _SHARE_OF_WEEKENDS:
        local -= timedelta(days=local.weekday() - 4)  # Friday
    since, until = _BY_DAY if chance.random() < _SHARE_BY_DAY else _OTHERS
    second = chance.randrange(since * 60, until * 60)
    found = datetime.combine(local.date(), time(), zone) + timedelta(seconds=second)
    if found.astimezone(UTC) < now - _LAST:
        return found.astimezone(now.tzinfo)
    # Later than now: a day before, or within the hours before where it is to be that young.
    if now - at > timedelta(days=1):
        return (found - timedelta(days=1)).astimezone(now.tzinfo)
    return now - _LAST - timedelta(seconds=chance.randrange(0, 3 * 3600))
