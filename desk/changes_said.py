"""What entries changed, from where it was to where it is, in the words that customers know: for letters and pages."""

from collections.abc import Iterable, Mapping
from typing import Any

from desk import fields, statuses
from desk.clean import line
from desk.language import Language
from desk.said import say
from store.tables import Event

# What customers hear of besides the course of things: the key in an entry, and its name in a letter.
_FACTS = {
    "title": say("Title"),
    "type": say("Type"),
    "service": say("Service"),
    "site": say("Site"),
    "item": say("Item"),
    "urgency": say("Urgency"),
    "impact": say("Impact"),
    "your reference": say("Our ref"),
    "needed by": say("Needed by"),
    "due": say("Due"),
    "contact": say("Contact"),
}
# Keys of entries as they stand in the middle of a sentence. Any other key is shown as it is.
_KEYS = frozenset(
    {
        say("status"),
        say("resolution"),
        say("withdrawal"),
        say("approval"),
        say("assignee"),
        say("team"),
        say("priority"),
        say("urgency"),
        say("impact"),
        say("type"),
        say("service"),
        say("site"),
        say("item"),
        say("title"),
        say("your reference"),
        say("needed by"),
        say("due"),
        say("contact"),
        say("additional contacts"),
        say("shared"),
        say("time"),
        say("reason"),
        say("removed"),
        say("merged"),
        say("linked to"),
        say("copied to"),
        say("passed on for"),
        say("asked to approve"),
        say("file removed"),
        say("shared with organisation"),
        say("link removed"),
        say("answer"),
        say("source"),
    }
)
# Values that are words of ours, where they are kept as such.
_WORDS = {"yes": say("yes"), "no": say("no"), "approve": say("approve"), "reject": say("reject")}
_OF_WORDS = frozenset({"answer", "shared with organisation"})
_GONE = frozenset({"file removed"})
_NAMED = frozenset(
    {"status", "type", "urgency", "impact", "priority", "approval", "withdrawal", "source"}
)  # their values are names
_COURSE = frozenset({"status", "resolution", "withdrawal", "approval", "assignee"})
# How the desk divides its work is not told to customers; a priority is to some of them.
_DESK_ONLY = fields.INSIDE | {"team"}
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


def facts(changes: Mapping[str, Pair], language: Language) -> list[tuple[str, str]]:
    """Site: London (was Leeds)"""
    return [
        (language.gettext(label), shown(what, changes[what], language))
        for what, label in _FACTS.items()
        if what in changes
    ]


def shown(what: str, pair: Pair, language: Language) -> str:
    """London (was Leeds)"""
    before, now = (value_of(what, value, language) for value in pair)
    if what in _GONE and not now:
        return before  # “File removed: handset.mov”, and none of it is left
    now = now or language.say("none")
    return language.say("{now} (was {before})", now=now, before=before) if before else now


def value_of(what: str, value: object, language: Language) -> str:
    """A value of a change, in words; names that the desk gives are translated."""
    text = line(language.told("" if value is None else value))
    if what in _NAMED:
        return language.name(text)
    if what in _OF_WORDS and text in _WORDS:
        return language.gettext(_WORDS[text])
    return language.say("none") if what == "due" and text == fields.NONE else text


def key_of(what: str, language: Language) -> str:
    """What changed, as it stands in a sentence."""
    return language.gettext(what) if what in _KEYS else what


def for_customers(changes: Mapping[str, Any], *, priority: bool) -> dict[str, Any]:
    """What of an entry customers are shown on a page; `priority`, whether these may see priorities."""
    return {
        what: value for what, value in changes.items() if what not in _DESK_ONLY and (priority or what != "priority")
    }


def lines(changes: Mapping[str, Any], language: Language) -> list[str]:
    """One for each thing of one entry: “Status: In Progress (was New)”, “Additional contacts: jane@customer.test”."""
    found = []
    for what, value in changes.items():
        pair = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else ("", value)
        label = language.gettext(_FACTS[what]) if what in _FACTS else key_of(what, language)
        label = label[:1].upper() + label[1:]
        found.append(language.say("{label}: {value}", label=label, value=shown(what, pair, language)))
    return found


def told(changes: Mapping[str, Pair], language: Language) -> str:
    """status Resolved (was New); site London"""
    return "; ".join(f"{key_of(what, language)} {shown(what, pair, language)}" for what, pair in changes.items())


def is_reopened(changes: Mapping[str, Pair]) -> bool:
    """True when it was done and is not any more."""
    if "status" not in changes:
        return False
    before, now = (str(value) for value in changes["status"])
    return statuses.is_done(before) and not statuses.is_done(now)


def is_by_clock(events: Iterable[Event]) -> bool:
    """True where nobody resolved it: the customer never answered."""
    resolved = [event for event in events if after(event_changes(event), "status") == "Resolved"]
    return bool(resolved) and all(event.contact_id is None and event.staff_id is None for event in resolved)


def event_changes(event: Event) -> dict[str, Pair]:
    """The changes of one entry."""
    return folded([event])


def solved_by(events: Iterable[Event], language: Language) -> str:
    """The name of the customer who says that it is solved; "" when the desk says so."""
    who = ""
    for event in events:
        status = event.changes.get("status")
        if isinstance(status, list) and status[-1] == "Resolved":
            who = (line(event.author) or language.say("The customer")) if event.contact_id is not None else ""
    return who
