"""Delivery reports: whom the mail did not reach, why, and which mail it was."""

import pytest

from gateway.envelope import Report
from gateway.parse import read

HEAD = "From: MAILER-DAEMON@mx.test\r\nTo: desk@desk.test\r\nSubject: Undelivered Mail Returned to Sender\r\n"


def dsn(groups: str, returned: str = "Message-ID: <t1.token@desk.test>\r\nTo: bob@x.test\r\n") -> bytes:
    """A report in the standard's form (RFC 3464)."""
    return (
        f"{HEAD}Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n"
        f"--r\r\n\r\nI'm sorry to have to inform you\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.test\r\n\r\n{groups}\r\n--r\r\nContent-Type: message/rfc822\r\n\r\n"
        f"{returned}\r\nHello\r\n--r--\r\n"
    ).encode()


def test_standard() -> None:
    """Recipient, status, permanence and diagnostic come from the recipient's group."""
    group = "Final-Recipient: rfc822; bob@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    group += "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
    mail = read(dsn(group))
    assert mail.automatic == "delivery-report"
    assert mail.reports == (Report("bob@x.test", "5.1.1", True, "smtp; 550 5.1.1 No such user"),)
    assert mail.reported_ids == ("<t1.token@desk.test>",)


def test_several_recipients() -> None:
    """Delays are not permanent, deliveries are no failures, a vague status yields to the diagnostic."""
    mail = read(
        dsn(
            "Final-Recipient: rfc822; a@x.test\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n"
            "Final-Recipient: rfc822; b@x.test\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
            "Final-Recipient: rfc822;<c@x.test>\r\nAction: failed\r\nStatus: 5.0.0\r\n"
            "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n"
        )
    )
    assert [(r.address, r.status, r.permanent) for r in mail.reports] == [
        ("a@x.test", "4.4.1", False),
        ("c@x.test", "5.2.2", True),
    ]


def test_report_without_recipients() -> None:
    """Where the report names nobody, the returned mail's only recipient is meant."""
    assert [r.address for r in read(dsn("")).reports] == ["bob@x.test"]


@pytest.mark.parametrize(
    "body, recipients",
    [
        ("<bob@x.test>: host mx.x.test said: 550 5.1.1 unknown user", ["bob@x.test"]),
        ("Delivery to the following recipients failed.\r\n\r\n       bob@x.test\r\n       eve@x.test",
         ["bob@x.test", "eve@x.test"]),
        ("Hi. This is the qmail-send program.\r\n\r\n<bob@x.test>:\r\nno mailbox here by that name", ["bob@x.test"]),
        ("Your message could not be delivered to user bob@x.test", ["bob@x.test"]),
        ("undeliverable:\r\n* [bob@x.test]: 550 over quota\r\n* To: other@x.test", ["bob@x.test"]),
        ("could not be delivered\r\n<bob@x.test>: gone\r\n--- Below this line is a copy.\r\nTo: <eve@x.test>",
         ["bob@x.test"]),
        ("undelivered\r\nFinal-Recipient: rfc822; bob@x.test\r\nAction: failed\r\nStatus: 5.1.1", ["bob@x.test"]),
        ("It could not be delivered, nobody knows to whom", []),
    ],
)  # fmt: skip
def test_prose(body: str, recipients: list[str]) -> None:
    """The forms that servers made up before there was a standard."""
    mail = read(f"{HEAD}\r\n{body}\r\n".encode())
    assert mail.automatic == "delivery-report"
    assert [report.address for report in mail.reports] == recipients


def test_failed_recipients_field() -> None:
    """Exim names the recipients in a field of its own."""
    mail = read(f"{HEAD}X-Failed-Recipients: bob@x.test, eve@x.test\r\n\r\n550 no\r\n".encode())
    assert [report.address for report in mail.reports] == ["bob@x.test", "eve@x.test"]


def test_addresses_are_checked() -> None:
    """What is no address is no recipient."""
    assert read(dsn("Final-Recipient: rfc822; not an address\r\nAction: failed\r\n", "X: y\r\n")).reports == ()


def test_ids_of_quoted_mail() -> None:
    """The Message-ID is found where the mail is only quoted in the text."""
    mail = read(f"{HEAD}\r\nundelivered\r\n\r\n> Message-ID: <t2@desk.test>\r\n> Subject: x\r\n".encode())
    assert mail.reported_ids == ("<t2@desk.test>",)


def test_person_has_no_reports() -> None:
    """A person's mail reports nothing, whatever addresses and codes it names."""
    mail = read(b"From: ann@x.test\r\nSubject: help\r\n\r\nbob@x.test 550 5.1.1 <1@x.test>\r\n")
    assert (mail.reports, mail.reported_ids) == ((), ())


@pytest.mark.parametrize("quote", ['"', '\\"'])
@pytest.mark.parametrize("kind", ["notificationType", "eventType"])
def test_notification_of_amazon(kind: str, quote: str) -> None:
    """Amazon SES writes JSON, its notification service puts that into a string of more JSON."""
    words = (
        f'{{"{kind}":"Bounce","bounce":{{"bounceType":"Transient","bouncedRecipients":[{{"emailAddress":"bob@x.test",'
        f'"action":"failed","status":"4.4.7"}},{{"emailAddress":"eve@x.test"}}]}},"mail":{{"from":["desk@desk.test"]}}}}'
    )
    words = words.replace('"', quote)
    mail = read(f"From: no-reply@sns.test\r\nSubject: Notification\r\n\r\n{words}\r\n".encode())
    assert mail.automatic == "delivery-report"
    assert [(r.address, r.status, r.permanent) for r in mail.reports] == [
        ("bob@x.test", "4.4.7", False),
        ("eve@x.test", "", False),
    ]


def test_alias_is_reported_too() -> None:
    """The address that was written to, and the one behind it that failed."""
    body = "could not be delivered\r\n\r\nbob@inner.test\r\n    (expanded from: <bob@x.test>)\r\n"
    mail = read(f"{HEAD}\r\n{body}".encode())
    assert [report.address for report in mail.reports] == ["bob@inner.test", "bob@x.test"]


def test_name_in_form_of_an_address() -> None:
    """An address in front of the bracketed one is read whole, or not at all."""
    body = "could not be delivered\r\n\r\n  ann@x.test <bob@x.test>: malformed address\r\n"
    assert [report.address for report in read(f"{HEAD}\r\n{body}".encode()).reports] == ["bob@x.test"]


@pytest.mark.parametrize(
    "body",
    [
        "has not yet been delivered to:\r\n\r\n  bob@x.test\r\n    Delay reason: time-out",
        "could not be delivered so far; we will keep trying.\r\n\r\n<bob@x.test>: 450 busy",
    ],
)
def test_delay_is_not_permanent(body: str) -> None:
    """A mail that is only late mutes nobody."""
    mail = read(f"{HEAD}\r\nYour message was not delivered yet. It {body}\r\n".encode())
    assert [(report.address, report.permanent) for report in mail.reports] == [("bob@x.test", False)]
