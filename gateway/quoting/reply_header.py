"""The line above a quotation: "On Monday, Ann <ann@example.com> wrote:", in the languages of quotes.py."""

import re

from gateway.quoting import phrases

_ENDS = frozenset(":：;>*_-")  # the last character of a reply header
_MAX_NAME_WORDS = 4  # "Ann Example wrote on 2022-01-03 10:00:"
_MAX_HEADER = 400  # characters of a reply header that runs over several lines
_DATE_OR_ADDRESS = re.compile(
    r"\d{1,2}[:.h]\d\d|\d{4}|\d{1,2}[./-]\d{1,2}|\d{1,2}(?:st|nd|rd|th|\.|日)?\s|@|<[^<>\s]+\.[^<>\s]+>|\[mailto:",
    re.IGNORECASE,
)
_DATE_FIRST = re.compile(
    r"[\s*_-]*(?:\w{2,12}[.,]{0,2}\s)?(?:\d{4}[-/.年]\s?\d{1,2}[-/.月]|"
    r"\d{1,2}[./ -]{1,2}(?:\d{1,2}|\w{3,12})[./ -]{1,2}\d{2,4}|"
    r"\d{1,2}\.?\s\w{3,12}\.?\s\d{4})[^\n]{0,250}[<(\[]\s?[^<>()\[\]\s]+@[^<>()\[\]\s]+[>)\]]\s*[:：]\s*\Z"
)
_OPENS_WITH_DATE = re.compile(r"[\s*_-]*(?:[^\W\d]{1,12}[.,]{0,2}\s)?(?:\d{1,2}[./ -]|\d{4}[-/.年])")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # right-to-left mail is full of them
_DASHED = re.compile(r"\s*-{2,}\s*(.{5,300}?)\s*-{2,}\s*\Z")
_DATE_NAME_ADDRESS = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\s[^<>]{1,100}<[^<>\s]+@[^<>\s]+>:?\Z")
_NAME_ADDRESS = re.compile(
    r"[\s*_\"'(\[]{0,6}[^\s.!?<>][^!?<>]{0,100}[<(\[]\s?(?:mailto:)?[^<>()\s]+@[^<>()\s]+[>)\]]|[^\s@]+@[^\s@]+\s"
)
_TIME_OR_ADDRESS = re.compile(r"\d{1,2}[:.h]\d\d|@")
_PRECISE = re.compile(r"\d{1,2}[:.h]\d\d|@|\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
# Lines that count only right above marked lines: Horde's "Quoting Ann <ann@x>:", Tutanota's "Jan 3, 2022, 10:00 by
# ann@x:", mutt's "* Ann <ann@x> [2022-01-03 10:00]:".
_ABOVE_QUOTE = re.compile(
    r"(?:(?:quoting|zitat von|citando(?: a)?|citeren|cytuję|en réponse à|citat från|citat fra)\s"
    r"|\*\s(?=[^\n]*\[\d{4}-\d\d-\d\d)"
    r"|(?:[^\W\d]{2,12}[.,]{0,2}\s)?(?:\d{1,2}\.?\s)?(?:[^\W\d]{3,12}\.?\s)?(?:\d{1,2},\s)?\d{4},?\s\d{1,2}:\d\d\s)"
    r"[^\n:]{0,100}@[^\n]{1,100}:\Z",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}|\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2}")
_TIME = re.compile(r"(?<![\d.])\d{1,2}[:.h]\d\d(?![.\d])")
# What a person tells of another one: "schrieb mir Herr Doe", "my boss wrote me", "il m'a écrit".
_TO_ME = re.compile(
    r"\b(?:schrieb|geschrieben) (?:mir|uns)\b|\b(?:mir|uns)\b[^\n]{0,40}\bgeschrieben\b|\bwrote (?:to )?(?:me|us)\b|"
    r"\b(?:m['’]|nous )a écrit|\b(?:me|nos) escribió|\b(?:mi|ci) ha scritto|\b(?:me|nos) escreveu|"
    r"\bschreef (?:mij|me|ons)\b|\bskrev (?:til )?(?:mig|meg|os|oss)\b|\bnapisał mi\b|\bmi napsal\b|\bнаписал мне\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?]\s+[^\W\d_]{2}")


def plain(line: str) -> str:
    """A line without blanks around it and without marks of the direction of writing."""
    return line.strip() if line.isascii() else _BIDI.sub("", line).strip()


def ends_as_one(line: str) -> bool:
    """True where a line ends as reply headers do: the quick look before `span`."""
    return plain(line)[-1:] in _ENDS


def span(lines: list[str], i: int) -> int:
    """How many lines from `i` on make up one "On Monday, Ann <ann@example.com> wrote:"; 0 when none."""
    first = plain(lines[i])
    if len(first) < 5 or len(first) > _MAX_HEADER or first[0] == ">" or not _may_open(first):
        return 0
    joined = ""
    # Polymail writes the address and its brackets on lines of their own, below a blank one.
    apart = "<" in [line.strip() for line in lines[i + 1 : i + 3]]
    for count in range(1, 7 if apart else 5):
        if i + count > len(lines):
            break
        line = plain(lines[i + count - 1])
        if apart and count == 2 and not line:
            continue
        if count > 1 and (not line or (line[0] == ">" and line not in (">:", "> wrote:"))):
            break
        joined = f"{joined} {line}".strip()
        if len(joined) > _MAX_HEADER:
            break
        strength = _strength(joined)
        if strength == 1 and not _quote_follows(lines, i + count):
            strength = 0
        if strength:
            return 0 if _later_start(lines, i, count) else count
        if (joined[-1] in ":：" and count > 1) or (joined[-1] == "-" and joined[0] == "-"):
            break
    return 0


def _may_open(line: str) -> bool:
    return phrases.REPLY_OPENS.match(line) is not None or _DATE_OR_ADDRESS.search(line) is not None or line[0] == "-"


def _quote_follows(lines: list[str], i: int) -> bool:
    """True when the next line with anything on it is marked as quoted."""
    following = next((line for line in lines[i : i + 3] if line.strip()), "")
    return following.lstrip().startswith(">")


def _later_start(lines: list[str], i: int, span: int) -> bool:
    """True when the header begins further down: the lines before it are the writer's own."""
    first = lines[i].strip()
    if first[:1].isdigit() or (phrases.REPLY_OPENS.match(first) and _PRECISE.search(first)):
        return False
    for start in range(i + 1, i + span):
        if _may_open(lines[start].strip() or " ") and _strength(" ".join(x.strip() for x in lines[start : i + span])):
            return True
    return False


def _strength(text: str) -> int:
    """2: a reply header for certain; 1: one if quoted lines follow; 0: none."""
    dashed = _DASHED.match(text)
    if dashed is not None and (verb := phrases.REPLY_VERB.search(dashed[1])) is not None:
        return 2 if _DATE_OR_ADDRESS.search(dashed[1]) else int(verb.end() >= len(dashed[1].rstrip(" :")))
    if _DATE_FIRST.match(text):
        return 2
    opens = phrases.REPLY_OPENS.match(text) is not None
    if not text.endswith((":", "：", ":*", ": *", ":_", ";")):
        return int(_DATE_NAME_ADDRESS.match(text) is not None)
    return max(int(_ABOVE_QUOTE.match(text) is not None), _said(text, opens=opens))


def _said(text: str, *, opens: bool) -> int:
    """How much a line looks like "On Monday, Ann wrote:", by its verb."""
    verb = next(reversed(list(phrases.REPLY_VERB.finditer(text))), None)
    if verb is None or not _DATE_OR_ADDRESS.search(text):
        return 0
    if _TO_ME.search(text):
        return 0
    before, after = text[: verb.start()], text[verb.end() :].strip(" :：*_")
    # The name stands before the verb or, in Dutch and German, after it; neither is a sentence.
    if len(after) > 120 or (_SENTENCE.search(after) and not any(c.isdigit() for c in after)):
        return 0
    if not opens and not (_OPENS_WITH_DATE.match(text) and _TIME_OR_ADDRESS.search(text)):
        if _NAME_ADDRESS.match(before or text):
            return 2
        return int(len(before.split()) <= _MAX_NAME_WORDS and _PRECISE.search(after) is not None)
    # Unmarked lines below are a quotation only if a program wrote this one: it gives an address, or day and time.
    return 2 if "@" in text or (_DAY.search(text) and _TIME.search(text)) else 1
