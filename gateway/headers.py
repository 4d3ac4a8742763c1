"""The header block of a mail or part: fields in order, decoded for display, bounded and clean."""

import binascii
import re
from collections.abc import Iterator

from desk.clean import MAX_TEXT as MAX_TEXT
from desk.clean import clean as clean
from desk.clean import clean_body as clean_body
from gateway import charset

_FIELD = re.compile(r"^([\x21-\x39\x3b-\x7e]{1,200})[ \t]{0,100}:[ \t]*(.*(?:\n[ \t].*)*)\n?", re.MULTILINE)
_KNOWN = re.compile(
    r"(?:from|to|cc|subject|date|message-id|mime-version|received|reply-to|references|in-reply-to|content-.+|x-.+)$"
)
_CHARSET = re.compile(
    rb"^content-type:[^\n]{0,200}(?:\n[ \t][^\n]{0,200}){0,3}charset=[\"']?([\w-]{1,40})", re.IGNORECASE | re.MULTILINE
)
_WORD_CHARSET = re.compile(rb"=\?([\w-]{1,40})\?[bq]\?", re.IGNORECASE)
# Nothing hides in an id: no control, and nothing that turns the direction of writing.
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]{1,990}>")
_MBOX = re.compile(r">?From [^\n]*\n")
# An encoded word ought to hold no question mark (RFC 2047 section 2), but "Where is it?" is a frequent subject.
_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?((?:[^?=]|=(?!\?[^=])|\?(?!=)){0,20000})\?=")
_MANY = 200  # encoded words decoded in one field
_GAP = re.compile(r"[ \t\r\n]*\Z")


class Headers:
    """Fields by name in lower case, each as written: still folded and encoded."""

    __slots__ = ("cut", "fields", "stray")

    def __init__(self, block: bytes, limit: int, hint: str = "") -> None:
        """`hint` is a charset that the mail is in elsewhere, for raw letters in fields that tell none."""
        self.fields: dict[str, list[str]] = {}
        self.cut = ""  # the name of a field that was longer than `limit`
        self.stray = -1  # number of the first line that is no field, or -1
        text = _readable(block, hint)
        position = 0
        if (mark := _MBOX.match(text)) is not None:
            position = mark.end()
        for match in _FIELD.finditer(text, position):
            if match.start() > position and self.stray < 0:
                self.stray = text.count("\n", 0, position)
            position = match.end()
            name, value = match.group(1).lower(), match.group(2)
            if len(value) > limit:
                self.cut, value = self.cut or name, value[:limit]
            self.fields.setdefault(name, []).append(value)
        if position < len(text) and self.stray < 0 and text[position:].strip():
            self.stray = text.count("\n", 0, position)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def __len__(self) -> int:
        return sum(len(values) for values in self.fields.values())

    def raw(self, name: str) -> str:
        """The first field of that name, as written; "" when there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """All fields of that name, as written."""
        return self.fields.get(name, [])

    def text(self, name: str) -> str:
        """The first field of that name, decoded and cleaned for display."""
        return decode(self.raw(name))

    def token(self, name: str) -> str:
        """The first word of a field in lower case: `auto-replied` of `Auto-Replied; owner=...`."""
        values = self.fields.get(name)
        return clean(values[0][:200]).split(";")[0].split("(")[0].strip().lower() if values else ""

    def charset_hint(self) -> str:
        """The charset of the first encoded word in subject or sender; "" when there is none."""
        word = _WORD.search(self.raw("subject")[:2000]) or _WORD.search(self.raw("from")[:2000])
        return word.group(1) if word is not None else ""

    def names(self) -> Iterator[str]:
        """Names in the order of their first appearance."""
        return iter(self.fields)


def looks_like_fields(block: bytes) -> bool:
    """True when a block holds at least one field of a mail, so that it is a header and not a text with colons."""
    return any(_KNOWN.match(name) for name in Headers(block[:8192], 998).names())


def _readable(block: bytes, hint: str) -> str:
    """Fields ought to be ASCII or UTF-8 (RFC 6532); old mailers write what they like, field by field."""
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        # What the text or a properly encoded field is written in, the raw field most likely is too.
        declared = _CHARSET.search(block) or _WORD_CHARSET.search(block)
        name = declared[1].decode("ascii") if declared else hint
        text = "\n".join(charset.decode(line, name, hint) for line in block.replace(b"\r\n", b"\n").split(b"\n"))
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n") if "\r" in text else text


def message_ids(value: str) -> tuple[str, ...]:
    """The Message-IDs in a field, with their brackets."""
    return tuple(_ID.findall(value))


def message_id(headers: Headers) -> str:
    """The Message-ID of a mail, with its brackets; one written without them gets them."""
    value = unfold(headers.raw("message-id"))
    match = _ID.search(value)
    if match is not None:
        return match.group()
    bare = clean(value[:1000], 900).strip("<> ")
    return f"<{bare}>" if bare and " " not in bare else ""


def decode(value: str, limit: int = MAX_TEXT) -> str:
    """A field's text with its encoded words (RFC 2047) decoded, in linear time."""
    if "\x1b$" in value:  # seven-bit Japanese as it is (RFC 1468), which a field ought to encode
        value = charset.decode(value.encode("utf-8", "replace"), "iso-2022-jp")
    if "=?" not in value:
        return clean(unfold(value), limit)
    return clean("".join(_pieces(unfold(value))), limit)


def unfold(value: str) -> str:
    """A folded field on one line (RFC 5322 section 2.2.3)."""
    return value.replace("\n", "") if "\n" in value else value


def _pieces(value: str) -> Iterator[str]:
    """Plain stretches and decoded words; neighbours of one charset are joined before they are decoded,
    because mailers cut multi-byte characters between words."""
    position = 0
    held, held_charset = b"", ""
    for count, match in enumerate(_WORD.finditer(value)):
        if count >= _MANY:
            break
        between = value[position : match.start()]
        name = match.group(1).lower()
        near = bool(held_charset) and _GAP.match(between) is not None
        if held_charset and (not near or name != held_charset):
            yield charset.decode(held, held_charset)
            held = b""
        if not near:
            yield between
        held += _word(match.group(2), match.group(3))
        held_charset = name
        position = match.end()
    if held_charset:
        yield charset.decode(held, held_charset)
    yield value[position:]


def _word(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        plain = text.replace("_", " ").encode("utf-8", "replace")
        return binascii.a2b_qp(plain) if b"=" in plain else plain
    packed = re.sub(r"[^A-Za-z0-9+/]", "", text).encode("ascii")
    packed = packed[: len(packed) - 1] if len(packed) % 4 == 1 else packed
    return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))
