"""Answers to invitations, and invitations."""

import pytest

from tests.gateway.screen.samples import mail, parts


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "reply"])
def test_answer(method: str) -> None:
    """METHOD:REPLY, as the mail itself or as one of its parts."""
    assert mail(f"Content-Type: text/calendar; method={method}\r\n").machine == "calendar-answer"
    calendar = f"Content-Type: text/calendar; method={method}\r\n\r\nBEGIN:VCALENDAR\r\n"
    assert parts("multipart/alternative", "\r\nAccepted\r\n", calendar).machine == "calendar-answer"


def test_exchange() -> None:
    """Exchange's content class."""
    fields = "Content-Class: urn:content-classes:calendarmessage.reply\r\n"
    assert mail(fields, "Accepted: Meeting").machine == "calendar-answer"


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Type: text/calendar; method=REQUEST\r\n",
        "Content-Type: text/calendar; method=CANCEL\r\n",
        "Content-Class: urn:content-classes:calendarmessage\r\n",
        "",
    ],
)
def test_invitation(fields: str) -> None:
    """An invitation is a person's wish, and so is a mail with the subject of an answer."""
    assert mail(fields, "Accepted: your offer").automatic is None
