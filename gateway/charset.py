"""Bytes to text: the declared charset if it is an allowed one and fits, then UTF-8, then Windows-1252."""

import re
from encodings.aliases import aliases
from functools import lru_cache

from gateway import charset_guess, japanese

# A sender's name for a charset is looked up among Python's aliases, but only these codecs are ever used: the registry
# also holds zlib, idna and punycode, with which a mail could fill the memory (security.md, row 28), and EBCDIC.
_ALLOWED = frozenset(
    "utf_8 utf_7 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be koi8_r koi8_u koi8_t kz1048 ptcp154 gb18030 hz "
    "cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp932 cp949 "
    "cp950 cp1125 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859_2 iso8859_3 iso8859_4 "
    "iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_10 iso8859_13 iso8859_14 iso8859_15 iso8859_16 mac_roman "
    "mac_cyrillic mac_greek mac_iceland mac_latin2 mac_turkish hp_roman8 big5hkscs johab euc_jp euc_jis_2004 "
    "euc_jisx0213 shift_jis_2004 shift_jisx0213 iso2022_kr iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 "
    "iso2022_jp_ext".split()
)
# Senders mean the larger charset that their programs really write: browsers read these so too (WHATWG Encoding).
_MEANT = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
}
# Names that Python does not know: made up by mailers, by Microsoft, or by Python's own composer for euc and big5.
_NAMES = {
    "x_ansi": "cp1252",
    "windows_31j": "cp932",
    "x_sjis": "cp932",
    "sjis_win": "cp932",
    "ms_kanji": "cp932",
    "cswindows31j": "cp932",
    "x_euc_jp": "euc_jp",
    "cp51932": "euc_jp",
    "eucjp_ms": "euc_jp",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "iso_2022_jp_ms": "iso2022_jp_ext",
    "gb_2312_80": "gb18030",
    "x_gbk": "gb18030",
    "cp936": "gb18030",
    "cp54936": "gb18030",
    "euc_cn": "gb18030",
    "x_euc_cn": "gb18030",
    "eucgb2312_cn": "gb18030",
    "cn_gb": "gb18030",
    "hz_gb_2312": "hz",
    "big_5": "cp950",
    "x_x_big5": "cp950",
    "cn_big5": "cp950",
    "big5_tw": "cp950",
    "ks_c_5601": "cp949",
    "windows_949": "cp949",
    "x_windows_949": "cp949",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "iso_8859_6_e": "iso8859_6",
    "koi8r": "koi8_r",
    "koi8_ru": "koi8_u",
    "x_cp1250": "cp1250",
    "x_cp1251": "cp1251",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_greek": "mac_greek",
    "x_mac_turkish": "mac_turkish",
    "x_mac_ce": "mac_latin2",
    "mac": "mac_roman",
    "unicode_1_1_utf_8": "utf_8",
    "x_unicode_2_0_utf_8": "utf_8",
    "utf8mb4": "utf_8",
    "utf_8mb4": "utf_8",
    "cp65001": "utf_8",
    "cp65000": "utf_7",
    "x_unicode_2_0_utf_7": "utf_7",
    "utf16": "utf_16",
    "ucs_2": "utf_16",
    "iso_10646_ucs_2": "utf_16",
    "latin_9": "iso8859_15",
    "latin9": "iso8859_15",
}
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")
_SINGLE_BYTE = re.compile(r"(?:cp1?\d\d\d|cp87\d|iso8859|koi8|mac)", re.ASCII)
_SEVERAL_BYTES = ("gb18030", "cp950", "big5hkscs", "cp949", "johab", "cp932", "euc_jp")
_LATIN_HOLES = {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # bytes without a character in Windows-1252
_CP1252 = "".join(chr(b) if b in _LATIN_HOLES else bytes([b]).decode("cp1252") for b in range(256))


@lru_cache(maxsize=256)
def codec(name: str) -> str | None:
    """The Python codec for a charset name (RFC 2978), or None when it is not an allowed one."""
    name = _NOT_IN_A_NAME.sub("_", name[:60].strip().lower()).strip("_")
    bare = name.replace("_", "")
    for found in (_NAMES.get(name), aliases.get(name), name, aliases.get(bare), bare):
        meant = _MEANT.get(found or "", found)
        if meant in _ALLOWED:
            return meant
    return None


def claims_ascii(name: str) -> bool:
    """True for the label of seven-bit text."""
    return name.strip("\"' ").lower() in ("us-ascii", "ascii")


def decode(data: bytes, declared: str = "", hint: str = "") -> str:
    """Text of `data`; never fails, and replaces only what no reading explains.

    `hint` is a charset that other parts of the mail are in, for data that declares none.
    """
    chosen = codec(declared)
    if data.isascii() and chosen in (None, "cp1252", "utf_8"):
        return japanese.decode(data) if japanese.ESCAPE in data else data.decode("ascii")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) % 2 == 0:
        return data.decode("utf-16", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace")
    if chosen in _SEVERAL_BYTES and (utf8 := _surely_utf8(data)):
        return utf8
    if chosen is None or chosen == "utf_8" or _SINGLE_BYTE.match(chosen):
        # Valid UTF-8 beyond ASCII is next to never anything else, whatever a gateway wrote on the label.
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            if chosen in (None, "utf_8"):
                return _damaged_utf8(data, hint)
    if chosen == "cp1252":
        # A label that claims seven bits tells nothing of eight.
        return _damaged_utf8(data, hint) if claims_ascii(declared) else windows1252(data)
    try:
        return data.decode(chosen)
    except UnicodeError:
        return _best_effort(data, chosen)


def _surely_utf8(data: bytes) -> str:
    """UTF-8 under a Chinese, Japanese or Korean label, whose bytes mean something in nearly every order; else ""."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    # Two characters can be both: what Windows shows for GBK's "联通" is well known.
    beyond = [character for character in text[:10_000] if character > "\x7f"]
    return text if len(beyond) >= 4 or max(beyond, default="") > "\u07ff" else ""


def windows1252(data: bytes) -> str:
    """As a web browser reads Latin-1: the five holes of Windows-1252 stay control characters."""
    return data.decode("latin-1").translate({i: c for i, c in enumerate(_CP1252) if 0x80 <= i < 0xA0})


def _damaged_utf8(data: bytes, hint: str) -> str:
    """UTF-8 with a few broken bytes (a cut line, an appended footer), or else the charset meant, Western in doubt."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text[:200_000]) - broken
    if good >= broken:
        return text
    other = codec(hint)
    if other in (None, "utf_8", "cp1252"):
        other = charset_guess.guess(data)
    return data.decode(other, "replace") if other else windows1252(data)


def _best_effort(data: bytes, chosen: str) -> str:
    if chosen.startswith("iso2022_jp"):
        return japanese.decode(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode(chosen, "replace")
        return text if text.count("\ufffd") * 4 <= len(text) else windows1252(data)
