"""What somebody can ask for and about: #services, #items, #sites; and what is announced: #news."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk.catalogue import Item
from desk.lists import holds
from desk.sites import label
from gateway import letter_text
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.question import Question
from store.tables import Announcement, Organisation, Site

_SERVICES, _SITES, _ITEMS, _NEWS = 100, 100, 50, 10


def services(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#services: what this person can ask for."""
    asker = question.asker
    found = facts.catalogue.services_for(asker.organisation, known=asker.known)[:_SERVICES]
    language = facts.language
    say = language.say
    if not found:
        none = say("No services are listed. Write what you need in your own words.")
        return plain(say("No services are listed"), none)
    page = Page(language)
    page.say(
        "To ask for one, write to {address}, and begin with a line like “Service: {name}”.",
        address=facts.address,
        name=line(found[0].name),
    )
    for category in dict.fromkeys(service.category for service in found):
        if category:
            page.heading(line(category))
        rows = [[line(s.name), line(language.gettext(s.text))] for s in found if s.category == category]
        page.table(Table((say("Service"), say("What it is")), rows))
    return page.answer(language.say_many("{n} service", "{n} services", len(found)))


def sites(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#sites: the places of this person's organisation."""
    found = _sites(session, question, "")
    language = facts.language
    say = language.say
    if not found:
        none = say("No sites are listed for you. Write what you need in your own words.")
        return plain(say("No sites are listed"), none)
    page = Page(language)
    page.say(
        "A line like “Site: London” at the top of a mail names one. Any part of its name, code or post code will do."
    )
    page.table(Table((say("Site"),), [[line(label(site))] for site in found]))
    return page.answer(language.say_many("{n} site", "{n} sites", len(found)))


def items(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#items: what the desk looks after for this person's organisation, at one site or at all."""
    say = facts.language.say
    if question.asker.is_staff:
        known = list(facts.catalogue.items)
    else:
        known = facts.catalogue.items_of(_organisations(session, question)) if facts.catalogue.items else []
    said = line(question.argument, 100)
    if known and said:
        found = _sites(session, question, said)
        if not found:
            return plain(say("No such site"), say("“{name}” is none of your sites. A list of them: #sites", name=said))
        named = {name.casefold() for site in found for name in (site.name, site.code) if name}
        known = [item for item in known if item.site.casefold() in named]
    if not known:
        none = (
            say("No items are listed at “{site}”. Describe in your own words what it is about.", site=said)
            if said
            else say("No items are listed. Describe in your own words what it is about.")
        )
        return plain(say("No items are listed"), none)
    page = Page(facts.language)
    page.say("A line like “Item: SIP trunk 4” at the top of a mail names one, by its name, serial or reference number.")
    headings = (say("Item"), say("Site"), say("Product"), say("Serial"), say("Reference"))
    page.table(Table(headings, [_cells(item) for item in known[:_ITEMS]]))
    if len(known) > _ITEMS:
        page.say(
            "These are the first {shown} of {n}. Name a site to see fewer: #items London",
            shown=_ITEMS,
            n=facts.language.number(len(known)),
        )
    return page.answer(facts.language.say_many("{n} item", "{n} items", len(known)))


def _organisations(session: Session, question: Question) -> set[str]:
    """The names of their organisation, and of those whose tickets they see."""
    person = question.asker.person
    if person.organisation_id is None:
        return set()
    ids = {person.organisation_id, *person.organisations}
    return set(session.scalars(select(Organisation.name).where(Organisation.id.in_(ids))))


def _cells(item: Item) -> list[str]:
    return [line(part) for part in (item.name, item.site, item.product, item.serial, item.reference)]


def _sites(session: Session, question: Question, said: str) -> list[Site]:
    asker = question.asker
    wanted = select(Site).order_by(Site.name, Site.id).limit(_SITES)
    if not asker.is_staff:
        wanted = wanted.where(Site.organisation_id == asker.person.organisation_id)
    if said:
        parts = (Site.name, Site.code, Site.place, Site.post_code, Site.account)
        wanted = wanted.where(or_(*(holds(part, said) for part in parts)))
    return list(session.scalars(wanted))


def news(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#news: what is announced now, the newest first."""
    now = question.now
    current = select(Announcement).where(
        Announcement.starts_at <= now, or_(Announcement.ends_at.is_(None), Announcement.ends_at > now)
    )
    found = session.scalars(current.order_by(Announcement.starts_at.desc(), Announcement.id.desc()).limit(_NEWS)).all()
    language = facts.language
    if not found:
        return plain(language.say("No news"), language.say("Nothing is announced."))
    page = Page(language)
    for one in found:
        page.heading(line(one.title))
        if one.text.strip():
            page.quote(letter_text.cut(letter_text.clean_text(one.text), 8_000 // len(found))[0])
        since = language.moment(one.starts_at, facts.zone)
        if one.ends_at:
            page.say("Since {since}, until {until}.", since=since, until=language.moment(one.ends_at, facts.zone))
        else:
            page.say("Since {since}.", since=since)
    count = language.say_many("{n} announcement", "{n} announcements", len(found))
    return page.answer(line(found[0].title) if len(found) == 1 else count, language.say("What is announced."))
