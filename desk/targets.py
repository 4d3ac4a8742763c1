"""By when a ticket is to be answered and solved: from its priority and type, in the working time of its desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from desk.hours import Amount, Hours
from desk.state import TicketState

ALL = ""  # as an address: every other one; as a type: every type without a target of its own


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised for one priority; with a type, for tickets of that type alone. None: nothing is."""

    priority: str
    first_answer: Amount | None = None
    solve: Amount | None = None
    type: str = ALL


class Times(NamedTuple):
    """The two times of a ticket."""

    first_answer_due_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a desk promises: targets, and the hours in which their time runs, by desk address."""

    hours: Mapping[str, Hours] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    _by_priority: Mapping[tuple[str, str], Target] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_priority", {(one.priority, one.type): one for one in self.targets})

    def of(self, priority: str, kind: str) -> Target | None:
        """The target for a priority and a request type."""
        return self._by_priority.get((priority, kind)) or self._by_priority.get((priority, ALL))

    def hours_of(self, desk_address: str) -> Hours | None:
        """The hours of a desk address, or those of all others."""
        return self.hours.get(desk_address) or self.hours.get(ALL)


NONE = Targets()
# What is promised where a desk says nothing else.
STANDARD = (
    Target("Critical", Amount(minutes=30), Amount(minutes=4 * 60)),
    Target("High", Amount(minutes=60), Amount(days=1)),
    Target("Medium", Amount(minutes=4 * 60), Amount(days=3)),
    Target("Low", Amount(days=1), Amount(days=5)),
)


def opened(targets: Targets, ticket: TicketState, now: datetime) -> Times:
    """The times of a ticket that is opened now."""
    target, hours = targets.of(ticket.priority, ticket.type), targets.hours_of(ticket.desk_address)
    if target is None or hours is None:
        return _now(ticket)
    return Times(_due(hours, target.first_answer, now), _due(hours, target.solve, now))


def reopened(targets: Targets, ticket: TicketState, now: datetime) -> Times:
    """Time runs anew for a ticket that is opened again; what was set by hand stays while it lies ahead."""
    if ticket.due_fixed and (ticket.due_at is None or ticket.due_at > now):
        return _now(ticket)
    return Times(ticket.first_answer_due_at, opened(targets, ticket, now).due_at)


def rated(targets: Targets, ticket: TicketState, priority: str, kind: str) -> Times:
    """The times after the priority or the type changed: `priority` and `kind` are those before.

    What was added since to the old times, by waiting or because it was opened again, is added to the new ones.
    """
    hours, since = targets.hours_of(ticket.desk_address), ticket.created_at
    if hours is None or since is None:
        return _now(ticket)
    before, after = targets.of(priority, kind) or Target(priority), targets.of(ticket.priority, ticket.type)
    after = after or Target(ticket.priority)
    answer, due = _now(ticket)
    if ticket.first_answered_at is None:
        answer = _moved(hours, since, answer, before.first_answer, after.first_answer)
    if not ticket.due_fixed:
        due = _moved(hours, since, due, before.solve, after.solve)
    return Times(answer, due)


def waited(targets: Targets, ticket: TicketState, now: datetime) -> Times:
    """The times of a ticket that waited for its customer until now: they move on by the working time that passed."""
    hours, since = targets.hours_of(ticket.desk_address), ticket.waiting_since
    if hours is None or since is None or not (passed := hours.between(since, now)):
        return _now(ticket)
    answer, due = _now(ticket)
    if answer is not None and ticket.first_answered_at is None:
        answer = hours.add(answer, passed)
    if due is not None and not ticket.due_fixed:
        due = hours.add(due, passed)
    return Times(answer, due)


def _now(ticket: TicketState) -> Times:
    return Times(ticket.first_answer_due_at, ticket.due_at)


def _due(hours: Hours, amount: Amount | None, since: datetime, more: timedelta = timedelta()) -> datetime | None:
    return None if amount is None else hours.add(since, hours.length(amount) + more)


def _moved(
    hours: Hours, since: datetime, at: datetime | None, before: Amount | None, after: Amount | None
) -> datetime | None:
    promised = _due(hours, before, since)
    late = hours.between(promised, at) if promised and at else timedelta()
    return _due(hours, after, since, late)
