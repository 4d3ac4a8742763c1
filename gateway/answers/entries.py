"""The entries of a ticket in an answer: oldest first, changes as words, as many as fit into a letter."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from desk import changes_said
from desk.said import say
from gateway import letter_text
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, line
from gateway.answers.question import Asker

Kind = Literal["usual", "full", "notes"]
_BYTES = 6_500  # of all entries together, counted as HTML
_FIRST = 2_500  # of the first, which says what the ticket is about
_EACH = 2_000
_FILES = 20
_MARKS = {"internal": say("Internal"), "pending": say("Waiting for approval by staff")}
# What a ticket went through; the rest of the changes is told when everything is asked for.
_COURSE = frozenset({"status", "resolution", "withdrawal", "approval", "assignee", "merged"})
# What customers hear of; a team, or time that staff noted, is not among it.
_FOR_CUSTOMERS = _COURSE | frozenset(
    {
        "title",
        "type",
        "service",
        "site",
        "item",
        "urgency",
        "impact",
        "our ref",
        "your reference",
        "needed by",
        "due",
        "contact",
        "additional contacts",
        "shared",
        "removed",
    }
)


def write(
    page: Page,
    events: Sequence[Any],
    files: Mapping[int, Sequence[str]],
    left_out: int,
    kind: Kind,
    asker: Asker,
    facts: AnswerFacts,
    url: str,
) -> None:
    """Add them to the page: the first one, and the newest that there is room for."""
    told = [told for event in events if (told := _told(event, files.get(event.id, ()), kind, asker, facts))]
    if not told:
        page.say("No notes yet.")
        return
    first, *later = told
    budget = _BYTES - first.cut(_FIRST)
    kept: list[_Told] = []
    for one in reversed(later):
        budget -= one.cut(min(_EACH, max(budget, 0)))
        if budget < 0:
            break
        kept.append(one)
    missing = left_out + len(later) - len(kept)
    first.write(page)
    if missing:
        count = facts.language.say_many(
            "One entry is left out here. All of them:", "{n} entries are left out here. All of them:", missing
        )
        page.link(count, url)
    for one in reversed(kept):
        one.write(page)


class _Told:
    """One entry, in words."""

    def __init__(self, head: str, text: str, more: list[tuple[str, str]]) -> None:
        self.head, self.text, self.more, self.was_cut = head, text, more, False

    def cut(self, budget: int) -> int:
        """Make it fit; how much it takes."""
        rest = 150 + len(self.head) + sum(len(label) + len(value) + 10 for label, value in self.more)
        self.text, self.was_cut = letter_text.cut(self.text, max(budget - rest, 0))
        return rest + len(str(letter_text.as_html(self.text)))

    def write(self, page: Page) -> None:
        page.heading(self.head)
        if self.text:
            page.quote(self.text)
        if self.was_cut:
            page.say("There is more of it on the page below.")
        page.facts(self.more)


def _told(event: Any, files: Sequence[str], kind: Kind, asker: Asker, facts: AnswerFacts) -> _Told | None:
    changes = [] if kind == "notes" else _changes(event.changes, kind, asker, facts)
    text = letter_text.clean_text(f"{line(event.title)}\n\n{event.text}" if event.title else event.text)
    if not text and not changes and not files:
        return None
    language = facts.language
    marks = [language.gettext(_MARKS.get(event.visibility, ""))]
    if asker.is_staff:
        marks += [] if event.verified else [language.say("Not verified")]
        marks += [language.say("Automatic")] if event.kind == "automatic" else []
    shown = [mark for mark in marks if mark]
    mark = f" ({', '.join(shown)})" if shown else ""
    head = f"{line(event.author) or facts.name}, {language.moment(event.at, facts.zone)}{mark}"
    names, more = list(files[:_FILES]), len(files) - _FILES
    names += [language.say_many("and {n} more", "and {n} more", more)] if more > 0 else []
    return _Told(head, text, [*changes, *([(language.say("Files"), ", ".join(names))] if names else [])])


def _changes(changes: Mapping[str, Any], kind: Kind, asker: Asker, facts: AnswerFacts) -> list[tuple[str, str]]:
    """Status: Resolved (was In Progress)"""
    found = []
    for what, value in changes.items():
        seen = asker.is_staff or what in _FOR_CUSTOMERS or (what == "priority" and asker.sees_priority(facts))
        if seen and (kind == "full" or what in _COURSE):
            before, after = value if isinstance(value, list) and len(value) == 2 else ("", value)
            language = facts.language
            was, now = _value(what, before, facts), _value(what, after, facts) or language.say("none")
            label = changes_said.key_of(what, language)
            words = language.say("{now} (was {before})", now=now, before=was) if was else now
            found.append((label[:1].upper() + label[1:], words))
    return found


def _value(what: str, value: object, facts: AnswerFacts) -> str:
    """A value of a change; dates are kept in ISO form."""
    text = changes_said.value_of(what, value, facts.language)[:300]
    if text[4:5] == "-" and text[:4].isdigit():
        for read in (_day, _moment):
            if shown := read(text, facts):
                return shown
    return text


def _day(text: str, facts: AnswerFacts) -> str:
    try:
        return facts.language.date(date.fromisoformat(text))
    except ValueError:
        return ""  # it is no day: the text stands as it is


def _moment(text: str, facts: AnswerFacts) -> str:
    try:
        return facts.language.moment(datetime.fromisoformat(text), facts.zone)
    except ValueError:
        return ""  # the same
