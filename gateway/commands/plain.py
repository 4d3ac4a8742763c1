"""Reads short answers in plain words: what is left without courtesy, one word that is a command, a mere thank-you."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gateway.commands import framing
from gateway.commands.letters import Token, phrase, tokens
from gateway.commands.words import MAX_PHRASE, Words

MAY_EXPLAIN = frozenset(("approve", "reject", "withdraw"))  # a reason may stand below these
_GOOD_NEWS = frozenset(("resolved", "approve"))  # “fine” and “it works” add nothing to these
_LINE = 100  # characters of "at most a line"
_FIRST_LINE = 200
_BEGINNING = 500  # a greeting, and the first line
_TRIMS = 10

# What may stand around words without adding to them. A smiley is worth a word of thanks; a sad one is not.
_SMILEY = re.compile(r"(?<!\w)(?:[:;=]-?[)\]DPp*]+|\^_?\^|<3|[xX]D)(?!\w)")
_SAD = re.compile(r"[:;=]['’]?-?[(\[/\\|]")
_GLAD = "👍👌🙏🙂😊😀😃😄😁😉😎☺🤗🥳🎉🎊✅✔✓☑💯❤♥💪👏🙌✨⭐🌟🚀😍🤩"
_QUIET = re.compile(
    rf"[\s.,!;:…·~'’‘\"“”„«»¡*_()\[\]–—\-、。！，・：；「」،।&+{_GLAD}\U0001f3fb-\U0001f3ff\ufe0f\u200d]*"
)
_ASKS = re.compile("[?？؟¿\u037e⁇⁈⁉❓❔]")
_GREEK = re.compile("[\u0370-\u03ff]")  # asks with a semicolon
_SEGMENT = re.compile(r"(?:[^\n.,!;:…–—。、！，；：-]|(?<!\s)-|-(?!\s))+")


@dataclass(frozen=True, slots=True)
class OneWord:
    """A whole answer that is one command, and the reason below it where it may have one."""

    word: str
    rest: str = ""


def core_of(text: str, words: Words, names: Collection[str] = ()) -> str:
    """A new text less greeting, thanks and sign-off; `names` are those of staff, and of its writer."""
    known = known_names(names, words)
    lines = _without_greeting(framing.body(text, words, known)[0], words, known)
    return _without_thanks("\n".join(lines), words, known)


def one_word(text: str, words: Words, names: Collection[str] = ()) -> OneWord | None:
    """The command that is the whole answer; None where there is anything more to it."""
    if not words.holds_one_word(phrase(text[:_BEGINNING])):
        return None  # nearly every mail: there is no need to look closer
    first, _, rest = core_of(text, words, names).partition("\n")
    rest = rest.strip()
    word = _word_of(first, words, known_names(names, words))
    if word is None or not rest or word in MAY_EXPLAIN:
        return OneWord(word, rest) if word else None
    return OneWord(word) if word == "resolved" and is_thank_you(rest, words, names) else None


def is_thank_you(text: str, words: Words, names: Collection[str] = ()) -> bool:
    """True for at most a line that says thank you, or that it works, and nothing else at all.

    Every word has to be known as harmless: a question, a negation, a “but” or a strange word makes it a note.
    """
    known = known_names(names, words)
    lines, ending = framing.body(text, words, known)
    said = " ".join(line.strip() for line in _without_greeting(lines, words, known) if line.strip())
    if len(said) > _LINE or _is_doubtful(said):
        return False
    plain = _SMILEY.sub(" ", said)
    found = tokens(plain)
    if not _QUIET.fullmatch(_between(plain, found)):
        return False
    if not found:
        glad = plain != said or any(sign in _GLAD for sign in said)
        return glad or (not said and _is_thanks(ending, words, known, closing=True))
    return _is_thanks([token.folded for token in found], words, known, works=True, closing=True)


def known_names(names: Collection[str], words: Words) -> frozenset[str]:
    """The single words of people's names; never one that is a “not” or “but” of English."""
    return frozenset(
        token.folded
        for name in names
        for token in tokens(name)
        if len(token.folded) > 1 and not words.is_phrase("trouble", (token.folded,), "en")
    )


def _is_doubtful(said: str) -> bool:
    """True for a question or a sad smiley."""
    return bool(_ASKS.search(said) or _SAD.search(said) or (";" in said and _GREEK.search(said)))


def _between(text: str, found: Sequence[Token]) -> str:
    """What stands around the words of a text."""
    places = [0, *(place for token in found for place in (token.start, token.end)), len(text)]
    return "".join(text[start:end] for start, end in zip(places[::2], places[1::2], strict=True))


def _word_of(line: str, words: Words, known: frozenset[str]) -> str | None:
    """The one word in a line that says nothing else."""
    if len(line) > _FIRST_LINE or _is_doubtful(line):
        return None
    plain = _SMILEY.sub(" ", line)
    found = tokens(plain)
    said = [token.folded for token in found]
    if not _QUIET.fullmatch(_between(plain, found)):
        return None
    for length in range(min(len(said), MAX_PHRASE), 0, -1):
        for start in range(len(said) - length + 1):
            word = words.is_one_word(said[start : start + length])
            if word and _is_courtesy(said[:start], said[start + length :], word, words, known):
                return word
    return None


def _is_courtesy(before: Sequence[str], behind: Sequence[str], word: str, words: Words, known: frozenset[str]) -> bool:
    """True when nothing but courtesy stands around a word; “it works”, “all right” beside “resolved”, “approved”."""
    kinds = ("thanks", "beside", "please", "addressees", *(("works",) if word in _GOOD_NEWS else ()))
    return any(
        _covered(before, words, language, known, kinds) and _covered(behind, words, language, known, kinds)
        for language in words.languages
    )


def _is_thanks(
    said: Sequence[str], words: Words, known: frozenset[str], *, works: bool = False, closing: bool = False
) -> bool:
    """True when words are thanks with what belongs to them; or say that it `works`; a `closing` may be among them."""
    needed = ("thanks", "works", "one_word") if works else ("thanks",)
    kinds = ("beside", "addressees", *(("greetings", "sign_offs") if closing else ()))
    return any(_covered(said, words, language, known, kinds, needed) for language in words.languages)


def _covered(
    said: Sequence[str],
    words: Words,
    language: str,
    known: frozenset[str],
    kinds: Sequence[str],
    needed: Sequence[str] = (),
) -> bool:
    """True when words can be cut into phrases of `kinds` and names, and into one at least of those `needed`."""
    reached = [0 if needed else 2, *[-1] * len(said)]  # -1: not yet; 0: by kinds alone; 2: with what is needed
    for start in range(len(said)):
        if reached[start] < 0:
            continue
        for end in range(start + 1, min(len(said), start + max(1, words.longest(said[start]))) + 1):
            part = said[start:end]
            if any(_is_a(kind, part, words, language) for kind in needed):
                reached[end] = 2
            elif any(words.is_phrase(kind, part, language) for kind in kinds) or (
                # Ali is a name, and the “but” of Croatian.
                end == start + 1 and part[0] in known and not words.is_phrase("trouble", part, language)
            ):
                reached[end] = max(reached[end], reached[start])
    return reached[-1] == 2


def _is_a(kind: str, part: Sequence[str], words: Words, language: str) -> bool:
    return words.is_one_word(part) == "resolved" if kind == "one_word" else words.is_phrase(kind, part, language)


def _without_greeting(lines: list[str], words: Words, known: frozenset[str]) -> list[str]:
    """Without “Hi Sam,” in a line of its own or before the first sentence; without a second one as well."""
    for _ in range(3):
        lines = framing.stripped(lines)
        cut = framing.greeting_end(lines[0], words, known) if lines else 0
        if not cut:
            break
        lines = [lines[0][cut:], *lines[1:]]
    return lines


def _without_thanks(text: str, words: Words, known: frozenset[str]) -> str:
    """Without thanks in the first and the last sentences."""
    text = text.strip()
    for _ in range(_TRIMS):
        head = _SEGMENT.search(text[:_FIRST_LINE])
        if not head or not _is_thanks([token.folded for token in tokens(head.group())], words, known):
            break
        text = text[head.end() :].lstrip(" \t\r\n.,!;:…–—。、！，；：-")
    for _ in range(_TRIMS):
        from_here = max(0, len(text) - _FIRST_LINE)
        tail = None
        for found in _SEGMENT.finditer(text, from_here):
            tail = found if found.group().strip() and tokens(found.group()) else tail
        if tail is None or not _is_thanks([token.folded for token in tokens(tail.group())], words, known):
            break
        text = text[: tail.start()].rstrip(" \t\r\n,;:–—、，；：-")
    return text
