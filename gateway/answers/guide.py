"""#help: what this person can do here by mail, made from the commands that there are; and #columns."""

from collections.abc import Collection, Iterable

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from desk import statuses
from desk.access import visible_tickets
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line
from gateway.answers.question import Question
from gateway.commands import registry
from gateway.commands.spec import Spec
from gateway.commands.words import ONE_WORD
from store.tables import Approval, Ticket

_IN_A_REPLY = frozenset({"status", "help", "watch", "stop"})  # they stand in a subject too, and need no ticket there
_COMMAND_OF = {"resolved": "resolve"}  # one-word answers that are called otherwise than their command
_UNUSED_WHEN_DONE = frozenset({"resolve", "withdraw", "alert"})


def show_help(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """Plain words first, then the lines of a reply, the subjects of a new mail, and the fill-in lines."""
    ticket = _ticket(session, question)
    hidden = _hidden(session, question, facts, ticket)
    known = registry.of(question.asker.who)
    specs = [spec for word, spec in known.items() if word == spec.word and word not in hidden]
    page = Page()
    _plain_words(page, question, facts)
    _replies(page, specs, ticket, customer=not question.asker.is_staff)
    subjects = [spec for spec in specs if spec.subject]
    if ticket is None:
        page.heading(f"As the subject of a new mail to {facts.address}")
        page.table(_commands(subjects))
    else:
        page.say(f"For lists, searches and more: a new mail to {facts.address} with the subject #help")
    _labels(page, specs)
    for name, url in facts.links:
        page.link(f"{line(name)}:", url)
    page.link("The same on a page:", f"{facts.base_url}/help")
    return page.answer("What you can do here by mail", "Plain words are enough.")


def _plain_words(page: Page, question: Question, facts: AnswerFacts) -> None:
    if question.asker.is_staff:
        page.say("Plain words are enough: your answer to a letter about a ticket goes to the customer.")
        page.say("Lines that begin with # stand at the top or at the end of your mail, one command each. They are cut "
                 "out. When one of them is wrong, nothing is sent and you are told why.")  # fmt: skip
        return
    page.say(f"Plain words are enough. Write to {facts.address} to ask for something. Reply to any of our letters to "
             "add to what it is about. Whoever is in Cc takes part, and what you attach is kept with it.")  # fmt: skip
    page.say("Besides, there are short commands. They begin with # and stand on a line of their own, at the top or at "
             "the end of your mail. The text around them is kept as your note.")  # fmt: skip


def _replies(page: Page, specs: Iterable[Spec], ticket: Ticket | None, *, customer: bool) -> None:
    lines = [spec for spec in specs if spec.line and (spec.ticket or not spec.subject or spec.word in _IN_A_REPLY)]
    about = f"{ticket.number}, {line(ticket.title)}" if ticket else "a ticket"
    page.heading(f"In a reply about {about}")
    page.table(_commands(lines))
    if customer:
        allowed = {spec.word for spec in lines}
        alone = [word for word in ONE_WORD if _COMMAND_OF.get(word, word) in allowed]
        if alone:
            page.say(f"One of these words alone is enough as a reply: {', '.join(alone)}.")


def _commands(specs: Iterable[Spec]) -> Table:
    return Table(("Command", "What it does"), [[spec.usage, spec.help] for spec in specs])


def _labels(page: Page, specs: Collection[Spec]) -> None:
    labels = [spec.label for spec in specs if spec.label]
    if labels:
        page.heading("Lines to fill in")
        page.say("At the top of a new mail, each on a line of its own, followed by what it is: "
                 + ", ".join(f"{label}:" for label in labels))  # fmt: skip


def _ticket(session: Session, question: Question) -> Ticket | None:
    """The ticket that was asked about; none for somebody whom the desk does not know, or who may not see it."""
    if question.ticket_id is None or not question.asker.known:
        return None
    seen = select(Ticket).where(Ticket.id == question.ticket_id, visible_tickets(question.asker.person))
    return session.scalars(seen).one_or_none()


def _hidden(session: Session, question: Question, facts: AnswerFacts, ticket: Ticket | None) -> set[str]:
    """Commands that this desk has switched off, or that the ticket has no use for now."""
    hidden: set[str] = set()
    if not question.asker.is_staff:
        hidden |= set() if facts.private_notes else {"private"}
        hidden |= set() if facts.copies else {"copy"}
    if ticket is not None:
        hidden |= _UNUSED_WHEN_DONE if statuses.is_done(ticket.status) else {"reopen"}
        if not question.asker.is_staff and not _is_asked(session, question):
            hidden |= {"approve", "reject"}
    return hidden


def _is_asked(session: Session, question: Question) -> bool:
    asked = (Approval.ticket_id == question.ticket_id, Approval.contact_id == question.asker.person.contact_id)
    return bool(session.scalar(select(exists().where(*asked, Approval.answer == ""))))


def show_columns(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#columns alone: those of this person's lists, and those that there are."""
    asker = question.asker
    chosen = asker.chosen_columns(facts)
    page = Page()
    page.say(f"Your lists show: {', '.join(column.label for column in chosen)}.")
    page.say(f"There are: {', '.join(column.label for column in asker.available_columns(facts))}.")
    others = ", ".join(column.label.lower() for column in chosen[1:])
    page.say(f"To change them, send a mail with those that you want as its subject, in your order: #columns {others}")
    page.say("The number always comes first. For the usual ones: #columns default")
    return page.answer("Columns of your lists", f"{len(chosen)} columns.")
