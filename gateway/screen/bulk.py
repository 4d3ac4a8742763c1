"""Bulk mail: sent to many by a program, answered by nobody."""

from gateway.screen.view import View

_PRECEDENCE = {"bulk", "junk"}


def applies(mail: View) -> bool:
    """`Precedence: bulk` or `junk`, a one-click unsubscribe, or a bulk sender's own mark."""
    headers = mail.headers
    return (
        headers.token("precedence") in _PRECEDENCE
        or "list-unsubscribe" in headers
        or "feedback-id" in headers
        or headers.token("auto-submitted") == "auto-generated"
    )
