"""The answers to #people: who is there, forms to fill in, the file for an import, and what was imported before."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from desk import contact_file, contact_rules, profile, sites
from desk.profile import MANDATORY, PERSON, Profile
from desk.said import say
from gateway.answers import people_export
from gateway.answers.answer import Answer, GeneratedFile
from gateway.answers.csv_file import TYPE, csv_file
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.profile import form, own_profile
from gateway.answers.question import Question
from store.tables import Contact, ContactAddress

_HEADINGS = (say("Name"), say("Security level"), say("E-mail address"), say("Last login"), say("Active"))
_HTML_BYTES, _TEXT_BYTES = 13_000, 7_500


def people(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """By the form that was asked for; of the organisation to which the one who asks belongs now."""
    own = own_profile(session, question)
    if own is None or own.organisation_id is None or question.asker.who != "admin":
        language = facts.language
        return plain(language.say("Not for you"), language.say("You are no Admin user of an organisation any more."))
    word, _, rest = question.argument.partition(" ")
    if word == "add":
        return _add(session, own, dict(question.lines), facts)
    if word == "export":
        return people_export.export(_all(session, own), rest, own, question, facts)
    if word == "edit":
        return _edit(session, own, rest, facts)
    return _SHOWN.get(word, _listed)(session, own, facts)


def _all(session: Session, own: Profile) -> list[Profile]:
    found = profile.load(session, Contact.organisation_id == own.organisation_id).values()
    return sorted(found, key=lambda one: (one.name.casefold(), one.address.casefold()))


def _listed(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    everybody, language = _all(session, own), facts.language
    rows = [_cells(one, facts.zone, "yes") for one in everybody]
    headings, yes = [language.gettext(heading) for heading in _HEADINGS], language.say("yes")
    table = Table(headings, [_cells(one, facts.zone, yes) for one in everybody])
    fits = table.fitting(_HTML_BYTES, _TEXT_BYTES)
    page = Page(language)
    if fits < len(everybody):
        page.say("The first {n} are shown; the file holds all.", n=fits)
    page.table(Table(headings, table.rows[:fits]))
    page.say("Active says whether somebody has access to the portal. Everybody can write to us by mail.")
    title = language.say_many(
        "{n} person of {organisation}",
        "{n} people of {organisation}",
        len(everybody),
        organisation=line(own.organisation),
    )
    return page.answer(title, files=(csv_file("people.csv", _HEADINGS, rows),))


def _cells(one: Profile, zone: ZoneInfo, yes: str) -> tuple[str, ...]:
    account = one.account
    seen = _moment(account.last_login_at, zone) if account and account.last_login_at else ""
    return line(one.name), line(one.level), one.address, seen, yes if one.has_access else ""


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


def _template(session: Session, own: Profile, facts: AnswerFacts) -> Answer:
    everybody = _all(session, own)
    page = Page(facts.language)
    page.say("The file holds everybody of your organisation. Change it or add rows, and keep the first one.")
    page.say("Mail it as an attachment with the subject “#people import”: new people are added, others stay as they "
             "are. With “#people import update” the others are updated.")  # fmt: skip
    page.say("An empty cell changes nothing; a hyphen alone empties the field. First Name, Last Name and Email Address "
             "are needed.")  # fmt: skip
    page.say("Who gets a Client Portal Security Level, or their address as Client Portal Username, gets a letter with "
             "credentials. Leave Client Portal Password empty.")  # fmt: skip
    file = GeneratedFile("people-template.csv", TYPE, contact_file.write(everybody))
    return page.answer(facts.language.say("The file for an import"), files=(file,))


def _add(session: Session, own: Profile, fields: Mapping[str, str], facts: AnswerFacts) -> Answer:
    given, language = dict(fields), facts.language
    missing = [language.gettext(label) for label in MANDATORY if not given.get(label)]
    page = Page(language)
    if given and missing:
        page.say("Missing: {labels}.", labels=", ".join(missing))
    page.say("{labels} are needed.", labels=language.all_of(map(language.gettext, MANDATORY)))
    levels = language.one_of(language.name(name) for name in facts.levels.names)
    page.say("With a Level ({levels}) they get access to the portal, and a letter with credentials.", levels=levels)
    blank = Profile(0, level="", details=given)
    blank.first_name, blank.last_name = given.get("First name", ""), given.get("Last name", "")
    blank.addresses, blank.level = [given.get("Email", "")], given.get("Level", "")
    form(page, _with_place(session, own, blank), PERSON)
    return replace(page.answer(language.say("Add a person")), form=True)


def _edit(session: Session, own: Profile, address: str, facts: AnswerFacts) -> Answer:
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address.lower())
    found = profile.load(session, and_(Contact.id.in_(whose), Contact.organisation_id == own.organisation_id))
    person = next(iter(found.values()), None)
    if person is None:
        language = facts.language
        none = language.say("There is nobody with the address {address} in your organisation.", address=line(address))
        return plain(language.say("Edit a person"), none)
    page = Page(facts.language)
    page.say("A hyphen behind the colon empties a line.")
    form(page, _with_place(session, own, person), PERSON)
    name = line(person.name) or person.address
    if person.has_access:
        page.say("{name} has access to the portal.", name=name)
    else:
        page.say("{name} has no access to the portal.", name=name)
    return replace(page.answer(line(person.shown)), form=True)


def _with_place(session: Session, own: Profile, person: Profile) -> Profile:
    """With the address of their site, or of the main one, where none is written yet (features.md, row 181)."""
    there = sites.of(session, own.organisation_id) if own.organisation_id is not None else ()
    return contact_rules.with_place(there, person)


_SHOWN: dict[str, Callable[[Session, Profile, AnswerFacts], Answer]] = {
    "list": _listed,
    "template": _template,
    "imports": people_export.imports,
}
