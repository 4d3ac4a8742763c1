"""Reads the catalogue: a TOML file with the services that people ask for, and the items that the desk looks after."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from desk.catalogue import Catalogue, Item, Service

FILE = "catalogue.toml"  # beside the settings
Entry = TypeVar("Entry", Service, Item)


def load(path: Path) -> Catalogue:
    """The catalogue of a file, empty where there is none; ValueError names the file and the key of a fault."""
    if not path.is_file():
        return Catalogue()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return parse(table)
    except ValueError as error:  # of TOML and of UTF-8 as well
        raise ValueError(f"{path}: {error}") from error


def parse(table: Mapping[str, Any]) -> Catalogue:
    """A catalogue of its tables `services` and `items`."""
    if unknown := sorted(table.keys() - {"services", "items"}):
        raise ValueError(f"{unknown[0]}: there is no such table; there are: services, items")
    return Catalogue(_entries("services", table, Service), _entries("items", table, Item))


def _entries(name: str, table: Mapping[str, Any], kind: type[Entry]) -> tuple[Entry, ...]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name}: must be tables, [[{name}]]")
    return tuple(_entry(f"{name}.{place}", row, kind) for place, row in enumerate(rows))


def _entry(at: str, row: Mapping[str, Any], kind: type[Entry]) -> Entry:
    known = {one.name: one.type for one in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in row.items():
        wanted = known.get(key)
        if wanted is None:
            raise ValueError(f"{at}.{key}: there is no such key; there are: {', '.join(known)}")
        if wanted in (str, bool):
            if not isinstance(value, wanted):
                raise ValueError(f"{at}.{key}: must be {'a text' if wanted is str else 'true or false'}")
            values[key] = value
        elif isinstance(value, list) and all(isinstance(part, str) for part in value):
            values[key] = tuple(value)
        else:
            raise ValueError(f"{at}.{key}: must be a list of texts")
    if not values.get("name"):
        raise ValueError(f"{at}.name: must name it")
    return kind(**values)
