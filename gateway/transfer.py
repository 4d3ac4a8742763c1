"""Content-Transfer-Encoding (RFC 2045 section 6) undone, in linear time; what cannot be decoded stays as it came."""

import binascii
import re
from collections.abc import Iterator

from gateway.unpack import uuencode

_WHITE = b" \t\r\n"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FOREIGN = bytes(sorted(set(range(256)) - set(_ALPHABET)))
_PADDED = re.compile(rb"=[ \t]{1,80}\r?\n")  # a soft line break with blanks behind it (RFC 2045 section 6.7, rule 3)
_REMARK = re.compile(rb"(?<==)[ \t]+([^\r\n=]{1,200})(?=[\r\n]|\Z)")
_CHUNK = 1 << 20  # base64 is decoded in steps, so that a large file is never in memory in three forms


def decode(data: memoryview, encoding: str, defects: list[str]) -> bytes:
    """The bytes meant by `data`."""
    encoding = encoding.strip().strip("\"'").lower()
    if encoding in ("", "7bit", "8bit", "binary", "7-bit", "8-bit"):
        return bytes(data)
    if encoding == "base64":
        return _base64(data, defects)
    if encoding in ("quoted-printable", "quoted_printable"):
        return binascii.a2b_qp(_PADDED.sub(b"=\n", data) if _PADDED.search(data) else data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data, defects)
    defects.append("unknown Content-Transfer-Encoding")
    return bytes(data)


def _base64(data: memoryview, defects: list[str]) -> bytes:
    try:
        return b"".join(_strict(data))
    except binascii.Error:
        pass  # the usual damage follows
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


def _strict(data: memoryview) -> Iterator[bytes]:
    """Base64 without a fault but white space; raises binascii.Error on any other."""
    held = b""
    for start in range(0, len(data), _CHUNK):
        packed = held + bytes(data[start : start + _CHUNK]).translate(None, _WHITE)
        whole = len(packed) - len(packed) % 4 if start + _CHUNK < len(data) else len(packed)
        held = packed[whole:]
        yield binascii.a2b_base64(packed[:whole], strict_mode=True)


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
