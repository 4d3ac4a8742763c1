"""A feedback report: a mailbox provider passes on that somebody marked our mail as spam (RFC 5965)."""

import re

from gateway.screen.view import View

# Providers that send the complaint in a form of their own: Microsoft (JMRP), AOL, Return Path, Yahoo, Terra, UOL.
_SUBJECT = re.compile(
    r"\s*(?:\[?(?:spam|abuse|fbl|jmrp)\]? )?(?:complaint about message from|email feedback report for ip|"
    r".{0,40}\babuse report\b|feedback loop\b|spam (?:complaint|report)\b|junk (?:mail|e-?mail) report\b)",
    re.IGNORECASE,
)
_SENDERS = re.compile(
    r"(?:feedback-?loops?|fbl(?:[-_.].{0,30})?|feedback|complaints?|scomp|arf(?:[-_.].{0,30})?|abuse-?report.{0,20}|"
    r"spam-?report.{0,20}|jmrp|staff)\Z"
)


def applies(mail: View) -> bool:
    """By its type, by the mark of Microsoft or Apple, or by subject and sender together."""
    if mail.report_type == "feedback-report":
        return True
    if "x-apple-unsubscribe" in mail.headers:  # Apple Mail asks for it on behalf of its user
        return True
    if "x-hmxmroriginalrecipient" in mail.headers:
        return True
    # The part alone may be a file that somebody attached; a subject alone, somebody's report of abuse.
    by_provider = _SENDERS.match(mail.local_part) is not None
    if "message/feedback-report" in mail.part_types:
        return mail.type.subtype == "report" or by_provider or mail.by_machine
    return _SUBJECT.match(mail.subject) is not None and not mail.answered and by_provider
