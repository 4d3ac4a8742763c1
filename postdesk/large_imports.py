"""Large contact imports that were confirmed on the portal: what the clock does of them."""

from datetime import datetime

from sqlalchemy.orm import Session

from desk.acting import people_import
from desk.acting.rules import Desk
from postdesk.wiring import House


def waiting(session: Session) -> bool:
    """True while one is not at its end."""
    return people_import.waiting(session)


def carry_on(house: House, now: datetime) -> None:
    """Take in the next parts, by the rules of the portal."""
    from postdesk.portal import acting_rules  # with the portal behind it, which most processes do not run

    people_import.carry_on(Desk(house.database, house.blobs, acting_rules(house)), house.keys, now)
