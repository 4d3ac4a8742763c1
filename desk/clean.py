"""What people wrote, without what could hide, turn or break something: as one line, as a body, as a value."""

import re

MAX_TEXT = 998  # characters of a field kept for display: RFC 5322's limit of a line
_ROW_ID = 18  # digits
_LINE = 500  # characters of one sentence or value
# Controls, line and paragraph separators, and the characters that turn the direction of writing (Trojan Source).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_UNSAFE_BODY = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_CLEANED = 65_536  # characters that are looked at for the first `limit` of them
_LONG_GAP = re.compile(r"\s{2,}")
_SPACES = re.compile(r"[^\S\u00a0\u202f]+")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def row_id(text: str) -> int | None:
    """The id of a row, as a form or an address says it; None for anything else, and for more than a database takes."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _ROW_ID else None


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """One line without control, direction-turning or unencodable characters, at most `limit` long."""
    if len(text) > limit:  # words may stand behind a screen full of blanks
        text = _LONG_GAP.sub(" ", text[:_MAX_CLEANED])[: limit * 4]
    if not text.isascii() or not text.isprintable():
        text = _UNSAFE.sub(" ", text)
    return text.strip()[:limit].rstrip()


def clean_body(text: str) -> str:
    """Line ends as LF, without NUL and other characters that databases and terminals choke on."""
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    if not text.replace("\n", "").isprintable():
        text = _UNSAFE_BODY.sub("", text).replace("\x0b", "\n").replace("\x0c", "\n").replace("\x85", "\n")
        if not text.isascii():
            text = _SURROGATE.sub("\ufffd", text).replace("\u2028", "\n").replace("\u2029", "\n")
    return text


def clean_text(text: str) -> str:
    """A person's words without what could hide or turn them, and without blank lines at the ends."""
    if text.isascii() and text.isprintable():
        return text.rstrip()
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = _CONTROLS.sub("", text)
    return single_gaps("\n".join([line.rstrip() for line in text.split("\n")])).strip("\n")


def single_gaps(text: str) -> str:
    """The text with one blank line where there are several."""
    while "\n\n\n" in text:  # a gap has a third less each time
        text = text.replace("\n\n\n", "\n\n")
    return text


def one_line(text: str) -> str:
    """A text on one line, with single spaces; French writes no-break ones before its colons, and they stay."""
    return " ".join(text.split()) if text.isascii() else _SPACES.sub(" ", text).strip()


def line(text: str) -> str:
    """A value on one line, cleaned and bounded."""
    return one_line(clean_text(text[:_LINE]))
