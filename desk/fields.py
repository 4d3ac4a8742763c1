"""The fields of a ticket that people set: each setter collects its row and says what changed, as people read it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from desk import due, lifecycle
from desk.said import Said, say
from desk.state import StaffState, TeamState, TicketState
from desk.writes import Writes
from store.tables import Ticket

Changes = dict[str, Any]
Matrix = Mapping[tuple[str, str], str]
Text = Literal["type", "service", "item", "title", "source", "customer_reference"]

TYPES = ("Incident", "Query", "Change Request")
URGENCIES = ("Low", "Medium", "High")
IMPACTS = ("Only Me", "Others", "Company")
PRIORITIES = ("Low", "Medium", "High", "Critical")
# What urgency and impact come to (features.md A40).
MATRIX: Matrix = {
    ("Low", "Only Me"): "Low",
    ("Low", "Others"): "Low",
    ("Low", "Company"): "Medium",
    ("Medium", "Only Me"): "Low",
    ("Medium", "Others"): "Medium",
    ("Medium", "Company"): "High",
    ("High", "Only Me"): "Medium",
    ("High", "Others"): "High",
    ("High", "Company"): "Critical",
}
LENGTHS: Mapping[Text, int] = {"service": 200, "item": 200, "title": 200, "customer_reference": 100}
MAX_MINUTES = 1_000_000  # of one ticket
INSIDE = frozenset({"time"})  # changes that customers do not see, in whatever entry they stand
NONE = "none"
SPAM = "Spam"  # as the reason of a withdrawal

_SHOWN: Mapping[Text, str] = {"customer_reference": "your reference"}
_MONTHS = (
    say("Jan"), say("Feb"), say("Mar"), say("Apr"), say("May"), say("Jun"),
    say("Jul"), say("Aug"), say("Sep"), say("Oct"), say("Nov"), say("Dec"),
)  # fmt: skip


def merge(changes: Changes, more: Changes) -> None:
    """Add to what one mail changed: of a field that changed twice the first and the last value count."""
    for name, (old, new) in more.items():
        first = changes[name][0] if name in changes else old
        if first == new:
            changes.pop(name, None)
        else:
            changes[name] = [first, new]


def priority_of(urgency: str, impact: str, matrix: Matrix = MATRIX) -> str:
    """What an urgency and an impact come to."""
    return matrix[urgency, impact]


def set_urgency(writes: Writes, ticket: TicketState, urgency: str, now: datetime, matrix: Matrix = MATRIX) -> Changes:
    """How soon it is wanted; the priority follows, unless staff set another one by hand."""
    return _rate(writes, ticket, urgency, ticket.impact, now, matrix)


def set_impact(writes: Writes, ticket: TicketState, impact: str, now: datetime, matrix: Matrix = MATRIX) -> Changes:
    """Who is affected; the priority follows, unless staff set another one by hand."""
    return _rate(writes, ticket, ticket.urgency, impact, now, matrix)


def _rate(
    writes: Writes, ticket: TicketState, urgency: str, impact: str, now: datetime, matrix: Matrix = MATRIX
) -> Changes:
    follows = ticket.priority == matrix.get((ticket.urgency, ticket.impact))
    changes: Changes = {}
    for name, value in (("urgency", urgency), ("impact", impact)):
        merge(changes, _set(writes, ticket, name, value, now))
    if follows:
        merge(changes, set_priority(writes, ticket, priority_of(urgency, impact, matrix), now))
    return changes


def set_priority(writes: Writes, ticket: TicketState, priority: str, now: datetime) -> Changes:
    """The priority itself, by hand; it follows urgency and impact again once it is what they come to."""
    before = ticket.priority
    if changes := _set(writes, ticket, "priority", priority, now):
        due.rated(writes, ticket, before, ticket.type)
    return changes


def set_text(writes: Writes, ticket: TicketState, field: Text, value: str, now: datetime) -> Changes:
    """A field that is kept as it was named. The subject of letters stays: mail programs thread by it."""
    kind = ticket.type
    changes = _set(writes, ticket, field, value, now)
    if changes and field == "type":
        due.rated(writes, ticket, ticket.priority, kind)
    if changes and field == "customer_reference":
        writes.change(Ticket, ticket.id, reference_key=reference_key(value))
    return {_SHOWN.get(field, field): pair for pair in changes.values()}


def reference_key(reference: str) -> str:
    """The customer's own number as it is looked up: in lower case, without marks around it."""
    return reference.casefold().strip(" .#")[:100]


def set_site(writes: Writes, ticket: TicketState, site_id: int, name: str, before: str, now: datetime) -> Changes:
    """The site, and the names of it and of the one before."""
    changes = _set(writes, ticket, "site_id", site_id, now)
    return {"site": [before, name]} if changes else {}


def set_needed_by(writes: Writes, ticket: TicketState, day: date | None, now: datetime) -> Changes:
    """The day on which the customer wants it, or that there is none; it overrides no target."""
    before = shown_day(ticket.needed_by) if ticket.needed_by else ""
    changes = _set(writes, ticket, "needed_by", day, now)
    return {"needed by": [before, shown_day(day) if day else NONE]} if changes else {}


def set_due(writes: Writes, ticket: TicketState, due_at: datetime | None, zone: ZoneInfo, now: datetime) -> Changes:
    """When it is due, or that it is due at no time; no target moves it from then on."""
    before = shown_time(ticket.due_at, zone) if ticket.due_at else ""
    changes = _set(writes, ticket, "due_at", due_at, now)
    _set(writes, ticket, "due_fixed", True, now)
    if changes:
        _set(writes, ticket, "due_told", due.forgotten(ticket.due_told), now)
    return {"due": [before, shown_time(due_at, zone) if due_at else NONE]} if changes else {}


def set_answer(writes: Writes, ticket: TicketState, question: str, answer: str, now: datetime) -> Changes:
    """What was said to a follow-up question of its type or service."""
    before = ticket.answers.get(question, "")
    changed = _set(writes, ticket, "answers", {**ticket.answers, question: answer}, now)
    return {question: [before, answer]} if changed else {}


def add_minutes(writes: Writes, ticket: TicketState, minutes: int, now: datetime) -> Changes:
    """Time that somebody spent on it."""
    _set(writes, ticket, "minutes", ticket.minutes + minutes, now)
    return {"time": ["", f"{minutes} min"]}


def set_team(
    writes: Writes,
    ticket: TicketState,
    team: TeamState,
    before: TeamState | None,
    assignee: StaffState | None,
    now: datetime,
) -> Changes:
    """Put it into a team's queue: it is nobody's until somebody there takes it."""
    changes: Changes = {}
    if _set(writes, ticket, "team_id", team.id, now):
        changes["team"] = [before.name if before else "", team.name]
    if _set(writes, ticket, "assignee_id", None, now):
        changes["assignee"] = [assignee.name if assignee else "", ""]
    return changes


def mark_spam(writes: Writes, ticket: TicketState, now: datetime) -> Changes:
    """It was never a request: its number is not followed any more."""
    _set(writes, ticket, "spam", True, now)
    return lifecycle.withdraw(writes, ticket, SPAM, now)


def shown_day(day: date) -> Said:
    """9 Apr 2019"""
    return say("{day} {month} {year}", day=day.day, month=_MONTHS[day.month - 1], year=day.year)


def shown_time(at: datetime, zone: ZoneInfo) -> Said:
    """9 Apr 2019, 13:07 BST"""
    local = at.astimezone(zone)
    return say("{day}, {time}", day=shown_day(local), time=f"{local:%H:%M %Z}")


def _set(writes: Writes, ticket: TicketState, name: str, value: object, now: datetime) -> Changes:
    """One column, which the state calls the same."""
    before = getattr(ticket, name)
    if before == value:
        return {}
    setattr(ticket, name, value)
    writes.change(Ticket, ticket.id, **{name: value}, updated_at=now)
    return {name: [before, value]}
