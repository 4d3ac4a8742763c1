"""Screening: what a mail is, before anybody asks which ticket it belongs to. One rule per file."""

from gateway.envelope import Automatic
from gateway.screen import (
    auto_reply,
    bulk,
    calendar_answer,
    delivery_report,
    feedback_report,
    mailing_list,
    read_receipt,
)
from gateway.screen.view import View

# The first rule that applies names the mail: reports before the header lines they usually carry as well.
_RULES = (
    ("feedback-report", feedback_report.applies),
    ("read-receipt", read_receipt.applies),
    ("calendar-answer", calendar_answer.applies),
    ("delivery-report", delivery_report.applies),
    ("auto-reply", auto_reply.applies),
    ("list", mailing_list.applies),
    ("bulk", bulk.applies),
)


def classify(mail: View) -> Automatic | None:
    """The kind of automatic mail this is, or None for a person's mail."""
    for name, applies in _RULES:
        if applies(mail):
            return name  # type: ignore[return-value]  # the literals stand in _RULES above
    return None


__all__ = ["View", "classify"]
