"""Canaries of this desk, as its settings want them: sent when the time has come, or by hand and waited for."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from desk import canary
from desk.canary import Flight
from gateway.canary import recipient
from postdesk.wiring import House

_LOOK_EACH = 0.25  # seconds


def send_if_due(house: House, session: Session, now: datetime) -> int:
    """One, when the last was sent that long ago. Where it is switched off, what staff were told of is at its end."""
    every = house.settings.canary.every_minutes
    if not every:
        canary.stand_down(session, now)
        return 0
    if not canary.is_due(session, now, timedelta(minutes=every)):
        return 0
    send(house, session, now)
    return 1


def send(house: House, session: Session, now: datetime) -> int:
    """One, whatever the time; its id."""
    settings = house.settings.canary
    desk_address = settings.address or house.addresses.main.address
    to = partial(recipient, desk_address, addresses=house.addresses)
    return canary.send(session, house.database.ids.next, now, to, settings.sender or desk_address)


def follow(house: House, canary_id: int, seconds: float, tell: Callable[[Flight], None]) -> Flight | None:
    """Look at a canary until it is back or the time is up; `tell` hears of it each time that it has come further.

    A relay may say that it took a mail after it has passed it on: its word is waited for as well.
    """
    deadline, before = time.monotonic() + seconds, None
    while True:
        with house.database.reading() as session:
            flight = canary.flight(session, canary_id)
        if flight is None:
            return None
        if flight != before:
            tell(flight)
            before = flight
        if (flight.handled_at and flight.state != "waiting") or time.monotonic() >= deadline:
            return flight
        time.sleep(_LOOK_EACH)
