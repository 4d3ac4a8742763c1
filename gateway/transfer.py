"""Content-Transfer-Encoding (RFC 2045 section 6) undone, in linear time; what cannot be decoded stays as it came."""

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_WHITE = b" \t\r\n"
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\n]{0,250}\n", re.MULTILINE)


def decode(data: bytes, encoding: str, defects: list[str]) -> bytes:
    """The bytes meant by `data`."""
    encoding = encoding.strip().strip("\"'").lower()
    if encoding in ("", "7bit", "8bit", "binary", "7-bit", "8-bit"):
        return data
    if encoding == "base64":
        return _base64(data, defects)
    if encoding in ("quoted-printable", "quoted_printable"):
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data, defects)
    defects.append("unknown Content-Transfer-Encoding")
    return data


def _base64(data: bytes, defects: list[str]) -> bytes:
    packed = data.translate(None, _WHITE)
    try:
        return binascii.a2b_base64(packed, strict_mode=True)
    except binascii.Error:
        pass  # the usual damage follows
    foreign = len(packed.translate(None, _ALPHABET))
    if foreign * 4 > len(packed):
        defects.append("text that claims to be base64 and is not: kept as it came")
        return data
    defects.append("damaged base64")
    # Padding in the middle: several encodings one after the other, which most readers show in full.
    pieces = re.split(rb"=+", _NOT_BASE64.sub(b"", packed))
    return b"".join(_piece(piece) for piece in pieces if piece)


def _piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


def _uuencoded(data: bytes, defects: list[str]) -> bytes:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        defects.append("text that claims to be uuencoded and is not: kept as it came")
        return data
    out = []
    for line in data[begin.end() :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders append a check character: the length in front tells how much counts.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                defects.append("damaged uuencoded text: kept as it came")
                return data
    return b"".join(out)
