"""What a mail may ask for, seen at a glance: which commands it could hold, and whom and what they name.

It is no judgement: whatever is found here is loaded for the decision, and no more follows from it.
"""

import re
from dataclasses import dataclass

from desk import contact_file, numbers
from desk.contact_file import Sheet
from gateway.commands.words import Words
from gateway.envelope import Message
from gateway.subject import bare_keeping_numbers

_LINES = 300  # at the top, and as many at the end: that is where commands stand
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]{1,64}@[A-Za-z0-9.-]{1,255}")
_HASH = re.compile(r"[\s>*_`\\-]*[#＃][*_`\\ ]*([^\W\d_][\w-]{0,40})")
_LABEL = re.compile(r"[\s>*_`-]*([^\W\d_][\w '-]{0,30}?)[*_` ]*[:：]")
_MAX = 200  # addresses or numbers that a mail can make us look up
_NEAR, _SHORT = 8, 100  # lines from the top, and characters, in which a one-word reply stands


@dataclass(frozen=True, slots=True)
class Asks:
    """Canonical words of commands and labels, ticket numbers and addresses in such lines."""

    words: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    sheet: Sheet | None = None  # the file of `#people import`, read while its bytes are at hand


NOTHING = Asks()


def at_a_glance(message: Message, words: Words) -> Asks:
    """Look at the lines of the new text, and at the subject, that may be commands."""
    text = "" if message.foreign else message.reply or message.text
    written = text.splitlines()
    lines = [bare_keeping_numbers(message.subject), *written[:_LINES], *written[_LINES:][-_LINES:]]
    found = _alone(written, words)
    hit: list[str] = []
    for line in lines:
        if "#" not in line and ":" not in line and line.isascii():
            continue  # nearly every line of nearly every mail
        marked = _HASH.match(line)
        word = words.command(marked[1]) if marked else None
        labelled = None if word else _LABEL.match(line)
        label = words.label(labelled[1]) if labelled else None
        if word or label or marked:
            found |= {name for name in (word, label) if name}
            hit.append(line)
    if not hit:
        return Asks(frozenset(found)) if found else NOTHING
    return Asks(frozenset(found), *names_in("\n".join(hit)), _sheet(message) if "people" in found else None)


def _alone(lines: list[str], words: Words) -> set[str]:
    """The word of a one-word reply: in a short line near the top, below a greeting perhaps."""
    near = [line for line in lines[:_NEAR] if 0 < len(line) <= _SHORT]
    return {"one word"} if any(words.may_be_one_word(line) for line in near) else set()


def names_in(said: str) -> tuple[frozenset[str], frozenset[str]]:
    """The ticket numbers and the addresses that command lines name; `+a@x` may be one that begins so, or a sign."""
    found = {address.lower() for address in _ADDRESS.findall(said)[:_MAX]}
    found |= {address.lstrip("+-").rstrip(".") for address in found}
    return frozenset(numbers.find_all(said)[:_MAX]), frozenset(found)


def _sheet(message: Message) -> Sheet | None:
    """The first CSV file of a mail that may be an import."""
    for file in message.attachments:
        if file.name.lower().endswith((".csv", ".txt")) or file.type in ("text/csv", "text/plain"):
            return contact_file.read(file.original_name or file.name, file.data)
    return None
