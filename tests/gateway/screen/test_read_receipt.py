"""Read receipts, and mails about reading."""

import pytest

from tests.gateway.screen.samples import mail, parts

DISPLAYED = "Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed\r\n"


@pytest.mark.parametrize("kind", ["multipart/report; report-type=disposition-notification", "multipart/report"])
def test_standard(kind: str) -> None:
    """RFC 8098, also where the type of the report was forgotten."""
    assert parts(kind, "\r\nYour mail was displayed.\r\n", DISPLAYED).machine == "read-receipt"


def test_exchange() -> None:
    """Exchange names what made the mail."""
    assert mail("X-MS-Exchange-Generated-Message-Source: ReadReceipt\r\n").machine == "read-receipt"


@pytest.mark.parametrize(
    "subject, body",
    [
        ("Read: Hello", "Your message\r\n\r\n  To: Ann\r\n  Subject: Hello\r\n\r\nwas read on 23/11/2026 10:00."),
        ("Not read: Hello", "Your message\r\n\r\n  To: Ann\r\n\r\nwas deleted without being read on 23/11/2026."),
        ("Gelesen: Hallo", "Ihre Nachricht an Ann wurde am 23.11.2026 um 10:00 gelesen."),
        ("Lu : Bonjour", "Votre message a été lu le 23/11/2026."),
        ("Return Receipt (displayed) - Hello", "This is a Return Receipt for the mail that you sent."),
    ],
)
def test_prose(subject: str, body: str) -> None:
    """Outlook and others, in the language of the reader."""
    assert mail("", subject, body).machine == "read-receipt"


@pytest.mark.parametrize(
    "subject, body",
    [
        ("Read: this first", "Please look at the attached manual."),
        ("Hello", "The meter was read on 23/11/2026."),
        ("Re: Read: Hello", "I read it."),
    ],
)
def test_person(subject: str, body: str) -> None:
    """Only both together are a receipt."""
    assert mail("", subject, body).automatic is None
