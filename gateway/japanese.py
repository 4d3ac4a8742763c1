"""Japanese mail as it is really written: ISO-2022-JP with Microsoft's additions, or eight-bit text under its label."""

import re
from collections.abc import Iterator

ESCAPE = b"\x1b$"
_SHIFT = re.compile(rb"\x1b(\$[@B]|\$\([@BDOQ]|\([BJI])")
_DOUBLE = (b"$@", b"$B", b"$(@", b"$(B", b"$(O", b"$(Q")  # JIS X 0208 and 0213
_KANA = b"(I"  # JIS X 0201: half-width katakana, which RFC 1468 forbids and telephones send


def decode(data: bytes) -> str:
    """Text of bytes that say they are ISO-2022-JP (RFC 1468); never fails."""
    if not data.isascii() and ESCAPE not in data:
        return _eight_bit(data)
    try:
        return data.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        # Outlook writes ① and ㈱, rows 13 and above of Windows code page 932, into the seven-bit form as well.
        return "".join(_segments(data))


def _eight_bit(data: bytes) -> str:
    for name in ("utf-8", "cp932", "euc_jp"):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("cp932", "replace")


def _segments(data: bytes) -> Iterator[str]:
    """Each stretch between two escape sequences, in the set that the first one chose."""
    position, chosen = 0, b"(B"
    for match in _SHIFT.finditer(data):
        yield _segment(data[position : match.start()], chosen)
        position, chosen = match.end(), match[1]
    yield _segment(data[position:], chosen)


def _segment(data: bytes, chosen: bytes) -> str:
    if chosen == _KANA:
        return bytes(byte | 0x80 for byte in data).decode("cp932", "replace")
    if chosen not in _DOUBLE:
        return data.decode("ascii", "replace")
    return bytes(_shift_jis(data)).decode("cp932", "replace")


def _shift_jis(data: bytes) -> Iterator[int]:
    """JIS row and cell to Shift_JIS (JIS X 0208 annex 1); what cannot be a character is left as it is."""
    place, end = 0, len(data)
    while place < end:
        row = data[place]
        if place + 1 >= end or not (0x21 <= row <= 0x7E and 0x21 <= data[place + 1] <= 0x7E):
            yield row & 0x7F
            place += 1
            continue
        cell = data[place + 1]
        yield (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
        yield cell + (0x1F if row & 1 and cell < 0x60 else 0x20 if row & 1 else 0x7E)
        place += 2
