"""A read receipt (message disposition notification, RFC 8098)."""

from gateway.screen.view import View


def applies(mail: View) -> bool:
    """By its type; Exchange also says so in a header field."""
    return (
        mail.type.params.get("report-type", "").lower() == "disposition-notification"
        or (mail.type.subtype == "report" and "message/disposition-notification" in mail.part_types)
        or mail.headers.raw("x-ms-exchange-generated-message-source").startswith("ReadReceipt")
    )
