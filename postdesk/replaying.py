"""Held mail decided by a person: put back into the queue or away, one by one, and what became of each."""

import os
import pwd
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.held import WISH_TICKET, NoSuchMail, NotReplayable, discard, take_up
from postdesk.settings import command
from postdesk.show_mail import mail_text
from postdesk.wiring import House
from store.tables import Disposition, Ticket

SECONDS = 10.0  # without any outcome, before nobody seems to be at work
_MANY = 500  # ids in one question to the database


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail, in a sentence, and whether it is what the person wanted."""

    id: int
    words: str
    state: Literal["done", "refused", "missing", "waiting"] = "done"


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


def whoami() -> str:
    """The user of this machine who decides; who became root for it is still themself."""
    if sudo := os.environ.get("SUDO_USER"):
        return sudo[:60]
    try:
        return pwd.getpwuid(os.getuid()).pw_name[:60]
    except KeyError:  # a container may run as a user that nobody named
        return f"user {os.getuid()}"


def put_away(house: House, ids: Sequence[int], why: str) -> Iterator[Result]:
    """Discard mails; one result for each."""

    def one(session: Session, mail: int) -> None:
        discard(session, mail, by=whoami(), why=why, now=datetime.now(UTC))

    for mail in ids:
        yield _each(house, mail, one) or Result(mail, f"Mail {mail} is put away.")


def decide(house: House, ids: Sequence[int], wish: str) -> Iterator[Result]:
    """Take mails up with a wish; one result for each, as the outcomes become known."""

    def one(session: Session, mail: int) -> None:
        take_up(session, mail, wish, by=whoami(), now=datetime.now(UTC))

    taken = []
    for mail in ids:
        if refused := _each(house, mail, one):
            yield refused
        else:
            taken.append(mail)
    for mail, disposition, number in follow(house, taken):
        yield _result(mail, disposition, number)


def _each(house: House, mail: int, act: Callable[[Session, int], None]) -> Result | None:
    """Each mail in a transaction of its own, so that two people never wait for each other in a circle."""
    try:
        with house.database.transaction() as session:
            act(session, mail)
    except NoSuchMail as error:
        return Result(mail, str(error), "missing")
    except NotReplayable as error:
        return Result(mail, str(error), "refused")
    return None


def follow(house: House, ids: Sequence[int]) -> Iterator[tuple[int, Disposition | None, str]]:
    """What becomes of mails and on which ticket; None for those that nobody has handled in a while."""
    left = dict.fromkeys(ids)
    deadline = time.monotonic() + SECONDS
    while left:
        statement = (
            select(Disposition, Ticket.number)
            .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
            .where(Disposition.received_id.in_(list(left)[:_MANY]))
            .order_by(Disposition.received_id)
        )
        with house.database.reading() as session:
            rows = session.execute(statement).all()
        for disposition, number in rows:
            del left[disposition.received_id]
            yield disposition.received_id, disposition, number or ""
        if rows:
            deadline = time.monotonic() + SECONDS
        elif time.monotonic() > deadline:
            break
        else:
            time.sleep(0.1)
    for mail in left:
        yield mail, None, ""


def _result(mail: int, disposition: Disposition | None, number: str) -> Result:
    if disposition is None:
        return Result(mail, f"Mail {mail} is decided, and waits to be handled.", "waiting")
    if disposition.kind == "opened":
        return Result(mail, f"Mail {mail} is now ticket {number}.")
    if number:
        return Result(mail, f"Mail {mail} is now on ticket {number}.")
    again = "is held again" if disposition.kind == "held" else f"was {disposition.kind}"
    return Result(mail, f"Mail {mail} {again}: {disposition.reason}", "refused")


def wait_for(house: House, mail: int) -> str:
    """The outcome in words, or that nobody has handled the mail yet."""
    for _, disposition, _ in follow(house, [mail]):
        if disposition is not None:
            with house.database.reading() as session:
                return mail_text(session, mail) or ""
    return f"Mail {mail} waits to be handled. Is Postdesk running? Start it with: {command('serve', house.loaded.file)}"
