"""An answer to a calendar invitation: METHOD:REPLY of iTIP (RFC 5546)."""

from gateway.screen.view import View

_METHODS = ("reply", "counter", "declinecounter")
_PARTS = {f"text/calendar; method={method}" for method in _METHODS}
_CLASSES = ("urn:content-classes:calendarmessage.reply", "urn:content-classes:meetingresponse")


def applies(mail: View) -> bool:
    """By the method that Content-Type carries, or by Exchange's content class."""
    if mail.type.full == "text/calendar":
        return mail.type.params.get("method", "").strip().lower() in _METHODS
    return not mail.part_types.isdisjoint(_PARTS) or mail.headers.token("content-class") in _CLASSES
