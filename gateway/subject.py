"""Subjects: reply and forward prefixes of the mail programs, and ticket numbers."""

import re

from desk.numbers import STANDARD, Numbers

# Reply prefixes by language: en, de, nordic, fr, it, nl, pl, pt, es, fi, tr, hu, cs, ro, el, he, ru, zh, ja.
_REPLY = (
    r"re|aw|antw|antwort|sv|vs|vá|ynt|odp|res|rif|r|réf|ref|rép|rv|atb|απ|σχετ|השב|תגובה|отв|ответ|回复|回覆|答复|返信"
)
_FORWARD = r"fwd?|wg|tr|i|enc|rv|vb|vl|vs|pd|doorst|továbbítás|ilt|iltn|πρθ|הועבר|пересл|转发|轉寄|転送"
_PREFIX = re.compile(rf"\s*(?:{_REPLY}|{_FORWARD})(?:\[\d{{1,3}}\]|\(\d{{1,3}}\))?\s*[:：]\s*", re.IGNORECASE)
_IS_ANSWER = re.compile(rf"\s*(?:{_REPLY})(?:\[\d{{1,3}}\]|\(\d{{1,3}}\))?\s*[:：]", re.IGNORECASE)
_IS_FORWARD = re.compile(
    r"(?:fwd?|wg|tr|enc|vb|vl|pd|doorst|ilt|iltn|πρθ|הועבר|пересл|转发|轉寄|転送)\s*[:：]", re.IGNORECASE
)


_OWN_NUMBER = re.compile(r"[^\s\[\](){}<>\"'“”„,;:]{3,100}")
_DIGIT = re.compile(r"\d")
_MAX_OWN_NUMBERS = 20


def own_numbers(subject: str) -> tuple[str, ...]:
    """What in a subject may be the customer's own reference, in lower case: words with a digit in them (E5)."""
    if not _DIGIT.search(subject):
        return ()
    words = (found.strip(".#").casefold() for found in _OWN_NUMBER.findall(subject))
    likely = (word for word in words if len(word) >= 3 and _DIGIT.search(word))
    return tuple(dict.fromkeys(likely))[:_MAX_OWN_NUMBERS]


def bare(subject: str, numbers: Numbers = STANDARD) -> str:
    """A subject without prefixes and ticket numbers: what it is about."""
    return bare_keeping_numbers(numbers.strip(subject))


def bare_keeping_numbers(subject: str) -> str:
    """A subject without prefixes."""
    for _ in range(20):  # enough for any honest chain; a hostile one keeps the rest
        found = _PREFIX.match(subject)
        if not found:
            break
        subject = subject[found.end() :]
    return subject.strip()


def is_answer(subject: str, numbers: Numbers = STANDARD) -> bool:
    """True for a subject with a reply prefix, or with the number of a ticket."""
    return _IS_ANSWER.match(subject) is not None or bool(numbers.find_all(subject))


def is_forward(subject: str) -> bool:
    """True when the mail program marked the mail as forwarded, before any reply prefix."""
    return bool(_IS_FORWARD.match(subject.strip()))
