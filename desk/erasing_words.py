"""The words by which a person is found and replaced: addresses everywhere, full names where they took part."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, or_

_ESCAPE = "/"


@dataclass(frozen=True, slots=True)
class Words:
    """Strings that stand for a person, each with what takes its place."""

    pattern: re.Pattern[str]
    places: dict[str, str]  # in small letters

    @classmethod
    def of(cls, addresses: Collection[str], address: str, names: Collection[str] = (), name: str = "") -> "Words":
        """Addresses and names, whole ones only: neither joann@ nor Planning holds an Ann."""
        # Longest first: "Ann Example" is in "Ann Example-Smith", which has its own entry.
        by_length = sorted({*addresses, *names}, key=len, reverse=True)
        one_of = "|".join(re.escape(one) for one in by_length) or r"(?!)"
        places = {one.lower(): name for one in names} | {one.lower(): address for one in addresses}
        return cls(re.compile(rf"(?<![\w.+-])(?:{one_of})(?![\w-]|\.\w|@)", re.IGNORECASE), places)

    def replaced(self, value: Any, length: int | None = None) -> Any:
        """A text, or whatever JSON can hold, with the person's words replaced, cut to what its column takes."""
        if isinstance(value, str):
            new = self.pattern.sub(lambda found: self.places.get(found.group().lower(), ""), value)
            return new[:length] if length and new != value else new
        if isinstance(value, list):
            return [self.replaced(part) for part in value]
        if isinstance(value, dict):
            return {self.replaced(key): self.replaced(part) for key, part in value.items()}
        return value

    def found_in(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[bool]:
        """A condition: one of these columns may hold one of the words. What the databases keep of JSON is escaped."""
        forms = {form for one in self.places for form in (one, json.dumps(one)[1:-1])}
        return or_(
            *(
                func.lower(cast(column, String)).like(func.lower(literal(f"%{_escaped(form)}%")), escape=_ESCAPE)
                for column in columns
                for form in sorted(forms)
            )
        )


def _escaped(text: str) -> str:
    return re.sub(r"([%_/])", r"/\1", text)


def full_names(name: str, first: str, last: str) -> tuple[str, ...]:
    """The ways in which somebody's whole name is written. A first name alone is that of many people."""
    found = [name, f"{first} {last}", f"{last}, {first}", f"{last} {first}"] if first and last else [name]
    return tuple(dict.fromkeys(one for one in (" ".join(part.split()) for part in found) if " " in one))
