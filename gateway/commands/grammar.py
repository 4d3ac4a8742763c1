"""Finds `#command` lines at the top or the end of what a person wrote; the rest is the note."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"#([A-Za-z][A-Za-z-]*)[ \t]*(.*)")
MAX_COMMANDS = 20


@dataclass(frozen=True, slots=True)
class Command:
    """One `#word argument` line; `word` is in lower case."""

    word: str
    argument: str
    line: str


def split(text: str) -> tuple[tuple[Command, ...], str]:
    """The commands of a text, in order, and the text without them. `##` at the start of a line is a plain `#`."""
    lines = text.strip("\r\n").split("\n")
    top = _run(lines)
    end = _run(lines[top:][::-1])
    body = lines[top : len(lines) - end]
    found = [*lines[:top], *lines[len(lines) - end :]]
    commands = tuple(command for line in found if (command := _read(line)))
    return commands, "\n".join(_unescape(line) for line in body).strip()


def _run(lines: list[str]) -> int:
    """How many lines from the start are commands, or blank lines before a command."""
    last = 0
    for place, line in enumerate(lines, 1):
        if _read(line):
            last = place
        elif line.strip():
            break
    return last


def _read(line: str) -> Command | None:
    found = _LINE.fullmatch(line.strip())
    return Command(found[1].lower(), found[2].strip(), line.strip()) if found else None


def _unescape(line: str) -> str:
    return line.replace("##", "#", 1) if line.lstrip().startswith("##") else line
