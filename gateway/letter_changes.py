"""What the entries of one letter changed, from where it was to where it is, in the words that customers know."""

from collections.abc import Iterable, Mapping
from typing import Any

from desk import statuses
from gateway.letter_words import line
from store.tables import Event

# What customers hear of besides the course of things: the key in an entry, and its name in a letter.
_FACTS = {
    "title": "Title",
    "type": "Type",
    "service": "Service",
    "site": "Site",
    "item": "Item",
    "urgency": "Urgency",
    "impact": "Impact",
    "your reference": "Our ref",
    "needed by": "Needed by",
    "due": "Due",
    "contact": "Contact",
}
_COURSE = frozenset({"status", "resolution", "withdrawal", "approval", "assignee"})
Pair = tuple[Any, Any]


def folded(events: Iterable[Event]) -> dict[str, Pair]:
    """Every change of these entries as one; what went there and back is none."""
    found: dict[str, Pair] = {}
    for event in events:
        for what, value in event.changes.items():
            before, after = value if isinstance(value, list) and len(value) == 2 else ("", value)
            found[what] = (found[what][0] if what in found else before, after)
    return {what: pair for what, pair in found.items() if pair[0] != pair[1]}


def are_seen(changes: Mapping[str, Pair]) -> bool:
    """True when there is something in it for customers: a team, a priority or time that was noted is not."""
    seen = changes.keys() & (_COURSE | _FACTS.keys())
    return bool(seen - {"assignee"} or after(changes, "assignee"))  # that nobody looks after it now is the desk's


def after(changes: Mapping[str, Pair], what: str) -> str:
    """What something is now; "" when it did not change."""
    return line(str(changes[what][1] or "")) if what in changes else ""


def facts(changes: Mapping[str, Pair]) -> list[tuple[str, str]]:
    """Site: London (was Leeds)"""
    return [(label, shown(changes[what])) for what, label in _FACTS.items() if what in changes]


def shown(pair: Pair) -> str:
    """London (was Leeds)"""
    before, now = (line(str("" if value is None else value)) for value in pair)
    return f"{now or 'none'} (was {before})" if before else now or "none"


def is_reopened(changes: Mapping[str, Pair]) -> bool:
    """True when it was done and is not any more."""
    if "status" not in changes:
        return False
    before, now = (str(value) for value in changes["status"])
    return statuses.is_done(before) and not statuses.is_done(now)


def solved_by(events: Iterable[Event]) -> str:
    """The name of the customer who says that it is solved; "" when the desk says so."""
    who = ""
    for event in events:
        status = event.changes.get("status")
        if isinstance(status, list) and status[-1] == "Resolved":
            who = (line(event.author) or "The customer") if event.contact_id is not None else ""
    return who
