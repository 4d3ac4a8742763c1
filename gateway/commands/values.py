"""Reads what stands behind a command or a label: dates, times and addresses."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo

from gateway import addresses
from gateway.away.dates import Mention, mentions
from gateway.envelope import Mailbox

END_OF_DAY = time(17, 30)
_LONGEST = 200  # characters of a date or a time
_JUST_GONE = timedelta(days=31)  # “3 May” said on 10 May is a slip, not next year
_MAX_ADDRESSES = 200

_TODAY = re.compile(r"(?:today|heute|aujourd['’]hui|hoy)", re.IGNORECASE)
_AFTER_TOMORROW = re.compile(
    r"(?:day after tomorrow|übermorgen|uebermorgen|apr[eè]s[- ]demain|pasado mañana)", re.IGNORECASE
)
_AHEAD = re.compile(
    r"(?:in|dans|en|dentro de) (\d{1,3}) (?:(days?|tage?n?|jours?|d[ií]as?)|weeks?|wochen?|semaines?|semanas?)",
    re.IGNORECASE,
)
# Words that may stand beside a date; those of the second list mean the coming one.
_FILLER = frozenset(
    "by until till on before the at due bis zum am den dem der vor um spätestens le la avant pour au jusqu'au à ce "
    "el para antes del de a las los hasta , . -".split()
)
_COMING = frozenset("next nächsten nächster kommenden prochain prochaine próximo proximo próxima que viene".split())
_YEARS = ("iso", "y", "us_y", "ny")

_CLOCK = re.compile(
    r"(?<![\d./:-])(?P<h>[01]?\d|2[0-3])(?:"
    r"(?P<sep>[:h])(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:])\s?(?P<half>[ap]\.?m\b\.?)?(?:\s?(?:uhr|hrs|h)\b)?"
    r"|\.(?P<dot>[0-5]\d)\s?(?P<dot_half>[ap]\.?m\b\.?|uhr\b|hrs\b)"
    r"|\s?(?P<bare>[ap]\.?m\b\.?|uhr\b|h\b|heures\b|horas\b))",
    re.IGNORECASE,
)
_NOON = re.compile(r"(?:noon|mittags?|midi|mediod[ií]a)\b", re.IGNORECASE)

_PIECE = re.compile(r'(?:"[^"]*"|<[^<>]*>|\([^()]*\)|[^,;\n"<(]|["<(])+')
_AND = frozenset(("and", "und", "et", "y", "e", "&", "+"))


def date_of(text: str, today: date) -> date | None:
    """The day that a text names, and nothing else; None where there is none, or where it could be two.

    03/05/2019 is the day first. A day without a year is the coming one, unless it has just gone by.
    """
    said = _normal(text)
    if _TODAY.fullmatch(said):
        return today
    if _AFTER_TOMORROW.fullmatch(said):
        return today + timedelta(days=2)
    if ahead := _AHEAD.fullmatch(said):
        return today + timedelta(days=int(ahead[1]) * (1 if ahead[2] else 7))
    found = list(mentions(said))
    if len(found) != 1 or found[0].is_range:
        return None
    mention = found[0]
    beside = _words(said[: mention.start] + " " + said[mention.end :])
    if not beside <= _FILLER | _COMING:
        return None
    day = _day(mention, said[mention.start : mention.end], today)
    if day and beside & _COMING and day.isocalendar()[:2] == today.isocalendar()[:2]:
        return None  # “vendredi prochain” on a Tuesday: this week's for some, the next one's for others
    return day


def when_of(text: str, now: datetime, zone: tzinfo, end_of_day: time = END_OF_DAY) -> datetime | None:
    """The moment that a text names in a time zone: `12 Apr 15:00`; a bare day ends at `end_of_day`."""
    said = _normal(text)
    today = now.astimezone(zone).date()
    clock = end_of_day
    if found := _CLOCK.search(re.sub(r"(?<=\d)T(?=\d\d:)", " ", said)):
        said = re.sub(r"(?<=\d)T(?=\d\d:)", " ", said)
        read = _clock(found)
    elif found := _NOON.search(said):
        read = time(12)
    if found:
        if read is None or _CLOCK.search(said, found.end()):
            return None
        clock = read
        said = f"{said[: found.start()]} {said[found.end() :]}".strip()
    day = today if found and _words(said) <= _FILLER else date_of(said, today)
    return datetime.combine(day, clock, zone) if day else None


def addresses_of(text: str) -> tuple[list[Mailbox], list[str]]:
    """The addresses of a list with commas, semicolons or “and” in it; and what of it is none, as written."""
    good: dict[str, Mailbox] = {}
    bad: list[str] = []
    waiting = ""  # `Doe` of `Doe, Jane <jane@example.com>`
    for piece in _pieces(text):
        boxes, _ = addresses.parse(piece)
        box = boxes[0] if len(boxes) == 1 else None
        if box is not None and box.address:
            if waiting and box.name and "<" in piece:
                box, waiting = Mailbox(f"{waiting}, {box.name}", box.address), ""
            good.setdefault(box.key, box)
        if waiting:
            bad.append(waiting)
        waiting = piece if box is None or not box.address else ""
    return list(good.values()), [*bad, *([waiting] if waiting else [])]


def _pieces(text: str) -> list[str]:
    """What stands between the commas; a run of bare addresses is taken apart as well."""
    pieces: list[str] = []
    for found in _PIECE.finditer(text[: addresses.MAX_FIELD]):
        piece = found.group().strip()
        parts = piece.split()
        bare = "<" not in piece and '"' not in piece and "(" not in piece
        if bare and any("@" in part for part in parts):
            several = sum("@" in part for part in parts) > 1 or any(part.lower() in _AND for part in parts)
            parts = [part for part in parts if part.lower() not in _AND] if several else [piece]
            pieces += [part.removeprefix("mailto:").strip(".") for part in parts]
        elif piece and piece.lower() not in _AND:
            pieces.append(piece)
    return pieces[:_MAX_ADDRESSES]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).split()).strip(" .,;!")


def _words(text: str) -> set[str]:
    return set(re.sub(r"[,.;]", " ", text.lower()).split())


def _day(mention: Mention, written: str, today: date) -> date | None:
    """The day of one mention; one with a year is read in that year, so that a day long past is a day as well."""
    part = mention.found
    if mention.loose:
        return mention.day(today, "dm")
    year = next((part[name] for name in _YEARS if part[name]), None)
    if year:
        number = int(year.lstrip("'"))
        return mention.day(date(number if number > 99 else 2000 + number, 1, 1), "dm")
    for number in (today.year - 1, today.year, today.year + 1):
        day = _in_year(part, written, number)
        if day and day >= today - _JUST_GONE:
            return day
    return None


def _in_year(part: re.Match[str], written: str, year: int) -> date | None:
    """The day of a mention without a year, read again with one."""
    if part["cjk_m"]:
        whole = f"{year}-{int(part['cjk_m']):02}-{int(part['cjk_d']):02}"
    elif part["n1"]:
        separator = "." if part["sep"] == "." else "/"
        whole = f"{int(part['n1'])}{separator}{int(part['n2'])}{separator}{year}"
    else:
        whole = f"{written.rstrip(' .,')} {year}"
    found = list(mentions(whole))
    return found[0].day(date(year, 1, 1), "dm") if len(found) == 1 else None


def _clock(found: re.Match[str]) -> time | None:
    hour, minute = int(found["h"]), int(found["m"] or found["dot"] or 0)
    half = (found["half"] or found["dot_half"] or found["bare"] or "").lower()
    if half[:1] in ("a", "p"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return time(hour, minute)
