"""Sentences that can be said in another language later: English now, with the message and the values they were made of.

A rule phrases what it did when it does it; the letter that tells of it is rendered later, in the reader's language.
"""

from collections.abc import Mapping
from typing import Any, Protocol

_MESSAGE, _MANY, _COUNT, _VALUES = "say", "many", "n", "with"


class Translator(Protocol):
    """A catalogue of one language, as gettext has them."""

    def gettext(self, message: str) -> str:
        """The message in that language, with the same {places}; itself when the catalogue lacks it."""

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The form of the message that fits the number."""


class Said(str):
    """An English sentence that remembers its message and values; to everybody else it is a plain text."""

    __slots__ = ("many", "message", "number", "values")
    message: str
    many: str  # the message for other numbers than one; "" where nothing is counted
    number: int
    values: Mapping[str, Any]


def say(message: str, /, **values: object) -> Said:
    """“{label} is now {value}.” with its values filled in. A value may be said as well, and is translated with it."""
    return _said(message, "", 0, values)


def say_many(message: str, many: str, n: int, /, **values: object) -> Said:
    """“{n} ticket” or “{n} tickets”, as the number wants it; {n} is among the values."""
    return _said(message, many, n, {"n": f"{n:,}", **values})


def _said(message: str, many: str, n: int, values: Mapping[str, object]) -> Said:
    chosen = many if many and n != 1 else message
    said = Said(chosen.format_map(values) if values else chosen)
    said.message, said.many, said.number, said.values = message, many, n, values
    return said


def kept(text: str) -> Any:
    """What a row of the outbox keeps of a sentence: JSON, from which `spoken` makes it again."""
    if not isinstance(text, Said):
        return str(text)
    found: dict[str, Any] = {_MESSAGE: text.message}
    if text.many:
        found |= {_MANY: text.many, _COUNT: text.number}
    if text.values:
        found[_VALUES] = {
            name: kept(value if isinstance(value, str) else str(value)) for name, value in text.values.items()
        }
    return found


def spoken(found: Any, translator: Translator) -> str:
    """A sentence in the language of `translator`, from what `kept` made of it, or from the sentence itself."""
    if isinstance(found, Said):
        found = kept(found)
    if not isinstance(found, dict):
        return str(found)
    message, many, n = str(found.get(_MESSAGE, "")), str(found.get(_MANY, "")), int(found.get(_COUNT, 0))
    values = {str(name): spoken(value, translator) for name, value in (found.get(_VALUES) or {}).items()}
    if not message:
        return ""
    wanted = translator.ngettext(message, many, n) if many else translator.gettext(message)
    try:
        return wanted.format_map(values) if values else wanted
    except (KeyError, IndexError, ValueError):  # a catalogue that names a value that is not there
        return (many if many and n != 1 else message).format_map(values)
