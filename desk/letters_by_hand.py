"""What a person does about letters: try again now, send once more, drop. All of it is kept with the letter."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from desk import audit
from desk.gathering import GATHERED
from desk.letter_list import AGAIN, Wanted, conditions
from desk.letter_names import words_for
from store import queue
from store.tables import Delivery, Event, Outbox, Suppression

DROPPED = "dropped"
_SENT_AGAIN = frozenset({"uncertain", "expired", "refused", "failed", "suppressed", DROPPED})
_TOGETHER = "is told with others within minutes: nothing is to be done about it."
_NextId = Callable[[], int]


class NotPossible(Exception):
    """Why this letter is left as it is, in words for the person."""


class NoSuchLetter(NotPossible):
    """There is no letter of that id."""


class IsMuted(NotPossible):
    """Its address gets no letters: that is to be lifted first."""


def retry(session: Session, letter_id: int, now: datetime, by: str = "", next_id: _NextId | None = None) -> None:
    """The next try of a letter that waits is now, whatever the pace of its domain. NotPossible says why not.

    With `by`, who wanted it is kept with the letter.
    """
    row = _row(session, letter_id, now)
    if row.state == "held":
        raise NotPossible(
            f"Letter {letter_id} is held since a restore. Decide by: postdesk restored {letter_id} --send"
        )
    if row.state == GATHERED:
        raise NotPossible(f"Letter {letter_id} {_TOGETHER}")
    if row.state != "waiting":
        again = ", and can be sent again" if row.state in _SENT_AGAIN else ""
        raise NotPossible(f"Letter {letter_id} does not wait: it is {row.state}{again}.")
    row.next_at = row.turn_at = now
    if by and next_id is not None:
        session.add(Delivery(id=next_id(), outbox_id=row.id, at=now, result=AGAIN, reply=f"by {by}; it was waiting"))
    audit.note(session, "letter.retried", "letter", row.id)


def retry_all(session: Session, wanted: Wanted, now: datetime) -> int:
    """The same for all that wait and are looked for, each in its turn where its domain has a pace; how many."""
    free = queue.is_free(Outbox, now)
    found = update(Outbox).where(Outbox.state == "waiting", Outbox.next_at > now, free, *conditions(wanted))
    done = session.scalars(found.values(next_at=now).returning(Outbox.id).execution_options(synchronize_session=False))
    count = len(done.all())
    if count:
        audit.note(session, "letter.retried", letters=count)
    return count


def send_again(session: Session, letter_id: int, by: str, now: datetime, next_id: _NextId) -> None:
    """A letter that is done, and may not have arrived, goes out once more, under the Message-ID that it had.

    The days until it is given up begin anew. NotPossible says why not.
    """
    row = _row(session, letter_id, now)
    if row.state == "waiting":
        raise NotPossible(f"Letter {letter_id} still waits, and is tried again by itself. To try it now: retry.")
    if row.state == GATHERED:
        raise NotPossible(f"Letter {letter_id} {_TOGETHER}")
    if row.state not in _SENT_AGAIN:
        what = "was handed over" if row.state == "sent" else "went along in another letter, or was not needed any more"
        raise NotPossible(f"Letter {letter_id} {what}: it is not sent again.")
    muted = select(Suppression.id).where(Suppression.address == row.recipient.lower(), Suppression.lifted_at.is_(None))
    if session.scalar(muted.limit(1)) is not None:
        raise IsMuted(
            f"{row.recipient} is muted, so letter {letter_id} would not go out. Lift it first: "
            f"postdesk mail unmute {row.recipient}"
        )
    before = row.state
    row.state, row.attempts, row.next_at, row.retried_at = "waiting", 0, now, now
    row.turn_at = row.done_at = row.lease_until = None
    session.add(Delivery(id=next_id(), outbox_id=row.id, at=now, result=AGAIN, reply=f"by {by}; it was {before}"))
    audit.note(session, "letter.again", "letter", row.id)


def drop(session: Session, letter_id: int, by: str, why: str, now: datetime, next_id: _NextId) -> None:
    """A letter that waits, or nobody knows of whether it arrived, is not tried any more; its ticket says so.

    NotPossible says why not.
    """
    row = _row(session, letter_id, now)
    if row.state == GATHERED:
        raise NotPossible(f"Letter {letter_id} {_TOGETHER}")
    if row.state not in ("waiting", "uncertain"):
        raise NotPossible(f"Letter {letter_id} does not wait: it is {row.state}.")
    row.state, row.done_at, row.lease_until, row.rendered = DROPPED, now, None, None
    audit.note(session, "letter.dropped", "letter", row.id)
    said = f"by {by}: {why}" if why else f"by {by}"
    session.add(Delivery(id=next_id(), outbox_id=row.id, at=now, result=DROPPED, reply=said))
    if row.ticket_id is not None:
        whom = f"{row.recipient_name} ({row.recipient})" if row.recipient_name else row.recipient
        text = f"Not sent: our {words_for(row.kind)} to {whom} was dropped {said}"
        session.add(
            Event(
                id=next_id(),
                ticket_id=row.ticket_id,
                at=now,
                kind="automatic",
                visibility="internal",
                author="",
                text=text,
                changes={},
            )
        )


def _row(session: Session, letter_id: int, now: datetime) -> Outbox:
    """The row, locked where the database can; a process that has it in hand is not disturbed."""
    row = None
    if 0 < letter_id < 2**63:
        found = select(Outbox).options(defer(Outbox.rendered)).where(Outbox.id == letter_id).with_for_update()
        row = session.scalar(found)
    if row is None:
        raise NoSuchLetter(f"There is no letter {letter_id}.")
    if row.state == "waiting" and row.lease_until is not None and row.lease_until > now:
        raise NotPossible(f"Letter {letter_id} is being sent at this moment. Look again in a minute.")
    return row
