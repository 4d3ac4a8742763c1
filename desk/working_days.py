"""How long ago something must have begun so that a number of working days has passed: for questions to the database."""

from bisect import bisect_left
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from desk.hours import Amount, Hours, office
from desk.targets import ALL, Targets
from store.tables import Ticket

_SECOND = timedelta(seconds=1)


def hours_of(targets: Targets, desk_address: str, fallback: Hours) -> Hours:
    """The hours of a desk address, those of the others, or what holds where nothing is said."""
    return targets.hours_of(desk_address) or fallback


def passed(hours: Hours, since: datetime, days: int) -> datetime:
    """When so many working days have passed."""
    return hours.add(since, hours.length(Amount(days=days)))


def before(hours: Hours, now: datetime, days: int) -> datetime:
    """The latest moment, to the second, from which so many working days have passed by now."""
    # A longer stretch ends later, so the moment can be looked for by halves: first far back, then between.
    reach = 86_400 * (days + 7)
    while passed(hours, now - reach * _SECOND, days) > now:
        reach *= 2
    return (
        now - bisect_left(range(reach), True, key=lambda ago: passed(hours, now - ago * _SECOND, days) <= now) * _SECOND
    )


def is_before(
    column: InstrumentedAttribute[datetime | None], targets: Targets, fallback: Hours, now: datetime, days: int
) -> ColumnElement[bool]:
    """The same as a condition on tickets, each by the hours of its own desk address."""
    named = [address for address in targets.hours if address != ALL]
    usual = column <= before(hours_of(targets, ALL, fallback), now, days)
    if not named:
        return usual
    own = [
        and_(Ticket.desk_address == address, column <= before(targets.hours[address], now, days)) for address in named
    ]
    return or_(and_(Ticket.desk_address.not_in(named), usual), *own)


__all__ = ["before", "hours_of", "is_before", "office", "passed"]
