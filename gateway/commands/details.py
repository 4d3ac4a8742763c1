"""What a ticket is about: fill-in lines of customers and staff, and the same as `#` lines of staff."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from desk import fields, statuses
from desk.fields import Changes, Text
from desk.state import TicketState
from desk.writes import Writes
from gateway.commands import requester
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec
from gateway.commands.values import date_of
from gateway.commands.working import same
from gateway.more import SiteState
from gateway.rules import Rules

Setter = Callable[[Writes, TicketState, str, datetime], Changes]
Reader = Callable[[Rules, str], str | None]
_CRITICAL = ("crit", "krit")  # critical, critique, crítica, kritisch: no urgency, but the highest priority
_MOST_SITES = 10
_MOST_ALIKE = 5
_NO_MARKS = re.compile(r"[\W_]+")


def _chosen(name: str, field: str, choices: Sequence[str], read: Reader, setter: Setter) -> Check:
    """A check for a field whose values are few."""

    def check(scene: Scene, argument: str) -> Act | Fault:
        value = read(scene.case.rules, argument)
        if value is None:
            return Fault(f"{name} “{_short(argument)}” is not known. Choose one of: {', '.join(choices)}.")
        if getattr(_ticket(scene), field) == value:
            return same(f"The {name.lower()} is {value} already.")
        return _act(scene, f"The {name.lower()} is {value}.", partial(_apply, setter, value))

    return check


def _apply(setter: Setter, value: str, doing: Doing) -> None:
    fields.merge(doing.changes, setter(doing.writes, doing.ticket, value, doing.scene.case.now))


def _value(kind: str) -> Reader:
    return lambda rules, text: rules.words.value(kind, text)


def _priority(rules: Rules, text: str) -> str | None:
    return "Critical" if fold(text).startswith(_CRITICAL) else rules.words.value("priority", text)


def _set_type(writes: Writes, ticket: TicketState, value: str, now: datetime) -> Changes:
    return fields.set_text(writes, ticket, "type", value, now)


def _written(name: str, field: Text, shown: str) -> Check:
    """A check for a field that is kept as it was named."""
    limit = fields.LENGTHS[field]

    def check(scene: Scene, argument: str) -> Act | Fault:
        value = " ".join(argument.split())
        if not value:
            return Fault(f"{name} needs a word behind it.")
        if len(value) > limit:
            return Fault(f"{name} “{_short(value)}” is longer than {limit} characters.")
        if getattr(_ticket(scene), field) == value:
            return same(f"{shown} is “{value}” already.")
        return _act(scene, f"{shown} is “{value}”.", partial(_write, field, value))

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
        return Fault(f"Needed by “{_short(argument)}”: write a day, like 3 May {today.year + 1}.")
    if day < today:
        return Fault(f"Needed by “{_short(argument)}”: it must be today or later.")
    shown = fields.shown_day(day)
    if _ticket(scene).needed_by == day:
        return same(f"It is needed by {shown} already.")

    def do(doing: Doing) -> None:
        fields.merge(doing.changes, fields.set_needed_by(doing.writes, doing.ticket, day, case.now))

    return _act(scene, f"It is needed by {shown}.", do)


def _site(scene: Scene, argument: str) -> Act | Fault:
    sites = _sites(scene)
    found = _sites_called(argument, sites)
    if not sites:
        return Fault(f"Site “{_short(argument)}”: there are no sites to choose from.")
    if not found:
        names = ", ".join(site.name for site in sites[:_MOST_SITES])
        few = "There are" if len(sites) <= _MOST_SITES else f"There are {len(sites)}, among them"
        return Fault(f"Site “{_short(argument)}” is not known. {few}: {names}.")
    if len(found) > 1:
        names = "; ".join(_label(site) for site in found[:_MOST_ALIKE])
        return Fault(f"Site “{_short(argument)}” fits several: {names}. Write more of one of them.")
    (site,) = found
    if _ticket(scene).site_id == site.id:
        return same(f"The site is {site.name} already.")
    return _act(scene, f"The site is {site.name}.", partial(_place, site))


def _sites(scene: Scene) -> list[SiteState]:
    """The sites of the ticket's organisation; where staff open a ticket, those of whom they name as well."""
    view = scene.case.view
    whose = {_ticket(scene).organisation_id}
    if scene.is_staff and scene.opens:
        named = (view.contacts.get(address) for address in scene.case.mail.asks.addresses)
        whose |= {person.organisation_id for person in named if person}
    found = [site for organisation in whose - {None} for site in view.more.sites.get(organisation or 0, ())]
    return sorted(found, key=lambda site: site.name.casefold())


def _sites_called(argument: str, sites: Sequence[SiteState]) -> list[SiteState]:
    """Those that a text means: by the whole of a code, name, place or post code, else by any part of the label."""
    wanted = _bare(argument)
    if not wanted:
        return []
    whole = [s for s in sites if wanted in [_bare(part) for part in (s.name, s.code, s.place, s.post_code, _label(s))]]
    return whole or [site for site in sites if wanted in _bare(_label(site))]


def _label(site: SiteState) -> str:
    return " - ".join(part for part in (site.name, site.code, site.place, site.post_code) if part)


def _bare(text: str) -> str:
    """Without spaces and marks: E14 2AA is E142AA."""
    return _NO_MARKS.sub("", fold(text))


def _place(site: SiteState, doing: Doing) -> None:
    ticket = doing.ticket
    known = doing.scene.case.view.more.sites.values()
    before = next((other.name for sites in known for other in sites if other.id == ticket.site_id), "")
    changes = fields.set_site(doing.writes, ticket, site.id, site.name, before, doing.scene.case.now)
    fields.merge(doing.changes, changes)


def _act(scene: Scene, says: str, do: Callable[[Doing], None]) -> Act:
    """Whoever opens a ticket says what it is about, with or without proof; a change later on needs one."""
    return Act(says, do, proof=not scene.opens, tell=not scene.is_staff)


def _ticket(scene: Scene) -> TicketState:
    assert scene.ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    return scene.ticket


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _theirs(label: str, check: Check) -> Check:
    """The same check for customers: only who takes part, and while the ticket is open."""

    def checked(scene: Scene, argument: str) -> Act | Fault:
        ticket = _ticket(scene)
        if scene.opens and not scene.confirmed:
            return check(scene, argument)
        if scene.role not in ("participant", "colleague"):
            return Fault(f"“{label}: {_short(argument)}” was left as text: you do not take part in this ticket.")
        if statuses.is_done(ticket.status):
            return Fault(f"“{label}: {_short(argument)}” was left as text: the ticket is {ticket.status}.")
        return check(scene, argument)

    return checked


def _both(label: str, word: str, usage: str, help: str, check: Check, staff: Check | None = None) -> tuple[Spec, Spec]:
    """A fill-in line of customers and staff; where it has a word, staff write it as `#word` too."""
    theirs = Spec(label.lower(), ("customer",), f"{label}: {usage}", help, _theirs(label, check), False, label=label)
    line = f"#{word} {usage}" if word else f"{label}: {usage}"
    ours = Spec(word or label.lower(), ("staff",), line, help, staff or check, bool(word), label=label)
    return theirs, ours


_URGENCY = _chosen("Urgency", "urgency", fields.URGENCIES, _value("urgency"), fields.set_urgency)
_BY_HAND = _chosen("Priority", "priority", fields.PRIORITIES, _priority, fields.set_priority)
_IMPACT = _chosen("Impact", "impact", fields.IMPACTS, _value("impact"), fields.set_impact)
_TYPE = _chosen("Type", "type", fields.TYPES, _value("type"), _set_type)

COMMANDS: tuple[Spec, ...] = (
    *_both("Type", "type", "incident", "Says what it is: incident, query or change request.", _TYPE),
    *_both("Service", "", "Mail", "Names the service.", _written("Service", "service", "The service")),
    *_both("Site", "site", "E14 2AA", "Names the site: its name, code, place or post code.", _site),
    *_both("Item", "item", "SIP trunk 4", "Names the item.", _written("Item", "item", "The item")),
    *_both("Urgency", "urgency", "high", "Says how soon it is wanted: low, medium or high.", _URGENCY),
    *_both("Impact", "impact", "company", "Says who is affected: only me, others or company.", _IMPACT),
    *_both("Priority", "priority", "high", "Says how soon it is wanted.", _URGENCY, _BY_HAND),
    *_both("Our ref", "", "INC-4471", "Your own number: a subject with it finds the ticket.",
           _written("Our ref", "customer_reference", "Your reference")),
    *_both("Needed by", "", "3 May", "The day on which you want it.", _needed_by),
    *_both("Title", "title", "Phones are down", "Changes the title.", _written("Title", "title", "The title")),
    *_both("Contact", "contact", "ana@customer.test", "Names whom it is for, or somebody who takes part.",
           requester.of_customer, requester.of_staff),
)  # fmt: skip
