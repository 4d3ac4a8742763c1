"""#report: what came and what was done in twelve months, and what is open."""

from sqlalchemy.orm import Session

from desk.report import report
from gateway.answers.answer import Answer
from gateway.answers.csv_file import csv_file
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line
from gateway.answers.question import Question


def show_report(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """Figures about the tickets that this person may see; the months as a file too."""
    found = report(session, question.asker.person, question.now, facts.zone)
    language = facts.language
    say, number = language.say, language.number
    page = Page(language)
    page.heading(say("Created and completed by month"))
    rows = [[language.month(m.first_day), number(m.created), number(m.completed)] for m in found.months]
    page.table(Table((say("Month"), say("Created"), say("Completed")), rows))
    if found.open:
        types, states = (
            [[language.name(line(name)), number(count)] for name, count in counted]
            for counted in (found.by_type, found.by_status)
        )
        page.heading(say("Open tickets by type"))
        page.table(Table((say("Type"), say("Open")), types))
        page.heading(say("Open tickets by status"))
        page.table(Table((say("Status"), say("Open")), states))
    else:
        page.say("There are no open tickets.")
    values = [[f"{m.first_day:%Y-%m}", str(m.created), str(m.completed)] for m in found.months]
    page.say("The months are in the attached file report.csv as well.")
    page.link(say("The same as a page:"), f"{facts.base_url}/")
    file = csv_file("report.csv", ("Month", "Created", "Completed"), values)
    count = language.say_many("{n} open ticket.", "{n} open tickets.", found.open)
    return page.answer(say("Report"), count, (file,))
