"""The words of the commands in every language: what a person may write, and what it stands for."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from gateway.commands.letters import fold, phrase, slips, spellings
from gateway.commands.vocabulary import ARGUMENTS, COMMANDS, COURTESY, LABELS, ONE_WORD, TICKET_LABELS, VALUES

__all__ = ["ARGUMENTS", "COMMANDS", "COURTESY", "LABELS", "MAX_PHRASE", "ONE_WORD", "TICKET_LABELS", "VALUES", "Words"]

_EVERYWHERE = "en"
_NONE: frozenset[str] = frozenset()
_SAME_VALUES = {"priority": "urgency"}
_SAME_ARGUMENTS = {"unshare": "share", "export": "list"}
_LONG = 8  # letters of a word in which two slips are likely ones
_SHORT = 4  # letters of a word below which every other word is one slip away
_MOST_WORDS = 14  # of a line that says one word, with greeting and thanks around it
MAX_PHRASE = 32  # words of the longest phrase; a sign of Chinese or Japanese counts as a word


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Everything that people may write instead of the names of commands, labels and values."""

    _commands: Mapping[str, str]
    _labels: Mapping[str, str]
    _values: Mapping[str, Mapping[str, str]]
    _arguments: Mapping[str, Mapping[str, str]]
    _one_words: Mapping[tuple[str, ...], str]
    _courtesy: Mapping[str, Mapping[tuple[str, ...], frozenset[str]]]  # phrases with their languages
    _written: Mapping[str, str]  # a command's word, as the catalogue spells it
    _languages: tuple[str, ...]
    _starts: Mapping[str, tuple[int, ...]]  # how many words one-word replies have that begin with a word
    _lengths: Mapping[str, int]  # of the longest phrase that begins with a word
    _form: re.Pattern[str]  # the heading above the empty lines of a receipt, in every language

    @classmethod
    def of(cls, catalogues: Mapping[str, Mapping[str, Any]]) -> "Words":
        """From catalogues by file name, as in config/words; ValueError names the file and the key of a fault."""
        gathered = _Gathered()
        for file, table in catalogues.items():
            gathered.read(file, table)
        return gathered.words()

    def with_labels(self, labels: Iterable[str]) -> "Words":
        """The same, with labels of the desk's own that stand for themselves; a word that is known already stays."""
        more = {form: label for label in labels for form in (*spellings(label), fold(f"{label}?"))}
        return replace(self, _labels={**more, **self._labels})

    @property
    def canonical_words(self) -> tuple[str, ...]:
        """The names of all commands."""
        return COMMANDS

    def command(self, word: str) -> str | None:
        """The command that a word after # stands for."""
        return self._commands.get(fold(word))

    def label(self, text: str) -> str | None:
        """The name of the field that a label stands for: “Unser Zeichen” is “Our ref”."""
        return self._labels.get(fold(text))

    def value(self, kind: str, text: str) -> str | None:
        """The urgency, priority, impact, type, status, level or language that a text stands for."""
        return self._values[_SAME_VALUES.get(kind, kind)].get(fold(text))

    def argument(self, command: str, text: str) -> str | None:
        """The fixed argument of a command that a text stands for: of `list`, “offene” is “open”."""
        return self._arguments.get(_SAME_ARGUMENTS.get(command, command), {}).get(fold(text))

    def one_word(self, text: str) -> str | None:
        """What a phrase stands for that is a whole answer: “still broken” is “reopen”. A question is none."""
        return None if "?" in fold(text) else self._one_words.get(phrase(text))

    def is_one_word(self, said: Sequence[str]) -> str | None:
        """The same for words that are taken apart already."""
        return self._one_words.get(tuple(said))

    def longest(self, first: str) -> int:
        """How many words the longest phrase has that begins with this one; 0 where none does."""
        return self._lengths.get(first, 0)

    def may_be_one_word(self, line: str) -> bool:
        """A quick look at a line: False where no phrase that may be a whole answer stands in it."""
        return len(line.split()) <= _MOST_WORDS and self.holds_one_word(phrase(line))

    def holds_one_word(self, said: Sequence[str]) -> bool:
        """True when a phrase that may be a whole answer stands somewhere among the words."""
        if self._starts.keys().isdisjoint(said):  # nearly every line of nearly every mail
            return False
        return any(
            tuple(said[place : place + length]) in self._one_words
            for place, word in enumerate(said)
            if word in self._starts
            for length in self._starts[word]
        )

    def form_in(self, text: str) -> str:
        """What stands below the heading of a receipt's empty lines; "" where there is no such heading."""
        found = self._form.search(text)
        return text[found.end() :] if found else ""

    def is_thanks(self, text: str) -> bool:
        """True for one phrase of thanks and nothing else; plain.is_thank_you reads whole answers."""
        return "?" not in fold(text) and self.is_phrase("thanks", phrase(text))

    @property
    def languages(self) -> tuple[str, ...]:
        """Those in which somebody may say thank you."""
        return self._languages

    def is_phrase(self, kind: str, said: Sequence[str], language: str = "") -> bool:
        """True when these words are one phrase of the named list of COURTESY, in one language or in any.

        English is understood along with each. Whole sentences are read in one language: “nu” is “now” in Swedish,
        and “not” in Romanian.
        """
        those = self._courtesy[kind].get(tuple(said), _NONE)
        return bool(those) and (not language or language in those or _EVERYWHERE in those)

    def spelled(self, command: str) -> tuple[str, ...]:
        """Every word for a command, as the catalogues spell it."""
        return tuple(dict.fromkeys(self._written[form] for form, name in self._commands.items() if name == command))

    def closest(self, word: str, among: Collection[str], *, strict: bool = False) -> str | None:
        """A word for one of the commands `among` that is one slip away, two in a long word: “reslove” is “resolve”.

        Everyday words, and very short ones, are meant as they stand, unless `strict`.
        """
        said = fold(word)
        if not strict and (len(said) < _SHORT - 1 or self.is_phrase("ordinary", (said,))):
            return None
        most = 2 if len(said) >= _LONG else 1
        found: dict[int, str] = {}
        for other, command in self._commands.items():
            if command in among and (strict or len(other) >= _SHORT) and abs(len(other) - len(said)) <= most:
                distance = slips(said, other, most)
                if distance <= most:
                    found.setdefault(2 * distance + (said[0] != other[0]), self._written[other])
        return found[min(found)] if found else None


@dataclass(slots=True)
class _Gathered:
    """The words of all catalogues while they are read, with the file that brought each."""

    commands: dict[Any, str] = field(default_factory=dict)
    labels: dict[Any, str] = field(default_factory=dict)
    one_words: dict[Any, str] = field(default_factory=dict)
    values: dict[str, dict[Any, str]] = field(default_factory=lambda: {kind: {} for kind in VALUES})
    arguments: dict[str, dict[Any, str]] = field(default_factory=lambda: {word: {} for word in ARGUMENTS})
    courtesy: dict[str, dict[Any, frozenset[str]]] = field(default_factory=lambda: {kind: {} for kind in COURTESY})
    written: dict[str, str] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)
    origins: dict[tuple[int, Any], str] = field(default_factory=dict)

    def read(self, file: str, table: Mapping[str, Any]) -> None:
        if PurePath(file).stem == "thanks":
            for language, lists in table.items():
                self._language(file, language, f"{language}.", _table(file, language, lists))
        else:
            self._language(file, PurePath(file).stem, "", table)

    def words(self) -> Words:
        for said, meaning in self.one_words.items():
            for kind in ("thanks", "works"):
                if said in self.courtesy[kind]:
                    raise ValueError(
                        f"{self.origins[id(self.one_words), said]}: one_word.{meaning}: “{' '.join(said)}” stands "
                        f"among “{kind}” as well; it can be one of them"
                    )
        languages = sorted({language for those in self.courtesy["thanks"].values() for language in those})
        return Words(
            self.commands,
            self.labels,
            self.values,
            self.arguments,
            self.one_words,
            self.courtesy,
            self.written,
            tuple(languages),
            self._starts(),
            self._lengths(),
            _headings(self.forms),
        )

    def _starts(self) -> dict[str, tuple[int, ...]]:
        starts: dict[str, set[int]] = defaultdict(set)
        for said in self.one_words:
            starts[said[0]].add(len(said))
        return {first: tuple(sorted(lengths)) for first, lengths in starts.items()}

    def _lengths(self) -> dict[str, int]:
        lengths: dict[str, int] = {}
        for said in [*self.one_words, *(said for those in self.courtesy.values() for said in those)]:
            lengths[said[0]] = max(len(said), lengths.get(said[0], 0))
        return lengths

    def _language(self, file: str, language: str, at: str, table: Mapping[str, Any]) -> None:
        for key, value in table.items():
            if key in COURTESY:
                self._phrases(file, f"{at}{key}", language, self.courtesy[key], value)
            elif key == "commands":
                self._section(file, f"{at}{key}", COMMANDS, self.commands, value)
                self._keep_spelling(value)
            elif key == "labels":
                self._section(file, f"{at}{key}", LABELS, self.labels, value)
            elif key == "one_word":
                self._section(file, f"{at}{key}", ONE_WORD, self.one_words, value)
            elif key == "form":
                self.forms += _list(file, f"{at}{key}", value)
            elif key in ("values", "arguments"):
                self._groups(file, f"{at}{key}", key, value)
            else:
                raise ValueError(f"{file}: {at}{key}: there is no such list")

    def _groups(self, file: str, at: str, key: str, value: Any) -> None:
        known = VALUES if key == "values" else ARGUMENTS
        into = self.values if key == "values" else self.arguments
        for group, section in _table(file, at, value).items():
            if group not in known:
                raise ValueError(f"{file}: {at}.{group}: there is no such group; there are: {', '.join(known)}")
            self._section(file, f"{at}.{group}", known[group], into[group], section)

    def _section(self, file: str, at: str, known: Collection[str], into: dict[Any, str], value: Any) -> None:
        """Words by what they stand for; one word may stand for one thing alone, over all files."""
        whole = into is self.one_words
        for meaning, said in _table(file, at, value).items():
            if meaning not in known:
                raise ValueError(f"{file}: {at}.{meaning}: there is no “{meaning}” to find words for")
            for word in (meaning, *_list(file, f"{at}.{meaning}", said)):
                for form in _forms(file, f"{at}.{meaning}", word, whole):
                    before = into.setdefault(form, meaning)
                    if before != meaning:
                        origin = self.origins[id(into), form]
                        raise ValueError(f"{file}: {at}.{meaning}: “{word}” stands for “{before}” already ({origin})")
                    self.origins.setdefault((id(into), form), file)

    def _phrases(self, file: str, at: str, language: str, into: dict[Any, frozenset[str]], value: Any) -> None:
        for text in _list(file, at, value):
            for form in _forms(file, at, text, True):
                into[form] = into.get(form, _NONE) | {language}

    def _keep_spelling(self, section: Mapping[str, Any]) -> None:
        """By each form of a word: how its catalogue spells it, in lower case."""
        for meaning, said in section.items():
            for word in (meaning, *said):
                for form in spellings(word):
                    self.written.setdefault(form, word.lower())


def _forms(file: str, at: str, word: str, whole: bool) -> Iterator[Any]:
    """A word as it is looked up: in one piece, or as a phrase taken apart."""
    for form in spellings(word):
        parts = phrase(form)
        if not parts or len(parts) > MAX_PHRASE:
            raise ValueError(f"{file}: {at}: “{word}” has no word in it, or more than {MAX_PHRASE}")
        yield parts if whole else form


def _headings(texts: Iterable[str]) -> re.Pattern[str]:
    """Any of these texts, also where a mail program broke and quoted its lines; nothing, where there is none."""
    gap = r"[\s>]{1,9}"
    return re.compile("|".join(gap.join(map(re.escape, text.split())) for text in texts) or r"(?!)")


def _table(file: str, at: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{file}: {at}: must be a table")
    return value


def _list(file: str, at: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise ValueError(f"{file}: {at}: must be a list of words")
    return value
