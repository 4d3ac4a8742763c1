"""winmail.dat (MS-OXTNEF) unpacked within bounds: files, and the text where the mail has none of its own."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateway import charset
from gateway.headers import clean, clean_body

MAX_FILES = 100
_MAX_PROPERTIES = 2_000
_MAX_RTF = 8 * 1024 * 1024
_SIGNATURE = 0x223E9F78
_TITLE, _DATA, _RENDERING, _ATTACHMENT, _MAPI, _BODY, _CODEPAGE = 0x8010, 0x800F, 0x9002, 0x9005, 0x9003, 0x800C, 0x9007
_WIDTHS = {0x01: 0, 0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_LONG_NAME, _NAME, _ATTACH_DATA = 0x3707, 0x3704, 0x3701
_RTF, _PLAIN, _HTML = 0x1009, 0x1000, 0x1013
_RTF_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


@dataclass(slots=True)
class File:
    """One file of a winmail.dat."""

    name: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Contents:
    """What a winmail.dat holds; `complete` is false when it is cut, or made to look larger than it is."""

    files: list[File]
    text: str = ""
    complete: bool = True


def unpack(data: bytes) -> Contents:
    """Read a winmail.dat; never raises, never allocates by a length that the data does not have."""
    contents = Contents([])
    page = "cp1252"
    for item in _attributes(data, contents):
        name, value = item
        if name == _CODEPAGE and len(value) >= 4:
            page = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _RENDERING:
            if len(contents.files) >= MAX_FILES:
                contents.complete = False
                break
            contents.files.append(File())
        elif name == _BODY:
            contents.text = clean_body(charset.decode(value.rstrip(b"\0"), page))
        elif name == _MAPI:
            _message_properties(value, page, contents)
        elif contents.files:
            _file_attribute(contents.files[-1], name, value, page)
    contents.files = [file for file in contents.files if file.name or file.data]
    for file in contents.files:
        file.name = file.name or "Untitled Attachment"  # as Outlook calls it
    return contents


def _attributes(data: bytes, contents: Contents) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        contents.complete = False
        return
    position = 6
    while position + 9 <= len(data):
        _, name, _, length = struct.unpack_from("<BHHI", data, position)
        position += 9
        if length > len(data) - position:
            contents.complete = False
            return
        yield name, data[position : position + length]
        position += length + 2  # the checksum is often wrong, and nobody minds


def _file_attribute(file: File, name: int, value: bytes, page: str) -> None:
    if name == _TITLE and not file.name:
        file.name = clean(charset.decode(value.rstrip(b"\0"), page), 250)
    elif name == _DATA and not file.data:
        file.data = value
    elif name == _ATTACHMENT:
        found = {key: content for key, content in _properties(value, page) if content}
        for key in (_LONG_NAME, _NAME):
            if key in found:
                file.name = clean(charset.decode(found[key], "utf-8"), 250)
                break
        if not file.data and len(found.get(_ATTACH_DATA, b"")) > 16:
            file.data = found[_ATTACH_DATA][16:]  # after the interface id of the object


def _message_properties(value: bytes, page: str, contents: Contents) -> None:
    for key, content in _properties(value, page):
        if key == _RTF and (rtf := rtf_decompressed(content)):
            contents.files.append(File("body.rtf", rtf))
        elif key == _HTML and content.strip(b"\0 \r\n"):
            contents.files.append(File("body.html", content))
        elif key == _PLAIN and not contents.text:
            contents.text = clean_body(charset.decode(content, "utf-8"))


def _properties(data: bytes, page: str) -> Iterator[tuple[int, bytes]]:
    """MAPI properties (MS-OXTNEF section 2.1.3.4): id and first value; strings as UTF-8."""
    try:
        (count,) = struct.unpack_from("<I", data)
        position = 4
        for _ in range(min(count, _MAX_PROPERTIES)):
            kind, key = struct.unpack_from("<HH", data, position)
            position += 4
            if key >= 0x8000:
                position = _skip_name(data, position)
            many, kind = bool(kind & 0x1000), kind & 0x0FFF
            values = 1
            if many or kind in (_STRING8, _UNICODE, _OBJECT, _BINARY):
                (values,) = struct.unpack_from("<I", data, position)
                position += 4
            for number in range(min(values, _MAX_PROPERTIES)):
                content, position = _value(data, position, kind, page)
                if number == 0:
                    yield key, content
    except (struct.error, LookupError):
        return  # cut or unknown: what was read so far counts


def _skip_name(data: bytes, position: int) -> int:
    (kind,) = struct.unpack_from("<I", data, position + 16)
    position += 20
    if kind == 0:
        return position + 4
    (length,) = struct.unpack_from("<I", data, position)
    return position + 4 + int(length) + (-int(length) % 4)


def _value(data: bytes, position: int, kind: int, page: str) -> tuple[bytes, int]:
    if kind in _WIDTHS:
        width = _WIDTHS[kind]
        return data[position : position + width], position + width
    if kind not in (_STRING8, _UNICODE, _OBJECT, _BINARY):
        raise LookupError(kind)
    (length,) = struct.unpack_from("<I", data, position)
    position += 4
    if length > len(data) - position:
        raise LookupError(length)
    content = data[position : position + length]
    if kind == _UNICODE:
        content = content.decode("utf-16-le", "replace").rstrip("\0").encode()
    elif kind == _STRING8:
        content = charset.decode(content.rstrip(b"\0"), page).encode()
    return content, position + length + (-length % 4)


def rtf_decompressed(data: bytes) -> bytes:
    """Compressed RTF (MS-OXRTFCP) unpacked; b"" when it is none."""
    if len(data) < 16:
        return b""
    _, size, magic, _ = struct.unpack_from("<IIII", data)
    if magic == 0x414C454D:  # MELA: stored as it is
        return data[16 : 16 + size]
    if magic != 0x75465A4C or size > _MAX_RTF:
        return b""
    out = bytearray(_RTF_START)
    start, position = len(out), 16
    while position < len(data) and len(out) - start < size:
        flags = data[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += data[position : position + 1]
                position += 1
                continue
            if position + 2 > len(data):
                return bytes(out[start:])
            word = data[position] << 8 | data[position + 1]
            position += 2
            offset, length = word >> 4, (word & 15) + 2
            here = len(out)
            if offset == here % 4096:
                return bytes(out[start : start + size])
            source = here - (here - offset) % 4096
            for k in range(length):
                out.append(out[source + k] if source + k >= 0 else 0x20)
    return bytes(out[start : start + size])
