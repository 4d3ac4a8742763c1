"""What of a staff answer may go to the customer: their own words, and quotes of what the customer has read anyway.

A staff letter shows internal notes. A mail program quotes it whole below an answer, and folding quotes is a guess;
so this errs on the other side than folding does: a line that may come from the letter does not go out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from desk.numbers import STANDARD, Numbers
from gateway.left_out import OUR_LETTER
from gateway.quoting import phrases, reply_header

_MARKS = re.compile(r"^[\s>|]+")
_NO_LETTER = re.compile(r"[\W_]+")
_LONG = 16  # characters of a line that are no chance within another one
_BLOCK = 200  # lines of a letter
_SHORT = 8  # characters: "Thanks" may stand in any two texts


@dataclass(frozen=True, slots=True)
class Told:
    """The lines of a ticket's history, by who has read them."""

    public: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    tried: Mapping[int, frozenset[str]] = field(default_factory=dict)  # by staff: what they failed to send

    @classmethod
    def of(cls, entries: Iterable[tuple[str, str, int | None]]) -> "Told":
        """From visibility, text, and who of the staff wrote it."""
        public: set[str] = set()
        inside: set[str] = set()
        tried: dict[int, set[str]] = {}
        for visibility, text, staff_id in entries:
            lines = {_plain(line) for line in text.splitlines()}
            if visibility == "public":
                public |= lines
            elif staff_id is not None and any(line.startswith("#") for line in lines):
                # A mail with a mistyped command is kept as it came: its author may well send it again, mended.
                tried.setdefault(staff_id, set()).update(lines)
            else:
                inside |= lines
        return cls(
            frozenset(public - {""}), _long(inside - public), {who: _long(said - public) for who, said in tried.items()}
        )

    def to(self, staff_id: int) -> "Told":
        """As it counts for one of the staff: what others failed to send is inside, what they failed to send is not."""
        others = (lines for who, lines in self.tried.items() if who != staff_id)
        return replace(self, inside=self.inside.union(*others), tried={})


def _long(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(line for line in lines if len(line) >= _SHORT)


def own_words(text: str, told: Told, numbers: Numbers = STANDARD) -> str:
    """The part of a staff answer that is safe to send; "" when nothing of it is the writer's own."""
    kept, _ = _sorted_out(text, told, numbers)
    return "\n".join(kept).strip() if any(_plain(line) and not _is_quoted(line) for line in kept) else ""


def lost(text: str, told: Told, numbers: Numbers = STANDARD) -> str:
    """The first line that `own_words` leaves out although it comes from nothing that is known here; "" when none does.

    What stands below a line that introduces a quotation is quoted, whether anybody here knows it or not.
    """
    _, dropped = _sorted_out(text, told, numbers)
    for line, introduced in dropped:
        plain = _plain(line)
        if plain and not introduced and plain not in told.inside and re.search(r"\w", plain):
            return line.strip()
    return ""


def _sorted_out(text: str, told: Told, numbers: Numbers) -> tuple[list[str], list[tuple[str, bool]]]:
    """The lines that stay; and the others, each with whether a header or our letter's first line introduces it."""
    lines = text.splitlines()
    kept: list[str] = []
    dropped: list[tuple[str, bool]] = []
    introduced = False
    place = 0
    while place < len(lines):
        line, plain = lines[place], _plain(lines[place])
        quoted = _is_quoted(line)
        if not quoted and (OUR_LETTER.match(plain) or _opens_block(lines, place)):
            # All of our letters end with their number; a sentence that begins like one does not.
            ours = introduced or any(numbers.find_all(other) for other in lines[place : place + _BLOCK])
            dropped += [(other, ours) for other in lines[place:]]
            break  # all below is the letter, without marks
        header = reply_header.span(lines, place)
        introduced = introduced or header > 0
        place += header or 1
        if header or (quoted and plain not in told.public):
            dropped += [(line, introduced)]
            continue
        kept.append(line)
    return kept, dropped


def _is_quoted(line: str) -> bool:
    bare = line.lstrip()
    return bare.startswith(">") or (bare.startswith("|") and "|" not in bare[1:])  # two of them make a table


def _opens_block(lines: list[str], place: int) -> bool:
    """True where Outlook and others begin what they quote: a ruled line with words, or From: and another field."""
    line = lines[place]
    if phrases.ORIGINAL_LINE.match(line) or phrases.FORWARD_LINE.match(line):
        return True
    first = phrases.HEADER_LINE.match(line)
    following = next((other for other in lines[place + 1 : place + 3] if other.strip()), "")
    return bool(first and first["from"] and phrases.HEADER_LINE.match(following))


def repeats_inside(text: str, told: Told) -> str:
    """A line of an internal or pending entry that the text repeats, wrapped or marked as it may be; "" when none."""
    lines = {_plain(line) for line in text.splitlines()}
    if exact := next((line for line in lines if line in told.inside), ""):
        return exact
    running = _running(text)
    return next((line for line in told.inside if len(line) >= _LONG and _running(line) in running), "")


def _running(text: str) -> str:
    """Letters and digits alone: how lines were broken, and what stands around them, does not count."""
    return _NO_LETTER.sub("", text)


def _plain(line: str) -> str:
    return " ".join(_MARKS.sub("", line).split())
