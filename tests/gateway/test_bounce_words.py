"""Delivery reports in prose: how mail servers and providers write that a mail did not arrive."""

import pytest

from gateway.parse import read

DAEMON = "MAILER-DAEMON@x.test"

# Sender, subject, text; all of them report on bob@x.test.
FOR_GOOD = {
    "Apache James": (
        "postmaster@x.test",
        "[BOUNCE]",
        "Hi. This is the James mail server at x.test.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\n\nFailed recipient(s):\nbob@x.test\n\nError message:\n550 - no such user here\n\n"
        "Message details:\n  MAIL FROM: desk@desk.test\n  From: Desk <service@other.test>\n",
    ),
    "Domino": (
        "Postmaster@x.test",
        "DELIVERY FAILURE: User bob (bob@x.test) not listed in Domino Directory",
        "Your message\n\n  Subject: Hello\n\nwas not delivered to:\n\n  bob@x.test\n\nbecause:\n\n  User not listed\n",
    ),
    "1&1": (
        DAEMON,
        "Mail delivery failed: returning message to sender",
        "This message was created automatically.\n\nA message that you sent could not be delivered to one or more of\n"
        'its recipients. The following addresses failed:\n\n"bob@x.test":\nSMTP error from server: 550 unknown\n\n'
        "--- The header of the original message is following. ---\n\nTo: eve@x.test\n",
    ),
    "IMail": (
        DAEMON,
        "Undeliverable Mail",
        "User mailbox exceeds allowed size: bob@x.test\n\n\nOriginal message follows.\n",
    ),
    "IMail, host": (
        DAEMON,
        "Undeliverable Mail",
        "Delivery failed 20 attempts: bob@x.test\n\nOriginal message follows.\n",
    ),
    "InterScan": (
        "InterScan MSS <imss@x.test>",
        "Mail could not be delivered",
        "Unable to deliver message to <bob@x.test>\n\nSent <<< RCPT TO:<bob@x.test>\nReceived >>> 550 5.1.1 unknown\n",
    ),
    "MailMarshal": (
        "postmaster@x.test",
        'Undeliverable Mail: "Hello"',
        "Your message:\n   From:    desk@desk.test\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\n"
        "The following recipients were affected: \n    bob@x.test\n\nOriginal Sender:    <service@other.test>\n",
    ),
    "MessageLabs": (
        DAEMON,
        "Mail Delivery Failure",
        "This is the mail delivery agent.\nI was unable to deliver your message to the following addresses.\n\n"
        "bob@x.test\n\nReason: 550 5.1.1 user unknown\n",
    ),
    "a mobile carrier": (
        "post_master@x.test",
        "Undeliverable Message",
        "Error: No valid recipients from this MM\n\nMessage:\n   From: desk@desk.test\n   To: bob@x.test\n",
    ),
    "KDDI": (
        "no-reply@carrier.test",
        "Mail System Error - Returned Mail",
        "Your mail sent on: Thu, 29 Apr 2010 11:04:47 +0900\nCould not be delivered to: <bob@x.test>\n",
    ),
    "Active!hunter": (
        DAEMON,
        "FAILURE NOTICE :",
        "   ----- The following addresses had permanent fatal errors -----\n\n>>> bob@x.test <bob@x.test>\n",
    ),
    "Courier": (
        '"Courier mail server at x.test" <@x.test>',
        "NOTICE: mail delivery status.",
        "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<bob@x.test>:\n"
        "   mx.x.test [192.0.2.1]:\n>>> RCPT TO:<bob@x.test>\n<<< 550 5.1.1 unknown\n",
    ),
    "MDaemon": (
        "MDaemon at x.test <MDaemon@x.test>",
        "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors.\n\nFailed address: bob@x.test\n",
    ),
    "MailEnable": (
        "postmaster@x.test",
        "Message Delivery Failure",
        "The following recipient(s) could not be reached:\n\n    [SMTP:bob@x.test]: SMTP Server Returned: 550 no\n",
    ),
    "GroupWise": (
        "Mail Gateway <postmaster@x.test>",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tbob@x.test (550 user unknown)\n",
    ),
    "Exchange 2000": (
        "System Administrator <postmaster@x.test>",
        "Undeliverable: Hello",
        "Your message\n\n  Subject: Hello\n\ndid not reach the following recipient(s):\n\n"
        "bob@x.test on Thu, 29 Apr 2010 10:00:00 +0000\n    The recipient name is not recognized\n",
    ),
    "Microsoft 365": (
        "postmaster@x.test",
        "Undeliverable: Hello",
        "Your message to bob@x.test couldn't be delivered.\nbob wasn't found at x.test.\n",
    ),
    "Exchange, German": (
        "postmaster@x.test",
        "Unzustellbar: Hallo",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\nbob@x.test\nUnbekannt.\n\n"
        "Ursprüngliche Nachrichtenkopfzeilen:\n\nReceived: from a\nTo: eve@x.test",
    ),
    "Exchange, Chinese": (
        "postmaster@x.test",
        "无法传递: 你好",
        "以下收件人或组的传递失败:\n\nbob@x.test\n找不到地址。\n",
    ),
    "Gmail, German": (
        DAEMON,
        "Delivery Status Notification (Failure)",
        "Ihre Nachricht wurde nicht an bob@x.test zugestellt, weil die Adresse nicht gefunden wurde.\n",
    ),
    "Gmail, Japanese": (
        DAEMON,
        "Delivery Status Notification (Failure)",
        "** アドレスが見つかりません **\n\nbob@x.testへのメッセージが配信できませんでした。\n",
    ),
    "OpenSMTPD": (
        DAEMON,
        "Delivery status notification: failed",
        "    Hi!\n\n    This is the MAILER-DAEMON.\n\nbob@x.test: 550 5.1.1 user unknown\n\n"
        "    Below is a copy of the original message:\n\nTo: eve@x.test",
    ),
    "Stalwart": (
        DAEMON,
        "Failed to deliver message",
        "Your message could not be delivered to the following recipients:\n\n"
        "<bob@x.test> (host 'mx.x.test' rejected command 'RCPT TO:<bob@x.test>' with code 550 (5.1.1))\n",
    ),
    "Yandex": (
        DAEMON,
        "Недоставленное сообщение",
        "К сожалению, Ваше письмо не может быть отправлено.\n\n<bob@x.test>: host mx.x.test said: 550 5.7.1 no\n",
    ),
    "QQ": (DAEMON, "系统退信", "您的邮件被退回来了\n收件人：bob@x.test\n退信原因：邮件无法送达。550 unknown user\n"),
}
LATE = {
    "Postfix": (
        DAEMON,
        "Delayed Mail (still being retried)",
        "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND IT. #\n\nYour message could not be delivered for "
        "more than 1 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<bob@x.test>: mx: timed out\n",
    ),
    "Exim": (
        DAEMON,
        "Warning: message 1P1 delayed 24 hours",
        "A message that you sent has not yet been delivered to one or more of its\nrecipients after 24 hours.\n\n"
        "  bob@x.test\n\nNo action is required on your part.\n",
    ),
    "Postini": (
        DAEMON,
        "Mail Delivery Warning",
        'This is an advisory-only email. Delivery of email to this address\n"bob@x.test"\nhas been postponed.\n',
    ),
}


def said(form: tuple[str, str, str]) -> list[tuple[str, bool]]:
    """Whom the report names, and whether for good."""
    sender, subject, text = form
    mail = read(f"From: {sender}\nTo: desk@desk.test\nSubject: {subject}\n\n{text}".replace("\n", "\r\n").encode())
    assert mail.automatic == "delivery-report"
    return [(report.address, report.permanent) for report in mail.reports]


@pytest.mark.parametrize("form", FOR_GOOD.values(), ids=FOR_GOOD)
def test_failed(form: tuple[str, str, str]) -> None:
    """The address that failed, and no other that stands around it."""
    assert said(form) == [("bob@x.test", True)]


@pytest.mark.parametrize("form", LATE.values(), ids=LATE)
def test_late(form: tuple[str, str, str]) -> None:
    """A warning is no failure."""
    assert said(form) == [("bob@x.test", False)]


def test_each_address_has_its_own_words() -> None:
    """What is said of one recipient is not taken for the other."""
    text = "could not be delivered\n\n<bob@x.test>: 550 5.1.1 unknown\n\n<eve@x.test>: 452 4.2.2 mailbox full\n"
    mail = read(f"From: {DAEMON}\nSubject: Undelivered\n\n{text}".encode())
    assert [(r.address, r.status, r.permanent, r.diagnostic) for r in mail.reports] == [
        ("bob@x.test", "5.1.1", True, "<bob@x.test>: 550 5.1.1 unknown"),
        ("eve@x.test", "4.2.2", False, "<eve@x.test>: 452 4.2.2 mailbox full"),
    ]


@pytest.mark.parametrize("local", ["support", "postmaster", "admin"])
def test_role_addresses(local: str) -> None:
    """A customer's support@ can fail, too; the postmaster to ask has not failed."""
    text = (
        f"could not be delivered\n\nFor help, send mail to postmaster@mx.test.\n\n<{local}@x.test>: 550 no such user\n"
    )
    mail = read(f"From: {DAEMON}\nSubject: Undelivered\n\n{text}".encode())
    assert [report.address for report in mail.reports] == [f"{local}@x.test"]


def test_only_the_returned_mail_names_somebody() -> None:
    """The copy in the text has one To; where it has many, the servers' own notes may still agree on one."""
    text = "Your mail was not delivered.\n\n--- Original message follows ---\nTo: Bob <bob@x.test>\nSubject: x\n"
    mail = read(f"From: {DAEMON}\nSubject: Undelivered\n\n{text}".encode())
    assert [report.address for report in mail.reports] == ["bob@x.test"]
