"""Answers that are lists of tickets: #list, #search, #export, and the queues of staff."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from desk import columns, lists
from desk.columns import Column, Row
from desk.lists import Query, Span, View
from gateway import letter_text
from gateway.answers.answer import Answer, GeneratedFile
from gateway.answers.csv_file import csv_file
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.question import Question
from gateway.answers.wanted import list_query, search_query

SHOWN = 50  # tickets in the letter itself
EXPORTED = 10_000  # tickets in a file
_HTML_BYTES, _TEXT_BYTES = 13_300, 7_000
_TITLE_LENGTH = 90
_AGE = Column("age", "Age", columns.BY_KEY["created"].value)
_DUE = columns.BY_KEY["due"]


def show_list(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#list: the tickets of a view, and how many there are in each."""
    query = list_query(question, facts)
    head = _counts(session, question) if not question.argument else ""
    return _listed(session, question, facts, query, head=head)


def search(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#search: number, title, status and link of what is found."""
    shown = tuple(columns.BY_KEY[key] for key in ("number", "status", "title"))
    return _listed(session, question, facts, search_query(question), shown=shown, links=True)


def export(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#export: the list as a file, however short."""
    return _listed(session, question, facts, list_query(question, facts), as_file=True)


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
    as_file: bool = False,
) -> Answer:
    asker = question.asker
    shown = shown or asker.chosen_columns(facts)
    found = lists.rows(session, query, asker.person, shown, question.now, limit=EXPORTED + 1, teams=asker.teams)
    columns.fill_in(found, shown, facts.catalogue)
    if not found:
        return _nothing(query, question, facts, head)
    title = title_of(query, len(found), facts)
    page = Page()
    if head:
        page.say(head)
    table, fitting = _table(found, shown, question, facts, links=links)
    files: tuple[GeneratedFile, ...] = ()
    if as_file or fitting < len(found):
        files = (_file(found[:EXPORTED], shown, query, facts),)
        page.say(_about_file(files[0].name, len(found), 0 if as_file else fitting, facts))
    if not as_file:
        page.table(table)
        page.say("For one of them, all that was written: a mail with the subject #status and its number.")
    page.link("The same as a page:", f"{facts.base_url}/tickets?view={query.view}")
    newest = line(str(found[0].get("title") or found[0]["number"]))
    return page.answer(title, letter_text.first_words(newest), files)


def _table(
    found: Sequence[Row], shown: Sequence[Column], question: Question, facts: AnswerFacts, *, links: bool
) -> tuple[Table, int]:
    """As many of the tickets as fit into a letter, and how many these are."""
    first = found[:SHOWN]
    table = Table([column.label for column in shown], shows_url=links)
    table.rows = [[_cell(row, column, question.now, facts) for column in shown] for row in first]
    table.urls = [f"{facts.base_url}/t/{row['number']}" for row in first]
    fitting = table.fitting(_HTML_BYTES, _TEXT_BYTES)
    table.rows, table.urls = table.rows[:fitting], table.urls[:fitting]
    return table, fitting


def _cell(row: Row, column: Column, now: datetime, facts: AnswerFacts) -> str:
    value = row[column.key]
    if column.key == "age":
        return letter_text.span(now - value)
    if column.key == "due" and isinstance(value, datetime):
        return letter_text.moment(value, facts.zone)
    if isinstance(value, datetime):
        return letter_text.day(value, facts.zone)
    if isinstance(value, date):
        return letter_text.date_words(value)
    text = line(str(value or ""))
    return text if len(text) <= _TITLE_LENGTH else letter_text.first_words(text, _TITLE_LENGTH)


def _file(found: Sequence[Row], shown: Sequence[Column], query: Query, facts: AnswerFacts) -> GeneratedFile:
    name = "search" if query.words else query.view
    headings = [column.label if column.key != "age" else "Created" for column in shown]
    return csv_file(f"tickets-{name}.csv", headings, ([_iso(row[c.key], facts) for c in shown] for row in found))


def _iso(value: object, facts: AnswerFacts) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(facts.zone):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _about_file(name: str, found: int, shown: int, facts: AnswerFacts) -> str:
    count = f"{min(found, EXPORTED):,}"
    held = f"the first {count} are" if found > EXPORTED else "the one is" if found == 1 else f"all {count} are"
    here = f"The first {shown} are below; " if shown else ""
    text = f"{here}{held} in the attached file {name}. Times in it are those of {facts.zone.key}."
    return text[0].upper() + text[1:]


def _counts(session: Session, question: Question) -> str:
    counts = lists.counts(session, question.asker.person, question.now)
    parts = [f"Open {counts.open:,}", f"My {counts.mine:,}"]
    if not question.asker.is_staff:
        parts += [f"Waiting for you {counts.waiting_for_you:,}", f"Waiting for your approval {counts.approval:,}"]
    return " · ".join([*parts, f"Completed in the last 7 days {counts.done:,}"])


# What a list is called, and what an empty one says


def title_of(query: Query, count: int, facts: AnswerFacts) -> str:
    """12 open tickets"""
    number = f"more than {EXPORTED:,}" if count > EXPORTED else f"{count:,}"
    number = number[0].upper() + number[1:]
    tickets = "ticket" if count == 1 else "tickets"
    if query.filters or query.words:
        return f"{number} {tickets} {'matches' if count == 1 else 'match'}{_described(query, facts)}"[:200]
    titles: dict[View, str] = {
        "my": f"{number} open {tickets} of yours",
        "open": f"{number} open {tickets}",
        "done": f"{number} {tickets} completed in the last 7 days",
        "all": f"{number} {tickets}",
        "approval": f"{number} {tickets} {'waits' if count == 1 else 'wait'} for your approval",
        "queue": f"{number} {tickets} that nobody has taken",
        "overdue": f"{number} {tickets} overdue",
    }
    return titles[query.view]


def _nothing(query: Query, question: Question, facts: AnswerFacts, head: str) -> Answer:
    if query.filters or query.words:
        return plain(
            "No tickets match", f"No tickets match{_described(query, facts)}.", "All that you can see: #list all"
        )
    texts: dict[View, tuple[str, ...]] = {
        "my": ("You have no open tickets.", f"To ask for something, write to {facts.address} in your own words."),
        "open": ("There are no open tickets.", f"To ask for something, write to {facts.address} in your own words."),
        "done": ("Nothing was completed in the last 7 days.", "All that you can see: #list all"),
        "all": ("No tickets yet.", f"To ask for something, write to {facts.address} in your own words."),
        "approval": ("Nothing is waiting for your approval.",),
        "queue": ("Nothing waits: every open ticket of your teams is taken.",),
        "overdue": ("Nothing is overdue.",),
    }
    said = texts[query.view]
    if question.asker.is_staff:
        said = ("You have taken no open ticket.",) if query.view == "my" else said[:1]
    return plain(said[0].rstrip("."), *([head] if head else []), *said)


_NAMED = {"ref": "our ref"}


def _described(query: Query, facts: AnswerFacts) -> str:
    """“mso” with status New"""
    words = [
        *query.words,
        *(v for f in query.filters if not isinstance(f, Span) and f.field == "title" for v in f.values),
    ]
    said = [f"“{line(word)}”" for word in words]
    for one in query.filters:
        if isinstance(one, Span):
            said += [f"{one.field} from {letter_text.day(one.since, facts.zone)}"] if one.since else []
            said += [f"{one.field} before {letter_text.day(one.until, facts.zone)}"] if one.until else []
        elif one.field != "title":
            values = one.values if len(one.values) < 6 else (*one.values[:5], "…")
            said.append(f"with {_NAMED.get(one.field, one.field)} {' or '.join(map(line, values))}")
    view = {"my": "yours", "open": "open", "done": "done lately", "approval": "waiting for your approval"}
    told = [view[query.view]] if query.view in view else []
    return " " + ", ".join([" ".join(said), *told])
