"""What a mail may ask for, seen at a glance: which commands it could hold, and whom and what they name.

It is no judgement: whatever is found here is loaded for the decision, and no more follows from it.
"""

import re
from dataclasses import dataclass

from desk import contact_file
from desk.contact_file import Sheet
from desk.numbers import STANDARD, Numbers
from gateway.commands.grammar import WORD, visible
from gateway.commands.words import Words
from gateway.envelope import Message
from gateway.subject import bare_keeping_numbers

_LINES = 300  # at the top, and as many at the end: that is where commands stand
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]{1,64}@[A-Za-z0-9.-]{1,255}")
_HASH = re.compile(rf"[\s>*_`\\-]*#[*_`\\\s]*({WORD})")  # as in a text, and more
_SUBJECT = re.compile(r"[\s>*_`\\-]*[#＃][*_`\\\s]*([^\W\d_][\w-]{0,40})")  # as in a subject, signs and all
_LABEL = re.compile(r"[\s>*_`•–·+-]*+([^:：]{1,100}+)[:：]")
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


def at_a_glance(message: Message, words: Words, numbers: Numbers = STANDARD) -> Asks:
    """Look at the lines of the new text, and at the subject, that may be commands."""
    text = "" if message.foreign else message.reply or message.text
    written = text.strip("\r\n").splitlines()
    found = _alone(text.splitlines(), words)
    hit: list[str] = []
    for line in (bare_keeping_numbers(message.subject), *_likely(written, text)):
        if "#" not in line and ":" not in line and line.isascii():
            continue  # nearly every line of nearly every mail
        seen = visible(line)
        marked = _HASH.match(seen)
        names = _names(line, seen, marked, words)
        if names or marked:
            found |= names
            hit += [line] if seen == line else [line, seen]
    if not hit:
        return Asks(frozenset(found)) if found else NOTHING
    named, addresses = names_in("\n".join(hit), numbers)
    return Asks(frozenset(found), named, addresses, _sheet(message) if "people" in found else None)


def _likely(written: list[str], text: str) -> list[str]:
    """The lines in which commands may stand; a block of them may be long."""
    lines = [*written[:_LINES], *written[_LINES:][-_LINES:]]
    lines += [line for line in written[_LINES:-_LINES] if "#" in line or "＃" in line]
    ends = text.strip("\r\n").split("\n")
    # With other ends of line among them, such as U+2028, a line here may be half a line to who reads the commands.
    return lines if len(ends) == len(written) else lines + [line for line in ends if "#" in line or "＃" in line]


def _names(line: str, seen: str, marked: re.Match[str] | None, words: Words) -> set[str]:
    """The command or label of a line, as it was written and as it looks: texts and subjects are read differently."""
    said = {words.command(marked[1])} if marked else set()
    if not line.isascii() and (whole := _SUBJECT.match(line)):
        said.add(words.command(whole[1]))
    if said <= {None}:
        said |= {
            words.label(labelled[1].rstrip().rstrip("*_`")) for text in {line, seen} if (labelled := _LABEL.match(text))
        }
    return {name for name in said if name}


def _alone(lines: list[str], words: Words) -> set[str]:
    """The word of a one-word reply: in a short line near the top, below a greeting perhaps."""
    near = [line for line in lines[:_NEAR] if 0 < len(line) <= _SHORT]
    return {"one word"} if any(words.may_be_one_word(line) for line in near) else set()


def names_in(said: str, numbers: Numbers) -> tuple[frozenset[str], frozenset[str]]:
    """The ticket numbers and the addresses that command lines name; `+a@x` may be one that begins so, or a sign."""
    found = {address.lower() for address in _ADDRESS.findall(said)[:_MAX]}
    found |= {address.lstrip("+-").rstrip(".") for address in found}
    return frozenset(numbers.find_all(said)[:_MAX]), frozenset(found)


def _sheet(message: Message) -> Sheet | None:
    """The first file of a mail that may be an import: a CSV file before any other, of which it is said why not."""
    named = [file for file in message.attachments if file.name.lower().endswith(contact_file.NAMES)]
    typed = [file for file in message.attachments if file.type in ("text/csv", "text/plain")]
    for file in sorted((*named, *typed), key=lambda file: not file.name.lower().endswith(".csv")):
        return contact_file.read(file.original_name or file.name, file.data)
    return None
