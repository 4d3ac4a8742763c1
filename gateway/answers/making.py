"""Makes the answers of a batch of letters: finds who asks, and hands each question to whoever answers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.answers import figures, guide, listing, offers, people, profile, ticket
from gateway.answers.answer import Answer, NotUnderstood
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import plain
from gateway.answers.question import Question, load_askers
from gateway.letter import DeskFacts
from store.tables import Outbox

log = structlog.get_logger(__name__)

Maker = Callable[[Session, Question, AnswerFacts], Answer]
MAKERS: Mapping[str, Maker] = {
    "status": ticket.status,
    "list": listing.show_list,
    "search": listing.search,
    "export": listing.export,
    "queue": listing.queue,
    "mine": listing.mine,
    "overdue": listing.overdue,
    "columns": guide.show_columns,
    "help": guide.show_help,
    "services": offers.services,
    "items": offers.items,
    "sites": offers.sites,
    "news": offers.news,
    "report": figures.show_report,
    "me": profile.me,
    "people": people.people,
}
FOR_STAFF = frozenset({"queue", "mine", "overdue"})


def answer_all(
    session: Session, rows: Sequence[Outbox], desk: DeskFacts, now: datetime | None = None
) -> dict[int, Answer]:
    """The answers to these rows of the kind “answer”, by outbox id; `now` is when each was asked, unless given."""
    if desk.answers is None:
        raise RuntimeError("questions came to a desk that was not told how to answer them")
    askers = load_askers(session, rows, desk.answers)
    found: dict[int, Answer] = {}
    for row in rows:
        asker = askers.get(row.id)
        facts = replace(desk.answers, language=desk.languages.find(*(asker.languages if asker else ())))
        if asker is None or not asker.person.active:
            found[row.id] = no_access(facts)
            continue
        word, argument = str(row.context.get("ask", "")), str(row.context.get("argument", ""))
        lines = tuple((str(label), str(value)) for label, value in row.context.get("lines", ()))
        question = Question(word, argument, row.ticket_id, asker, now or row.created_at, lines)
        found[row.id] = _answer(session, question, facts, row.id)
    return found


def no_access(facts: AnswerFacts) -> Answer:
    """For somebody who has left, or never was here."""
    say = facts.language.say
    return plain(
        say("You have no access"),
        say("You do not have access to {desk}.", desk=facts.name),
        say("Write to {address} in your own words if that is wrong.", address=facts.address),
    )


def _answer(session: Session, question: Question, facts: AnswerFacts, row_id: int) -> Answer:
    maker, say = MAKERS.get(question.ask), facts.language.say
    if maker is None or (question.ask in FOR_STAFF and not question.asker.is_staff):
        return plain(
            say("Not understood"),
            say("There is no answer to #{command}. What there is: #help", command=question.ask[:40]),
        )
    try:
        return maker(session, question, facts)
    except NotUnderstood as fault:
        return plain(say("Not understood"), str(fault))
    except (SQLAlchemyError, OSError):  # the database is away: that is no fault of the question
        raise
    except Exception:  # whatever it is: the others get their answers, and this one hears that there is none
        log.exception("a question could not be answered", letter=row_id, ask=question.ask)
        words = say(
            "#{command} could not be answered. Write to {address} in your own words.",
            command=question.ask,
            address=facts.address,
        )
        return plain(say("No answer"), words)
