"""Sentences that can be said in another language later: English now, with the message and the values they were made of.

A rule phrases what it did when it does it; the letter that tells of it is rendered later, in the reader's language.

The catalogues are made from the literals in `say("…")` and `say_many("…", "…", n)`, so a message stands there whole:
- a sentence: `say("{name} is now {value}.", name=person.name, value=say("High"))`. What people wrote is a plain value.
- a built-in name that is known at run time only: `say(ticket.status)`. Its literal stands in `desk/names.py`.
- a sentence that is chosen first and filled in later: `say(message, value=…)`, where `message` is a `say("…")` without
  values.
A place with a capital, `say("{Why}.", Why=…)`, begins a sentence: what fills it in begins with a capital letter there.
Sentences and names are never glued with f-strings or `join`, which forget what they were made of: see `listed`, `both`.
"""

from collections.abc import Iterable, Mapping
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
    said = Said(chosen.format_map(_with_capitals(values)) if values else chosen)
    said.message, said.many, said.number, said.values = message, many, n, values
    return said


COMMA, SEMICOLON, AND, SPACE = say("{a}, {b}"), say("{a}; {b}"), say("{a} and {b}"), say("{a} {b}")


def listed(parts: Iterable[str], between: str = COMMA) -> str:
    """Several of them as one: “Low, Medium, High”; empty ones are left out. `between` is a message of {a} and {b}."""
    return _joined([part for part in parts if part], between)


def both(first: str, second: str) -> str:
    """Two sentences, one after the other; either may be empty."""
    return listed((first, second), SPACE)


def _joined(parts: list[str], between: str) -> str:
    """Halved, not strung one behind the other: what is kept of a long list stays shallow."""
    if len(parts) < 2:
        return parts[0] if parts else ""
    half = (len(parts) + 1) // 2
    return say(between, a=_joined(parts[:half], between), b=_joined(parts[half:], between))


def _with_capitals(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _capital(str(value)) if name[:1].isupper() else value for name, value in values.items()}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


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


def kept_in(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a letter as its row keeps it: what was said in it, by itself or in a list, so that it is JSON."""
    return {name: _kept(value) for name, value in context.items()}


def _kept(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [kept(part) if isinstance(part, Said) else part for part in value]
    return kept(value) if isinstance(value, Said) else value


def spoken(found: Any, translator: Translator) -> str:
    """A sentence in the language of `translator`, from what `kept` made of it, or from the sentence itself."""
    if isinstance(found, Said):
        found = kept(found)
    if not isinstance(found, dict):
        return str(found)
    message, many, n = str(found.get(_MESSAGE, "")), str(found.get(_MANY, "")), int(found.get(_COUNT, 0))
    values = _with_capitals(
        {str(name): spoken(value, translator) for name, value in (found.get(_VALUES) or {}).items()}
    )
    if not message:
        return ""
    wanted = translator.ngettext(message, many, n) if many else translator.gettext(message)
    try:
        return wanted.format_map(values) if values else wanted
    except (KeyError, IndexError, ValueError):  # a catalogue that names a value that is not there
        return (many if many and n != 1 else message).format_map(values)
