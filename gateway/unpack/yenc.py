"""Files written into a text by yEnc (yenc.org, draft 1.3): eight-bit characters, each moved on by 42."""

import re

MAX_FILES = 20

_MARK = re.compile(rb"^=y(?:(begin)|end) ([^\r\n]{1,400})(?:\r?\n|\Z)", re.MULTILINE)
_FIELDS = re.compile(rb"(?:line=\d{1,6} {1,9}|size=(\d{1,12}) {1,9}){2}name=(.{1,250})")
_END_SIZE = re.compile(rb"(?:.{0,200} )?size=(\d{1,12})(?: |\Z)")
_MOVED = bytes((byte - 42) % 256 for byte in range(256))
# What may not stand in a line as it is has 64 added and "=" before it. The last one makes new "=".
_ESCAPED = [(b"=" + bytes([byte + 64]), bytes([byte])) for byte in b"\0\t\n\r .="]


def taken_out(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A text without the whole files that stand in it, and these by name; parts of files and what is damaged stay."""
    if b"=ybegin " not in data:
        return data, []
    text: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    position = 0
    begin: re.Match[bytes] | None = None
    for mark in _MARK.finditer(data):
        if mark[1]:
            begin = mark
        elif begin is not None and len(files) < MAX_FILES:
            found = _whole(data, begin, mark)
            if found is not None:
                files.append(found)
                text.append(data[position : begin.start()])
                position = mark.end()
            begin = None
    return b"".join([*text, data[position:]]), files


def _whole(data: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> tuple[str, bytes] | None:
    """Name and content, if the size at both ends is the one that came. The CRC is not looked at."""
    fields, last = _FIELDS.match(begin[2]), _END_SIZE.match(end[2])
    if fields is None or fields[1] is None or last is None or int(fields[1]) != int(last[1]):
        return None
    content = _content(data[begin.end() : end.start()].translate(None, b"\r\n"))
    if content is None or len(content) != int(fields[1]):
        return None
    return fields[2].decode("utf-8", "replace").strip().strip('"'), content


def _content(packed: bytes) -> bytes | None:
    for written, meant in _ESCAPED:
        if meant == b"=" and packed.count(b"=") != packed.count(written):
            return None
        packed = packed.replace(written, meant)
    return packed.translate(_MOVED)
