"""Status codes in the words of servers (RFC 3463, RFC 5321), and whether a failure is for good."""

import re

from gateway.envelope import Report
from gateway.headers import clean

MAX_DIAGNOSTIC = 500  # characters kept of what a server said

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s-])")
_LATE = re.compile(
    r"not yet been delivered|still undelivered|(?:will|to) (?:keep|continue|be) (?:to |on )?(?:be )?"
    r"(?:try|trying|retr|attempt|deliver)\w{0,8}|will (?:re)?try|(?:be|being) retried|"
    r"warning (?:message )?only|only a warning|just a warning|advisory-only|do not need to resend|"
    r"no action is required|delivery (?:has been|is|was) (?:delayed|postponed)|"
    r"(?:message|mail) (?:is |has been )?delayed|has been postponed|delay reason|delayed (?:mail|delivery)|"
    r"temporary (?:problem|failure) delivering|delivery incomplete|noch nicht zugestellt|"
    r"verzögert|wird weiter(?:hin)? versucht|retardée?|différée?|"
    r"retrasado|ritardat[ao]|vertraagd|atrasad[ao]|forsinket|försenad|opóźnion|задержк|遅延|延迟|延遲",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent(?:ly)? (?:error|failure|failed)|fail(?:ed|ure) permanently|given up|giving up|"
    r"will not (?:be )?(?:retr|tr(?:y|ied))|no further (?:delivery )?attempts",
    re.IGNORECASE,
)

# A sentence, and not a heading, a rule of dashes, another address or a field of the returned mail.
_SAYS = re.compile(
    r"(?![-=*#_]{2}|(?:subject|sent|date|to|from)[ \t]*:|original message)[^@\n]{4,600}(?<!:)\Z", re.IGNORECASE
)


def enhanced(text: str) -> str:
    """The first enhanced status code (RFC 3463) in a server's words, or ""."""
    match = _STATUS.search(text[:2000])
    return match.group() if match else ""


def is_late(text: str) -> bool:
    """True where a server says that it goes on trying."""
    return _LATE.search(text[:4000]) is not None and _GIVEN_UP.search(text[:4000]) is None


def is_permanent(status: str, near: str, text: str) -> bool:
    """By the status code, else by the reply code beside the address, else by the words of the whole report."""
    if status:
        return not status.startswith("4")
    code = _REPLY.search(near)
    if code is not None:
        return code[1].startswith("5")
    return not is_late(text)


def report(address: str, text: str, end: int | None = None) -> Report:
    """A report on `address` with the status and the words that stand beside it in `text`, before `end`."""
    place = max(text.lower().find(address.lower()), 0)
    start = text.rfind("\n", 0, place) + 1
    near = text[start : min(place + 600, max(end or len(text), place))]
    status = enhanced(near) or (enhanced(text) if end is None else "")
    return Report(address, status, is_permanent(status, near, text), _words(near, address))


def _words(near: str, address: str) -> str:
    """The line with a code, or what follows the address."""
    lines = [line.strip() for line in near.split("\n")[:7]]
    for line in lines:
        if _REPLY.search(line) or _STATUS.search(line):
            return clean(line, MAX_DIAGNOSTIC)
    beside = lines[0].lower().replace(address.lower(), "")
    if sum(letter.isalpha() for letter in beside) > 8:
        return clean(lines[0], MAX_DIAGNOSTIC)
    return clean(next((line for line in lines[1:4] if _SAYS.match(line)), ""), MAX_DIAGNOSTIC)
