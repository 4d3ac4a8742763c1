"""Reads catalogue.toml: types, services, items, priorities, hours and targets, each as built in where it is silent."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from desk import request_types, targets
from desk.catalogue import Catalogue, Item, Service
from desk.fields import IMPACTS, MATRIX, URGENCIES, Matrix
from desk.hours import DAYS, Holiday, Hours, office
from desk.request_types import Question, RequestType
from desk.targets import ALL, Target, Targets
from postdesk.catalogue_check import conflicts
from postdesk.catalogue_model import (
    HoursRow,
    ItemRow,
    PriorityTable,
    QuestionRow,
    ServiceRow,
    SubServiceRow,
    TargetRow,
    TypeRow,
)
from postdesk.catalogue_words import all_described

FILE = "catalogue.toml"  # beside the settings
_ROWS: dict[str, type[BaseModel]] = {
    "types": TypeRow,
    "services": ServiceRow,
    "items": ItemRow,
    "hours": HoursRow,
    "targets": TargetRow,
}
_TABLES = (*_ROWS, "priority")


class CatalogueError(ValueError):
    """Every fault of a catalogue, each with its file and key."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(slots=True)
class Tables:
    """What was read: the rows that are right, by table and place, and what is wrong with the others."""

    rows: dict[str, dict[int, Any]] = field(default_factory=dict)
    priority: PriorityTable = field(default_factory=PriorityTable)
    faults: list[str] = field(default_factory=list)

    def of(self, table: str) -> list[Any]:
        """The rows of a table in their order."""
        return list(self.rows.get(table, {}).values())


def load(path: Path, zone: ZoneInfo) -> Catalogue:
    """The catalogue of a file, or the one that is built in; CatalogueError names every fault with file and key."""
    table = raw(path)
    try:
        return parse(table, zone)
    except CatalogueError as error:
        raise CatalogueError([f"{path.name}: {fault}" for fault in error.faults]) from error


def raw(path: Path) -> dict[str, Any]:
    """The tables of a file as they stand there; none where there is no file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, OSError) as error:  # of TOML and of UTF-8
        raise CatalogueError([f"{path.name}: cannot be read: {error}"]) from error


def parse(table: Mapping[str, Any], zone: ZoneInfo) -> Catalogue:
    """A catalogue of its tables; a table that is there replaces the one that is built in."""
    found = read(table)
    faults = [*found.faults, *conflicts(table, found.rows, found.priority)]
    if faults:
        raise CatalogueError(faults)
    types = tuple(map(_type, found.of("types"))) if "types" in table else request_types.STANDARD
    return Catalogue(
        services=tuple(service for row in found.of("services") for service in _services(row)),
        items=tuple(Item(**row.model_dump()) for row in found.of("items")),
        types=types,
        matrix=_matrix(found.priority),
        priorities=found.priority.levels,
        targets=_targets(found, table, zone),
    )


def read(table: Mapping[str, Any]) -> Tables:
    """The rows that are right, and the faults of the others."""
    found = Tables()
    for name, value in table.items():
        if name == "priority":
            found.priority = _row(PriorityTable, name, value, found.faults) or found.priority
        elif name not in _ROWS:
            found.faults.append(f"{name}: there is no such table; there are: {', '.join(_TABLES)}")
        elif not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            found.faults.append(f"{name}: must be tables, [[{name}]]")
        else:
            rows = {place: _row(_ROWS[name], f"{name}.{place}", row, found.faults) for place, row in enumerate(value)}
            found.rows[name] = {place: row for place, row in rows.items() if row is not None}
    return found


def _row(kind: type[BaseModel], at: str, value: Any, faults: list[str]) -> Any:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        faults += all_described(at, kind, map(dict, error.errors()))
        return None


def _questions(rows: Sequence[QuestionRow]) -> tuple[Question, ...]:
    return tuple(Question(row.text, row.required, row.choices) for row in rows)


def _type(row: TypeRow) -> RequestType:
    values = {name: getattr(row, name) for name in TypeRow.model_fields}
    return RequestType(**values | {"questions": _questions(row.questions)})


def _services(row: ServiceRow) -> list[Service]:
    """A service; or where it has parts, each of those under its name."""
    values = {name: getattr(row, name) for name in ServiceRow.model_fields if name != "sub"}
    values["questions"] = _questions(row.questions)
    return [_part(row, part, values) for part in row.sub] or [Service(**values)]


def _part(row: ServiceRow, part: SubServiceRow, values: Mapping[str, Any]) -> Service:
    own = {name: value for name in SubServiceRow.model_fields if (value := getattr(part, name)) is not None}
    questions = (*values["questions"], *_questions(part.questions))
    return Service(**{**values, **own, "text": part.text or "", "category": row.name, "questions": questions})


def _matrix(table: PriorityTable) -> Matrix:
    if table.matrix is None:
        return MATRIX
    return {(urgency, impact): table.matrix[urgency][impact] for urgency in URGENCIES for impact in IMPACTS}


def _targets(read: Tables, table: Mapping[str, Any], zone: ZoneInfo) -> Targets:
    hours = {address.lower(): _hours(row, zone) for row in read.of("hours") for address in row.addresses or (ALL,)}
    if "targets" in table:
        promised = tuple(Target(row.priority, row.first_answer, row.solve, row.type) for row in read.of("targets"))
    else:
        promised = tuple(one for one in targets.STANDARD if one.priority in read.priority.levels)
    return Targets(hours or {ALL: office(zone)}, promised)


def _hours(row: HoursRow, zone: ZoneInfo) -> Hours:
    return Hours(
        ZoneInfo(row.zone) if row.zone else zone,
        tuple(row.days.get(day, ()) for day in DAYS),
        row.name,
        tuple(Holiday(one.first, one.last or one.first, one.name) for one in row.holidays),
    )
