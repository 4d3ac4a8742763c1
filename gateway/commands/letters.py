"""How words are compared: in any case, with or without accents, in any script; and how far two of them are apart."""

import re
import unicodedata
from dataclasses import dataclass

# Accents, the points of Hebrew and Arabic, the Arabic stretch, and what nobody sees.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0670\u00ad\u200b-\u200f\u2060\ufeff]")
# Letters that Unicode does not take apart, and the apostrophes and hyphens of mail programs.
_ALIKE = str.maketrans(
    {
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "`": "'",
        "‐": "-",
        "‑": "-",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
    }
)
# Scripts without spaces: each sign is a word of its own. Thai signs are taken one by one as well.
_SIGN = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f"
_MARK = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u0652\u0670\u00ad\u200b-\u200d\u0900-\u0903\u093a-\u094f"
_LETTERS = rf"(?![{_SIGN}])[^\W_](?:(?![{_SIGN}])[^\W_]|[{_MARK}])*"
_ASCII_WORD = re.compile("[a-z0-9]+(?:['-][a-z0-9]+)*")
_WORD = re.compile(rf"[{_SIGN}]|{_LETTERS}(?:['’‘ʼ`‐‑-]{_LETTERS})*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text, as compared, and where it stands."""

    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """The form in which words are compared: `Résolu` and `resolu` are one, and so are `＃` and `#`."""
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold().translate(_ALIKE)
    return " ".join(unicodedata.normalize("NFC", _MARKS.sub("", bare)).split())


def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in their order, without what stands between them."""
    return tuple(Token(fold(found.group()), found.start(), found.end()) for found in _WORD.finditer(text))


def phrase(text: str) -> tuple[str, ...]:
    """The words of a text alone."""
    if text.isascii():  # nearly every line of nearly every mail: the same words, six times as fast
        return tuple(_ASCII_WORD.findall(text.lower().replace("`", "'")))
    return tuple(token.folded for token in tokens(text))


def spellings(text: str) -> tuple[str, ...]:
    """A word of the catalogues and how else it is typed: ü as ue, and without its apostrophes."""
    lower = unicodedata.normalize("NFC", text).lower()
    typed = lower.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = re.sub("['’]", "", lower)
    return tuple(dict.fromkeys(fold(form) for form in (lower, typed, plain)))


def slips(one: str, other: str, most: int) -> int:
    """How many slips part two words (Damerau-Levenshtein: a letter too many, missing, wrong, or two changed places).

    `most + 1` stands for everything above `most`.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(before) > most:
            return most + 1
    return min(row[-1], most + 1)
