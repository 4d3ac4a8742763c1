"""What staff do about mail: decide about what is held, send letters again or not at all, lift a mute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import held, letters_by_hand, muting
from desk.acting.rules import Desk, Refused
from desk.clean import clean
from desk.held import NotReplayable
from desk.letters_by_hand import IsMuted, NotPossible
from desk.said import say
from store.tables import Ticket

log = structlog.get_logger(__name__)

REASON = 300  # characters
MOST = 100  # mails or letters at a time
Mail = Literal["accept", "attach", "discard", "replay"]
Letter = Literal["retry", "again", "drop"]


@dataclass(frozen=True, slots=True)
class Done:
    """How many were done, and how many had changed meanwhile."""

    done: int
    late: int


def wish_of(desk: Desk, act: str, number: str) -> str:
    """What becomes of a mail by an act: "ticket", the number of one, or "" for what the rules say."""
    if act != "attach":
        return held.WISH_TICKET if act == "accept" else ""
    wanted = desk.rules.numbers.only(number)
    if not wanted:
        raise Refused(say("Enter the number of a ticket, like {number}.", number=desk.rules.numbers.example), "number")
    with desk.database.reading() as session:
        if session.scalar(select(Ticket.id).where(Ticket.number == wanted)) is None:
            raise Refused(say("There is no ticket {number}.", number=wanted), "number")
    return wanted


def decide(
    desk: Desk, mails: Sequence[int], act: str, now: datetime, *, by: str, number: str = "", why: str = ""
) -> Done:
    """About mails that are held, discarded, or for `replay` ignored by a rule. Refused, and none is touched."""
    if act not in ("accept", "attach", "discard", "replay"):
        raise Refused(say("Select what is to be done."))
    if not mails:
        raise Refused(say("Select a mail."))
    wish, reason = wish_of(desk, act, number), clean(why, REASON)

    def one(session: Session, mail: int) -> None:
        if act == "discard":
            held.discard(session, mail, by=by, why=reason, now=now)
        elif act == "replay":
            held.release(session, mail, None, by=by, now=now)
        else:
            held.take_up(session, mail, wish, by=by, now=now)

    return _each(desk, mails, one, f"mail: {act}")


def letters(desk: Desk, ids: Sequence[int], act: str, now: datetime, *, by: str, why: str = "") -> Done:
    """Try letters now, send them once more, or not at all: then say why."""
    reason, next_id = clean(why, REASON), desk.database.ids.next
    if act not in ("retry", "again", "drop"):
        raise Refused(say("Select what is to be done."))
    if not ids:
        raise Refused(say("Select a letter."))
    if act == "drop" and not reason:
        raise Refused(say("Enter why it is not sent"), "why")

    def one(session: Session, letter: int) -> None:
        if act == "retry":
            letters_by_hand.retry(session, letter, now, by, next_id)
        elif act == "again":
            letters_by_hand.send_again(session, letter, by, now, next_id)
        else:
            letters_by_hand.drop(session, letter, by, reason, now, next_id)

    return _each(desk, ids, one, f"letter: {act}")


def _each(desk: Desk, ids: Sequence[int], one: Callable[[Session, int], None], act: str) -> Done:
    """Each in a transaction of its own, so that two people never wait for each other in a circle."""
    done = late = 0
    for found in list(dict.fromkeys(ids))[:MOST]:
        try:
            with desk.database.transaction() as session:
                one(session, found)
            done += 1
            log.info("decided by hand", act=act, of=found)
        except IsMuted as error:
            muted = say("Its address is muted, so it would not go out. Lift that first.")
            raise Refused(muted) from error
        except (NotReplayable, NotPossible):  # somebody was quicker, or it was done by itself
            late += 1
    return Done(done, late)


def lift(desk: Desk, address: str, now: datetime, *, by: str) -> bool:
    """Write to an address again; False where it was not muted."""
    with desk.database.transaction() as session:
        lifted = muting.lift_by_hand(session, address.strip().lower(), now, by)
    if lifted:
        log.info("a mute is lifted by hand")
    return lifted
