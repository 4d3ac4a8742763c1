"""What somebody can ask for and about: #services, #items, #sites; and what is announced: #news."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk.catalogue import Item
from desk.lists import holds
from gateway import letter_text
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, Table, line, plain
from gateway.answers.question import Question
from store.tables import Announcement, Site

_SERVICES, _SITES, _ITEMS, _NEWS = 100, 100, 50, 10
_OWN_WORDS = "Write what you need in your own words."


def services(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#services: what this person can ask for."""
    asker = question.asker
    found = facts.catalogue.services_for(asker.organisation, known=asker.known)[:_SERVICES]
    if not found:
        return plain("No services are listed", f"No services are listed. {_OWN_WORDS}")
    page = Page()
    page.say(f"To ask for one, write to {facts.address}, and begin with a line like “Service: {line(found[0].name)}”.")
    for category in dict.fromkeys(service.category for service in found):
        if category:
            page.heading(line(category))
        rows = [[line(s.name), line(s.text)] for s in found if s.category == category]
        page.table(Table(("Service", "What it is"), rows))
    return page.answer("1 service" if len(found) == 1 else f"{len(found)} services")


def sites(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#sites: the places of this person's organisation."""
    found = _sites(session, question, "")
    if not found:
        return plain("No sites are listed", f"No sites are listed for you. {_OWN_WORDS}")
    page = Page()
    page.say(
        "A line like “Site: London” at the top of a mail names one. Any part of its name, code or post code will do."
    )
    rows = [[line(part) for part in (site.name, site.code, site.place, site.post_code)] for site in found]
    page.table(Table(("Site", "Code", "Place", "Post code"), rows))
    return page.answer("1 site" if len(found) == 1 else f"{len(found)} sites")


def items(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#items: what the desk looks after for this person's organisation, at one site or at all."""
    organisation = question.asker.organisation
    known = facts.catalogue.items_of(organisation) or (list(facts.catalogue.items) if question.asker.is_staff else [])
    said = line(question.argument, 100)
    if known and said:
        found = _sites(session, question, said)
        if not found:
            return plain("No such site", f"“{said}” is none of your sites. A list of them: #sites")
        named = {name.casefold() for site in found for name in (site.name, site.code) if name}
        known = [item for item in known if item.site.casefold() in named]
    if not known:
        where = f" at “{said}”" if said else ""
        return plain("No items are listed", f"No items are listed{where}. Describe in your own words what it is about.")
    page = Page()
    page.say("A line like “Item: SIP trunk 4” at the top of a mail names one, by its name, serial or reference number.")
    page.table(Table(("Item", "Site", "Product", "Serial", "Reference"), [_cells(item) for item in known[:_ITEMS]]))
    if len(known) > _ITEMS:
        page.say(f"These are the first {_ITEMS} of {len(known):,}. Name a site to see fewer: #items London")
    return page.answer("1 item" if len(known) == 1 else f"{len(known):,} items")


def _cells(item: Item) -> list[str]:
    return [line(part) for part in (item.name, item.site, item.product, item.serial, item.reference)]


def _sites(session: Session, question: Question, said: str) -> list[Site]:
    asker = question.asker
    wanted = select(Site).order_by(Site.name, Site.id).limit(_SITES)
    if not asker.is_staff:
        wanted = wanted.where(Site.organisation_id == asker.person.organisation_id)
    if said:
        wanted = wanted.where(or_(*(holds(part, said) for part in (Site.name, Site.code, Site.place, Site.post_code))))
    return list(session.scalars(wanted))


def news(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """#news: what is announced now, the newest first."""
    now = question.now
    current = select(Announcement).where(
        Announcement.starts_at <= now, or_(Announcement.ends_at.is_(None), Announcement.ends_at > now)
    )
    found = session.scalars(current.order_by(Announcement.starts_at.desc(), Announcement.id.desc()).limit(_NEWS)).all()
    if not found:
        return plain("No news", "Nothing is announced.")
    page = Page()
    for one in found:
        page.heading(line(one.title))
        if one.text.strip():
            page.quote(letter_text.cut(letter_text.clean_text(one.text), 8_000 // len(found))[0])
        until = f", until {letter_text.moment(one.ends_at, facts.zone)}" if one.ends_at else ""
        page.say(f"Since {letter_text.moment(one.starts_at, facts.zone)}{until}.")
    return page.answer(line(found[0].title) if len(found) == 1 else f"{len(found)} announcements", "What is announced.")
