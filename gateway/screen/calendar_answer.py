"""An answer to a calendar invitation: METHOD:REPLY of iTIP (RFC 5546)."""

from gateway.screen.view import View


def applies(mail: View) -> bool:
    """By the method that Content-Type carries, or by Exchange's content class."""
    if mail.type.full == "text/calendar":
        return mail.type.params.get("method", "").lower() in ("reply", "counter")
    return "text/calendar; method=reply" in mail.part_types or mail.headers.token("content-class") in (
        "urn:content-classes:calendarmessage.reply",
        "urn:content-classes:meetingresponse",
    )
