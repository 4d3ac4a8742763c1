"""Address fields (RFC 5322 section 3.4) read so that nobody passes for somebody else.

A field that can be read in two ways yields no address at all: mail is routed and checked by one reading
(parseaddr and others differ, CVE-2023-27043), and rights must never hang on the other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.envelope import Mailbox
from gateway.headers import clean, decode, unfold

MAX_MAILBOXES = 200
MAX_FIELD = 16_384  # characters of one address field that are read

_ASCII_BLANKS = " \t\r\n"  # Unicode knows more blanks; in an address they are foreign characters
_TOKEN = re.compile(r'[^"(),:;<>\\\[\]]+|.', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# Letters of any script may stand in a mailbox (RFC 6531), but nothing invisible: the next rule sees to that.
_ADDRESS = re.compile(
    r"(?P<local>(?:[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]]+|\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*\"))"
    r"@(?P<domain>[^\s\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\xa0@]+|\[[0-9A-Za-z:.]+\])\Z"
)
_SIMPLE = re.compile(r"[ \t]*(?:([A-Za-z0-9 ,.'_-]*?)[ \t]*<)?([A-Za-z0-9._%+/=-]+@[A-Za-z0-9.-]+)(>?)[ \t]*\Z")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd\ud800-\udfff]"
)


@dataclass(slots=True)
class _Draft:
    """One mailbox while its tokens arrive."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    bad: bool = False

    def empty(self) -> bool:
        return self.angle is None and not "".join(self.words).strip()


def parse(value: str) -> tuple[tuple[Mailbox, ...], tuple[str, ...]]:
    """The mailboxes of a field and what is wrong with it; an unreadable one has the address ""."""
    value = unfold(value)
    simple = _SIMPLE.match(value) if value.isascii() and len(value) < 300 else None
    if simple is not None and "," not in (simple[1] or "") and (simple[1] is None) == (not simple[3]):
        name, address = simple[1] or "", simple[2]
        if (fine := _checked(address)) is not None:
            return (Mailbox(name.strip(), fine),), ()
    defects: list[str] = []
    if value.count('"') > 2 * MAX_MAILBOXES:  # every one of them may be open: no end of looking for its partner
        return (), ("address field with too many quotation marks",)
    if len(value) > MAX_FIELD:
        value = value[:MAX_FIELD]
        defects.append("address field cut: too long")
    boxes = [_finish(draft, defects) for draft in _drafts(value, defects)]
    if len(boxes) > 1 and any(box.address for box in boxes):  # names in empty brackets route nothing
        kept = [box for box in boxes if box.address or "@" in box.name]
        if len(kept) == 1 and boxes[-1] is kept[0] and len(boxes) == 2 and boxes[0].name and kept[0].name:
            kept = [Mailbox(f"{boxes[0].name}, {kept[0].name}", kept[0].address)]  # Doe, Jane <jane@example.com>
        boxes = kept
    return tuple(boxes[:MAX_MAILBOXES]), tuple(dict.fromkeys(defects))


def shown(values: Iterable[str]) -> Mailbox:
    """Whom fields name to a reader: the first mailbox with an address, else what stands in place of one.

    For display alone: nobody is looked up and nothing is sent by it.
    """
    written = Mailbox("", "")
    # Some mailers encode name and address as one word.
    forms = (form for value in values for form in ((value, decode(value)) if "=?" in value else (value,)))
    for value in forms:
        if value.count('"') > 2 * MAX_MAILBOXES:
            continue
        for draft in _drafts(unfold(value)[:MAX_FIELD], []):
            box = _finish(draft, [])
            if box.address:
                return box
            if not written.address:
                written = _as_written(draft, box.name or written.name)
    return written


def _as_written(draft: _Draft, name: str) -> Mailbox:
    """What stands where an address should: `<moderator>`, or a word with an @ that cannot be read."""
    bare = _bare("".join(draft.words), [])[0]
    place = draft.angle if draft.angle is not None else bare if "@" in bare else ""
    place = decode(place.replace("\ue000", "@").replace("\ue001", " "), 200)
    fine = _checked(place.strip("'\"[]<> "))  # an address in one pair of signs too many
    return Mailbox("" if name == place else name, fine or place)


def one(address: str) -> str:
    """A bare address, checked and with its domain in lower case; "" when it is not one."""
    return _checked(address.strip(_ASCII_BLANKS)) or ""


def _drafts(value: str, defects: list[str]) -> list[_Draft]:
    """Split a field at its commas, outside quotes, comments and angle brackets."""
    drafts = [_Draft()]
    position, end = 0, len(value)
    while position < end:
        match = _TOKEN.match(value, position)
        token = match.group() if match else value[position]
        position += len(token)
        draft = drafts[-1]
        if token == '"':
            position = _quoted(value, position - 1, draft, defects)
        elif token == "(":
            position = _comment(value, position, draft, defects)
        elif token == "<":
            position = _angle(value, position, draft, defects)
        elif token in ",;":
            drafts.append(_Draft())
        elif token == ":" and "@" not in "".join(draft.words):
            draft.words.clear()  # the name of a group: its members follow
        elif token == ":":
            draft.bad = True
        elif token in ")>\\[]":
            draft.words.append(token)
            defects.append("address with stray brackets")
        else:
            if draft.angle is not None and token.strip():
                draft.bad = draft.bad or "@" in token
            draft.words.append(token)
        if len(drafts) > MAX_MAILBOXES:
            defects.append("address field cut: too many addresses")
            break
    return [draft for draft in drafts if not draft.empty()]


def _quoted(value: str, position: int, draft: _Draft, defects: list[str]) -> int:
    match = _QUOTED.match(value, position)
    if match is None:
        defects.append("address with an open quotation mark")
        draft.words.append(" ")
        return position + 1
    after = value[match.end() : match.end() + 1]
    if after == "@":  # a quoted local part: "john smith"@example.com
        draft.words.append(match.group().replace(" ", "\ue001"))
    else:
        draft.words.append(re.sub(r"\\(.)", r"\1", match.group(1)).replace("@", "\ue000"))
    return match.end()


def _comment(value: str, position: int, draft: _Draft, defects: list[str]) -> int:
    """Skip a comment; its text serves as a name where there is no other (`ann@example.com (Ann)`)."""
    depth, start = 1, position
    for match in re.compile(r"\\.|[()]", re.DOTALL).finditer(value, position):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0:
            text = value[start : match.start()]
            if "<" in text and "@" in text:
                draft.bad = True
            draft.comments.append(text)
            return match.end()
    defects.append("address with an open comment")
    return len(value)


def _angle(value: str, position: int, draft: _Draft, defects: list[str]) -> int:
    close = value.find(">", position)
    again = value.find("<", position)
    if close < 0 or 0 <= again < close:
        if again >= 0:  # `a < b <c@example.com>`: only the last bracket can hold the address
            defects.append("address with stray brackets")
            draft.words.append(value[position:again].replace("@", "\ue000"))
            return again
        defects.append("address with an open bracket")
        close = len(value)
    if draft.angle is not None:
        draft.bad = True
    draft.angle = value[position:close]
    return close + 1


def _finish(draft: _Draft, defects: list[str]) -> Mailbox:
    """A mailbox out of its tokens; a doubtful one loses its address."""
    words = "".join(draft.words)
    if draft.angle is not None:
        address, name = draft.angle.strip(_ASCII_BLANKS), words
        if address.lower().startswith("mailto:"):
            address = address[7:]
    else:
        address, name = _bare(words, defects)
    if not name.strip() and draft.comments:
        name = " ".join(draft.comments)
    name = decode(name.replace("\ue000", "@"), 200).strip("\"' ")
    fine = None if draft.bad else _checked(address)
    if fine is None:
        if address or draft.bad:
            defects.append("address that cannot be read with certainty")
        return Mailbox(name or clean(address, 200), "")
    if "@" in name and fine.lower() not in name.lower():
        defects.append("display name that looks like another address")
    return Mailbox("" if name.lower() == fine.lower() else name, fine)


def _bare(words: str, defects: list[str]) -> tuple[str, str]:
    """An address without angle brackets, perhaps with a name before it."""
    parts = [part.replace("\ue001", " ") for part in re.split(r"[ \t\r\n]+", words) if part]  # never at U+3000
    with_at = [part for part in parts if "@" in part]
    if len(parts) == 1:
        return parts[0], ""
    if len(with_at) == 1 and with_at[0] == parts[-1]:
        defects.append("address without angle brackets")
        return parts[-1], " ".join(parts[:-1])
    return " ".join(with_at), words


def _checked(address: str) -> str | None:
    """The address with its domain in lower case, or None when it is not one."""
    if len(address) > 320 or _INVISIBLE.search(address) is not None:
        return None
    match = _ADDRESS.match(address)
    if match is None:
        return None
    domain = match["domain"].lower().rstrip(".")
    if not domain or ".." in domain or domain.startswith((".", "-")):
        return None
    return f"{match['local']}@{domain}"
