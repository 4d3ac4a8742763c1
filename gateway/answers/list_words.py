"""What a list of tickets is called, what an empty one says, and how many there are in each."""

from sqlalchemy.orm import Session

from desk import lists
from desk.language import Language
from desk.list_words import described
from desk.lists import Query, View
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.files import MOST
from gateway.answers.page import plain
from gateway.answers.question import Question


def title_of(query: Query, count: int, facts: AnswerFacts) -> str:
    """12 open tickets"""
    language = facts.language
    n = language.say("More than {n}", n=language.number(MOST)) if count > MOST else language.number(count)
    if query.filters or query.words:
        what = described(query, facts.language, facts.zone)
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
        none = say("No tickets match {what}.", what=described(query, facts.language, facts.zone))
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
