"""Files written into a text by uuencode, as mailers did before MIME and some programs still do (POSIX uuencode)."""

import binascii
import re
from collections.abc import Iterator

MAX_FILES = 20

_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,250})\r?\n", re.MULTILINE)
_LINE = re.compile(rb"([^\n]*)(?:\n|\Z)")
_ENCODED = re.compile(rb"[ -`]{1,100}\Z")


def decoded(data: memoryview) -> bytes | None:
    """The first file in `data`; None when there is none, or when it is damaged."""
    begin = _BEGIN.search(data)
    if begin is None:
        return None
    out = bytearray()
    for line in _lines(data, begin.end()):
        if line == b"end":
            break
        if line.strip() in (b"`", b""):
            continue
        content = _content(line)
        if content is None:
            return None
        out += content
    return bytes(out)


def taken_out(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text without the whole files that stand in it, and these by name; anything doubtful stays text."""
    if b"begin " not in data:
        return data, []
    text: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    position = 0
    while len(files) < MAX_FILES and (begin := _BEGIN.search(data, position)) is not None:
        found = _whole(memoryview(data), begin.end())
        if found is None:
            text.append(data[position : begin.end()])
            position = begin.end()
            continue
        content, end = found
        files.append((begin[1].decode("utf-8", "replace").strip(), content))
        text.append(data[position : begin.start()])
        position = end
    return b"".join([*text, data[position:]]), files


def _whole(data: memoryview, position: int) -> tuple[bytes, int] | None:
    """One file from its first line on, and where the text goes on; None when it is not one to its last line."""
    out = bytearray()
    for match in _LINE.finditer(data, position):
        line = match[1].rstrip(b"\r")
        if line == b"end":
            return (bytes(out), match.end()) if out else None
        if line.strip() in (b"`", b""):
            continue
        content = _content(line) if _ENCODED.match(line) else None
        if content is None:
            return None
        out += content
    return None


def _lines(data: memoryview, position: int) -> Iterator[bytes]:
    for match in _LINE.finditer(data, position):
        yield match[1].rstrip(b"\r")


def _content(line: bytes) -> bytes | None:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders append a check character: the length in front tells how much counts.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return None
