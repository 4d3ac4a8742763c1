"""#help: what this person can do here by mail, made from the commands that there are; and #columns."""

from collections.abc import Collection, Iterable

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from desk import statuses
from desk.access import visible_tickets
from desk.columns import Column
from desk.language import Language
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
    language = facts.language
    page = Page(language)
    _plain_words(page, question, facts)
    _replies(page, specs, ticket, question, facts)
    subjects = [spec for spec in specs if spec.subject]
    if ticket is None:
        page.heading(language.say("As the subject of a new mail to {address}", address=facts.address))
        page.table(_commands(subjects, language))
    else:
        page.say("For lists, searches and more: a new mail to {address} with the subject #help", address=facts.address)
    _labels(page, specs, facts)
    for name, url in facts.links:
        page.link(f"{line(name)}{language.gettext(':')}", url)
    page.link(language.say("The same on a page:"), f"{facts.base_url}/help")
    return page.answer(language.say("What you can do here by mail"), language.say("Plain words are enough."))


def _plain_words(page: Page, question: Question, facts: AnswerFacts) -> None:
    if question.asker.is_staff:
        page.say("Plain words are enough: your answer to a letter about a ticket goes to the customer.")
        page.say("Lines that begin with # stand at the top or at the end of your mail, one command each. They are cut "
                 "out. When one of them is wrong, nothing is sent and you are told why.")  # fmt: skip
        return
    page.say("Plain words are enough. Write to {address} to ask for something. Reply to any of our letters to "
             "add to what it is about. Whoever is in Cc takes part, and what you attach is kept with it.",
             address=facts.address)  # fmt: skip
    page.say("Besides, there are short commands. They begin with # and stand on a line of their own, at the top or at "
             "the end of your mail. The text around them is kept as your note.")  # fmt: skip


def _replies(page: Page, specs: Iterable[Spec], ticket: Ticket | None, question: Question, facts: AnswerFacts) -> None:
    language = facts.language
    lines = [spec for spec in specs if in_a_reply(spec)]
    about = f"{ticket.number}, {line(ticket.title)}" if ticket else language.say("a ticket")
    page.heading(language.say("In a reply about {ticket}", ticket=about))
    page.table(_commands(lines, language))
    if not question.asker.is_staff:
        allowed = {spec.word for spec in lines}
        alone = [_alone(word, facts) for word in ONE_WORD if _COMMAND_OF.get(word, word) in allowed]
        if alone:
            page.say("One of these words alone is enough as a reply: {words}.", words=", ".join(alone))


def in_a_reply(spec: Spec) -> bool:
    """True for a command that is of use as a line of a reply; what needs no ticket is told of as a subject."""
    return spec.line and (spec.ticket or not spec.subject or spec.word in _IN_A_REPLY)


def _alone(word: str, facts: AnswerFacts) -> str:
    """A one-word reply in the language of the reader; in English where we would not understand that."""
    said = facts.language.gettext(word)
    return said if facts.words.one_word(said) == word else word


def _commands(specs: Iterable[Spec], language: Language) -> Table:
    headings = (language.say("Command"), language.say("What it does"))
    return Table(headings, [[language.told(spec.usage), language.told(spec.help)] for spec in specs])


def _labels(page: Page, specs: Collection[Spec], facts: AnswerFacts) -> None:
    language = facts.language
    labels = [language.gettext(spec.label) for spec in specs if spec.label]
    if labels:
        page.heading(language.say("Lines to fill in"))
        page.say("At the top of a new mail, each on a line of its own, followed by what it is: {labels}",
                 labels=", ".join(f"{label}{language.gettext(':')}" for label in labels))  # fmt: skip


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
        hidden |= set() if question.asker.ways.may_copy(facts.copies) else {"copy"}
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
    language = facts.language
    page = Page(language)
    page.say("Your lists show: {columns}.", columns=", ".join(language.gettext(column.label) for column in chosen))
    there_are = ", ".join(_column(column, language) for column in asker.available_columns(facts))
    page.say("There are: {columns}.", columns=there_are)
    others = ", ".join(column.label.lower() for column in chosen[1:])
    page.say("To change them, send a mail with those that you want as its subject, in your order: #columns {names}",
             names=others)  # fmt: skip
    page.say("The number always comes first. For the usual ones: #columns default")
    count = language.say_many("{n} column.", "{n} columns.", len(chosen))
    return page.answer(language.say("Columns of your lists"), count)


def _column(column: Column, language: Language) -> str:
    """What a column is called, and where that is not English, the name by which the command knows it."""
    label = language.gettext(column.label)
    return label if label == column.label else f"{label} ({column.label.lower()})"
