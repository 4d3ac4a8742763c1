"""What the status page says: does mail get through, and is every mail accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from desk import canary, mailboxes, muting
from desk.canary import CanaryState
from desk.mailboxes import Health
from store.processes import missing_roles
from store.tables import Disposition, Outbox, Pace, ReceivedMail, Tally

KINDS = ("opened", "noted", "folded", "answered", "held", "ignored")
SLOW = timedelta(minutes=5)  # a mail or letter that waits longer makes the service line say so
RECENT = timedelta(days=1)
# Word for word as in the partial indexes: SQLite uses one only when it sees the same condition, not a parameter.
WAITING_LETTER = text("outbox.state = 'waiting'")
GIVEN_UP = text("outbox.state IN ('refused', 'expired', 'uncertain', 'failed')")
_SLOW = text("pace.slow_ms > 0")
_LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Status:
    """One moment of the desk; counts of mail since the beginning, of letters now."""

    at: datetime
    accepted: int
    kinds: dict[str, int]
    waiting: int
    oldest_waiting: datetime | None
    last_handled: datetime | None
    letters_waiting: int
    letters_due: datetime | None  # since when the most overdue letter could have gone
    letters_failing: int  # tried more than once, or given up in the last day
    missing_roles: tuple[str, ...] = ()  # of which no process lives, on any machine
    mailboxes: tuple[Health, ...] = ()  # those that are read over IMAP
    slow_domains: int = 0  # that get letters slowly, because their servers asked for it in the last hour
    canary: CanaryState | None = None  # the mail that the desk sends to itself; None where it sends none
    staff: int = 0  # who work at the desk
    staff_muted: int = 0  # who get no letters, because their addresses are muted

    @property
    def difference(self) -> int:
        """Accepted less what became of it: 0, or the ledger does not add up."""
        return self.accepted - sum(self.kinds.values()) - self.waiting

    @property
    def held(self) -> int:
        """Mails that wait until a person decides; one that is taken up again counts as what it then becomes."""
        return self.kinds.get("held", 0)

    @property
    def state(self) -> Literal["working", "slow", "unread", "unheard", "down", "lost", "alarm"]:
        """The service line in one word."""
        if self.difference:
            return "alarm"
        if self.canary and self.canary.missing_since:
            return "lost"
        if self.missing_roles:
            return "down"
        if self.staff and self.staff == self.staff_muted:
            return "unheard"
        if any(box.unread for box in self.mailboxes):
            return "unread"
        late_mail = self.oldest_waiting is not None and self.at - self.oldest_waiting > SLOW
        late_letter = self.letters_due is not None and self.at - self.letters_due > SLOW
        return "slow" if late_mail or late_letter else "working"


def snapshot(session: Session, now: datetime, watched: Mapping[str, timedelta] | None = None) -> Status:
    """The status as of the session's moment; all figures belong together when it is a reading session.

    `watched` are the mailboxes that are read over IMAP, and after what time without a visit each counts as silent.
    """
    tally = {row.name: row.value for row in session.scalars(select(Tally))}
    waiting, oldest = session.execute(
        select(func.count(), func.min(ReceivedMail.received_at)).where(ReceivedMail.waiting)
    ).one()
    staff, muted = muting.of_staff(session)
    letters, due = session.execute(select(func.count(), func.min(Outbox.next_at)).where(WAITING_LETTER)).one()
    return Status(
        at=now,
        accepted=tally.get("accepted", 0),
        kinds={kind: tally.get(kind, 0) for kind in KINDS},
        waiting=waiting,
        oldest_waiting=oldest,
        last_handled=session.scalar(select(func.max(Disposition.at))),
        letters_waiting=letters,
        letters_due=due,
        letters_failing=_failing(session, now),
        slow_domains=session.scalar(select(func.count()).where(_SLOW, Pace.slow_at > now - _LATELY)) or 0,
        missing_roles=missing_roles(session),
        canary=canary.state(session, now),
        staff=staff,
        staff_muted=muted,
        mailboxes=tuple(mailboxes.health(session, watched or {}, now)),
    )


def _failing(session: Session, now: datetime) -> int:
    retried = select(func.count()).where(WAITING_LETTER, Outbox.attempts > 1)
    given_up = select(func.count()).where(GIVEN_UP, Outbox.done_at > now - RECENT)
    return (session.scalar(retried) or 0) + (session.scalar(given_up) or 0)
