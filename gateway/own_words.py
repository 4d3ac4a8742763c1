"""What of a staff answer may go to the customer: their own words, and quotes of what the customer has read anyway.

A staff letter shows internal notes. A mail program quotes it whole below an answer, and folding quotes is a guess;
so this errs on the other side than folding does: a line that may come from the letter does not go out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.quoting import phrases, reply_header

# The first line of every letter to staff: what follows it is that letter.
_OUR_LETTER = re.compile(r"Your reply (?:goes to|stays internal)\b")
_MARKS = re.compile(r"^[\s>|]+")
_SHORT = 8  # characters: "Thanks" may stand in any two texts


@dataclass(frozen=True, slots=True)
class Told:
    """The lines of a ticket's history, by who has read them."""

    public: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[tuple[str, str]]) -> "Told":
        """From pairs of visibility and text."""
        public: set[str] = set()
        inside: set[str] = set()
        for visibility, text in entries:
            (public if visibility == "public" else inside).update(_plain(line) for line in text.splitlines())
        return cls(frozenset(public - {""}), frozenset(line for line in inside - public if len(line) >= _SHORT))


def own_words(text: str, told: Told) -> str:
    """The part of a staff answer that is safe to send; "" when nothing of it is the writer's own."""
    lines = text.splitlines()
    kept: list[str] = []
    own = False
    place = 0
    while place < len(lines):
        line, plain = lines[place], _plain(lines[place])
        quoted = line.lstrip().startswith((">", "|"))
        if not quoted and (_OUR_LETTER.match(plain) or _opens_block(lines, place)):
            break  # all below is the letter, without marks
        header = reply_header.span(lines, place)
        place += header or 1
        if header or (quoted and plain not in told.public):
            continue
        kept.append(line)
        own = own or bool(plain and not quoted)
    return "\n".join(kept).strip() if own else ""


def _opens_block(lines: list[str], place: int) -> bool:
    """True where Outlook and others begin what they quote: a ruled line with words, or From: and another field."""
    line = lines[place]
    if phrases.ORIGINAL_LINE.match(line) or phrases.FORWARD_LINE.match(line):
        return True
    first = phrases.HEADER_LINE.match(line)
    following = next((other for other in lines[place + 1 : place + 3] if other.strip()), "")
    return bool(first and first["from"] and phrases.HEADER_LINE.match(following))


def repeats_inside(text: str, told: Told) -> str:
    """A line of an internal or pending entry that the text repeats, quoted or not; "" when there is none."""
    return next((line for line in text.splitlines() if _plain(line) in told.inside), "").strip()


def _plain(line: str) -> str:
    return " ".join(_MARKS.sub("", line).split())
