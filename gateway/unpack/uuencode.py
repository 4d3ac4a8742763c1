"""Files written into a text by uuencode, as mailers did before MIME and some programs still do (POSIX uuencode)."""

import binascii
import re
from collections.abc import Iterator

MAX_FILES = 20

_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,250})\r?\n", re.MULTILINE)
_LINE = re.compile(rb"([^\n]*)(?:\n|\Z)")
_ENCODED = re.compile(rb"[ -`]{1,100}\Z")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{1,100}={0,2}\Z")
_STRIP = b" \t\r"


def decoded(data: memoryview) -> bytes | None:
    """The first file in `data`; None when there is none, or when it is damaged."""
    begin = _BEGIN.search(data)
    if begin is None:
        return None
    found = _base64(data, begin.end()) if begin[1] else _uuencoded(data, begin.end(), lenient=True)
    return found[0] if found is not None else None


def taken_out(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text without the whole files that stand in it, and these by name; anything doubtful stays text."""
    if b"begin" not in data:
        return data, []
    text: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    view = memoryview(data)
    position = 0
    while len(files) < MAX_FILES and (begin := _BEGIN.search(data, position)) is not None:
        found = _base64(view, begin.end()) if begin[1] else _uuencoded(view, begin.end(), lenient=False)
        if found is None or not found[0]:
            text.append(data[position : begin.end()])
            position = begin.end()
            continue
        content, end = found
        files.append((begin[2].decode("utf-8", "replace").strip(), content))
        text.append(data[position : begin.start()])
        position = end
    return b"".join([*text, data[position:]]), files


def _uuencoded(data: memoryview, position: int, *, lenient: bool) -> tuple[bytes, int] | None:
    """One file from its first line on, and where the text goes on; None when it is not one to its last line.

    Where "end" is missing, the line of no length before it is the last one. `lenient` is for a part that is nothing
    but a file: it may be cut.
    """
    out = bytearray()
    finished = -1  # behind the line of no length
    for line, after in _lines(data, position):
        if line.rstrip(_STRIP) == b"end":
            return bytes(out), after
        if line.strip() in (b"`", b""):
            finished = after if finished < 0 and line[:1] == b"`" else finished
            continue
        content = _content(line) if finished < 0 and (lenient or _ENCODED.match(line)) else None
        if content is None:
            return (bytes(out), finished) if finished >= 0 else None
        out += content
    if finished >= 0:
        return bytes(out), finished
    return (bytes(out), len(data)) if lenient else None


def _base64(data: memoryview, position: int) -> tuple[bytes, int] | None:
    """One file in base64, which "====" ends, or the end of the text where that is missing."""
    packed = bytearray()
    after = position
    for line, after in _lines(data, position):  # noqa: B007  where the text ends is needed behind the loop
        line = line.strip(_STRIP)
        if line == b"====":
            break
        if line and _BASE64.match(line) is None:
            return None
        packed += line
    try:
        return binascii.a2b_base64(packed), after
    except binascii.Error:
        return None


def _lines(data: memoryview, position: int) -> Iterator[tuple[bytes, int]]:
    """Lines without their ends, and where the next one begins."""
    for match in _LINE.finditer(data, position):
        yield match[1].rstrip(b"\r"), match.end()


def _content(line: bytes) -> bytes | None:
    """A line decoded; blanks that a mailer cut from its end count as zeros."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders append a check character: the length in front tells how much counts.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return None
