"""Who sent a mail that comes by a pipe, when the mail server does not say."""

import pytest

from postdesk.delivering import _sender_in

MAIL = b"From: Ann <ann@customer.test>\nTo: service@desk.test\nSubject: x\n\nReturn-Path: <body@elsewhere.test>\n"


@pytest.mark.parametrize(
    "head, sender",
    [
        (b"From list@elsewhere.test Mon Nov 23 10:00:00 2026\n" + MAIL, "list@elsewhere.test"),
        (b"From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n" + MAIL, "MAILER-DAEMON"),
        (b"Return-Path: <list@elsewhere.test>\r\n" + MAIL, "list@elsewhere.test"),
        (b"Return-Path: <>\n" + MAIL, ""),
        (MAIL, "ann@customer.test"),
        (b"Subject: nobody says\n\n", ""),
        (b"", ""),
    ],
)
def test_the_sender_is_read_from_the_mail(head: bytes, sender: str) -> None:
    """From the line before it, then Return-Path, then From; what stands in the body is nobody's."""
    assert _sender_in(head) == sender
