"""The due times of a ticket as it goes its way: what its opening, its status, its rating and an answer make of them."""

from datetime import datetime
from typing import Any

from desk import statuses, targets
from desk.state import TicketState
from desk.targets import Times
from desk.writes import Writes
from store.tables import Ticket

_OF_SOLVING = str.maketrans("", "", "do")


def opened(writes: Writes, ticket: TicketState, now: datetime) -> None:
    """A new ticket has its times from the start; its row is not there yet."""
    ticket.first_answer_due_at, ticket.due_at = targets.opened(writes.targets, ticket, now)


def status_changed(writes: Writes, ticket: TicketState, before: str, now: datetime) -> None:
    """The clock stands still while the desk waits for the customer, and begins anew when a ticket is opened again."""
    waits = ticket.status in statuses.WAITING_ON_CUSTOMER
    if waits and ticket.waiting_since is None:
        _keep(writes, ticket, waiting_since=now, reminded=0)
    elif not waits and ticket.waiting_since is not None:
        times = targets.waited(writes.targets, ticket, now)
        _keep(writes, ticket, waiting_since=None)
        _move(writes, ticket, times)
    if statuses.is_done(before) and not statuses.is_done(ticket.status):
        times = targets.reopened(writes.targets, ticket, now)
        _keep(writes, ticket, due_fixed=ticket.due_fixed and times.due_at == ticket.due_at)
        _move(writes, ticket, times)


def rated(writes: Writes, ticket: TicketState, priority: str, kind: str) -> None:
    """Another priority or type has other targets; `priority` and `kind` are those before."""
    if not statuses.is_done(ticket.status) and writes.targets.targets:
        _move(writes, ticket, targets.rated(writes.targets, ticket, priority, kind))


def answered(writes: Writes, ticket: TicketState, at: datetime) -> None:
    """The desk wrote publicly: the first time is the first answer. What a ticket was opened with is none.

    A customer who is asked once more, while the desk waits for them already, has all the time again.
    """
    if ticket.waiting_since is not None and at > ticket.waiting_since:
        times = targets.waited(writes.targets, ticket, at)
        _keep(writes, ticket, waiting_since=at, reminded=0)
        _move(writes, ticket, times)
    if ticket.first_answered_at is None and ticket.created_at is not None and at > ticket.created_at:
        _keep(writes, ticket, first_answered_at=at)


def forgotten(told: str) -> str:
    """What staff heard of due times (desk/due_letters.py), without what they heard of the time to solve it."""
    return told.translate(_OF_SOLVING)


def _move(writes: Writes, ticket: TicketState, times: Times) -> None:
    if times.first_answer_due_at != ticket.first_answer_due_at:
        _keep(writes, ticket, first_answer_due_at=times.first_answer_due_at)
    if times.due_at != ticket.due_at:
        # Staff hear of the new time as well, and not once more of the first answer.
        _keep(writes, ticket, due_at=times.due_at, due_told=forgotten(ticket.due_told))


def _keep(writes: Writes, ticket: TicketState, **values: Any) -> None:
    for name, value in values.items():
        setattr(ticket, name, value)
    writes.change(Ticket, ticket.id, **values)
