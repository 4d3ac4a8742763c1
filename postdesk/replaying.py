"""A mail put back into the queue: what the person wants it to become, and waiting for the outcome."""

import time

from sqlalchemy import select

from gateway.held import NotReplayable
from gateway.view import WISH_TICKET
from postdesk.show import mail_text
from postdesk.wiring import House
from store.tables import Disposition, Ticket

SECONDS = 10.0


def wish_of(house: House, as_ticket: bool, attach: str) -> str:
    """The options as `release` takes them, "" for none. Raises NotReplayable for both, and for an unknown ticket."""
    if as_ticket and attach:
        raise NotReplayable("Choose one of --as-ticket and --attach.")
    if not attach:
        return WISH_TICKET if as_ticket else ""
    number = attach.strip("[] ").upper()
    with house.database.reading() as session:
        if session.scalar(select(Ticket.id).where(Ticket.number == number)) is None:
            raise NotReplayable(f"There is no ticket {attach}.")
    return number


def wait_for(house: House, mail: int) -> str:
    """The outcome in words, or that nobody has handled the mail yet."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with house.database.reading() as session:
            if session.get(Disposition, mail) is not None:
                return mail_text(session, mail) or ""
        time.sleep(0.1)
    return f"Mail {mail} waits to be handled. Is Postdesk running? Start it with: postdesk serve"
