"""When people of the sample desk write: staff at work, customers mostly by day."""

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk.hours import Hours, office

_MORNING, _NIGHT = time(7, 0), time(21, 0)
_SHARE_BY_NIGHT = 0.1
_LATER = 100 * 60  # seconds: not everybody writes as the day begins


class Clock:
    """Moves what people write to a time at which they would, between the mail before it and the end of all stories."""

    def __init__(self, zone: ZoneInfo, end: datetime, chance: random.Random) -> None:
        self._zone, self._end, self._chance = zone, end, chance
        self._work: Hours = office(zone)

    def staff(self, at: datetime, before: datetime) -> datetime:
        """Within working time; where none is left before the end, as late in the last one as may be, or as it was."""
        if self._work.is_working(at):
            return at
        opens = self._work.next_opening(at)
        later = opens + timedelta(seconds=self._chance.randrange(_LATER))
        if later < self._end:
            return later
        if opens < self._end:
            return opens + (self._end - opens) * self._chance.uniform(0.1, 0.5)
        return self._earlier(at, before)

    def _earlier(self, at: datetime, before: datetime) -> datetime:
        """In what working time there is since the mail before it."""
        opens = self._work.next_opening(before)
        if opens >= at:
            return at
        # From there working time is open: its first hours, or what there is of them.
        found = opens + timedelta(seconds=self._chance.randrange(60, 20 * 60))
        return found if found < at and self._work.is_working(found) else max(opens, before)

    def customer(self, at: datetime) -> datetime:
        """By day for the most part: what would come at night comes the next morning."""
        local = at.astimezone(self._zone)
        if _MORNING <= local.time() < _NIGHT or self._chance.random() < _SHARE_BY_NIGHT:
            return at
        day = local.date() + timedelta(days=1 if local.time() >= _NIGHT else 0)
        opens = datetime.combine(day, _MORNING, self._zone).astimezone(at.tzinfo)
        found = opens + timedelta(seconds=self._chance.randrange(_LATER))
        return found if found < self._end else at
