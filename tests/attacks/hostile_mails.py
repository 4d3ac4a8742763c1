"""Hostile mails by name, each built when it is asked for, with what becomes of it: rows 19 to 36 of rows.toml.

None is larger than 5 MB, so that the desk under attack takes each of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Build = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile mail, and what the desk makes of it. What is None is not asked for."""

    build: Build
    rows: tuple[int, ...]
    kind: str = "opened"
    reason: str = ""  # a part of the sentence that says why it is held
    title: str | None = None  # of the ticket
    text: str | None = None  # how the entry begins
    files: tuple[str, ...] | None = None  # their names as stored
    sender: str | None = None  # who wrote it, as the desk reads it


def held(build: Build, *rows: int, reason: str) -> Case:
    """A mail that passes a limit: kept whole for a person."""
    return Case(build, rows, "held", f"not safe to open: {reason}")


def every() -> Mapping[str, Case]:
    """All of them, from the files beside this one."""
    from tests.attacks import hostile_bodies, hostile_fields, hostile_files, hostile_structure

    parts = (hostile_structure.CASES, hostile_fields.CASES, hostile_bodies.CASES, hostile_files.CASES)
    found = {name: case for part in parts for name, case in part.items()}
    assert len(found) == sum(map(len, parts)), "two mails of one name"
    return found
