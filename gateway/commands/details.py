"""What a ticket is about: fill-in lines of customers and staff, and the same as `#` lines of staff."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from desk import fields, statuses
from desk.acting.entry import TITLE
from desk.fields import Text
from desk.said import say
from desk.sites import SiteState, called, label
from gateway.commands import requester
from gateway.commands.choosing import IMPACT, PRIORITY, TYPE, URGENCY, act, item, service, short
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec, its_ticket
from gateway.commands.values import date_of
from gateway.commands.working import same

_MOST_SITES = 10
_MOST_ALIKE = 5


def _written(name: str, field: Text, said: tuple[str, str]) -> Check:
    """A check for a field that is kept as it was named; `said` that it has this value now, and had it before."""
    limit, (now, before) = fields.LENGTHS[field], said

    def check(scene: Scene, argument: str) -> Act | Fault:
        value = " ".join(argument.split())
        if not value:
            return Fault(say("{label} needs a word behind it.", label=say(name)))
        if len(value) > limit:
            text = short(value)
            return Fault(say("{label} “{text}” is longer than {n} characters.", label=say(name), text=text, n=limit))
        if getattr(its_ticket(scene), field) == value:
            return same(say(before, value=value))
        return act(scene, say(now, value=value), partial(_write, field, value))

    return check


def _write(field: Text, value: str, doing: Doing) -> None:
    ticket = doing.ticket
    fields.merge(doing.changes, fields.set_text(doing.writes, ticket, field, value, doing.scene.case.now))
    if field == "customer_reference":  # a later mail of this batch may name it in its subject
        named = doing.scene.case.view.more.references.setdefault(fields.reference_key(value), [])
        named += [] if ticket.id in named else [ticket.id]


def stated(words: Iterable[str]) -> list[str]:
    """The labels of the fields that these commands and fill-in lines state: the receipt asks for the others."""
    said = set(words)
    found = {spec.label for spec in COMMANDS if said & {spec.word, spec.label}} if said else set()
    return sorted(found | ({"Urgency"} if "Priority" in found else set()))


def _needed_by(scene: Scene, argument: str) -> Act | Fault:
    case = scene.case
    today = case.now.astimezone(case.rules.zone).date()
    day = date_of(argument, today)
    if day is None:
        year = today.year + 1
        return Fault(say("Needed by “{text}”: write a day, like 3 May {year}.", text=short(argument), year=year))
    if day < today:
        return Fault(say("Needed by “{text}”: it must be today or later.", text=short(argument)))
    shown = fields.shown_day(day)
    if its_ticket(scene).needed_by == day:
        return same(say("It is needed by {day} already.", day=shown))

    def do(doing: Doing) -> None:
        fields.merge(doing.changes, fields.set_needed_by(doing.writes, doing.ticket, day, case.now))

    return act(scene, say("It is needed by {day}.", day=shown), do)


def _site(scene: Scene, argument: str) -> Act | Fault:
    sites = _sites(scene)
    found = called(argument, sites)
    if not sites:
        return Fault(say("Site “{text}”: there are no sites to choose from.", text=short(argument)))
    if not found:
        names = ", ".join(site.name for site in sites[:_MOST_SITES])
        text, n = short(argument), len(sites)
        if n <= _MOST_SITES:
            return Fault(say("Site “{text}” is not known. There are: {names}.", text=text, names=names))
        return Fault(
            say("Site “{text}” is not known. There are {n}, among them: {names}.", text=text, n=n, names=names)
        )
    if len(found) > 1:
        names = "; ".join(label(site) for site in found[:_MOST_ALIKE])
        text = short(argument)
        return Fault(say("Site “{text}” fits several: {names}. Write more of one of them.", text=text, names=names))
    (site,) = found
    if its_ticket(scene).site_id == site.id:
        return same(say("The site is {value} already.", value=site.name))
    return act(scene, say("The site is {value}.", value=site.name), partial(_place, site))


def _sites(scene: Scene) -> list[SiteState]:
    """The sites of the ticket's organisation; where staff open a ticket, those of whom they name as well."""
    view = scene.case.view
    whose = {its_ticket(scene).organisation_id}
    if scene.is_staff and scene.opens:
        named = (view.contacts.get(address) for address in scene.case.mail.asks.addresses)
        whose |= {person.organisation_id for person in named if person}
    found = [site for organisation in whose - {None} for site in view.more.sites.get(organisation or 0, ())]
    return sorted(found, key=lambda site: site.name.casefold())


def _place(site: SiteState, doing: Doing) -> None:
    ticket = doing.ticket
    known = doing.scene.case.view.more.sites.values()
    before = next((other.name for sites in known for other in sites if other.id == ticket.site_id), "")
    changes = fields.set_site(doing.writes, ticket, site.id, site.name, before, doing.scene.case.now)
    fields.merge(doing.changes, changes)


def _theirs(label: str, check: Check) -> Check:
    """The same check for customers: only who takes part, and while the ticket is open."""

    def checked(scene: Scene, argument: str) -> Act | Fault:
        ticket = its_ticket(scene)
        if scene.opens and not scene.confirmed:
            return check(scene, argument)
        if scene.role not in ("participant", "colleague"):
            return Fault(
                say(
                    "“{label}: {text}” was left as text: you do not take part in this ticket.",
                    label=say(label),
                    text=short(argument),
                )
            )
        if statuses.is_done(ticket.status):
            return Fault(
                say(
                    "“{label}: {text}” was left as text: the ticket is {status}.",
                    label=say(label),
                    text=short(argument),
                    status=say(ticket.status),
                )
            )
        return check(scene, argument)

    return checked


def _both(label: str, word: str, usage: str, help: str, check: Check, staff: Check | None = None) -> tuple[Spec, Spec]:
    """A fill-in line of customers and staff; where it has a word, staff write it as `#word` too."""
    fill_in = say("{label}: {value}", label=say(label), value=usage)
    theirs = Spec(label.lower(), ("customer",), fill_in, help, _theirs(label, check), False, label=label)
    line = say("#{command} {value}", command=word, value=usage) if word else fill_in
    ours = Spec(word or label.lower(), ("staff",), line, help, staff or check, bool(word), label=label)
    return theirs, ours


_REFERENCE = _written(
    "Our ref", "customer_reference", (say("Your reference is “{value}”."), say("Your reference is “{value}” already."))
)
_TITLE = _written("Title", "title", (say("The title is “{value}”."), say("The title is “{value}” already.")))


def _note_or_ticket(scene: Scene, argument: str) -> Act | Fault:
    """Above words of a customer it says what these are about; alone it gives the ticket another title."""
    if scene.opens or not scene.words.strip():
        return _theirs("Title", _TITLE)(scene, argument)
    value = " ".join(argument.split())
    if not value:
        return Fault(say("{label} needs a word behind it.", label=say("Title")))
    if len(value) > TITLE:
        text, n = short(value), TITLE
        return Fault(say("{label} “{text}” is longer than {n} characters.", label=say("Title"), text=text, n=n))
    return Act(say("The title of your note is “{value}”.", value=value), partial(_head, value), proof=False, tell=False)


def _head(value: str, doing: Doing) -> None:
    doing.title = value


_TITLE_OF_CUSTOMERS, _TITLE_OF_STAFF = _both(
    "Title", "title", say("Phones are down"), say("Says what a note is about; alone it changes the title."), _TITLE
)

COMMANDS: tuple[Spec, ...] = (
    *_both("Type", "type", say("incident"), say("Says what it is: incident, query or change request."), TYPE),
    *_both("Service", "", say("Mail"), say("Names the service."), service),
    *_both("Site", "site", say("E14 2AA"), say("Names the site: its name, code, place or post code."), _site),
    *_both("Item", "item", say("SIP trunk 4"), say("Names the item."), item),
    *_both("Urgency", "urgency", say("high"), say("Says how soon it is wanted: low, medium or high."), URGENCY),
    *_both("Impact", "impact", say("company"), say("Says who is affected: only me, others or company."), IMPACT),
    *_both("Priority", "priority", say("high"), say("Says how soon it is wanted."), URGENCY, PRIORITY),
    *_both("Our ref", "", "INC-4471", say("Your own number: a subject with it finds the ticket."), _REFERENCE),
    *_both("Needed by", "", say("3 May"), say("The day on which you want it."), _needed_by),
    replace(_TITLE_OF_STAFF, help=say("Changes the title.")),
    replace(_TITLE_OF_CUSTOMERS, check=_note_or_ticket),
    *_both("Contact", "contact", "ana@customer.test", say("Names whom it is for, or somebody who takes part."),
           requester.of_customer, requester.of_staff),
)  # fmt: skip
