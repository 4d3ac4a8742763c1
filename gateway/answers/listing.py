"""Answers that are lists of tickets: #list, #search, #export, and the queues of staff."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from desk import columns, lists
from desk.columns import Column, Row
from desk.exporting import Format
from desk.lists import Query, View
from desk.said import both, say
from gateway import letter_text
from gateway.answers import files, list_words
from gateway.answers.answer import Answer, GeneratedFile
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line
from gateway.answers.question import Question
from gateway.answers.wanted import list_query, search_query

SHOWN = 50  # tickets in the letter itself
EXPORTED = files.MOST  # tickets in a file
_HTML_BYTES, _TEXT_BYTES = 13_300, 7_000
_TITLE_LENGTH = 90
_NAMED = frozenset({"status", "type", "priority", "approval", "source"})  # their values are built-in names
_AGE = Column("age", say("Age"), columns.BY_KEY["created"].value)
_DUE = columns.BY_KEY["due"]


def show_list(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#list: the tickets of a view, and how many there are in each."""
    query = list_query(question, facts)
    head = list_words.counts(session, question, facts.language) if not question.argument else ""
    return _listed(session, question, facts, query, head=head)


def search(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#search: number, title, status and link of what is found."""
    shown = tuple(columns.BY_KEY[key] for key in ("number", "status", "title"))
    return _listed(session, question, facts, search_query(question, facts), shown=shown, links=True)


def export(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#export: the list as a file, however short; CSV, Excel or PDF."""
    wanted, form = files.format_of(question.argument, facts.words)
    question = replace(question, argument=wanted)
    return _listed(session, question, facts, list_query(question, facts), form=form)


def queue(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#queue: what nobody has taken, oldest first."""
    return _of_staff(session, question, facts, "queue")


def mine(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#mine: what this member of staff has taken."""
    return _of_staff(session, question, facts, "my")


def overdue(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#overdue: what is late, the latest first."""
    return _of_staff(session, question, facts, "overdue")


def _of_staff(session: Session, question: Question, facts: AnswerFacts, view: View) -> Answer:
    query = list_query(question, facts, view)
    shown = [*question.asker.chosen_columns(facts)]
    if view == "queue":
        shown = [_AGE if column.key == "created" else column for column in shown]
    elif view == "overdue":
        shown = [*(column for column in shown if column.key not in ("created", "due")), _DUE]
    return _listed(session, question, facts, query, shown=tuple(shown))


def _listed(
    session: Session,
    question: Question,
    facts: AnswerFacts,
    query: Query,
    *,
    shown: tuple[Column, ...] = (),
    head: str = "",
    links: bool = False,
    form: Format | None = None,
) -> Answer:
    asker = question.asker
    shown = shown or asker.chosen_columns(facts)
    found = lists.rows(session, query, asker.person, shown, question.now, limit=EXPORTED + 1, teams=asker.teams)
    columns.fill_in(found, shown, facts.catalogue)
    if not found:
        return list_words.nothing(query, question, facts, head)
    language = facts.language
    title = list_words.title_of(query, len(found), facts)
    page = Page(language)
    if head:
        page.tell(head)
    table, fitting = _table(found, shown, question, facts, links=links)
    attached: tuple[GeneratedFile, ...] = ()
    if form or fitting < len(found):
        file, instead = _file(found, shown, query, question, facts, form or "csv", title)
        attached = (file,)
        if not form:
            page.tell(language.say_many("The first {n} is below.", "The first {n} are below.", fitting))
        asked = f"#export {question.argument or query.view}" if not query.words else "#export all"
        said = files.about(file, len(found), zone=facts.zone.key, asked=asked)
        page.tell(language.told(both(instead, said)))
    if not form:
        page.table(table)
        page.say("For one of them, all that was written: a mail with the subject #status and its number.")
    page.link(language.say("The same as a page:"), f"{facts.base_url}/tickets?view={query.view}")
    newest = line(str(found[0].get("title") or found[0]["number"]))
    return page.answer(title, letter_text.first_words(newest), attached)


def _table(
    found: Sequence[Row], shown: Sequence[Column], question: Question, facts: AnswerFacts, *, links: bool
) -> tuple[Table, int]:
    """As many of the tickets as fit into a letter, and how many these are."""
    first = found[:SHOWN]
    table = Table([facts.language.gettext(column.label) for column in shown], shows_url=links)
    table.rows = [[_cell(row, column, question.now, facts) for column in shown] for row in first]
    table.urls = [f"{facts.base_url}/t/{row['number']}" for row in first]
    fitting = table.fitting(_HTML_BYTES, _TEXT_BYTES)
    table.rows, table.urls = table.rows[:fitting], table.urls[:fitting]
    return table, fitting


def _cell(row: Row, column: Column, now: datetime, facts: AnswerFacts) -> str:
    value, language = row[column.key], facts.language
    if column.key == "age":
        return language.span(now - value)
    if column.key == "due" and isinstance(value, datetime):
        return language.moment(value, facts.zone)
    if isinstance(value, datetime):
        return language.day(value, facts.zone)
    if isinstance(value, date):
        return language.date(value)
    text = line(str(value or ""))
    text = language.name(text) if column.key in _NAMED else text
    return text if len(text) <= _TITLE_LENGTH else letter_text.first_words(text, _TITLE_LENGTH)


def _file(
    found: Sequence[Row], shown: Sequence[Column], query: Query, question: Question, facts: AnswerFacts, form: Format,
    title: str,
) -> tuple[GeneratedFile, str]:  # fmt: skip
    name = "search" if query.words else query.view
    headings = [column.label if column.key != "age" else "Created" for column in shown]
    rows = [[row[column.key] for column in shown] for row in found[:EXPORTED]]
    return files.made(f"tickets-{name}", form, title, headings, rows, question, facts)
