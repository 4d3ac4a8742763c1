"""Code pages of Windows, by the numbers that Outlook and RTF give them, as the names of charsets."""

_NAMES = {
    20127: "us-ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    10000: "macintosh",
    1361: "johab",
    20932: "euc-jp",
    50220: "iso-2022-jp",
    50221: "iso-2022-jp",
    50222: "iso-2022-jp",
    50225: "iso-2022-kr",
    51932: "euc-jp",
    51936: "gb18030",
    51949: "euc-kr",
    52936: "hz-gb-2312",
    54936: "gb18030",
    65000: "utf-7",
    1200: "utf-16le",
    1201: "utf-16be",
    **{28590 + part: f"iso-8859-{part}" for part in range(1, 17)},
}


def charset_of(number: int) -> str:
    """The charset of a code page; gateway.charset decides whether it is one to use."""
    return _NAMES.get(number, f"cp{number}")
