"""Who first wrote a mail that somebody passed on: from the attached mail, or from the header quoted in the text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from gateway import addresses, body, headers
from gateway.envelope import Attachment, Forwarded, Mailbox
from gateway.headers import clean
from gateway.mime import MAILS, Limits, Splitter
from gateway.quoting import phrases, quotes, signature
from gateway.subject import is_forward

_MAX_LINES = 400  # of the text: people write little above what they pass on
_BLOCK = 30  # lines that a quoted header may take
_MARKS = re.compile(r"^[\s>]+")
_VALUE = re.compile(r"^[^:：]{1,40}[:：]\*?\s*")
# Outlook: "Jane Doe [mailto:jane@example.com]" or "[jane@example.com]".
_BRACKETS = re.compile(r"\[(?:mailto:)?([^\[\]\s]{3,320}@[^\[\]\s]{1,255})\]", re.IGNORECASE)
_REPEATED = re.compile(r"<mailto:([^<>]{3,320})>", re.IGNORECASE)


def find(
    subject: str, text: str, files: Sequence[Attachment], limits: Limits, *, begins: bool = True
) -> Forwarded | None:
    """The mail that was passed on; None where there is none, or more than one. `begins`: a line of the text says so."""
    mails = [file for file in files if file.declared_type in MAILS]
    if len(mails) == 1:
        return _attached(mails[0].data, limits)
    said_so = is_forward(subject)
    if not mails and (begins or said_so):
        return _quoted(text, said_so=said_so)
    return None


def _attached(data: bytes, limits: Limits) -> Forwarded | None:
    splitter = Splitter(data, limits)
    root = splitter.split()
    fields = root.headers
    found = _made(fields.raw("from"), fields.text("subject"), fields.raw("date"), attached=True)
    if found is None or splitter.over_limit:
        return found
    content = body.Reader(limits, []).read(root)
    return replace(found, message_id=headers.message_id(fields), text=quotes.new_text(content.text))


def _quoted(text: str, *, said_so: bool) -> Forwarded | None:
    """The header below "Forwarded message", or the first one of a mail whose subject says that it is forwarded."""
    lines = text.split("\n", _MAX_LINES)[:_MAX_LINES]
    for place, line in enumerate(lines):
        bare = line.lstrip("> \t").rstrip()
        begins = phrases.FORWARD_LINE.match(bare) is not None
        if begins or (said_so and _opens_block(lines, place)):
            head = place + begins
            found, size = _block(lines[head : head + _BLOCK])
            start, below = _offset(lines, place), _offset(lines, head + size)
            above, quoted = text[:start].strip(), text[start:].strip()
            return found and replace(found, above=above, quoted=quoted, text=_unmarked(text[below:]))
    return None


def _offset(lines: list[str], count: int) -> int:
    """Where in the text the lines after the first `count` begin."""
    return sum(len(line) + 1 for line in lines[:count])


def _unmarked(text: str) -> str:
    """What the mail says, without the marks that some programs put before each line of it, and its signature."""
    lines = text.strip().split("\n")
    if all(line.startswith(">") for line in lines if line.strip()):
        lines = [line.removeprefix(">").removeprefix(" ") for line in lines]
    return signature.without("\n".join(lines).strip())


def _opens_block(lines: list[str], place: int) -> bool:
    """True for a From line with at least two more fields right below it."""
    match = phrases.HEADER_LINE.match(lines[place])
    if match is None or match.lastgroup != "from":
        return False
    below = [phrases.HEADER_LINE.match(line) for line in lines[place + 1 : place + 5]]
    return len({match.lastgroup for match in below if match is not None}) >= 2


def _block(lines: list[str]) -> tuple[Forwarded | None, int]:
    """The fields of a quoted header, in any of the languages of phrases.py; and how many lines it takes."""
    found: dict[str, str] = {}
    last = 0
    for place, line in enumerate(lines):
        bare = _MARKS.sub("", line).strip()
        match = phrases.HEADER_LINE.match(bare)
        if match is not None and match.lastgroup:
            found.setdefault(match.lastgroup, _VALUE.sub("", bare).strip("* "))
            last = place + 1
        elif found and not bare:
            last = place
            break
    made = _made(found.get("from", ""), found.get("subject", ""), found.get("date", ""), attached=False)
    return made, last


def _made(sender: str, subject: str, date: str, *, attached: bool) -> Forwarded | None:
    written = _BRACKETS.sub(r"<\1>", _REPEATED.sub("", sender[:2000]))
    boxes, _ = addresses.parse(written)
    box = boxes[0] if len(boxes) == 1 else Mailbox("", "")
    if not box.address and not subject:
        return None
    return Forwarded(box, clean(subject, 300), clean(date, 100), attached)
