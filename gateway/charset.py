"""Bytes to text: the declared charset if it is an allowed one and fits, then UTF-8, then Windows-1252."""

import re

# Codecs are chosen from this list and never looked up by a sender's name: Python's registry also holds
# zlib, idna and punycode, which a mail could use to fill the memory (security.md, row 28).
_CODECS = {
    **dict.fromkeys(
        (
            "us-ascii",
            "ascii",
            "ansi_x3.4-1968",
            "646",
            "iso646-us",
            "iso-8859-1",
            "iso8859-1",
            "iso_8859-1",
            "latin1",
            "latin-1",
            "l1",
            "cp819",
            "windows-1252",
            "cp1252",
            "x-ansi",
        ),
        "cp1252",
    ),
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8", "utf8mb4", "utf-8mb4", "cp65001"), "utf-8"),
    **{
        f"{p}{n}": f"iso8859-{n}"
        for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)
        for p in ("iso-8859-", "iso8859-", "iso_8859-", "latin-")
    },
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso8859-8"),
    **dict.fromkeys(("iso-8859-6-i", "iso-8859-6-e"), "iso8859-6"),
    **dict.fromkeys(("iso-8859-9", "iso8859-9", "latin5", "windows-1254", "cp1254"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874", "cp874"), "cp874"),
    "latin2": "iso8859-2",
    "latin-9": "iso8859-15",
    "latin9": "iso8859-15",
    **{
        f"{p}{n}": f"cp{n}"
        for n in (
            1250,
            1251,
            1253,
            1255,
            1256,
            1257,
            1258,
            437,
            737,
            775,
            850,
            852,
            855,
            857,
            858,
            860,
            861,
            862,
            863,
            865,
            866,
        )
        for p in ("cp", "windows-", "ibm")
    },
    "koi8-r": "koi8-r",
    "koi8r": "koi8-r",
    "koi8-u": "koi8-u",
    "koi8-ru": "koi8-u",
    **dict.fromkeys(("macintosh", "mac", "x-mac-roman", "macroman"), "mac-roman"),
    **dict.fromkeys(("gb2312", "gb_2312-80", "x-gbk", "gbk", "cp936", "gb18030", "euc-cn", "x-euc-cn"), "gb18030"),
    **dict.fromkeys(("hz-gb-2312", "hz"), "hz"),
    **dict.fromkeys(("big5", "big-5", "x-x-big5", "cn-big5", "cp950"), "cp950"),
    "big5-hkscs": "big5hkscs",
    **dict.fromkeys(("euc-kr", "euckr", "ks_c_5601-1987", "ks_c_5601", "ksc5601", "cp949", "windows-949"), "cp949"),
    "iso-2022-kr": "iso2022_kr",
    "johab": "johab",
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "cp932", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-jp", "eucjp", "x-euc-jp"), "euc_jp"),
    **dict.fromkeys(("iso-2022-jp", "iso2022jp", "csiso2022jp"), "iso2022_jp_ext"),
    "iso-2022-jp-1": "iso2022_jp_1",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-jp-3": "iso2022_jp_3",
    **dict.fromkeys(("utf-16", "utf16", "ucs-2", "iso-10646-ucs-2"), "utf-16"),
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "utf-32le": "utf-32-le",
    "utf-32be": "utf-32-be",
    **dict.fromkeys(("utf-7", "utf7", "unicode-1-1-utf-7"), "utf-7"),
}
_SINGLE_BYTE = re.compile(r"(?:cp1?\d\d\d|cp87\d|iso8859|koi8|mac)", re.ASCII)
_LATIN_HOLES = {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # bytes without a character in Windows-1252
_CP1252 = "".join(chr(b) if b in _LATIN_HOLES else bytes([b]).decode("cp1252") for b in range(256))


def codec(name: str) -> str | None:
    """The Python codec for a charset name (RFC 2978), or None when it is not an allowed one."""
    return _CODECS.get(name.strip().strip("\"'").lower())


def decode(data: bytes, declared: str = "") -> str:
    """Text of `data`; never fails, and replaces only what no reading explains."""
    if data.isascii() and (codec(declared) or "cp1252") in ("cp1252", "utf-8"):
        return data.decode("ascii")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) % 2 == 0:
        return data.decode("utf-16", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    chosen = codec(declared)
    if chosen is None or chosen == "utf-8" or _SINGLE_BYTE.match(chosen):
        # Valid UTF-8 beyond ASCII is next to never anything else, whatever a gateway wrote on the label.
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            if chosen in (None, "utf-8"):
                return _damaged_utf8(data)
    if chosen == "cp1252":
        return windows1252(data)
    try:
        return data.decode(chosen or "utf-8")
    except UnicodeError:
        return _best_effort(data, chosen or "utf-8")


def windows1252(data: bytes) -> str:
    """As a web browser reads Latin-1: the five holes of Windows-1252 stay control characters."""
    return data.decode("latin-1").translate({i: c for i, c in enumerate(_CP1252) if 0x80 <= i < 0xA0})


def _damaged_utf8(data: bytes) -> str:
    """UTF-8 with a few broken bytes (a cut line, an appended footer), or else an undeclared Western charset."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text[:200_000]) - broken
    return text if good >= broken else windows1252(data)


def _best_effort(data: bytes, chosen: str) -> str:
    if chosen.startswith("iso2022_jp"):  # eight-bit Japanese under the label of the seven-bit form
        for other in ("cp932", "euc_jp"):
            try:
                return data.decode(other)
            except UnicodeDecodeError:
                continue
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode(chosen, "replace")
        return text if text.count("\ufffd") * 4 <= len(text) else windows1252(data)
