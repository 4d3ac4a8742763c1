"""The figures that monitoring watches: few indexed queries, none of which grows with what was ever received."""

from collections import Counter as Count
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import status, statuses
from desk.status import GIVEN_UP, RECENT, Status
from store import counters
from store.processes import GONE
from store.tables import Counter, JobRun, MailboxState, Outbox, Process, Ticket

NOT_DONE = tuple(name for name in statuses.ALL if not statuses.is_done(name))
RESULTS = ("sent", "deferred", "refused", "uncertain", "bounced", "folded", "failed")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How a mailbox that is read over IMAP does."""

    name: str
    works: bool
    last_success: datetime | None
    failures: int
    waiting: int
    unfetchable: int
    unmovable: int
    refused: int
    refused_at: datetime | None
    token_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One moment of the desk, as machines watch it."""

    status: Status
    handled: Mapping[str, int]  # by outcome, since the beginning; only grows
    attempts: Mapping[str, int]  # to hand letters over, by result; only grows
    letters_deferred: int
    letters_given_up: int  # in the last day
    letters_to_staff_given_up: int  # those of them that were for people who work at the desk
    tickets: Mapping[str, int]  # not done, by status
    mailboxes: tuple[Mailbox, ...]
    processes: Mapping[str, int]  # that were seen lately, by role
    versions: Mapping[str, int]  # the same, by version
    timers: Mapping[str, datetime]  # when each ran last


def read(session: Session, now: datetime) -> Figures:
    """All figures as of the session's moment."""
    found = status.snapshot(session, now)
    counted = {row.name: row.value for row in session.scalars(select(Counter))}
    rows = session.execute(select(Process.roles, Process.version).where(Process.seen_at > now - GONE)).all()
    lost = select(func.count(), func.count(Outbox.staff_id)).where(GIVEN_UP, Outbox.done_at > now - RECENT)
    given_up, to_staff = session.execute(lost).one()
    return Figures(
        status=found,
        # The ledger takes an outcome back when a mail is taken up again; a count that goes down would look like a new
        # beginning.
        handled={kind: value + counted.get(counters.undone(kind), 0) for kind, value in found.kinds.items()},
        attempts={result: counted.get(counters.delivery(result), 0) for result in RESULTS},
        letters_deferred=found.letters_failing - given_up,
        letters_given_up=given_up,
        letters_to_staff_given_up=to_staff,
        tickets=_tickets(session),
        mailboxes=tuple(_mailbox(row) for row in session.scalars(select(MailboxState).order_by(MailboxState.name))),
        processes=Count(role for row in rows for role in row.roles),
        versions=Count(row.version for row in rows),
        timers={row.name: row.at for row in session.execute(select(JobRun.name, JobRun.at))},
    )


def _tickets(session: Session) -> dict[str, int]:
    """Those that are not done: ix_ticket_status_updated_at holds them side by side."""
    found = select(Ticket.status, func.count()).where(Ticket.status.in_(NOT_DONE)).group_by(Ticket.status)
    return dict.fromkeys(NOT_DONE, 0) | {row[0]: row[1] for row in session.execute(found)}


def _mailbox(row: MailboxState) -> Mailbox:
    return Mailbox(
        name=row.name,
        works=row.failures == 0,
        last_success=row.last_success,
        failures=row.failures,
        waiting=row.waiting,
        unfetchable=row.unfetchable,
        unmovable=row.unmovable,
        refused=row.refused,
        refused_at=row.refused_at,
        token_ends_at=row.token_ends_at,
    )
