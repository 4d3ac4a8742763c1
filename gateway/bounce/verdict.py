"""What a delivery report means for the one address that a letter went to."""

import re
from dataclasses import dataclass
from typing import Literal

from gateway.delivery_policy import nobody_there
from gateway.envelope import Message, Report

# A success report names no failure, and says so: Postfix, Exchange, Sendmail, Gmail.
_ARRIVED = re.compile(
    r"successful(?:ly)? (?:mail )?deliver|\((?:success|relayed?)\)|^(?:delivered|relayed)\s?:|was (?:successfully )?"
    r"(?:delivered|relayed) to|return receipt|delivered successfully",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the letter, and what was said of it."""

    outcome: Literal["failed", "late", "arrived", "unknown"]
    said: str = ""
    mutes: bool = False  # nobody is at the address: writing to it again would be refused again


def verdict(message: Message, recipient: str) -> Verdict:
    """Judged by what the report says of `recipient`; what it says of others proves nothing for this letter.

    Their addresses may stand behind a forwarding rule or a distribution list, whose other members got the letter.
    """
    own = [report for report in message.reports if any(same_mailbox(name, recipient) for name in _names(report))]
    if own:
        failed = any(report.permanent or report.given_up for report in own)
        mutes = any(report.permanent and nobody_there(report.status, report.diagnostic) for report in own)
        return Verdict("failed" if failed else "late", _said(own), mutes)
    if not message.reports and (_ARRIVED.search(message.subject) or _ARRIVED.search(message.text[:2000])):
        return Verdict("arrived")
    return Verdict("unknown", _said(message.reports))


def same_mailbox(one: str, other: str) -> bool:
    """True for one mailbox, also where a server inside names itself: bob@mx1.x.test of bob@x.test."""
    one, other = one.lower(), other.lower()
    if not one or not other:
        return False
    if one == other:
        return True
    local, _, domain = one.rpartition("@")
    local2, _, domain2 = other.rpartition("@")
    if local.partition("+")[0] != local2.partition("+")[0]:
        return False
    return domain == domain2 or domain.endswith("." + domain2) or domain2.endswith("." + domain)


def _names(report: Report) -> tuple[str, ...]:
    return (report.address, *report.other_names)


def _said(reports: tuple[Report, ...] | list[Report]) -> str:
    return "; ".join(f"{r.address} {r.status} {r.diagnostic}".strip() for r in reports)[:2000]
