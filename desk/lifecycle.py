"""A ticket's way from New to done and back: who may send it where, and what follows from each step."""

from datetime import datetime, timedelta
from typing import Any

from desk import statuses, tickets
from desk.state import TicketState
from desk.writes import Writes
from store.tables import Ticket

Changes = dict[str, Any]
WITHDRAWAL_REASONS = ("No longer needed", "Solved it ourselves", "Duplicate", "Raised by mistake", "Other")


def may_reopen(ticket: TicketState, now: datetime, reopen_days: int) -> bool:
    """True for a ticket that was resolved not long ago. Complete and Withdrawn are for good."""
    if ticket.status != "Resolved":
        return False
    return ticket.completed_at is not None and now - ticket.completed_at <= timedelta(days=reopen_days)


def reopened_today(ticket: TicketState, now: datetime) -> int:
    """How often it was opened again on this day."""
    return ticket.reopened if ticket.reopened_on == now.date() else 0


def reopen(writes: Writes, ticket: TicketState, now: datetime, status: str = "Update Added") -> Changes:
    """Open a resolved ticket again, and count it: two programs that answer each other are noticed by that."""
    ticket.reopened = reopened_today(ticket, now) + 1
    ticket.reopened_on = now.date()
    ticket.spam = False  # whoever opens it again says that it is a request
    writes.change(Ticket, ticket.id, reopened=ticket.reopened, reopened_on=ticket.reopened_on, spam=False)
    return tickets.set_status(writes, ticket, status, now)


def customer_wrote(writes: Writes, ticket: TicketState, now: datetime) -> Changes:
    """A customer's words on a ticket that somebody may have put aside: it needs a look."""
    if ticket.status == "New":
        return {}
    if statuses.is_done(ticket.status):
        return reopen(writes, ticket, now)
    if ticket.status == "Waiting Approval" and ticket.approval == "Requested":
        return {}  # only an answer of the approvers moves it on
    return tickets.set_status(writes, ticket, "Update Added", now)


def withdraw(writes: Writes, ticket: TicketState, reason: str, now: datetime) -> Changes:
    """The customer needs it no longer."""
    changes = tickets.set_status(writes, ticket, "Withdrawn", now)
    if reason and reason != ticket.withdrawal:
        changes["withdrawal"] = [ticket.withdrawal, reason]
        ticket.withdrawal = reason
        writes.change(Ticket, ticket.id, withdrawal=reason)
    return changes


def find_reason(words: str, reasons: tuple[str, ...]) -> tuple[str, str]:
    """Which of the listed reasons somebody meant, and what they said besides: ("Other", words) when none is named."""
    wanted = " ".join(words.lower().split())
    for reason in sorted(reasons, key=len, reverse=True):
        if wanted.startswith(reason.lower()) and not wanted[len(reason) : len(reason) + 1].isalnum():
            return reason, words.strip()[len(reason) :].strip(" .,:;-–")
    return (reasons[-1] if wanted else ""), words.strip()
