"""Ticket numbers: T20190409.0967, counted by the day of the desk's time zone."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.tables import NumberSeries

# Only ASCII digits: full-width ones and the like are somebody trying (\d would take them).
NUMBER = re.compile(r"\bT[0-9]{8}\.[0-9]{4,6}(?:\.[0-9]{3})?(?![0-9.]*[0-9])", re.IGNORECASE)


def allocate(session: Session, count: int, now: datetime, zone: ZoneInfo) -> Sequence[str]:
    """The next `count` numbers of today. Unique over all processes; one that fails leaves a gap."""
    day = now.astimezone(zone).strftime("%Y%m%d")
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(NumberSeries)
        .values(day=day, last=count)
        .on_conflict_do_update(index_elements=["day"], set_={"last": NumberSeries.last + count})
        .returning(NumberSeries.last)
    )
    last = session.scalars(statement).one()
    return [f"T{day}.{number:04d}" for number in range(last - count + 1, last + 1)]


def find_all(text: str) -> list[str]:
    """The ticket numbers in a subject, in order, without doubles, in upper case."""
    if "." not in text:  # nearly every subject
        return []
    return list(dict.fromkeys(found.upper() for found in NUMBER.findall(text)))


def strip(text: str) -> str:
    """A subject without its ticket numbers and their brackets."""
    return " ".join(re.sub(r"\[\s*\]", " ", NUMBER.sub(" ", text)).split())
