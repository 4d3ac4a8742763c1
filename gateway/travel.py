"""How a mail travelled: the servers that it passed, and how long it stayed at each (RFC 5321 section 4.4)."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime

from gateway.headers import Headers, clean

HEAD = 256 * 1024  # bytes of the mail that are looked at: the trace is at the top
MOST = 100  # Received lines that are read, the newest; a mail of more than fifty goes in circles
_LINE = 4 * 1024  # characters of a Received line
_FIELD = 8 * 1024  # characters of another field
_MAX_ODD = 20
_CIRCLE = 4  # times one server may be passed: filters hand a mail back to the server that it came from
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ODD_FIELDS = ("from", "reply-to", "to", "cc", "date", "resent-date")
_ODD_WORDS = {
    "weekday-mismatch": "the day of the week does not fit the date",
    "invalid-date-syntax": "not a date",
    "invalid-calendar-date": "no such day in the calendar",
    "invalid-time": "no such time of day",
    "invalid-zone": "no such time zone",
    "date-out-of-range": "a year that cannot be",
    "invalid-utf8": "bytes that are no text",
    "structural-recovery": "written in a way that leaves doubt; read by its angle brackets",
    "invalid-or-ambiguous-address": "an address that cannot be read with certainty",
    "misplaced-date-separator": "a semicolon too many",
}


@dataclass(frozen=True, slots=True)
class Hop:
    """One server, as its Received line says it; nobody has checked what it says."""

    number: int  # 1 is the first server
    sender: str  # "" where the line does not say; so for the next two
    server: str
    protocol: str
    at: datetime | None
    delay: timedelta | None  # since the last hop before it that says its time; below zero where a clock is wrong
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Journey:
    """The way of a mail."""

    hops: tuple[Hop, ...] = ()  # first to last
    lines: int = 0  # Received lines in the mail; more than hops when there are too many
    odd: tuple[str, ...] = ()  # what is odd in its addresses and dates, in words

    @property
    def total(self) -> timedelta | None:
        """From the first to the last hop that say their times; below zero where the clocks do not agree."""
        times = [hop.at for hop in self.hops if hop.at]
        return times[-1] - times[0] if len(times) > 1 else None

    @property
    def circles(self) -> dict[str, int]:
        """Servers that it passed over and over again, and how often."""
        passed = Counter(hop.server for hop in self.hops if hop.server)
        return {server: count for server, count in passed.most_common() if count >= _CIRCLE}


def journey(raw: bytes) -> Journey:
    """How a mail travelled. Never fails; what cannot be read is said to be so."""
    fields = _fields(raw)
    received = fields.all("received")
    # mail-parser is slow on long fields, and reads the bodies of what it gets: it gets a few short fields.
    newest = [("Received", value if len(value) < _LINE else "") for value in received[:MOST]]
    others = [
        (name.title(), value) for name in _ODD_FIELDS for value in fields.all(name)[:5] if 0 < len(value) < _FIELD
    ]
    trace, trace_odd = _parse(newest)
    _, other_odd = _parse(others)
    hops = _hops(trace if len(trace) == len(newest) else [{}] * len(newest), len(received))
    odd = dict.fromkeys(_in_words(entry, len(received)) for entry in (*other_odd, *reversed(trace_odd)))
    return Journey(hops, len(received), tuple(odd)[:_MAX_ODD])


def _fields(raw: bytes) -> Headers:
    head = raw[:HEAD]
    if b"\n" not in head:  # the line ends of an old Macintosh
        head = head.replace(b"\r", b"\n")
    stop = _BLANK_LINE.search(head)
    return Headers(head[: stop.start() + 1] if stop else head, _FIELD)


def _parse(fields: Sequence[tuple[str, str]]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The hops in these fields, first to last, and what mail-parser finds odd."""
    if not fields:
        return [], []
    import mailparser

    message = Message()
    for name, value in fields:
        message[name] = value
    message.set_payload("")
    try:
        found = mailparser.MailParser(message)
        odd = [*found.address_header_defects, *found.received_header_defects, *found.date_header_defects]
        return [hop if isinstance(hop, dict) else {} for hop in found.received], odd
    except Exception:  # mail-parser raises many kinds on mail of the wild, and this is for show only
        return [], []


def _hops(trace: Sequence[dict[str, object]], lines: int) -> tuple[Hop, ...]:
    hops = []
    before: datetime | None = None
    for number, line in enumerate(trace, lines - len(trace) + 1):
        at = _time(line)
        protocol = _text(line.get("with")).partition("(")[0].strip()[:40]
        # "from jane by mail.example.com with local": the name of a person on that machine, not of a server (Exim).
        sender = "" if protocol.lower().startswith("local") else _server(line.get("from"))
        server = _server(line.get("by"))
        delay = at - before if at and before else None
        hops.append(Hop(number, sender, server, protocol, at, delay, bool(sender or server or at)))
        before = at or before
    return tuple(hops)


def _server(clause: object) -> str:
    """The name alone: comments tell addresses of people's own machines and of who signed in."""
    words = _text(clause).split()
    return words[0].rpartition("@")[2].strip("<>;,")[:255] if words and not words[0].startswith("(") else ""


def _time(line: dict[str, object]) -> datetime | None:
    """In UTC; None where the line has no time, or none that can be read."""
    try:
        if known := line.get("date_utc"):
            return datetime.fromisoformat(str(known))
        found = parsedate_to_datetime(_text(line.get("date"))[:120])
        return found if found.tzinfo else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _in_words(entry: dict[str, object], lines: int) -> str:
    """ "Date: not a date", "Hop 3: not a date"."""
    field = str(entry.get("header", "")).title()
    if field == "Received":  # counted from the newest, hops from the first
        field = f"Hop {lines - int(str(entry.get('occurrence', 0)))}"
    reasons = [_ODD_WORDS.get(word, word.replace("-", " ")) for word in str(entry.get("reason", "")).split(",")]
    return clean(f"{field}: {', '.join(reasons)}", 200)


def _text(value: object) -> str:
    return clean(" ".join(str(value or "").split()), 400)
