"""What in catalogue.toml contradicts itself, or names what is not there: types, priorities, teams, sites, addresses."""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.catalogue import SEPARATOR, key
from desk.fields import IMPACTS, PRIORITIES, URGENCIES
from desk.hours import Amount, office
from desk.request_types import STANDARD, Question
from gateway.commands.vocabulary import LABELS, QUESTION_LABELS
from postdesk.catalogue_model import PriorityTable
from store.tables import Organisation, Site, Team

Rows = Mapping[str, Mapping[int, Any]]
# Other names under which changes stand in the history of a ticket.
_CHANGES = ("team", "assignee", "due", "time", "your reference", "withdrawal", "approval", "task of", "split to")
_RESERVED = frozenset(map(key, (*LABELS, *_CHANGES))) - {*map(key, QUESTION_LABELS)}


def conflicts(table: Mapping[str, Any], rows: Rows, priority: PriorityTable) -> list[str]:
    """Every contradiction between rows that are right by themselves."""
    types = _raw_names(table["types"]) if "types" in table else {key(one.name) for one in STANDARD}
    return [
        *_matrix(priority),
        *_twice(rows, "types", lambda row: (row.name, *row.aliases), "a type"),
        *_twice(rows, "services", _labels, "a service"),
        *_items_twice(rows),
        *_questions(rows),
        *_unknown_types(rows, types),
        *_targets(rows, priority.levels),
        *_hours(rows),
    ]


def _raw_names(rows: Any) -> set[str]:
    """The names of all types, those of faulty rows too: their own fault is enough."""
    return {key(str(row.get("name"))) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()


def _labels(row: Any) -> Collection[str]:
    head = f"{row.category}{SEPARATOR}{row.name}" if row.category else row.name
    return [f"{row.name}{SEPARATOR}{part.name}" for part in row.sub] or [head]


def _twice(rows: Rows, table: str, names: Callable[[Any], Collection[str]], what: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for place, row in rows.get(table, {}).items():
        own: set[str] = set()
        for name in names(row):
            first = seen.setdefault(key(name), place)
            if first != place or (table == "services" and key(name) in own):
                yield f"{table}.{place}.name: {what} “{name}” is there already: {table}.{first}"
            own.add(key(name))


def _items_twice(rows: Rows) -> Iterator[str]:
    # Two sites may each have a “Printer”; a serial number is one thing's.
    seen: dict[tuple[str, str, str], int] = {}
    for place, row in rows.get("items", {}).items():
        for what in ("name", "serial"):
            value = getattr(row, what)
            of = f"{row.organisation}\n{key(row.site)}" if what == "name" else row.organisation
            first = seen.setdefault((of, what, key(value)), place) if value else place
            if first != place:
                where = "at the same site" if what == "name" else "of the same organisation"
                yield f"items.{place}.{what}: “{value}” is there already, {where}: items.{first}"


def _questions(rows: Rows) -> Iterator[str]:
    for table in ("types", "services"):
        for place, row in rows.get(table, {}).items():
            asked = [(f"questions.{n}", one) for n, one in enumerate(row.questions)]
            for n, part in enumerate(getattr(row, "sub", ())):
                asked += [(f"sub.{n}.questions.{m}", one) for m, one in enumerate(part.questions)]
            for at, question in asked:
                if key(Question(question.text).label) in _RESERVED:
                    yield f"{table}.{place}.{at}.text: “{question.text}” is the name of a field; ask in other words"


def _unknown_types(rows: Rows, types: Collection[str]) -> Iterator[str]:
    for table in ("services", "targets"):
        for place, row in rows.get(table, {}).items():
            named = [("type", row.type), *((f"sub.{n}.type", p.type) for n, p in enumerate(getattr(row, "sub", ())))]
            for at, name in named:
                if name and key(name) not in types:
                    yield f"{table}.{place}.{at}: there is no type “{name}”"


def _matrix(priority: PriorityTable) -> Iterator[str]:
    if priority.matrix is None:
        if missing := [level for level in PRIORITIES if level not in priority.levels]:
            yield f"priority.matrix: must be there, for the built-in one names {', '.join(missing)}"
        return
    for urgency in (*URGENCIES, *sorted(priority.matrix.keys() - {*URGENCIES})):
        row = priority.matrix.get(urgency)
        if urgency not in URGENCIES:
            yield f"priority.matrix.{urgency}: there is no such urgency; there are: {', '.join(URGENCIES)}"
        elif row is None:
            yield f"priority.matrix.{urgency}: must be there"
        else:
            yield from _matrix_row(f"priority.matrix.{urgency}", row, priority.levels)


def _matrix_row(at: str, row: Mapping[str, str], levels: Collection[str]) -> Iterator[str]:
    for impact in (*IMPACTS, *sorted(row.keys() - {*IMPACTS})):
        if impact not in IMPACTS:
            yield f"{at}.{impact}: there is no such impact; there are: {', '.join(IMPACTS)}"
        elif impact not in row:
            yield f"{at}.{impact}: must be there"
        elif row[impact] not in levels:
            yield f"{at}.{impact}: there is no priority “{row[impact]}”; there are: {', '.join(levels)}"


def _targets(rows: Rows, levels: Collection[str]) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    full_days = _full_days(rows)
    for place, row in rows.get("targets", {}).items():
        first = seen.setdefault((row.priority, key(row.type)), place)
        if first != place:
            yield f"targets.{place}.priority: “{row.priority}” has a target already: targets.{first}"
        if row.priority not in levels:
            names = ", ".join(levels)
            yield f"targets.{place}.priority: there is no priority “{row.priority}”; there are: {names}"
        if row.first_answer is None and row.solve is None:
            yield f"targets.{place}: must have a first_answer or a solve"
        elif row.first_answer and row.solve and any(_longer(row.first_answer, row.solve, day) for day in full_days):
            yield f"targets.{place}.first_answer: must not be longer than solve"


def _full_days(rows: Rows) -> list[int]:
    """The minutes that a working day stands for, in each of the hours; see desk/hours.py."""
    weeks = [row.days.values() for row in rows.get("hours", {}).values()] or [office(ZoneInfo("UTC")).week]
    return [max(sum(until - since for since, until in day) for day in week) for week in weeks]


def _longer(one: Amount, other: Amount, day: int) -> bool:
    return one.days * day + one.minutes > other.days * day + other.minutes


def _hours(rows: Rows) -> Iterator[str]:
    seen: dict[str, int] = {}
    for place, row in rows.get("hours", {}).items():
        for address in row.addresses or ("",):
            first = seen.setdefault(address.lower(), place)
            if first != place and address:
                yield f"hours.{place}.addresses: {address} has hours already: hours.{first}"
            elif first != place:
                yield f"hours.{place}.addresses: hours.{first} is that of all other addresses already"
    if seen and "" not in seen:
        yield "hours: one of them must be without addresses: it is that of all others"


def naming(rows: Rows, organisation: str) -> list[str]:
    """The keys under which a catalogue names an organisation."""
    services = [
        f"{at}.organisations" for at, row in _all(rows, ("services",)) if organisation in (row.organisations or ())
    ]
    return [
        *services,
        *(f"{at}.organisation" for at, row in _all(rows, ("items",)) if row.organisation == organisation),
    ]


def missing(session: Session, rows: Rows, addresses: Collection[str]) -> list[str]:
    """Teams, organisations, sites and desk addresses that a catalogue names and the desk does not have."""
    teams, known = set(session.scalars(select(Team.name))), set(session.scalars(select(Organisation.name)))
    sites = select(Organisation.name, Site.name, Site.code).join(Site, Site.organisation_id == Organisation.id)
    places: dict[str, set[str]] = {}
    for whose, name, code in session.execute(sites):
        places.setdefault(whose, set()).update((key(name), key(code)))
    return [
        *_no_teams(rows, teams),
        *_no_organisations(rows, known),
        *_no_sites(rows, known, places),
        *_no_addresses(rows, {address.lower() for address in addresses}),
    ]


def _no_teams(rows: Rows, teams: Collection[str]) -> Iterator[str]:
    for at, row in _all(rows, ("types", "services", "items")):
        if row.team and row.team not in teams:
            yield f"{at}.team: there is no team “{row.team}”; make it with: postdesk team add {shlex.quote(row.team)}"


def _no_organisations(rows: Rows, known: Collection[str]) -> Iterator[str]:
    for at, row in _all(rows, ("services",)):
        for name in row.organisations or ():
            if name not in known:
                yield f"{at}.organisations: there is no organisation “{name}”"
    for at, row in _all(rows, ("items",)):
        if row.organisation and row.organisation not in known:
            yield f"{at}.organisation: there is no organisation “{row.organisation}”"


def _no_sites(rows: Rows, known: Collection[str], places: Mapping[str, Collection[str]]) -> Iterator[str]:
    for at, row in _all(rows, ("items",)):
        if row.site and row.organisation in known and key(row.site) not in places.get(row.organisation, ()):
            yield f"{at}.site: there is no site “{row.site}” of “{row.organisation}”"


def _no_addresses(rows: Rows, ours: Collection[str]) -> Iterator[str]:
    for at, row in _all(rows, ("hours",)):
        for address in row.addresses:
            if address.lower() not in ours:
                yield f"{at}.addresses: {address} is no address of this desk"


def _all(rows: Rows, tables: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The rows of some tables with their places, and those of sub-services."""
    for table in tables:
        for place, row in rows.get(table, {}).items():
            yield f"{table}.{place}", row
            for n, part in enumerate(getattr(row, "sub", ())):
                yield f"{table}.{place}.sub.{n}", part
