"""Greetings and closings: where the words of a person begin and end between “Hi Sam,” and “Best regards, Ann”."""

import re
from collections.abc import Sequence

from gateway.commands.letters import Token, tokens
from gateway.commands.words import Words
from gateway.quoting import signature
from gateway.quoting.phrases import MOBILE_SIGNATURE

_LONGEST = 200  # characters of a line that may greet or close
_LAST_LINES = 12
_SIGNATURE_LINES = 10
_SIGNATURE_WIDTH = 100
_NAME_WORDS = 6
_CLOSING_NAME = 3  # words of a name below a bare “Thanks,”
_ADDRESS_SIGNS = 12
_ASKS = re.compile("[?？]")
# With a capital letter a “but” of the others is more likely a name, such as Ali.
_COMMON = ("en", "de", "fr", "es")
_PARTICLES = frozenset("von van de der den del della di da do dos du la le el al bin ben y e und of zu ter ten".split())
_STOP = re.compile(r"[,!:;.…–—。、，！：；،]|\s-\s|\s-\Z")
_SEGMENT = re.compile(r"(?:[^,.!;:…–—。、！，；：،-]|(?<!\s)-|-(?!\s))+")
_POSTSCRIPT = re.compile(r"\s*P\.?\s?P?\.?S\b", re.IGNORECASE)
_CONTACT = re.compile(r"[\d@|/]|www\.")


def stripped(lines: list[str]) -> list[str]:
    """Without empty lines at both ends."""
    first = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    last = next((place for place in range(len(lines), first, -1) if lines[place - 1].strip()), first)
    return lines[first:last]


def greeting_end(line: str, words: Words, known: frozenset[str]) -> int:
    """How many characters of a line greet somebody; 0 when it begins with something else."""
    found = tokens(line[:_LONGEST])
    if _is_addressed(line, found, words):
        return len(line)
    place = greeted = _longest("greetings", found, 0, words)
    while place < len(found) and place < greeted + _NAME_WORDS:
        gap = line[found[place - 1].end : found[place].start] if place else ""
        titled = place > greeted and gap == ". "  # Dear Dr. Lee
        if _STOP.search(gap) and not titled:
            break
        width = _longest("addressees", found, place, words) or _is_name(line, found[place], words, known)
        if not width:
            return 0
        place += width
    if not place:
        return 0
    gap = line[found[place - 1].end : found[place].start if place < len(found) else len(line)]
    if not greeted:  # a bare name greets with a comma, in a line of its own
        means = words.is_one_word([token.folded for token in found]) or any(
            _longest(kind, found, 0, words) for kind in ("thanks", "works", "beside")
        )
        if means or place < len(found) or "," not in gap:
            return 0
    if place == len(found):
        return len(line) if len(line) <= _LONGEST and "?" not in gap else 0
    return found[place].start if _STOP.search(gap) else 0


def _is_addressed(line: str, found: Sequence[Token], words: Words) -> bool:
    """True for 佐藤様 or 王先生： in a line of its own: a name in signs, and the word that ends an address."""
    if not found or len(found) > _ADDRESS_SIGNS or any(token.end - token.start > 1 for token in found):
        return False
    said = [token.folded for token in found]
    ends = any(words.is_phrase("addressees", said[place:]) for place in range(1, len(said)))
    doubtful = any(words.is_phrase("trouble", (sign,)) for sign in said)
    return ends and not doubtful and not line.isascii() and not _ASKS.search(line)


def body(text: str, words: Words, known: frozenset[str]) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a text above its closing, and the words that close it."""
    lines = stripped(signature.without(text.replace("\r\n", "\n").strip()).split("\n"))
    while lines and len(lines[-1]) <= _LONGEST and MOBILE_SIGNATURE.match(lines[-1]):
        lines = stripped(lines[:-1])
    for place in range(max(0, len(lines) - _LAST_LINES), len(lines)):
        line = lines[place]
        if len(line) > _LONGEST:
            continue
        if signature.DASHES.match(line) and place and _is_signature(lines[place + 1 :], words, known):
            return stripped(lines[:place]), ()
        for segment in _SEGMENT.finditer(line):
            said = tokens(segment.group())
            size = _longest("sign_offs", said, 0, words)
            names = said[size : size + _NAME_WORDS]
            behind = [line[segment.end() :].lstrip(" ,.!;:…–—。、，！-"), *lines[place + 1 :]]
            if (
                size
                and size + len(names) == len(said)
                and all(_is_name(segment.group(), name, words, known) for name in names)
                and _is_signature(behind, words, known)
            ):
                above = [*lines[:place], line[: segment.start()].rstrip(" \t-–—")]
                return stripped(above), tuple(token.folded for token in said[:size])
    return _without_name(lines, words, known), ()


def _without_name(lines: list[str], words: Words, known: frozenset[str]) -> list[str]:
    """Without a name as the last line: one that is known, or any below a line of thanks."""
    if len(lines) < 2 or len(lines[-1]) > _SIGNATURE_WIDTH or "?" in lines[-1]:
        return lines
    said = tokens(lines[-1])
    above = stripped(lines[:-1])
    thanked = bool(above) and _closes_with_thanks(above[-1], words)
    if not said or len(said) > (_NAME_WORDS if not thanked else _CLOSING_NAME):
        return lines
    fits = all(_is_name(lines[-1], token, words, known) if thanked else token.folded in known for token in said)
    return above if fits else lines


def _closes_with_thanks(line: str, words: Words) -> bool:
    """True for “Thanks,” and for “It works now, thank you”."""
    segments = [tokens(segment) for segment in _SEGMENT.findall(line[:_LONGEST])]
    last = next((said for said in reversed(segments) if said), ())
    return words.is_phrase("thanks", [token.folded for token in last])


def _is_signature(lines: Sequence[str], words: Words, known: frozenset[str]) -> bool:
    """True for a name, and for what people put below it: a title, a firm, numbers."""
    block = [line.strip() for line in lines if line.strip()]
    if len(block) > _SIGNATURE_LINES:
        return False
    for number, line in enumerate(block):
        if len(line) > _SIGNATURE_WIDTH or "?" in line or _POSTSCRIPT.match(line):
            return False
        said = tokens(line)
        if number == 0:
            alone = len(said) == 1 and _is_free(said[0], words)
            if not alone and not (
                len(said) <= _NAME_WORDS and all(_is_name(line, token, words, known) for token in said)
            ):
                return False
        elif not _CONTACT.search(line) and _is_prose(line, said, words):
            return False
    return True


def _is_prose(line: str, said: Sequence[Token], words: Words) -> bool:
    """True for a sentence, and for words that tell of trouble."""
    small = sum(line[token.start].islower() for token in said)
    return (small >= 3 and len(said) >= 4) or any(words.is_phrase("trouble", (token.folded,)) for token in said)


def _is_name(line: str, token: Token, words: Words, known: frozenset[str]) -> int:
    """1 for a word that may be part of a name: known, a particle, or with a capital letter and no other meaning."""
    first = line[token.start]
    if token.folded in known or (token.folded in _PARTICLES and first.islower()):
        return 1
    return int(first.isupper() and _is_free(token, words, _COMMON))


def _is_free(token: Token, words: Words, languages: Sequence[str] = ("",)) -> bool:
    """True for a word that means nothing to us, in these languages or in any."""
    said = (token.folded,)
    return not (
        words.is_one_word(said)
        or words.command(token.folded)
        or any(words.is_phrase("trouble", said, language) for language in languages)
        or any(words.is_phrase(kind, said) for kind in ("thanks", "works"))
    )


def _longest(kind: str, found: Sequence[Token], start: int, words: Words) -> int:
    """How many words from `start` are one phrase of a list; the longest counts."""
    if start >= len(found):
        return 0
    said = [token.folded for token in found[start : start + words.longest(found[start].folded)]]
    return next((size for size in range(len(said), 0, -1) if words.is_phrase(kind, said[:size])), 0)
