"""What a list of tickets is called, what an empty one says, and how many there are in each."""

from sqlalchemy.orm import Session

from desk import lists
from desk.language import Language
from desk.lists import Filter, Query, Span, View
from desk.said import listed, say
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.files import MOST
from gateway.answers.page import line, plain
from gateway.answers.question import Question

_MOST_VALUES = 5  # of one filter that are named
# What a list is narrowed by, as it stands in a sentence.
_FIELDS = {
    "type": say("type"),
    "status": say("status"),
    "priority": say("priority"),
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
_NAMED = frozenset({"type", "status", "priority"})  # their values are names that the desk gives
_VIEWS: dict[View, str] = {
    "my": say("yours"),
    "open": say("open"),
    "done": say("done lately"),
    "approval": say("waiting for your approval"),
}


def title_of(query: Query, count: int, facts: AnswerFacts) -> str:
    """12 open tickets"""
    language = facts.language
    n = language.say("More than {n}", n=language.number(MOST)) if count > MOST else language.number(count)
    if query.filters or query.words:
        what = described(query, facts)
        return language.say_many("{n} ticket matches {what}", "{n} tickets match {what}", count, n=n, what=what)[:200]
    if query.view == "my":
        return language.say_many("{n} open ticket of yours", "{n} open tickets of yours", count, n=n)
    if query.view == "open":
        return language.say_many("{n} open ticket", "{n} open tickets", count, n=n)
    if query.view == "done":
        return language.say_many(
            "{n} ticket completed in the last 7 days", "{n} tickets completed in the last 7 days", count, n=n
        )
    if query.view == "approval":
        return language.say_many("{n} ticket waits for your approval", "{n} tickets wait for your approval", count, n=n)
    if query.view == "queue":
        return language.say_many("{n} ticket that nobody has taken", "{n} tickets that nobody has taken", count, n=n)
    if query.view == "overdue":
        return language.say_many("{n} ticket overdue", "{n} tickets overdue", count, n=n)
    return language.say_many("{n} ticket", "{n} tickets", count, n=n)


def nothing(query: Query, question: Question, facts: AnswerFacts, head: str) -> Answer:
    """The answer where no ticket is found."""
    say = facts.language.say
    everything = say("All that you can see: #list all")
    if query.filters or query.words:
        none = say("No tickets match {what}.", what=described(query, facts))
        return plain(say("No tickets match"), none, everything)
    write = say("To ask for something, write to {address} in your own words.", address=facts.address)
    texts: dict[View, tuple[str, ...]] = {
        "my": (say("You have no open tickets."), write),
        "open": (say("There are no open tickets."), write),
        "done": (say("Nothing was completed in the last 7 days."), everything),
        "all": (say("No tickets yet."), write),
        "approval": (say("Nothing is waiting for your approval."),),
        "queue": (say("Nothing waits: every open ticket of your teams is taken."),),
        "overdue": (say("Nothing is overdue."),),
    }
    said = texts[query.view]
    if question.asker.is_staff:
        said = (say("You have taken no open ticket."),) if query.view == "my" else said[:1]
    return plain(said[0].rstrip("."), *([head] if head else []), *said)


def counts(session: Session, question: Question, language: Language) -> str:
    """Open 12 · My 3 · …"""
    found = lists.counts(session, question.asker.person, question.now)
    say, number = language.say, language.number
    parts = [say("Open {n}", n=number(found.open)), say("My {n}", n=number(found.mine))]
    if not question.asker.is_staff:
        parts.append(say("Waiting for you {n}", n=number(found.waiting_for_you)))
        parts.append(say("Waiting for your approval {n}", n=number(found.approval)))
    return " · ".join([*parts, say("Completed in the last 7 days {n}", n=number(found.done))])


def described(query: Query, facts: AnswerFacts) -> str:
    """“mso” with status New"""
    titles = [v for f in query.filters if isinstance(f, Filter) and f.field == "title" for v in f.values]
    said = [facts.language.say("“{name}”", name=line(word)) for word in (*query.words, *titles)]
    for one in query.filters:
        if isinstance(one, Span):
            said += _span(one, facts)
        elif one.field != "title":
            said.append(_filter(one, facts.language))
    told = [facts.language.gettext(_VIEWS[query.view])] if query.view in _VIEWS else []
    return ", ".join([" ".join(said), *told])


def _span(one: Span, facts: AnswerFacts) -> list[str]:
    language = facts.language
    what = language.gettext(_FIELDS.get(one.field, one.field))
    since = [language.say("{what} from {day}", what=what, day=language.day(one.since, facts.zone))] if one.since else []
    until = (
        [language.say("{what} before {day}", what=what, day=language.day(one.until, facts.zone))] if one.until else []
    )
    return since + until


def _filter(one: Filter, language: Language) -> str:
    values = one.values if len(one.values) <= _MOST_VALUES else (*one.values[:_MOST_VALUES], "…")
    shown = [language.name(line(value)) if one.field in _NAMED else line(value) for value in values]
    what = language.gettext(_FIELDS.get(one.field, one.field))
    return language.say("with {what} {values}", what=what, values=language.told(listed(shown, _OR)))
