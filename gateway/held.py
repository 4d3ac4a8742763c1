"""Mail that waits for a person: put aside with a reason, and taken up again."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from desk import load, notices
from desk.writes import Writes
from gateway import held_notice
from gateway.held_notice import Held
from store.tables import Disposition, MailKey, ReceivedMail, Tally


def hold(session: Session, received_id: int, rule: str, reason: str, now: datetime, next_id: Callable[[], int]) -> None:
    """Give a mail that could not be read the disposition `held`, and tell staff. Its bytes stay where they are."""
    # Nothing of the mail can be trusted to be readable: the envelope names the sender.
    sender = session.get_one(ReceivedMail, received_id).reverse_path
    known = held_notice.lately(session, [sender], now)
    writes = Writes(next_id)
    people = notices.members(None, load.staff(session))
    held_notice.tell(writes, Held(received_id, rule, reason, sender), people, known, now)
    writes.flush(session)
    session.execute(
        insert(Disposition).values(
            received_id=received_id,
            at=now,
            kind="held",
            rule=rule,
            reason=reason,
            sender=sender,
            subject="",
            evidence={},
        )
    )
    session.execute(update(ReceivedMail).where(ReceivedMail.id == received_id).values(waiting=False, lease_until=None))
    session.execute(update(Tally).where(Tally.name == "held").values(value=Tally.value + 1))


class NotReplayable(Exception):
    """A mail that has had its effect cannot have it again; the text says which."""


def release(session: Session, received_id: int, wish: str | None = None) -> None:
    """Put a held or ignored mail back into the queue, as if it had just come in.

    `wish` is what a person decided: WISH_TICKET, or the number of the ticket it belongs to.
    Raises NotReplayable for one that waits already or that changed something: it would do so twice.
    """
    disposition = session.get(Disposition, received_id)
    if disposition is None:
        if session.get(ReceivedMail, received_id) is None:
            raise NotReplayable(f"There is no mail {received_id}.")
        raise NotReplayable(f"Mail {received_id} is waiting to be handled already.")
    if disposition.kind not in ("held", "ignored"):
        raise NotReplayable(
            f"Mail {received_id} was {disposition.kind} already; a replay would do it twice. See it with --dry-run."
        )
    earlier = {"kind": disposition.kind, "rule": disposition.rule, "reason": disposition.reason}
    mail = session.get_one(ReceivedMail, received_id)
    mail.waiting, mail.attempts, mail.lease_until, mail.wish = True, 0, None, wish
    mail.earlier = [*mail.earlier, {**earlier, "at": disposition.at.isoformat()}]
    session.execute(delete(MailKey).where(MailKey.received_id == received_id))
    session.execute(update(Tally).where(Tally.name == disposition.kind).values(value=Tally.value - 1))
    session.delete(disposition)
