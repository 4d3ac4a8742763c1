"""RTF as Outlook packs it: unpacked (MS-OXRTFCP), read for its words, and the HTML that it may wrap (MS-OXRTFEX)."""

import re
import struct
from dataclasses import dataclass, replace

from gateway import charset
from gateway.headers import clean_body
from gateway.unpack.codepage import charset_of

MAX_UNPACKED = 8 * 1024 * 1024
MAX_READ = 2 * 1024 * 1024  # bytes of RTF that are looked at for words
MAX_TEXT = 1_000_000  # characters
_MAX_DEPTH = 500

_START = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
_UNSEEN = set(
    b"fonttbl colortbl stylesheet info pict object listtable listoverridetable rsidtbl generator themedata datastore "
    b"colorschememapping latentstyles xmlnstbl mmathPr header footer headerl headerr footerl footerr ftnsep fldinst "
    b"filetbl revtbl bkmkstart bkmkend atnid atnauthor mhtmltag".split()
)
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t",
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022",
    b"endash": "\u2013", b"emdash": "\u2014", b"emspace": "\u2003", b"enspace": "\u2002",
}  # fmt: skip
_SYMBOLS = {b"\\": "\\", b"{": "{", b"}": "}", b"~": "\xa0", b"_": "\u2011", b"\n": "\n", b"\r": "\n"}
_FONT_PAGES = {  # \fcharset (RTF 1.9.1, section Font Table)
    128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257,
    204: 1251, 222: 874, 238: 1250, 77: 10000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds inside a pair of braces."""

    unseen: bool = False
    fonts: bool = False  # the font table
    tag: bool = False  # \*\htmltag: a stretch of the HTML itself
    rtf_only: bool = False  # \htmlrtf: what stands for that HTML where only RTF is understood
    skip: int = 1  # characters that stand in for one \u
    font: int = -1


def unpacked(data: bytes) -> bytes:
    """Compressed RTF as RTF; b"" when it is none."""
    if len(data) < 16:
        return b""
    _, size, magic, _ = struct.unpack_from("<IIII", data)
    if magic == 0x414C454D:  # MELA: stored as it is
        return data[16 : 16 + size]
    if magic != 0x75465A4C or size > MAX_UNPACKED:
        return b""
    return _decompressed(data, size)


def _decompressed(data: bytes, size: int) -> bytes:
    out = bytearray(_START)
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
                return bytes(out[start : start + size])
            word = data[position] << 8 | data[position + 1]
            position += 2
            offset, length = word >> 4, (word & 15) + 2
            here = len(out)
            if offset == here % 4096:
                return bytes(out[start : start + size])
            source = here - (here - offset) % 4096
            piece = bytes(out[max(source, 0) : source + length]) if source + length > 0 else b""
            piece = b" " * min(-source, length) + piece if source < 0 else piece
            out += (piece * length)[:length]  # a piece that reaches into itself repeats
    return bytes(out[start : start + size])


def text(data: bytes) -> str:
    """The words of RTF; never raises."""
    return _Reader(data).read()


def html(data: bytes) -> str:
    """The HTML that RTF wraps (MS-OXRTFEX section 2.1); "" when it wraps none."""
    return _Reader(data, html=True).read() if b"\\fromhtml" in data[:1_000] else ""


class _Reader:
    """Goes through RTF once, group by group."""

    def __init__(self, data: bytes, *, html: bool = False) -> None:
        self._data = data
        self._html = html
        self._group = _Group()
        self._outer: list[_Group] = []
        self._out: list[str] = []
        self._length = 0
        self._pending = bytearray()  # 8-bit characters, which may be halves of one
        self._page = 1252
        self._fonts: dict[int, int] = {}
        self._to_skip = 0
        self._high = 0  # the first half of a character beyond 16 bits

    def read(self) -> str:
        """Everything that is meant to be seen."""
        position, end = 0, min(len(self._data), MAX_READ)
        while position < end and self._length < MAX_TEXT:
            match = _TOKEN.match(self._data, position, end)
            if match is None:
                break
            position = match.end()
            word, number, code, symbol, brace, run = match.groups()
            if word is not None:
                value = int(number) if number else None
                if word == b"bin":
                    position += max(value or 0, 0)
                else:
                    self._word(word, value)
            elif code is not None:
                self._bytes(bytes([int(code, 16)]))
            elif symbol is not None:
                self._symbol(symbol)
            elif brace is not None:
                self._brace(brace)
            elif run is not None:
                self._bytes(run)
        self._flush()
        return clean_body("".join(self._out)).strip()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._to_skip = 0
        if brace == b"{":
            if len(self._outer) < _MAX_DEPTH:
                self._outer.append(self._group)
        elif self._outer:
            self._group = self._outer.pop()

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._group = replace(self._group, unseen=True)  # unless the next word says that it is known
        elif symbol in _SYMBOLS:
            self._show(_SYMBOLS[symbol])

    def _word(self, word: bytes, value: int | None) -> None:
        if word == b"u" and value is not None:
            self._unicode(value & 0xFFFF)
        elif word in _SIGNS:
            self._show(_SIGNS[word])
        elif word == b"htmlrtf":
            self._flush()
            self._group = replace(self._group, rtf_only=self._html and value != 0)
        elif word == b"htmltag":
            self._flush()
            self._group = replace(self._group, tag=True, unseen=not self._html)
        elif word in _UNSEEN:
            self._group = replace(self._group, unseen=True, fonts=word == b"fonttbl")
        elif word == b"uc":
            self._group = replace(self._group, skip=min(max(value or 0, 0), 20))
        elif value is not None:
            self._charset_word(word, value)

    def _charset_word(self, word: bytes, value: int) -> None:
        if word == b"ansicpg":
            self._page = value
        elif word == b"f":
            self._flush()
            self._group = replace(self._group, font=value)
        elif word == b"fcharset" and self._group.fonts and value in _FONT_PAGES and len(self._fonts) < 1_000:
            self._fonts[self._group.font] = _FONT_PAGES[value]

    def _unicode(self, unit: int) -> None:
        self._flush()
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
        elif 0xDC00 <= unit < 0xE000:
            if self._high:
                self._show(chr(0x10000 + ((self._high & 0x3FF) << 10) + (unit & 0x3FF)))
            self._high = 0
        else:
            self._show(chr(unit))
        self._to_skip = self._group.skip

    def _bytes(self, run: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(run))
            self._to_skip -= skipped
            run = run[skipped:]
        if run and not self._group.unseen and not self._group.rtf_only:
            self._pending += run
            self._length += len(run)

    def _show(self, characters: str) -> None:
        self._flush()
        self._to_skip = 0
        if not self._group.unseen and not self._group.rtf_only:
            self._out.append(characters)
            self._length += len(characters)

    def _flush(self) -> None:
        if self._pending:
            page = self._page if self._group.tag else self._fonts.get(self._group.font, self._page)
            self._out.append(charset.decode(bytes(self._pending), charset_of(page)))
            self._pending.clear()
