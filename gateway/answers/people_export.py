"""The answers to #people export and #people imports: everybody of an organisation as a file, and what was imported."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from desk import contact_history
from desk.contact_lists import HEADINGS, cells
from desk.profile import Profile
from desk.said import both, say
from gateway.answers import files
from gateway.answers.answer import Answer, NotUnderstood
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.question import Question
from store.tables import ImportRun

_RUN_HEADINGS = (say("When"), say("File"), say("Added"), say("Updated"), say("Skipped"), say("Refused"))
_RUNS = 50
_REFUSED = 10  # refused rows that the history names of each import
_REASONS = 1_500  # characters of them


def export(everybody: Sequence[Profile], wanted: str, own: Profile, question: Question, facts: AnswerFacts) -> Answer:
    """Everybody as CSV, Excel or PDF."""
    left, form = files.format_of(wanted, facts.words)
    language = facts.language
    if left:
        raise NotUnderstood(language.say("“#people export {text}”: write csv, excel or pdf.", text=line(left, 60)))
    title = language.say_many(
        "{n} person of {organisation}", "{n} people of {organisation}", len(everybody),
        organisation=line(own.organisation),
    )  # fmt: skip
    rows = [cells(one) for one in everybody]
    file, instead = files.made("people", form, title, HEADINGS, rows, question, facts)
    said = files.about(file, len(rows), zone=facts.zone.key, asked="#people export")
    page = Page(language)
    page.tell(language.told(both(instead, said)))
    return page.answer(title, files=(file,))


def imports(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    """The history: when, which file, how many rows came to what, why some were refused, how many letters are sent."""
    runs = contact_history.runs(session, own.organisation_id, _RUNS)
    language = facts.language
    if not runs:
        return plain(
            language.say("No imports yet"), language.say("Nobody has imported contacts into your organisation.")
        )
    page = Page(language)
    rows = [_row(run, facts) for run in runs]
    page.table(Table([language.gettext(heading) for heading in _RUN_HEADINGS], rows))
    progress = contact_history.letters(session, runs)
    for run in runs:
        if said := language.told(progress[run.id].said):
            page.say("{file}: {result}", file=line(run.file_name), result=said)
    for run in runs:
        if reasons := _refused(run, facts):
            page.say("Refused of {file}: {reasons}.", file=line(run.file_name), reasons=reasons)
    return page.answer(language.say_many("{n} import", "{n} imports", len(runs)))


def _row(run: ImportRun, facts: AnswerFacts) -> tuple[str, ...]:
    counts = map(facts.language.number, (run.added, run.updated, run.skipped, run.refused))
    return facts.language.moment(run.at, facts.zone), line(run.file_name), *counts


def _refused(run: ImportRun, facts: AnswerFacts) -> str:
    language = facts.language
    found = [
        language.say("row {n}: {why}", n=number, why=language.told(why))
        for number, why in list(contact_history.refused(run))[:_REFUSED]
    ]
    text = line("; ".join(found), _REASONS)
    more = run.refused - _REFUSED
    return language.say("{reasons}; and {n} more", reasons=text, n=language.number(more)) if more > 0 else text
