"""winmail.dat (MS-OXTNEF) unpacked within bounds: its files, its text and HTML, attached mails, and what is to meet."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gateway import charset
from gateway.headers import clean, clean_body
from gateway.unpack import rtf
from gateway.unpack.calendar_times import UTC_ZONE, Moment, span
from gateway.unpack.calendar_words import ENGLISH
from gateway.unpack.codepage import charset_of
from gateway.unpack.embedded import Letter, written
from gateway.unpack.mapi import Property, properties

MAX_FILES = 100
_MAX_DEPTH = 3
_MAX_ATTRIBUTES = 5_000
_SIGNATURE = 0x223E9F78
_SUBJECT, _CLASS, _BODY, _CODEPAGE = 0x8004, 0x8008, 0x800C, 0x9007
_TITLE, _DATA, _RENDERING, _ATTACHMENT, _MAPI = 0x8010, 0x800F, 0x9002, 0x9005, 0x9003

# MS-OXPROPS: the properties of a message
_MESSAGE_CLASS, _MESSAGE_SUBJECT, _PLAIN, _RTF, _HTML, _CODEPAGE_OF_HTML = 0x1A, 0x37, 0x1000, 0x1009, 0x1013, 0x3FDE
_FROM_NAME, _FROM_ADDRESS = (0x42, 0xC1A), (0x5D02, 0x5D01, 0x65, 0xC1F)
_TO, _SENT, _START, _END = 0xE04, 0x39, 0x60, 0x61
_LOCATION, _START_WHOLE, _END_WHOLE = 0x8208, 0x820D, 0x820E  # named ones
# and of an attachment
_LONG_NAME, _NAME, _DISPLAY_NAME, _ATTACH_DATA, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x3712
_MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage: a message is attached
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}charset\s{0,5}=\s{0,5}[\"']?([\w-]{1,40})", re.IGNORECASE)
_MEETINGS = {  # message classes (MS-OXOCAL section 2.2.1), and those of Microsoft Schedule+
    "meeting.request": "REQUEST", "meeting.canceled": "CANCEL", ".mtgreq": "REQUEST", ".mtgcncl": "CANCEL",
    "meeting.resp.pos": "ACCEPTED", "meeting.resp.neg": "DECLINED", "meeting.resp.tent": "TENTATIVE",
    ".mtgrespp": "ACCEPTED", ".mtgrespn": "DECLINED", ".mtgrespa": "TENTATIVE",
}  # fmt: skip


@dataclass(slots=True)
class File:
    """One file of a winmail.dat; with a `content_id` it is a picture of its HTML."""

    name: str = ""
    data: bytes = b""
    content_id: str = ""


@dataclass(slots=True)
class Contents:
    """What a winmail.dat holds; `complete` is false when it is cut, or made to look larger than it is."""

    files: list[File]
    text: str = ""
    html: str = ""
    meeting: str = ""  # what a meeting request asks for, in lines
    complete: bool = True


@dataclass(slots=True)
class _Message:
    """What was read of the message so far."""

    contents: Contents
    depth: int
    page: str = "cp1252"
    kind: str = ""
    file: File | None = None  # the one that is being read
    rtf: bytes = b""
    letter: Letter = field(default_factory=Letter)
    location: str = ""
    times: dict[int, datetime] = field(default_factory=dict)


def unpack(data: bytes) -> Contents:
    """Read a winmail.dat; never raises, never allocates by a length that the data does not have."""
    return _read(data, 1).contents


def _read(data: bytes, depth: int) -> _Message:
    message = _Message(Contents([]), depth)
    contents = message.contents
    for name, value in _attributes(data, contents):
        if name == _RENDERING:
            if len(contents.files) >= MAX_FILES:
                contents.complete = False
                break
            message.file = File()
            contents.files.append(message.file)
        elif name in (_TITLE, _DATA, _ATTACHMENT):
            if message.file is not None:
                _file_attribute(message.file, name, value, message)
        else:
            _message_attribute(message, name, value)
    contents.files = [file for file in contents.files if file.name or file.data]
    for file in contents.files:
        file.name = file.name or "Untitled Attachment"  # as Outlook calls it
    _read_rtf(message)
    contents.meeting = _meeting(message)
    return message


def _attributes(data: bytes, contents: Contents) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        contents.complete = False
        return
    position = 6
    for _ in range(_MAX_ATTRIBUTES):
        if position + 9 > len(data):
            return
        _, name, _, length = struct.unpack_from("<BHHI", data, position)
        position += 9
        if length > len(data) - position:
            break
        yield name, data[position : position + length]
        position += length + 2  # the checksum is often wrong, and nobody minds
    contents.complete = False


def _message_attribute(message: _Message, name: int, value: bytes) -> None:
    if name == _CODEPAGE and len(value) >= 4:
        message.page = charset_of(int.from_bytes(value[:4], "little"))
    elif name == _BODY:
        message.contents.text = clean_body(_string(value, message.page))
    elif name == _SUBJECT:
        message.letter.subject = message.letter.subject or clean(_string(value, message.page))
    elif name == _CLASS:
        message.kind = message.kind or _string(value[:100], message.page)
    elif name == _MAPI:
        _message_properties(message, list(properties(value, message.page)))


def _string(value: bytes, page: str) -> str:
    return charset.decode(value.rstrip(b"\0"), page)


def _file_attribute(file: File, name: int, value: bytes, message: _Message) -> None:
    if name == _TITLE and not file.name:
        file.name = clean(_string(value, message.page), 250)
    elif name == _DATA and not file.data:
        file.data = value
    elif name == _ATTACHMENT:
        found = {item.key: item.value for item in properties(value, message.page) if item.value and not item.named}
        named = next((found[key] for key in (_LONG_NAME, _NAME) if key in found), b"")
        if not named and not file.name:
            named = found.get(_DISPLAY_NAME, b"")
        file.name = clean(named.decode("utf-8", "replace"), 250) or file.name
        file.content_id = clean(found.get(_CONTENT_ID, b"").decode("utf-8", "replace"), 250).strip("<> ")
        content = found.get(_ATTACH_DATA, b"")
        if not file.data and len(content) > 16:
            file.data = content[16:]  # after the interface id of the object
            if content[:16] == _MESSAGE_INTERFACE:
                _attached_message(file, message)


def _attached_message(file: File, message: _Message) -> None:
    """A message in a message: a mail that any program opens takes the place of the form that only Outlook reads."""
    if message.depth >= _MAX_DEPTH:
        return  # it stays as it is, as does one that is damaged
    inner = _read(file.data, message.depth + 1)
    contents = inner.contents
    if not contents.complete:
        message.contents.complete = False
        return
    letter = inner.letter
    letter.text = "\n\n".join(part for part in (contents.meeting, contents.text) if part)
    letter.html = contents.html
    letter.files = [(item.name, item.data) for item in contents.files if item.name not in ("body.rtf", "body.html")]
    if mail := written(letter):
        file.data = mail
        file.name = f"{(letter.subject or file.name or 'mail')[:80]}.eml"


def _message_properties(message: _Message, found: list[Property]) -> None:
    contents = message.contents
    plain = {item.key: item for item in found if not item.named and item.value}
    if _RTF in plain and not message.rtf and (unpacked := rtf.unpacked(plain[_RTF].value)):
        message.rtf = unpacked
        contents.files.insert(0, File("body.rtf", unpacked))
    if _HTML in plain and not contents.html and plain[_HTML].value.strip(b"\0 \r\n"):
        written_html = plain[_HTML].value
        page = plain[_CODEPAGE_OF_HTML].number() if _CODEPAGE_OF_HTML in plain else 0
        contents.html = _decoded_html(written_html, page)
        contents.files.insert(0, File("body.html", written_html))
    if _PLAIN in plain and not contents.text:
        contents.text = clean_body(_utf8(plain[_PLAIN]))
    message.kind = message.kind or _utf8(plain.get(_MESSAGE_CLASS))
    letter = message.letter
    letter.subject = letter.subject or clean(_utf8(plain.get(_MESSAGE_SUBJECT)))
    letter.name = next((clean(_utf8(plain[key])) for key in _FROM_NAME if key in plain), "")
    letter.address = next((said for key in _FROM_ADDRESS if "@" in (said := _utf8(plain.get(key)))), "")
    letter.to = clean(_utf8(plain.get(_TO)))
    letter.sent = plain[_SENT].time() if _SENT in plain else None
    _meeting_properties(message, found)


def _meeting_properties(message: _Message, found: list[Property]) -> None:
    for item in found:
        if item.named and item.key == _LOCATION:
            message.location = clean(_utf8(item), 250)
        key = {_START_WHOLE: _START, _END_WHOLE: _END}.get(item.key, 0) if item.named else item.key
        if key in (_START, _END) and (when := item.time()) is not None:
            message.times[key] = when


def _utf8(item: Property | None) -> str:
    return item.value.decode("utf-8", "replace") if item is not None else ""


def _decoded_html(data: bytes, page: int) -> str:
    declared = charset_of(page) if page else ""
    if not declared and (meta := _META_CHARSET.search(data[:4096])) is not None:
        declared = meta[1].decode("ascii", "replace")
    return clean_body(charset.decode(data.rstrip(b"\0"), declared))


def _read_rtf(message: _Message) -> None:
    """RTF is all the text there is in most mail of old Outlook; it may wrap the HTML that somebody else wrote."""
    contents = message.contents
    if not message.rtf:
        return
    if not contents.html:
        contents.html = rtf.html(message.rtf)
    if not contents.text.strip() and not contents.html:
        contents.text = rtf.text(message.rtf)


def _meeting(message: _Message) -> str:
    """What, when and where, if the message asks for a meeting; Outlook keeps its times in UTC."""
    if "meeting" not in (kind := message.kind.lower()) and ".mtg" not in kind:
        return ""
    asked = next((asked for name, asked in _MEETINGS.items() if name in kind), "")
    heading = ENGLISH.methods.get(asked) or ENGLISH.answers.get(asked) or ENGLISH.kinds["VEVENT"]
    lines = [f"{heading[:1].upper()}{heading[1:]}: {message.letter.subject or ENGLISH.untitled}"]
    start, end = (message.times.get(key) for key in (_START, _END))
    if start is not None:
        last = Moment(end.replace(tzinfo=None), UTC_ZONE) if end is not None else None
        lines.append(f"{ENGLISH.when}: {span(Moment(start.replace(tzinfo=None), UTC_ZONE), last, ENGLISH)}")
    if message.location:
        lines.append(f"{ENGLISH.where}: {message.location}")
    return "\n".join(lines)
