"""Content-Transfer-Encoding (RFC 2045 section 6) undone, in linear time; what cannot be decoded stays as it came."""

import binascii
import re
from collections.abc import Iterator

import pybase64

from gateway.unpack import uuencode

_WHITE = b" \t\r\n"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FOREIGN = bytes(sorted(set(range(256)) - set(_ALPHABET)))
_PADDED = re.compile(rb"=[ \t]{1,80}\r?\n")  # a soft line break with blanks behind it (RFC 2045 section 6.7, rule 3)
_MAX_FOOTER = 4096  # bytes at the end of base64 in which a footer is looked for
_LINE = re.compile(rb"([^\n]*)\n?")
_RULE = re.compile(rb"[=/+]+\Z")
_PLAIN = re.compile(rb"[A-Za-z]{2,} [A-Za-z]{2,}|^[-_*=]{2,}\s*$", re.MULTILINE)
_REMARK = re.compile(rb"(?<==)[ \t]+([^\r\n=]{1,200})(?=[\r\n]|\Z)")
_CHUNK = 1 << 20  # base64 is decoded in steps, so that a large file is never in memory in three forms


def decode(data: memoryview, encoding: str, defects: list[str], *, text: bool = False) -> bytes:
    """The bytes meant by `data`; for a `text`, a plain footer that a list or scanner has put behind it is kept."""
    encoding = encoding.strip().strip("\"'").lower()
    if encoding in ("", "7bit", "8bit", "binary", "7-bit", "8-bit"):
        return bytes(data)
    if encoding == "base64":
        return _base64(data, defects, text=text)
    if encoding in ("quoted-printable", "quoted_printable"):
        return binascii.a2b_qp(_PADDED.sub(b"=\n", data) if _PADDED.search(data) else data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data, defects)
    defects.append("unknown Content-Transfer-Encoding")
    return bytes(data)


def _base64(data: memoryview, defects: list[str], *, text: bool) -> bytes:
    try:
        return b"".join(_strict(data))
    except binascii.Error:
        pass  # the usual damage follows
    end = _footer(data)
    if end >= 0:
        defects.append("plain lines behind base64")
        try:
            whole = b"".join(_strict(data[:end]))
        except binascii.Error:
            whole = b"".join(_lenient(data[:end]))
        return whole + b"\n" + bytes(data[end:]) if text else whole
    foreign = meant = spaces = 0
    for start in range(0, len(data), _CHUNK):
        chunk = _REMARK.sub(_without_remark, bytes(data[start : start + _CHUNK]))
        packed = chunk.translate(None, _WHITE)
        meant += len(packed)
        spaces += chunk.count(b" ")
        foreign += len(packed.translate(None, _ALPHABET))
    if foreign * 4 > meant or (foreign and spaces * 10 > meant):  # words, or lines of words
        defects.append("text that claims to be base64 and is not: kept as it came")
        return bytes(data)
    defects.append("damaged base64")
    return b"".join(_lenient(data))


def _footer(data: memoryview) -> int:
    """Where plain lines begin that stand behind a whole encoding: words with blanks, or a rule; -1 when none do."""
    tail = bytes(data[-_MAX_FOOTER:])
    start = len(data) - len(tail)
    found = -1
    for match in reversed(list(_LINE.finditer(tail))):
        line = match[1].strip()
        if _is_encoded(line):
            break
        if line:
            found = match.start()
    if found <= 0 or not _PLAIN.search(tail[found:]):
        return -1
    return start + found


def _is_encoded(line: bytes) -> bool:
    """True for a line of base64, damaged perhaps or with a remark; words have blanks, and come in no fours."""
    line = _REMARK.sub(_without_remark, line).strip()
    packed = line.translate(None, _FOREIGN)
    if len(packed) < 4 or len(packed) % 4 or b" " in line or _RULE.match(line):
        return False
    return len(packed) * 5 >= len(line) * 4


def _strict(data: memoryview) -> Iterator[bytes]:
    """Base64 without a fault but white space; raises binascii.Error on any other."""
    held = b""
    for start in range(0, len(data), _CHUNK):
        packed = held + bytes(data[start : start + _CHUNK]).translate(None, _WHITE)
        whole = len(packed) - len(packed) % 4 if start + _CHUNK < len(data) else len(packed)
        held = packed[whole:]
        yield _strictly(packed[:whole])


def _strictly(packed: bytes) -> bytes:
    try:
        return pybase64.b64decode(packed, validate=True)  # many times as fast
    except binascii.Error:
        return binascii.a2b_base64(packed, strict_mode=True)  # which allows more padding than there has to be


def _lenient(data: memoryview) -> Iterator[bytes]:
    """Padding in the middle: several encodings one after the other, which most readers show in full."""
    held = b""
    for start in range(0, len(data), _CHUNK):
        packed = held + _REMARK.sub(_without_remark, bytes(data[start : start + _CHUNK])).translate(None, _FOREIGN)
        *closed, held = re.split(rb"=+", packed)
        yield from map(_piece, closed)
        whole = len(held) - len(held) % 4
        yield binascii.a2b_base64(held[:whole])
        held = held[whole:]
    yield _piece(held)


def _without_remark(match: re.Match[bytes]) -> bytes:
    """Words behind the padding are no encoding: that has no blanks and comes in fours."""
    further = match[1].strip()
    return b"" if len(further) % 4 or further.translate(None, _ALPHABET) else match[0]


def _piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def _uuencoded(data: memoryview, defects: list[str]) -> bytes:
    content = uuencode.decoded(data)
    if content is None:
        defects.append("text that claims to be uuencoded and is not: kept as it came")
        return bytes(data)
    return content
