"""Complaints that mailbox providers pass on, and people who complain."""

import pytest

from tests.gateway.screen.samples import mail, parts

WORDS = "\r\nLook at the mail below, please.\r\n"
RETURNED = "Content-Type: message/rfc822\r\n\r\nSubject: Hello\r\nMessage-ID: <t1@desk.test>\r\n\r\nHello\r\n"
FEEDBACK = "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Some/1\r\nVersion: 1\r\n"


@pytest.mark.parametrize("kind", ["abuse", "fraud", "not-spam", "opt-out", "auth-failure"])
def test_standard(kind: str) -> None:
    """RFC 5965, for every kind of feedback; the returned mail names our letter."""
    report = FEEDBACK.replace("abuse", kind)
    said = parts("multipart/report; report-type=feedback-report", WORDS, report, RETURNED, sender="fbl@isp.test")
    assert (said.machine, said.reported_ids) == ("feedback-report", ("<t1@desk.test>",))


@pytest.mark.parametrize(
    "sender, subject, fields",
    [
        ("staff@hotmail.test", "complaint about message from 192.0.2.1", ""),
        ("staff@hotmail.test", "Hello", "X-HmXmrOriginalRecipient: bob@x.test\r\n"),
        ("feedbackloop@isp.test", "Abuse Report", ""),
        ("scomp@aol.test", "Email Feedback Report for IP 192.0.2.1", ""),
        ("ann@icloud.test", "unsubscribe", "X-Apple-Unsubscribe: true\r\n"),
    ],
)
def test_forms_of_providers(sender: str, subject: str, fields: str) -> None:
    """Microsoft, AOL, Return Path and Apple, each in its own way."""
    said = parts("multipart/mixed", WORDS, RETURNED, fields=fields, sender=sender, subject=subject)
    assert said.machine == "feedback-report"


@pytest.mark.parametrize(
    "subject, inner",
    [
        ("Abuse report", (WORDS, RETURNED)),
        ("Spam complaint about your newsletter", (WORDS, RETURNED)),
        ("Fwd: Abuse report", (WORDS, FEEDBACK)),
        ("What is this file?", (WORDS, FEEDBACK)),
    ],
)
def test_person(subject: str, inner: tuple[str, ...]) -> None:
    """A person who reports abuse, or asks about a report, attached or not."""
    assert parts("multipart/mixed", *inner, subject=subject).automatic is None


def test_a_colleague_named_abuse() -> None:
    """The abuse desk of somebody else writes as a person does."""
    assert mail("", "Abuse report", "One of your users sends spam.", sender="abuse@isp.test").automatic is None
