"""Staff edit the fields of a ticket: each is checked, all faults are told at once, what changed is one entry."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time

from desk import fields, notices, people, statuses, tickets
from desk.acting import choices, life, named, working
from desk.acting.choices import Choices
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.acting.wish import Unfilled, day_of
from desk.clean import clean
from desk.said import listed, say

END_OF_DAY = time(17, 30)  # what is due on a day, without a time
REFERENCE = fields.LENGTHS["customer_reference"]
_LONGEST = 1000  # characters of a field that are looked at
_MOST_ALIKE = 5
_LAST_YEAR = 9000


def edit(stage: Stage, wanted: Mapping[str, str]) -> None:
    """Set these fields; Unfilled, and nothing is set, where one of them cannot be."""
    working.must_live(stage)
    faults: dict[str, str] = {}
    for name, setter in _SETTERS.items():
        if name in wanted:
            try:
                setter(stage, clean(wanted[name], _LONGEST).strip())
            except Refused as refused:
                faults[name] = refused.said
    if faults:
        raise Unfilled(faults)


def _choices(stage: Stage) -> Choices:
    """As the ticket is at this moment: an act that brings another contact looks anew."""
    return choices.of(stage.session, stage.ticket, stage.desk.rules)


def _contact(stage: Stage, address: str) -> None:
    """The ticket is for somebody else; who it was for takes part on, unless that is a colleague at the desk."""
    ticket, before = stage.ticket, stage.ticket.requester
    if address.lower() == before.address.lower():
        return
    found = named.addresses(stage, address, "contact", most=1)
    (person,) = named.contacts(stage, found, "contact")
    people.confirm(stage.writes, person)
    colleagues = {member.address.lower() for member in stage.staff.values()}
    keep = before.address.lower() not in colleagues
    same = person.organisation_id == ticket.organisation_id
    site_id = ticket.site_id if same else None
    changes = tickets.set_requester(stage.writes, ticket, person, stage.now, keep=keep, site_id=site_id)
    fields.merge(stage.changes, changes)
    context = {"echo": True, "reference": "", "notes": [], "opened_by": stage.author_name, "said": []}
    notices.letter(stage.writes, "received", person, stage.now, ticket=ticket, context=context)
    stage.told.add(person.id)


def _title(stage: Stage, text: str) -> None:
    title = " ".join(text.split())
    if not title:
        raise Refused(say("Enter a title"))
    if len(title) > tickets.TITLE_LENGTH:
        raise Refused(say("Title must be {n} characters or fewer", n=tickets.TITLE_LENGTH))
    fields.merge(stage.changes, fields.set_text(stage.writes, stage.ticket, "title", title, stage.now))


def _type(stage: Stage, value: str) -> None:
    found = stage.desk.rules.catalogue.type(value)
    if found is None:
        raise Refused(say("Select a type"))
    fields.merge(stage.changes, fields.set_text(stage.writes, stage.ticket, "type", found.name, stage.now))


def _urgency(stage: Stage, value: str) -> None:
    if value not in fields.URGENCIES:
        raise Refused(say("Select how urgent the request is"))
    matrix = stage.desk.rules.catalogue.matrix
    fields.merge(stage.changes, fields.set_urgency(stage.writes, stage.ticket, value, stage.now, matrix))


def _impact(stage: Stage, value: str) -> None:
    if value not in fields.IMPACTS:
        raise Refused(say("Select who is impacted"))
    matrix = stage.desk.rules.catalogue.matrix
    fields.merge(stage.changes, fields.set_impact(stage.writes, stage.ticket, value, stage.now, matrix))


def _priority(stage: Stage, value: str) -> None:
    if value not in stage.desk.rules.catalogue.priorities:
        raise Refused(say("Select a priority"))
    fields.merge(stage.changes, fields.set_priority(stage.writes, stage.ticket, value, stage.now))


def _site(stage: Stage, value: str) -> None:
    here = _choices(stage).sites
    found = next((site for site in here if str(site.id) == value), None)
    if found is None:
        raise Refused(say("Select a site"))
    before = next((site.name for site in here if site.id == stage.ticket.site_id), "")
    fields.merge(
        stage.changes, fields.set_site(stage.writes, stage.ticket, found.id, found.name, before, stage.now)
    )  # fmt: skip


def _service(stage: Stage, value: str) -> None:
    """One of the catalogue; where that has none, as it is named."""
    if value and (mine := _choices(stage).services):
        found = stage.desk.rules.catalogue.services_called(value, mine)
        if len(found) != 1:
            raise Refused(say("Select a service"))
        value = found[0].label
    _named(stage, "service", value)


def _item(stage: Stage, value: str) -> None:
    """One that the desk looks after, by name, serial or reference number; else as it is named."""
    here = _choices(stage)
    whose, site = here.organisations, here.site_names(stage.ticket.site_id)
    found = stage.desk.rules.catalogue.items_called(value, whose, site) if value and whose else []
    names = list(dict.fromkeys(one.name for one in found))
    if len(names) > 1:
        message = say("{label} “{text}” fits several: {names}. Write more of one of them.")
        raise Refused(say(message, label=say("Item"), text=value[:60], names=listed(names[:_MOST_ALIKE])))
    _named(stage, "item", names[0] if names else value)


def _named(stage: Stage, field: fields.Text, value: str) -> None:
    value, limit = " ".join(value.split()), fields.LENGTHS[field]
    if len(value) > limit:
        message = say("{label} “{text}” is longer than {n} characters.")
        raise Refused(say(message, label=say(_LABELS[field]), text=value[:60] + "…", n=limit))
    fields.merge(stage.changes, fields.set_text(stage.writes, stage.ticket, field, value, stage.now))


def _reference(stage: Stage, value: str) -> None:
    _named(stage, "customer_reference", value)


def _needed_by(stage: Stage, value: str) -> None:
    day = day_of(value) if value else None
    if value and (day is None or day.year > _LAST_YEAR):
        raise Refused(say("Required date must be a real date, like {day}", day=fields.shown_day(date(2019, 5, 3))))
    if day is not None and day < stage.now.astimezone(stage.desk.rules.zone).date():
        raise Refused(say("Required date must be today or later"))
    fields.merge(stage.changes, fields.set_needed_by(stage.writes, stage.ticket, day, stage.now))


def _due(stage: Stage, value: str) -> None:
    """A moment in the time zone of the desk; "" is at no time. No target moves it from then on."""
    zone, due_at = stage.desk.rules.zone, _moment(stage, value)
    if value and due_at is None:
        raise Refused(say("Due must be a real date and time, like 3 May 2019 15:00"))
    if due_at is not None and due_at <= stage.now:
        raise Refused(say("Due must be later than now"))
    fields.merge(stage.changes, fields.set_due(stage.writes, stage.ticket, due_at, zone, stage.now))


def _moment(stage: Stage, value: str) -> datetime | None:
    """As a browser sends it, 2019-05-03T15:00, or as people write it: 3 May 2019 15:00."""
    written, clock = value, ""
    for between in ("T", " "):
        before, found, behind = value.rpartition(between)
        if found and ":" in behind:
            written, clock = before.rstrip(" ,"), behind
            break
    day = day_of(written)
    if day is None or day.year > _LAST_YEAR:
        return None
    try:
        at = time.fromisoformat(clock.zfill(5)) if clock else END_OF_DAY
    except ValueError:  # it is no time of day
        return None
    return datetime.combine(day, at.replace(tzinfo=None), stage.desk.rules.zone).astimezone(UTC)


def _status(stage: Stage, value: str) -> None:
    if value not in statuses.ALL:
        raise Refused(say("Select a status"))
    life.set_status(stage, value)


_LABELS = {"service": "Service", "item": "Item", "customer_reference": "Our ref"}
# In this order: a contact brings their organisation along, and a site decides between items of one name.
_SETTERS: Mapping[str, Callable[[Stage, str], None]] = {
    "contact": _contact,
    "title": _title,
    "type": _type,
    "site": _site,
    "service": _service,
    "item": _item,
    "urgency": _urgency,
    "impact": _impact,
    "priority": _priority,
    "reference": _reference,
    "needed_by": _needed_by,
    "due": _due,
    "assignee": working.assign,
    "status": _status,
}
NAMES = tuple(_SETTERS)
