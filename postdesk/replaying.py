"""Waits for the outcome of a mail that was put back into the queue."""

import time

from postdesk.show import mail_text
from postdesk.wiring import House
from store.tables import Disposition

SECONDS = 10.0


def wait_for(house: House, mail: int) -> str:
    """The outcome in words, or that nobody has handled the mail yet."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with house.database.reading() as session:
            if session.get(Disposition, mail) is not None:
                return mail_text(session, mail) or ""
        time.sleep(0.1)
    return f"Mail {mail} waits to be handled. Is Postdesk running? Start it with: postdesk serve"
