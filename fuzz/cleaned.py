"""What holds of every string that comes out of a reader: nothing in it hides, turns, ends or breaks anything."""

import re
from collections.abc import Iterable

# Controls, line ends and what turns the direction of writing (Trojan Source), as desk/clean.py takes them away.
_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def lines(what: str, values: Iterable[str]) -> None:
    """Names, addresses, subjects: one line each, and nothing else than what it looks like."""
    for value in values:
        found = _LINE.search(value)
        assert found is None, f"{what} holds {found[0]!r}: {value[:100]!r}"


def texts(what: str, values: Iterable[str]) -> None:
    """Texts of several lines, as databases, terminals and pages can take them."""
    for value in values:
        found = _TEXT.search(value)
        assert found is None, f"{what} holds {found[0]!r}: {value[max(0, found.start() - 50) : found.end() + 50]!r}"
