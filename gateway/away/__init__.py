"""The day on which somebody is back, from an out-of-office answer, where it says so."""

import re
import unicodedata
from datetime import date, datetime

from gateway.away import marks
from gateway.away.dates import Mention, mentions

_MAX_TEXT = 3000
_REACH = 60  # characters between a date and the word that gives it its meaning
# Below these stands what somebody else wrote.
_QUOTED = re.compile(
    r"^(?:>|-{2,} ?$|-{2,}[^\n]{0,40}(?:original|forwarded|ursprüngliche)|_{10,}|(?:from|von|de|da|van|från|fra)\s?: )",
    re.IGNORECASE | re.MULTILINE,
)
_STOP_BEFORE = re.compile(r"[!?。！？\n](?=\s*\S)|\n\s*\n|(?<=[^\W\d_]{3})[.;]\s+(?=\w)")
_STOP_BEHIND = re.compile(r"[!?。！？;；\n]|\.(?:\s|\Z)")


def return_date(subject: str, text: str, sent: datetime | None) -> date | None:
    """The day of return, else the last day away; None unless exactly one is stated, near the mail's own date."""
    today = (sent or datetime.now().astimezone()).date()
    returns: set[date] = set()
    ends: set[date] = set()
    quoted = _QUOTED.search(text[:_MAX_TEXT])
    own = text[: quoted.start() if quoted else _MAX_TEXT]
    for stretch in (subject[:300], _joined(own)):
        _collect(unicodedata.normalize("NFKC", stretch), today, returns, ends)
    chosen = returns or ends
    return chosen.pop() if len(chosen) == 1 else None


def _joined(text: str) -> str:
    """Lines that a mail program has wrapped are one; empty lines part paragraphs."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", re.sub(r"[ \t]{1,200}", " ", text.replace("\r\n", "\n")))


def _collect(text: str, today: date, returns: set[date], ends: set[date]) -> None:
    """Every date of a stretch, by what the words around it make of it."""
    found = list(mentions(text))
    for number, mention in enumerate(found):
        previous = found[number - 1].end if number else 0
        following = found[number + 1].start if number + 1 < len(found) else len(text)
        before = _sentence_before(text[max(previous, mention.start - _REACH) : mention.start])
        behind = text[mention.end : min(following, mention.end + _REACH)]
        stop = _STOP_BEHIND.search(behind)
        joined = number > 0 and mention.start - len(before) == previous
        kind, order = _meaning(mention, before, behind[: stop.start() if stop else _REACH], joined)
        day = mention.day(today, order) if kind else None
        if day is not None:
            (returns if kind == "return" else ends).add(day)


def _sentence_before(text: str) -> str:
    """What stands in front of a date in its own sentence."""
    ends = [stop.end() for stop in _STOP_BEFORE.finditer(text)]
    return text[ends[-1] :] if ends else text


def _meaning(mention: Mention, before: str, behind: str, joined: bool) -> tuple[str, str]:
    """What a date is: "return", "end" or "", and in which order its numbers are to be read.

    `joined`: another date stands before it in the same sentence, so that the two may be a range.
    """
    if marks.OTHER.search(before) or marks.OTHER.search(behind):
        return "", ""
    after_word = marks.RETURN_BEFORE.search(before)
    before_word = marks.RETURN_BEHIND.search(behind)
    until = marks.UNTIL_BEFORE.search(before) or marks.UNTIL_BEHIND.match(behind)
    if after_word and not (mention.loose and mention.start and len(before) - after_word.end() > 25):
        return "return", _order(after_word, before)
    starts = marks.START_BEFORE.search(before)
    if until:
        return "end", _order(until, before + behind)
    if before_word and not mention.is_range and not marks.AWAY.search(before if starts else ""):
        return ("", "") if mention.loose and before_word.start() > 25 else ("return", _order(before_word, behind))
    between = marks.RANGE_BEFORE.search(before) if joined or re.search(r"\d", before) else None
    if between and not mention.loose and (between.start() or joined):
        return "end", _order(between, before)
    return ("end", "md") if mention.is_range and marks.AWAY.search(before) else ("", "")


def _order(mark: re.Match[str], around: str) -> str:
    if marks.FAR_EAST.search(around):
        return "md"
    return "" if mark.groupdict().get("en") else "dm"
