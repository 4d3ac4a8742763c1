"""Delivery reports read: which addresses failed and why (RFC 3464, then the forms that servers made up)."""

from collections.abc import Iterable, Sequence

from gateway.bounce import library, returned, rfc3464, ses, words
from gateway.bounce.returned import Parts
from gateway.bounce.verdict import Verdict, verdict
from gateway.envelope import Report
from gateway.headers import Headers

MAX_REPORTS = 200


def reports(parts: Sequence[tuple[str, bytes]], headers: Headers, text: str, raw: bytes) -> tuple[Report, ...]:
    """The failed recipients of a delivery report, one report each; `parts` are types and decoded bodies."""
    groups = list(rfc3464.from_parts(parts)) or list(rfc3464.from_text(text))
    if groups:  # the standard's form is believed, also where it says that the mail has arrived
        return _each_once(rfc3464.failures(groups))
    # From what is certain to what is guessed; the first that names anybody is believed alone.
    ways = (
        lambda: ses.reports(text),
        lambda: words.from_field(headers, text),
        lambda: words.from_text(text, headers),
        lambda: library.reports(raw, headers.raw("from"), text),
        lambda: returned.reports(parts, text),
    )
    for way in ways:
        if found := _each_once(way()):
            return found
    return ()


def reported_ids(parts: Sequence[tuple[str, bytes]], text: str) -> tuple[str, ...]:
    """Message-IDs of the mail that a report is about: from the returned mail, or from what is quoted of it."""
    return returned.message_ids(parts) or ses.message_ids(text) or returned.quoted_ids(text)


def _each_once(found: Iterable[Report]) -> tuple[Report, ...]:
    unique: dict[str, Report] = {}
    for report in found:
        unique.setdefault(report.address.lower(), report)
        if len(unique) >= MAX_REPORTS:
            break
    return tuple(unique.values())


__all__ = ["MAX_REPORTS", "Parts", "Verdict", "reported_ids", "reports", "verdict"]
