"""Fill-in lines, `Label: value`: at the top of a new mail, anywhere in a reply, or in what a reply quotes of ours."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from gateway.commands.words import TICKET_LABELS, Words

_LONGEST_LABEL = 60
_LONGEST_VALUE = 1000
# A label may be an item of a list, or stand in bold: "- Site: x", "*Site:* x", "**Site**: x".
_LINE = re.compile(
    r"\s{0,20}(?:[-•–·+]\s{1,4})?(?P<bold>[*_]{0,3})(?P<label>[^:：\n*_]{1,60})[*_]{0,3}\s{0,2}[:：](?P<value>.*)"
)
_MARKS = re.compile(r"(?:[ \t]{0,3}[>|])+[ \t]?")
_HINT = re.compile(r"\([^()]{0,500}\)")  # what our receipt offers to choose from


@dataclass(frozen=True, slots=True)
class Field:
    """One filled-in line: the name of its label, the value as written, and the line itself."""

    label: str
    value: str
    line: str


@dataclass(frozen=True, slots=True)
class Fields:
    """The filled-in lines of a text in their order, and the text without them."""

    values: tuple[Field, ...]
    words: str


def split(text: str, words: Words, *, everywhere: bool, allowed: Collection[str] = TICKET_LABELS) -> Fields:
    """Take the fill-in lines out of a text: from its leading block, or from `everywhere`.

    Only labels that are `allowed` count; a line with another one stays text. So does a label without a value, unless
    an empty line or the end follows, or another such line: then it is a line of our form that was left empty.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Field] = []
    empty: list[int] = []  # labels without a value, until it is seen what follows
    rest: list[str | None] = []
    for place, line in enumerate(lines):
        read = _read(line, words, allowed)
        if read is None and line.strip():
            empty.clear()
            if not everywhere:
                rest += lines[place:]
                break
        elif read is None and (found or len(empty) > 1):
            _drop(rest, empty)
        elif read is not None and not read.value:
            empty.append(place)
        elif read is not None:
            found.append(read)
            _drop(rest, empty)
        rest.append(None if read is not None and read.value else line)
    if found or len(empty) > 1:
        _drop(rest, empty)
    return Fields(tuple(found), "\n".join(line for line in rest if line is not None).strip("\n"))


def filled(quoted: str, words: Words, *, allowed: Collection[str] = TICKET_LABELS) -> tuple[Field, ...]:
    """The lines of quoted text that hold a label and a value, `> Our ref: INC-4471`, whoever filled them in.

    The caller knows which of them our letter left empty. A choice that it offered in brackets is no value.
    """
    found = []
    for line in quoted.replace("\r\n", "\n").split("\n"):
        marks = _MARKS.match(line)
        read = _read(line[marks.end() :] if marks else line, words, allowed)
        if read is not None:
            value = _HINT.sub("", read.value, count=1).strip() if read.value.startswith("(") else read.value
            if value and not value.startswith("("):  # of a long choice that was broken into lines this is the first one
                found.append(Field(read.label, value, line))
    return tuple(found)


def _drop(rest: list[str | None], places: list[int]) -> None:
    for place in places:
        rest[place] = None
    places.clear()


def _read(line: str, words: Words, allowed: Collection[str]) -> Field | None:
    """The field of a line; its value is "" where there is none. None for any other line."""
    found = _LINE.match(line) if ":" in line or "：" in line else None
    if found is None or len(found["label"]) > _LONGEST_LABEL:
        return None
    label = words.label(found["label"])
    if label not in allowed or label is None:
        return None
    value = found["value"].strip()
    if found["bold"] or not value.strip("*_"):
        value = value.strip("*_ \t")
    return Field(label, value[:_LONGEST_VALUE], line)
