"""A catalogue as `postdesk catalogue show` prints it: as text, or as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from desk.catalogue import Catalogue, Item, Service
from desk.fields import IMPACTS, URGENCIES
from desk.hours import DAYS, Amount, Holiday, Hours
from desk.request_types import Question, RequestType
from desk.targets import ALL, Target


def lines(catalogue: Catalogue) -> Iterator[str]:
    """All of it, to be read."""
    yield from _part("Request types", [line for one in catalogue.types for line in _type(one)])
    yield from _part("Services", [line for one in catalogue.services for line in _service(one)])
    yield from _part("Items", [_item(one) for one in catalogue.items])
    pairs = [(urgency, impact) for urgency in URGENCIES for impact in IMPACTS]
    rated = [f"{urgency} / {impact}: {catalogue.matrix[urgency, impact]}" for urgency, impact in pairs]
    yield from _part("Priority by urgency and impact", rated)
    hours, promised = catalogue.targets.hours, catalogue.targets.targets
    yield from _part("Hours", [line for where, one in hours.items() for line in _hours(where, one)])
    yield from _part("Targets", [_target(one) for one in promised])


def as_dict(catalogue: Catalogue) -> dict[str, Any]:
    """All of it as plain values, for programs."""
    return {
        "types": [asdict(one) for one in catalogue.types],
        "services": [asdict(one) for one in catalogue.services],
        "items": [asdict(one) for one in catalogue.items],
        "priority": {
            "levels": list(catalogue.priorities),
            "matrix": {u: {i: catalogue.matrix[u, i] for i in IMPACTS} for u in URGENCIES},
        },
        "hours": [_hours_dict(where, hours) for where, hours in catalogue.targets.hours.items()],
        "targets": [
            {
                "priority": one.priority,
                "type": one.type,
                "first_answer": length(one.first_answer),
                "solve": length(one.solve),
            }
            for one in catalogue.targets.targets
        ],
    }


def length(amount: Amount | None) -> str:
    """2d 4h, as the file has it; "" for none."""
    if amount is None:
        return ""
    hours, minutes = divmod(amount.minutes, 60)
    parts = ((amount.days, "d"), (hours, "h"), (minutes, "m"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number)


def _part(title: str, found: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in found or ["none"])]


def _type(one: RequestType) -> list[str]:
    about = [
        f"({', '.join(one.aliases)})" if one.aliases else "",
        f"team {one.team}" if one.team else "",
        "is looked at first" if one.triage else "",
    ]
    asked = [f"asks for: {', '.join(one.asks_for)}"] if one.asks_for else []
    rest = [one.message, *asked, *map(_question, one.questions)]
    return [" ".join(filter(None, [one.name, *about])), *(f"  {line}" for line in rest if line)]


def _question(one: Question) -> str:
    choices = f"({', '.join(one.choices)})" if one.choices else ""
    return " ".join(filter(None, ["question:", one.text, choices, "needed" if one.required else ""]))


def _service(one: Service) -> list[str]:
    whose = ", ".join(one.organisations) or ("everybody, strangers too" if one.public else "everybody")
    about = [f"for {whose}", f"is a {one.type}" if one.type else "", f"team {one.team}" if one.team else ""]
    head = f"{one.label}: {'; '.join(filter(None, about))}"
    return [head, *(f"  {line}" for line in [one.text, *map(_question, one.questions)] if line)]


def _item(one: Item) -> str:
    place = " / ".join(filter(None, (one.organisation, one.site))) or "nobody's"
    about = [one.product, one.serial and f"serial {one.serial}", one.reference and f"reference {one.reference}"]
    return ", ".join(filter(None, [f"{one.name}: {place}", *about, one.team and f"team {one.team}"]))


def _hours(where: str, hours: Hours) -> list[str]:
    head = f"{hours.name or 'Hours'} ({hours.zone.key}), {where if where != ALL else 'all other addresses'}"
    days = [f"  {day} {', '.join(map(_span, spans))}" for day, spans in zip(DAYS, hours.week, strict=True) if spans]
    free = [f"  free: {_days(one)} {one.name}" for one in hours.holidays]
    return [head, *days, *(line.rstrip() for line in free)]


def _days(one: Holiday) -> str:
    return f"{one.first} to {one.last}" if one.last > one.first else str(one.first)


def _hours_dict(where: str, hours: Hours) -> dict[str, Any]:
    return {
        "name": hours.name,
        "zone": hours.zone.key,
        "address": where,
        "days": {day: list(map(_span, spans)) for day, spans in zip(DAYS, hours.week, strict=True) if spans},
        "holidays": [
            {"from": one.first.isoformat(), "to": one.last.isoformat(), "name": one.name} for one in hours.holidays
        ],
    }


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


def _target(one: Target) -> str:
    of = f"{one.priority}, {one.type}" if one.type else one.priority
    return f"{of}: first answer within {length(one.first_answer) or '–'}, solved within {length(one.solve) or '–'}"
