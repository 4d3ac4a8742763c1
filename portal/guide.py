"""The commands that people can send by mail, as the portal is told of them at start: a page explains them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Who = Literal["customer", "admin", "staff"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command, in sentences of desk/said.py."""

    usage: str  # "#assign name or team"
    help: str  # what it does
    line: bool  # it stands in a reply
    subject: bool  # it stands in the subject of a new mail


@dataclass(frozen=True, slots=True)
class Guide:
    """All of them by who may use them, the fill-in lines, and the words that are enough as a whole reply."""

    commands: Mapping[Who, tuple[Command, ...]] = field(default_factory=dict)
    labels: Mapping[Who, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the code of a language
