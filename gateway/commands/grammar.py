"""Finds `#command` lines at the top or the end of what a person wrote; the rest is the note."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.commands.words import Words

# A word has letters of any script. With a digit in it, it is none of ours: staff are told, customers mean it so.
WORD = r"[^\W\d_](?:[^\W_]|[\u0300-\u036f]|-)*"
_LINE = re.compile(rf"#({WORD})[ \t]*(.*)")
# What mail programs and people put around or into a command: emphasis, an escape, a space behind the #.
_LOOSE = re.compile(rf"[*_`\\\s]*#[*_`\\\s]*({WORD})[*_`]*[ \t:]*(.*)")
_MARKED = re.compile(rf"[*_`\\]+#({WORD})[*_`]*[ \t:]*(.*)")  # without the space: “# Status” is a heading
_LONGEST = 40  # letters of a word that may be one of ours with a slip
_ODD = 200  # different words that are compared with those of commands; a hostile mail has more
MAX_COMMANDS = 20


@dataclass(frozen=True, slots=True)
class Command:
    """One `#word argument` line; `word` is the name of a command, or what was written in lower case."""

    word: str
    argument: str
    line: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A `#word` line that stays text, and the word that may have been meant."""

    word: str
    line: str
    meant: str


@dataclass(frozen=True, slots=True)
class Split:
    """A text taken apart."""

    commands: tuple[Command, ...]
    words: str  # the text without them
    astray: tuple[str, ...]  # lines in it that look like a command, in a place where none is read
    unknown: tuple[Unknown, ...]

    @property
    def too_many(self) -> bool:
        """True when there are more commands than one mail can hold."""
        return len(self.commands) > MAX_COMMANDS


def read(text: str, words: Words, known: Collection[str], *, strict: bool) -> Split:
    """The commands of a new text, in order; `known` are the names of those that its author may use.

    `strict`, for staff: every `#word` line at the top or the end is a command, a strange one too, so that a mistyped
    #note is never sent. Otherwise only the known ones are; the others stay text, with a hint where one is meant.
    `##` at the start of a line is a plain `#`.
    """
    reader = _Reader(words, known, strict)
    lines = text.strip("\r\n").split("\n")
    top = reader.run(lines)
    end = reader.run(lines[top:][::-1])
    below = len(lines) - end
    commands, kept, unknown = [], [], []
    for line in (*lines[:top], *lines[below:]):
        if command := reader.command(line):
            commands.append(command)
        elif hint := reader.unknown(line):
            unknown.append(hint)
    for place, line in enumerate(lines):
        if top <= place < below or reader.command(line) is None:
            kept.append(_plain(line))
    astray = tuple(line.strip() for line in lines[top:below] if reader.resembles(line))
    return Split(tuple(commands), "\n".join(kept).strip(), astray, tuple(unknown))


@dataclass(slots=True)
class _Reader:
    """Reads the lines of one text."""

    words: Words
    known: Collection[str]
    strict: bool
    close: dict[str, str | None] = field(default_factory=dict)
    named: dict[str, str | None] = field(default_factory=dict)

    def run(self, lines: list[str]) -> int:
        """How many lines from the start belong to a block of #word lines, up to the last that is meant as a command."""
        last = 0
        for place, line in enumerate(lines, 1):
            if self.command(line) or self.unknown(line):
                last = place
            elif line.strip() and not _hash(line):
                break
        return last

    def command(self, line: str) -> Command | None:
        """The command of a line, by its name."""
        line = visible(line).strip()
        exact = _LINE.fullmatch(line)
        if exact:
            name = self._name(exact[1])
            if name in self.known or self.strict:
                return Command(name or exact[1].lower(), _argument(exact[2]), line)
            return None
        found = (_LOOSE if self.strict else _MARKED).fullmatch(line) if "#" in line else None
        if found is None or line.startswith("##"):
            return None
        name = self._name(found[1])
        if name in self.known or (self.strict and self._close(found[1])):
            return Command(name or found[1].lower(), _argument(found[2].rstrip("*_`")), line)
        return None

    def unknown(self, line: str) -> Unknown | None:
        """A #word line that is no command for its author, but close to one."""
        found = _LINE.fullmatch(visible(line).strip())
        if found is None or self.strict or self._name(found[1]) in self.known:
            return None
        meant = self._close(found[1])
        return Unknown(found[1], line.strip(), meant) if meant else None

    def resembles(self, line: str) -> bool:
        """True for a line that somebody may have meant as a command; for customers only where it is one."""
        line = visible(line).strip() if "#" in line else ""
        found = None if line.startswith("##") else (_LOOSE if self.strict else _LINE).fullmatch(line)
        if found is None:
            return False
        return self._name(found[1]) in self.known or (self.strict and bool(self._close(found[1])))

    def _name(self, word: str) -> str | None:
        """The command that a word stands for; a hostile mail has the same one in each of its hundred thousand lines."""
        if word in self.named:
            return self.named[word]
        found = self.words.command(word)
        if len(self.named) < _ODD and len(word) <= _LONGEST:
            self.named[word] = found
        return found

    def _close(self, word: str) -> str | None:
        word = word.lower()
        if len(word) > _LONGEST:
            return None
        if word not in self.close:
            if len(self.close) >= _ODD:  # among so many nobody can tell; staff are asked to look
                return word if self.strict else None
            self.close[word] = self.words.closest(word, self.known, strict=self.strict)
        return self.close[word]


def _hash(line: str) -> bool:
    """True for a line that begins like a command."""
    return _LINE.fullmatch(visible(line).strip()) is not None


def _argument(text: str) -> str:
    """What stands behind the word; `#help!` and `#resolve:` have none."""
    text = text.strip().removeprefix(":").strip()
    return text if text.strip(".!:;,") else ""


def _plain(line: str) -> str:
    """`##word` is how one writes a line that begins with #word."""
    bare = line.lstrip()
    if bare[:2] in ("##", "＃＃", "#＃", "＃#") and bare[2:3].isalpha():
        return line[: len(line) - len(bare)] + bare[1:]
    return line


def visible(line: str) -> str:
    """Without characters that nobody sees, such as a zero-width space before the #; a full-width ＃ is a #."""
    if line.isascii():
        return line
    return "".join(c for c in line if unicodedata.category(c) != "Cf").replace("＃", "#")
