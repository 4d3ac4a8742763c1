"""What the form above a list of tickets offers and has filled in, and what staff can do to several tickets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import load, statuses
from desk.columns import BY_KEY
from desk.list_filters import FILTERS, TIMES
from desk.lists import SORTS
from portal import list_query
from portal.list_query import OPERATORS, Pairs, Reader
from portal.visit import Portal, Visit
from store.tables import Site

MOST_SITES = 100  # that are offered to choose from; of more, one is written
_OWN = ("status", "type", "site", "contact", "number")  # filters with a field of their own
_OF_STAFF = ("organisation", "team", "assignee")
Options = list[tuple[str, str]]


@dataclass(slots=True)
class FilterForm:
    """The values as the address has them, and what there is to choose from."""

    values: dict[str, str]
    kept: list[tuple[str, str]]  # further values of a field that shows one
    statuses: Options
    types: Options
    sites: Options  # none where one writes it
    sorts: Options
    columns: Options
    operators: Options
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)  # column, operator, value, other value
    open: bool = False  # all of it is shown


@dataclass(frozen=True, slots=True)
class Acts:
    """What staff can do to the tickets that they choose, as groups of options."""

    groups: list[tuple[str, Options]]


def form(session: Session, portal: Portal, visit: Visit, reader: Reader, pairs: Pairs) -> FilterForm:
    """As it was sent, whether it can be read or not."""
    language, given = visit.language, [(name, value[:500]) for name, value in pairs]
    shown = ("q", "view", "sort", "from", "to", *_OWN, *(_OF_STAFF if reader.staff else ()))
    values = dict.fromkeys(shown, "") | {name: value for name, value in reversed(given) if value and name in shown}
    more = [(name, value) for name, value in given if value and name in FILTERS and name in shown]
    kept = [(name, value) for name, value in more if value != values[name]]
    rows = _rows(given, shown)
    types = [one.name for one in portal.config.rules.catalogue.types]
    labels = {name: language.gettext(BY_KEY[name].label) for name in (*FILTERS, *SORTS) if name in BY_KEY}
    return FilterForm(
        values, kept[: list_query.MOST_VALUES],
        statuses=_options(statuses.ALL, values["status"], language.name),
        types=_options(types, values["type"], language.name),
        sites=_sites(session, visit, values["site"]),
        sorts=_sorts(visit, labels),
        columns=[(name, labels[name]) for name in (*reader.filters, *TIMES)],
        operators=[(name, language.told(said)) for name, said in OPERATORS.items()],
        rows=[*rows[: list_query.MOST_VALUES], ("", "", "", "")],
        open="edit" in visit.query,
    )  # fmt: skip


def _rows(given: Pairs, shown: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """What was filled in there; filters that have no field of their own here are such rows as well."""
    others = [(name, value) for name, value in given if value and name in FILTERS and name not in shown]
    usual = [(name, list_query.usual_operator(FILTERS[name]), value, "") for name, value in others]
    return [*list_query.filled_rows(given), *usual]


def _options(names: Sequence[str], now: str, called: Callable[[str], str]) -> Options:
    every = [*names, *([now] if now and now not in names else [])]
    return [(name, called(name)) for name in every]


def _sorts(visit: Visit, labels: dict[str, str]) -> Options:
    say, found = visit.language.say, [("", visit.language.say("Usual order"))]
    for name in SORTS:
        found += [(name, say("{column}, ascending", column=labels[name]))]
        found += [(f"-{name}", say("{column}, descending", column=labels[name]))]
    return found


def _sites(session: Session, visit: Visit, now: str) -> Options:
    """Those of the visitor's organisations; staff write one, they see too many."""
    person = visit.who.person
    whose = sorted(person.organisations) or ([person.organisation_id] if person.organisation_id else [])
    if visit.who.is_staff or not whose:
        return []
    wanted = select(Site.name).where(Site.organisation_id.in_(whose)).distinct().order_by(Site.name)
    names = session.scalars(wanted.limit(MOST_SITES + 1)).all()
    return _options(names, now, str) if len(names) <= MOST_SITES else []


def acts(session: Session, portal: Portal, visit: Visit) -> Acts:
    """Take, assign, set a status or a type."""
    language, staff = visit.language, load.staff(session)
    people = [(f"assign:staff:{one.id}", one.name or one.address) for one in staff.values() if one.active]
    teams = [(f"assign:team:{one.id}", one.name) for one in load.teams(session, staff).values()]
    types = [(f"type:{one.name}", language.name(one.name)) for one in portal.config.rules.catalogue.types]
    groups = [
        (language.say("Assign to"), people),
        (language.say("Give to the team"), teams),
        (language.say("Set the status"), [(f"status:{name}", language.name(name)) for name in statuses.ALL]),
        (language.say("Set the type"), types),
    ]
    return Acts([(name, options) for name, options in groups if options])
