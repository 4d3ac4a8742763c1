"""A feedback report: a mailbox provider passes on that somebody marked our mail as spam (RFC 5965)."""

import re

from gateway.screen.view import View

# Providers that send the complaint in a form of their own.
_SUBJECT = re.compile(r"(?:complaint about message from|email feedback report for ip|abuse report\b)", re.IGNORECASE)
_LOCAL = {"feedbackloop", "fbl", "abuse", "feedback", "complaints", "staff", "scomp"}


def applies(mail: View) -> bool:
    """By its type, by Microsoft's X-HmXmrOriginalRecipient, or by subject and sender together."""
    if mail.type.params.get("report-type", "").lower() == "feedback-report":
        return True
    if "x-apple-unsubscribe" in mail.headers:  # Apple Mail asks for it on behalf of its user
        return True
    if "message/feedback-report" in mail.part_types or "x-hmxmroriginalrecipient" in mail.headers:
        return True
    return _SUBJECT.search(mail.subject) is not None and (
        mail.local_part in _LOCAL or "message/rfc822" in mail.part_types
    )
