"""The answers to #people: who is there, forms to fill in, the file for an import, and what was imported before."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from desk import contact_file, profile
from desk.profile import MANDATORY, PERSON, Profile
from gateway.answers.answer import Answer, GeneratedFile
from gateway.answers.csv_file import TYPE, csv_file
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.profile import form, own_profile
from gateway.answers.question import Question
from store.tables import Contact, ContactAddress, ImportRun, Site

_HEADINGS = ("Name", "Security level", "E-mail address", "Last login", "Active")
_HTML_BYTES, _TEXT_BYTES = 13_000, 7_500
_RUNS = 50
_REFUSED = 10  # refused rows that the history names of each import


def people(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """By the form that was asked for; of the organisation to which the one who asks belongs now."""
    own = own_profile(session, question)
    if own is None or own.organisation_id is None or question.asker.who != "admin":
        return plain("Not for you", "You are no Admin user of an organisation any more.")
    word, _, rest = question.argument.partition(" ")
    if word == "add":
        return _add(session, own, dict(question.lines), facts)
    if word == "edit":
        return _edit(session, own, rest)
    return _SHOWN.get(word, _listed)(session, own, facts)


def _all(session: Session, own: Profile) -> list[Profile]:
    found = profile.load(session, Contact.organisation_id == own.organisation_id).values()
    return sorted(found, key=lambda one: (one.name.casefold(), one.address.casefold()))


def _listed(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    everybody = _all(session, own)
    table = Table(_HEADINGS, [_cells(one, facts.zone) for one in everybody])
    fits = table.fitting(_HTML_BYTES, _TEXT_BYTES)
    page = Page()
    if fits < len(everybody):
        page.say(f"The first {fits} are shown; the file holds all.")
    page.table(Table(_HEADINGS, table.rows[:fits]))
    page.say("Active says whether somebody has access to the portal. Everybody can write to us by mail.")
    title = "1 person" if len(everybody) == 1 else f"{len(everybody):,} people"
    return page.answer(f"{title} of {line(own.organisation)}", files=(csv_file("people.csv", _HEADINGS, table.rows),))


def _cells(one: Profile, zone: ZoneInfo) -> tuple[str, ...]:
    account = one.account
    seen = _moment(account.last_login_at, zone) if account and account.last_login_at else ""
    return line(one.name), line(one.level), one.address, seen, "yes" if one.has_access else ""


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


def _template(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    everybody = _all(session, own)
    page = Page()
    page.say("The file holds everybody of your organisation. Change it or add rows, and keep the first one.")
    page.say("Mail it as an attachment with the subject “#people import”: new people are added, others stay as they "
             "are. With “#people import update” the others are updated.")  # fmt: skip
    page.say("An empty cell changes nothing; a hyphen alone empties the field. First Name, Last Name and Email Address "
             "are needed.")  # fmt: skip
    page.say("Who gets a Client Portal Security Level, or their address as Client Portal Username, gets a letter with "
             "credentials. Leave Client Portal Password empty.")  # fmt: skip
    file = GeneratedFile("people-template.csv", TYPE, contact_file.write(everybody))
    return page.answer("The file for an import", files=(file,))


def _imports(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    newest = select(ImportRun).where(ImportRun.organisation_id == own.organisation_id)
    runs = session.scalars(newest.order_by(ImportRun.at.desc(), ImportRun.id.desc()).limit(_RUNS)).all()
    if not runs:
        return plain("No imports yet", "Nobody has imported contacts into your organisation.")
    headings = ("When", "File", "Added", "Updated", "Skipped", "Refused")
    rows = [
        (
            _moment(run.at, facts.zone),
            line(run.file_name),
            *map(str, (run.added, run.updated, run.skipped, run.refused)),
        )
        for run in runs
    ]
    page = Page()
    page.table(Table(headings, rows))
    for run in runs:
        refused = [f"row {number}: {why}" for number, fate, why in run.rows if fate == "refused"]
        if refused:
            more = f"; and {len(refused) - _REFUSED} more" if len(refused) > _REFUSED else ""
            page.say(f"Refused of {line(run.file_name)}: {line('; '.join(refused[:_REFUSED]))}{more}.")
    return page.answer("1 import" if len(runs) == 1 else f"{len(runs)} imports")


def _add(session: Session, own: Profile, fields: Mapping[str, str], facts: AnswerFacts) -> Answer:
    given = dict(fields)
    missing = [label for label in MANDATORY if not given.get(label)]
    page = Page()
    if given and missing:
        page.say(f"Missing: {', '.join(missing)}.")
    page.say("First name, Last name and Email are needed.")
    levels = " or ".join(("Standard User", *sorted(facts.admin_levels)))
    page.say(f"With a Level ({levels}) they get access to the portal, and a letter with credentials.")
    blank = Profile(0, level="", details=given)
    blank.first_name, blank.last_name = given.get("First name", ""), given.get("Last name", "")
    blank.addresses, blank.level = [given.get("Email", "")], given.get("Level", "")
    form(page, _with_place(session, own, blank), PERSON)
    return replace(page.answer("Add a person"), form=True)


def _edit(session: Session, own: Profile, address: str) -> Answer:
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address.lower())
    found = profile.load(session, and_(Contact.id.in_(whose), Contact.organisation_id == own.organisation_id))
    person = next(iter(found.values()), None)
    if person is None:
        return plain("Edit a person", f"There is nobody with the address {line(address)} in your organisation.")
    page = Page()
    page.say("A hyphen behind the colon empties a line.")
    form(page, _with_place(session, own, person), PERSON)
    state = "has access to the portal" if person.has_access else "has no access to the portal"
    page.say(f"{line(person.name) or person.address} {state}.")
    return replace(page.answer(f"{line(person.shown)}"), form=True)


def _with_place(session: Session, own: Profile, person: Profile) -> Profile:
    """With City and Post code of their site, or of the main one, where nothing is written there yet."""
    sites = select(Site).where(Site.organisation_id == own.organisation_id).order_by(Site.id)
    if person.site_id is not None:
        sites = sites.where(Site.id == person.site_id)
    site = session.scalars(sites.limit(1)).first()
    if site is None or person.details.get("City") or person.details.get("Post code"):
        return person
    return replace(person, details=person.details | {"City": site.place, "Post code": site.post_code})


_SHOWN: dict[str, Callable[[Session, Profile, AnswerFacts], Answer]] = {
    "list": _listed,
    "template": _template,
    "imports": _imports,
}
