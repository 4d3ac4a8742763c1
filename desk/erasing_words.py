"""The words by which a person is found and replaced: addresses everywhere, full names where they took part."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, func, literal, or_

_ESCAPE = "/"
_MARKS = "\u0300-\u036f"  # an accent that follows its letter belongs to the word


@dataclass(frozen=True, slots=True)
class Words:
    """Strings that stand for a person, each with what takes its place: that of the group which matched."""

    pattern: re.Pattern[str]
    words: tuple[str, ...]
    places: tuple[str, ...]

    @classmethod
    def of(cls, addresses: Collection[str], address: str, names: Collection[str] = (), name: str = "") -> "Words":
        """Addresses and names, whole ones only: neither joann@ nor Planning holds an Ann."""
        places = dict.fromkeys(_spelled(names), name) | dict.fromkeys(_spelled(addresses), address)
        # Longest first: "Ann Example" is in "Ann Example-Smith", which has its own entry.
        by_length = sorted(places, key=lambda one: (-len(one), one))
        one_of = "|".join(f"({re.escape(one)})" for one in by_length) or r"(?!)"
        pattern = re.compile(rf"(?<![\w.+-])(?:{one_of})(?![\w{_MARKS}-]|\.\w|@)", re.IGNORECASE)
        return cls(pattern, tuple(by_length), tuple(places[one] for one in by_length))

    def replaced(self, value: Any, length: int | None = None) -> Any:
        """A text, or whatever JSON can hold, with the person's words replaced, cut to what its column takes."""
        if isinstance(value, str):
            new = self.pattern.sub(lambda found: self.places[(found.lastindex or 1) - 1], value)
            return new[:length] if length and new != value else new
        if isinstance(value, list):
            return [self.replaced(part) for part in value]
        if isinstance(value, dict):
            return {self.replaced(key): self.replaced(part) for key, part in value.items()}
        return value

    def found_in(self, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[bool]:
        """A condition: one of these columns may hold one of the words. Whether it does, `replaced` decides."""
        forms = sorted({_like(one) for one in self.words})
        conditions = (
            func.lower(cast(column, String)).like(func.lower(literal(form)), escape=_ESCAPE)
            for column in columns
            for form in forms
        )
        return or_(false(), *conditions)


def _spelled(words: Iterable[str]) -> set[str]:
    """An accent is a part of its letter, or a sign behind it (Unicode, UAX #15): either may stand in a text."""
    return {unicodedata.normalize(form, one) for one in words if one for form in ("NFC", "NFD")}


def _like(word: str) -> str:
    """A pattern for whatever a database may have of the word.

    SQLite knows capitals in ASCII only, and JSON is kept with its escapes: such a letter is matched by anything.
    """
    composed = unicodedata.normalize("NFC", word)
    return "%" + re.sub(r'(?:[^ -~]|["\\])+', "%", re.sub(r"([%_/])", r"/\1", composed)) + "%"


def full_names(name: str, first: str, last: str) -> tuple[str, ...]:
    """The ways in which somebody's whole name is written. A first name alone is that of many people."""
    found = [name, f"{first} {last}", f"{last}, {first}", f"{last} {first}"] if first and last else [name]
    return tuple(dict.fromkeys(one for one in (" ".join(part.split()) for part in found) if " " in one))
