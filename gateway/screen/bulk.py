"""Bulk mail: sent to many by a program, answered by nobody."""

from gateway.screen.view import View

_PRECEDENCE = {"bulk", "junk"}
_PRECEDENCE_FIELDS = ("precedence", "x-precedence")
_MARKS = ("list-unsubscribe", "x-campaign", "x-campaignid", "x-csa-complaints", "x-mailgun-batch-message")


def applies(mail: View) -> bool:
    """`Precedence: bulk` or `junk`, a one-click unsubscribe, a bulk sender's own mark, or a program's notification."""
    headers = mail.headers
    return (
        any(headers.token(name) in _PRECEDENCE for name in _PRECEDENCE_FIELDS)
        or any(name in headers for name in _MARKS)
        or _feedback_id(mail)
        or headers.token("auto-submitted").startswith("auto-generated")
    )


def _feedback_id(mail: View) -> bool:
    """Google's mark of a campaign; Amazon SES writes one on all that passes it, people's WorkMail included."""
    value = mail.headers.raw("feedback-id").strip().lower()
    return bool(value) and not value.endswith(":amazonses")
