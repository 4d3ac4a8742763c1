"""#report: what came and what was done in twelve months, and what is open."""

from sqlalchemy.orm import Session

from desk.report import report
from gateway.answers.answer import Answer
from gateway.answers.csv_file import csv_file
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line
from gateway.answers.question import Question

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def show_report(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """Figures about the tickets that this person may see; the months as a file too."""
    found = report(session, question.asker.person, question.now, facts.zone)
    page = Page()
    page.heading("Created and completed by month")
    months = [(f"{_MONTHS[m.first_day.month - 1]} {m.first_day.year}", m) for m in found.months]
    rows = [[name, f"{month.created:,}", f"{month.completed:,}"] for name, month in months]
    page.table(Table(("Month", "Created", "Completed"), rows))
    if found.open:
        page.heading("Open tickets by type")
        page.table(Table(("Type", "Open"), [[line(name), f"{count:,}"] for name, count in found.by_type]))
        page.heading("Open tickets by status")
        page.table(Table(("Status", "Open"), [[line(name), f"{count:,}"] for name, count in found.by_status]))
    else:
        page.say("There are no open tickets.")
    values = [[f"{m.first_day:%Y-%m}", str(m.created), str(m.completed)] for m in found.months]
    page.say("The months are in the attached file report.csv as well.")
    page.link("The same as a page:", f"{facts.base_url}/")
    file = csv_file("report.csv", ("Month", "Created", "Completed"), values)
    return page.answer("Report", f"{found.open:,} open {'ticket' if found.open == 1 else 'tickets'}.", (file,))
