"""Mail that was held or ignored, as a person decides about it: taken up again, or put away."""

from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from desk import audit
from store import counters, ledger
from store.tables import Disposition, MailKey, ReceivedMail, Ticket

DISCARDED = "discarded"  # the rule of a mail that a person put away: ignored, and it can be taken up again
WISH_TICKET = "ticket"  # what a person can want of a mail, beside the number of a ticket
_MAX_ID = 2**63 - 1  # what the databases take


class NotReplayable(Exception):
    """A mail that has had its effect cannot have it again; the text says which."""


class NoSuchMail(NotReplayable):
    """There is no mail of that id."""


class NotHeld(NotReplayable):
    """No person needs to decide about it: it had its outcome, or somebody was quicker."""


def release(
    session: Session, received_id: int, wish: str | None = None, *, by: str = "", now: datetime | None = None
) -> None:
    """Put a held or ignored mail back into the queue, as if it had just come in.

    `wish` is what a person decided: WISH_TICKET, or the number of the ticket it belongs to; `by` is who.
    Raises NotReplayable for one that waits already or that changed something: it would do so twice.
    """
    mail, disposition = _locked(session, received_id)
    if disposition.kind not in ("held", "ignored"):
        raise NotReplayable(
            f"Mail {received_id} was {disposition.kind} already; a replay would do it twice. See it with --dry-run."
        )
    _put_back(session, mail, disposition, wish, by, now or datetime.now(UTC))


def take_up(session: Session, received_id: int, wish: str, *, by: str, now: datetime) -> None:
    """What a person decided about a mail that is held, or that was discarded: `release` for these alone.

    Raises NoSuchMail, or NotHeld for all others: a duplicate, for example, has had its effect by another mail.
    """
    mail, disposition = _locked(session, received_id)
    if disposition.kind != "held" and disposition.rule != DISCARDED:
        raise NotHeld(_outcome(session, disposition))
    _put_back(session, mail, disposition, wish, by, now)


def discard(session: Session, received_id: int, *, by: str, why: str = "", now: datetime) -> None:
    """Put a held mail away: nothing becomes of it, it counts as ignored, and it can be taken up again.

    Its bytes stay, and so does its key: the same mail, coming once more, is a duplicate.
    Raises NoSuchMail, or NotHeld.
    """
    mail, disposition = _locked(session, received_id)
    if disposition.kind != "held":
        raise NotHeld(_outcome(session, disposition))
    _remember(mail, disposition, by, now)
    disposition.kind, disposition.rule, disposition.at = "ignored", DISCARDED, now
    said = f": {why.rstrip('. ')}." if why else "."
    disposition.reason = f"Discarded by {by or 'a person'}{said}"
    for name, change in (("held", -1), ("ignored", 1)):
        ledger.count(session.connection(), name, change)
    counters.add(session, {counters.undone("held"): 1})
    audit.note(session, "mail.dropped", "mail", received_id)


def _locked(session: Session, received_id: int) -> tuple[ReceivedMail, Disposition]:
    """A mail and what became of it, ours alone until the transaction ends: of two people, the second sees what the
    first did. Without the lock both would see it held on PostgreSQL, and the ledger would count it twice."""
    mail = None
    if 0 < received_id <= _MAX_ID:
        mail = session.get(ReceivedMail, received_id, with_for_update=True, populate_existing=True)
    if mail is None:
        raise NoSuchMail(f"There is no mail {received_id}.")
    disposition = session.get(Disposition, received_id, populate_existing=True)
    if disposition is None:
        decided = "somebody decided about it, and it " if mail.wish else "it "
        raise NotHeld(f"Mail {received_id} is not held: {decided}is waiting to be handled already.")
    return mail, disposition


def _put_back(
    session: Session, mail: ReceivedMail, disposition: Disposition, wish: str | None, by: str, now: datetime
) -> None:
    _remember(mail, disposition, by, now)
    mail.waiting, mail.attempts, mail.lease_until, mail.wish = True, 0, None, wish
    session.execute(delete(MailKey).where(MailKey.received_id == mail.id))
    ledger.count(session.connection(), disposition.kind, -1)
    counters.add(session, {counters.undone(disposition.kind): 1})
    session.delete(disposition)
    audit.note(session, "mail.released", "mail", mail.id, wish=wish)


def _remember(mail: ReceivedMail, disposition: Disposition, by: str, now: datetime) -> None:
    """Keep the disposition that ends, and who ended it when."""
    earlier = {"kind": disposition.kind, "rule": disposition.rule, "reason": disposition.reason}
    ended = {"at": disposition.at.isoformat(), "until": now.isoformat(), "by": by}
    mail.earlier = [*mail.earlier, {**earlier, **ended}]


def _outcome(session: Session, disposition: Disposition) -> str:
    """Why there is nothing to decide, for whoever wanted to."""
    ticket = session.get(Ticket, disposition.ticket_id) if disposition.ticket_id else None
    became = f"{disposition.kind} on {ticket.number}" if ticket else disposition.kind
    became = DISCARDED if disposition.rule == DISCARDED else became
    at = f"{disposition.at:%Y-%m-%d %H:%M} UTC"
    return f"Mail {disposition.received_id} is not held: it was {became} at {at}. {disposition.reason}"
