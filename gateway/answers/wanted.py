"""Reads what stands behind #list and #search: a view, filters, a sort order, words."""

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import cast

from desk import statuses
from desk.lists import FILTERS, NOT_DONE, SORTS, STAFF_FILTERS, TIMES, Filter, Query, Span, View
from gateway.answers.answer import NotUnderstood
from gateway.answers.facts import AnswerFacts
from gateway.answers.question import Question
from gateway.commands import values
from gateway.commands.words import Words

MAX_WORDS = 8
_WORD_LENGTH = 100
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"', "：": ":", "，": ","})
_HEAD = re.compile(r"([^\W\d_][\w-]{0,40})(:|<=|>=|<|>|=)")
_VALUE = re.compile(r'"([^"]*)"?|([^\s,"]+)')
_MORE = re.compile(r',(?:\s*(?="))?')  # “new, "in progress"” is one list; “new, open” ends at the comma
_BARE = re.compile(r'"([^"]*)"?|([^\s"]+)')
_FIELD_OF_LABEL = {"Our ref": "ref"}
_ALSO = {"org": "organisation", "organization": "organisation", "company": "organisation", "reference": "ref"}


@dataclass(slots=True)
class _Pieces:
    """An argument taken apart: words, and filters with their operator and values."""

    words: list[str] = field(default_factory=list)
    filters: list[tuple[str, str, list[str]]] = field(default_factory=list)


def list_query(question: Question, facts: AnswerFacts, view: View | None = None) -> Query:
    """What #list or #export asks for; NotUnderstood names what cannot be read."""
    pieces = _take_apart(question.argument)
    reader = _Reader(question, facts)
    found = [reader.read(*piece, pieces.words) for piece in pieces.filters]
    named, left = _view(pieces.words, facts.words, staff=question.asker.is_staff)
    if left:
        raise NotUnderstood(
            facts.language.say(
                "I did not understand “{word}”. A list is one of: {lists}. It can be narrowed by {filters}, and by the "
                "times {times}, as in status:new. To find words, write #search {word}.",
                word=left[0],
                lists=", ".join(_views(question)),
                **reader.there_are(),
            )
        )
    filters = tuple(one for one in found if one is not None)
    usual: View = "all" if filters else "my"
    return Query(view or named or usual, filters, (), reader.sort, reader.descending)


def search_query(question: Question, facts: AnswerFacts) -> Query:
    """What #search asks for: each word, or each phrase in quotation marks."""
    words = [word for word in _phrases(question.argument) if word]
    if not words:
        raise NotUnderstood(facts.language.say("Name the words to look for, like #search printer."))
    if len(words) > MAX_WORDS:
        raise NotUnderstood(
            facts.language.say("A search takes up to {most} words; yours has {n}.", most=MAX_WORDS, n=len(words))
        )
    return Query("all", (), tuple(word[:_WORD_LENGTH] for word in words))


def _phrases(text: str) -> list[str]:
    return [(found[1] or found[2] or "").strip() for found in _BARE.finditer(text.translate(_QUOTES))]


def _take_apart(text: str) -> _Pieces:
    text, at, found = text.translate(_QUOTES), 0, _Pieces()
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
        elif head := _HEAD.match(text, at):
            given, at = _values(text, head.end())
            found.filters.append((head[1], head[2], given))
        elif bare := _BARE.match(text, at):
            found.words.append((bare[1] or bare[2] or "").strip())
            at = bare.end()
    return found


def _values(text: str, at: int) -> tuple[list[str], int]:
    """One value, or several with commas between them."""
    given: list[str] = []
    while (value := _VALUE.match(text, at)) is not None:
        given.append((value[1] or value[2] or "").strip())
        at = value.end()
        if (more := _MORE.match(text, at)) is None:
            break
        at = more.end()
    return [one for one in given if one], at


def _view(said: list[str], words: Words, *, staff: bool) -> tuple[View | None, list[str]]:
    """The view that the bare words name, and the words that name nothing."""
    for count in range(len(said), 0, -1):
        phrase = " ".join(said[:count])
        found = words.argument("list", phrase)
        if found is None and staff and (command := words.command(phrase)) in ("queue", "mine", "overdue"):
            found = "my" if command == "mine" else command
        if found:
            return cast(View, found), said[count:]
    return None, said


def _views(question: Question) -> tuple[str, ...]:
    return ("my", "open", "done", "all", *(("queue", "overdue") if question.asker.is_staff else ("approval",)))


class _Reader:
    """Reads filters one by one; remembers how to sort."""

    def __init__(self, question: Question, facts: AnswerFacts) -> None:
        self._question, self._facts = question, facts
        self.sort, self.descending = "", True

    def names(self) -> list[str]:
        """What this person's lists can be narrowed by."""
        asker = self._question.asker
        hidden = set() if asker.is_staff else set(STAFF_FILTERS)
        hidden |= set() if asker.sees_priority(self._facts) else {"priority"}
        return [name for name in FILTERS if name not in hidden]

    def there_are(self) -> dict[str, str]:
        """The same for a sentence."""
        return {"filters": ", ".join(self.names()), "times": ", ".join(TIMES)}

    def read(self, name: str, operator: str, given: list[str], rest: list[str]) -> Filter | Span | None:
        """One filter; of `rest` it takes words that belong to its value, as in status:waiting customer."""
        key, say = self._field(name), self._facts.language.say
        if key == "sort":
            self._sorted("".join(given[:1]))
            return None
        if not given:
            raise NotUnderstood(say("“{filter}” names no value.", filter=f"{name}{operator}"))
        if key in TIMES:
            return self._span(key, operator, " ".join(given))
        if operator not in (":", "="):
            raise NotUnderstood(
                say(
                    "“{filter}” is for times: {times}. Write {better}.",
                    filter=f"{name}{operator}",
                    times=", ".join(TIMES),
                    better=f"{name}:{given[0]}",
                )
            )
        if key == "status":
            return Filter(key, tuple(status for one in given for status in self._statuses(one, rest)))
        kind = key if key in ("type", "priority") else ""
        meant = [(self._facts.words.value(kind, one) if kind else None) or one for one in given]
        return Filter(key, tuple(one[:_WORD_LENGTH] for one in meant))

    def _field(self, name: str) -> str:
        said = name.lower()
        known = {*self.names(), *TIMES, "sort"}
        label = self._facts.words.label(name)
        candidates = (said, _ALSO.get(said, ""), _FIELD_OF_LABEL.get(label or "", (label or "").lower()))
        for candidate in candidates:
            if candidate in known:
                return candidate
        raise NotUnderstood(
            self._facts.language.say(
                "A list cannot be narrowed by “{name}”. It can by {filters}, and by the times {times}.",
                name=name,
                **self.there_are(),
            )
        )

    def _sorted(self, wanted: str) -> None:
        key = wanted.removeprefix("-").lower()
        if key not in SORTS:
            raise NotUnderstood(
                self._facts.language.say(
                    "A list cannot be sorted by “{name}”. It can by {names}.", name=wanted, names=", ".join(SORTS)
                )
            )
        self.sort, self.descending = key, wanted.startswith("-")

    def _statuses(self, said: str, rest: list[str]) -> tuple[str, ...]:
        words = self._facts.words
        found = words.value("status", said) or statuses.find(said)
        for word in rest:  # status:waiting customer
            if longer := words.value("status", f"{said} {word}") or statuses.find(f"{said} {word}"):
                rest.remove(word)
                return (longer,)
        if found:
            return (found,)
        if group := words.argument("list", said):
            return NOT_DONE if group == "open" else statuses.DONE if group == "done" else statuses.ALL
        language = self._facts.language
        there_are = ", ".join(map(language.name, statuses.ALL))
        raise NotUnderstood(
            language.say("There is no status “{name}”. There are: {statuses}.", name=said, statuses=there_are)
        )

    def _span(self, key: str, operator: str, said: str) -> Span:
        zone = self._facts.zone
        day = values.date_of(said, self._question.now.astimezone(zone).date())
        if day is None:
            raise NotUnderstood(
                self._facts.language.say(
                    "“{text}” is no day that I can read. Write it like {example}.",
                    text=said,
                    example=f"{key}>2026-04-01",
                )
            )
        start = datetime.combine(day, time(), zone)
        after = datetime.combine(day + timedelta(days=1), time(), zone)
        spans = {
            ">": Span(key, since=after),
            ">=": Span(key, since=start),
            "<": Span(key, until=start),
            "<=": Span(key, until=after),
        }
        return spans.get(operator, Span(key, start, after))
