"""Finds `#command` lines at the top or the end of what a person wrote; the rest is the note."""

import difflib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

_LINE = re.compile(r"#([A-Za-z][A-Za-z-]*)[ \t]*(.*)")
# What mail programs and people put around or into a command: emphasis, an escape, a space behind the #.
_LOOSE = re.compile(r"[*_`\\\s]*#[*_`\\\s]*([A-Za-z][A-Za-z-]*)[*_`]*[ \t:]*(.*)")
_CLOSE = 0.75  # as difflib counts: one slip in a short word
MAX_COMMANDS = 20


@dataclass(frozen=True, slots=True)
class Command:
    """One `#word argument` line; `word` is in lower case."""

    word: str
    argument: str
    line: str


def split(text: str, known: Collection[str] = ()) -> tuple[tuple[Command, ...], str, tuple[str, ...]]:
    """The commands of a text, in order; the text without them; and lines in it that look like a command.

    `##` at the start of a line is a plain `#`. A line that nearly is one of the `known` words, `# note` or `*#note*`,
    is read as that command.
    """
    lines = text.strip("\r\n").split("\n")
    top = _run(lines, known)
    end = _run(lines[top:][::-1], known)
    body = lines[top : len(lines) - end]
    found = [*lines[:top], *lines[len(lines) - end :]]
    commands = tuple(command for line in found if (command := _read(line, known)))
    astray = tuple(line.strip() for line in body if _resembles(line, known))
    return commands, "\n".join(_unescape(line) for line in body).strip(), astray


def _run(lines: list[str], known: Collection[str]) -> int:
    """How many lines from the start are commands, or blank lines before a command."""
    last = 0
    for place, line in enumerate(lines, 1):
        if _read(line, known):
            last = place
        elif line.strip():
            break
    return last


def _read(line: str, known: Collection[str]) -> Command | None:
    line = _visible(line).strip()
    if found := _LINE.fullmatch(line):
        return Command(found[1].lower(), found[2].strip(), line)
    if _resembles(line, known) and (found := _LOOSE.fullmatch(line)):
        return Command(found[1].lower(), found[2].strip(), line)
    return None


def _resembles(line: str, known: Collection[str]) -> bool:
    """True for a line that somebody may have meant as one of the known commands."""
    line = _visible(line).strip() if "#" in line else ""
    found = None if line.startswith("##") else _LOOSE.fullmatch(line)
    return bool(found and difflib.get_close_matches(found[1].lower(), known, n=1, cutoff=_CLOSE))


def _visible(line: str) -> str:
    """Without characters that nobody sees, such as a zero-width space before the #."""
    return line if line.isascii() else "".join(c for c in line if unicodedata.category(c) != "Cf")


def _unescape(line: str) -> str:
    return line.replace("##", "#", 1) if line.lstrip().startswith("##") else line
