"""What narrows a list of tickets, in words: for its title, for an empty one, and for what takes a filter away."""

from zoneinfo import ZoneInfo

from desk.language import Language
from desk.list_filters import Filter, Operator, Span
from desk.lists import Query, View
from desk.said import listed, say

_MOST_VALUES = 5  # of one filter that are named
# What a list is narrowed by, as it stands in a sentence.
_FIELDS = {
    "type": say("type"),
    "status": say("status"),
    "priority": say("priority"),
    "source": say("source"),
    "approval": say("approval"),
    "title": say("title"),
    "number": say("number"),
    "ref": say("our ref"),
    "item": say("item"),
    "site": say("site"),
    "contact": say("contact"),
    "organisation": say("organisation"),
    "assignee": say("assignee"),
    "team": say("team"),
    "created": say("created"),
    "updated": say("updated"),
    "completed": say("completed"),
    "due": say("due"),
}
_OR = say("{a} or {b}")
NAMED = frozenset({"type", "status", "priority", "source", "approval"})  # their values are names that the desk gives
_VIEWS: dict[View, str] = {
    "my": say("yours"),
    "open": say("open"),
    "done": say("done lately"),
    "approval": say("waiting for your approval"),
}
_WITH: dict[Operator, str] = {
    "": say("with {what} {values}"),
    "is": say("with {what} {values}"),
    "not": say("with {what} other than {values}"),
    "contains": say("with {values} in {what}"),
    "lacks": say("without {values} in {what}"),
    "empty": say("with no {what}"),
    "filled": say("with any {what}"),
}


def described(query: Query, language: Language, zone: ZoneInfo) -> str:
    """“mso” with status New, open"""
    titles = [one for one in query.filters if is_title(one)]
    said = [quoted(word, language) for word in query.words]
    said += [part(one, language, zone) for one in titles]
    said += [part(one, language, zone) for one in query.filters if not is_title(one)]
    told = [language.gettext(_VIEWS[query.view])] if query.view in _VIEWS else []
    return ", ".join([" ".join(said), *told])


def quoted(word: str, language: Language) -> str:
    """A word that is looked for."""
    return language.say("“{name}”", name=_line(word))


def is_title(one: Filter | Span) -> bool:
    """True for words of the title, which are named like others that are looked for."""
    return one.field == "title" and isinstance(one, Filter) and one.operator in ("", "contains")


def part(one: Filter | Span, language: Language, zone: ZoneInfo) -> str:
    """One filter: with status New; created from 1 Apr 2026."""
    if isinstance(one, Span):
        return " ".join(_span(one, language, zone))
    if is_title(one):
        return " ".join(quoted(value, language) for value in one.values)
    values = one.values if len(one.values) <= _MOST_VALUES else (*one.values[:_MOST_VALUES], "…")
    shown = [language.name(_line(value)) if one.field in NAMED else _line(value) for value in values]
    if one.operator in ("contains", "lacks"):
        shown = [language.say("“{name}”", name=value) for value in shown]
    what = language.gettext(_FIELDS.get(one.field, one.field))
    return language.say(_WITH[one.operator], what=what, values=language.told(listed(shown, _OR)))


def _span(one: Span, language: Language, zone: ZoneInfo) -> list[str]:
    what = language.gettext(_FIELDS.get(one.field, one.field))
    since = [language.say("{what} from {day}", what=what, day=language.day(one.since, zone))] if one.since else []
    until = [language.say("{what} before {day}", what=what, day=language.day(one.until, zone))] if one.until else []
    return since + until


def _line(text: str) -> str:
    """A value in one line, whatever it holds."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
