"""Delivery reports in every form: whom they name is an address on one line, and how often is bounded."""

import re

from fuzz import cleaned, grammar
from fuzz.choices import Choices
from fuzz.targets.parse import MADE
from gateway.body import Reader
from gateway.bounce import MAX_REPORTS, reported_ids, reports, verdict
from gateway.bounce.verdict import same_mailbox
from gateway.envelope import Mailbox, Message
from gateway.headers import clean_body
from gateway.mime import Limits, Splitter

MAILS = True
WORDS = (
    "Final-Recipient: rfc822; ", "Original-Recipient: rfc822;", "Action: failed", "Action: delayed", "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550 5.1.1 ", "Reporting-MTA: dns; ", "X-Failed-Recipients: ", "Remote-MTA: dns; ",
    "This is a permanent error", "<ann@customer.test>: ", "host mx.customer.test said: 550 ", "did not reach",
    "could not be delivered to", "User unknown", "mailbox full", "Message-ID: <t1.o1.r-x@desk.test>", "Return-Path: <>",
    "message/delivery-status", "multipart/report", "text/rfc822-headers", "message/rfc822", '{"notificationType":',
    '"bouncedRecipients":[{"emailAddress":"', "----- The following addresses had permanent fatal errors -----\n",
)  # fmt: skip
_STATUS = re.compile(r"(?:[245]\.\d{1,3}\.\d{1,3})?")
_ACTIONS = (b"failed", b"delayed", b"delivered", b"relayed", b"expanded", b"", b"x")
_ADDRESSES = (
    b"rfc822; ann@customer.test", b"rfc822;<ann@customer.test>", b"utf-8; \xc3\xa4nn@customer.test", b"ann@x.test",
    b"rfc822; a@b@c", b"x400; /C=GB/", b"rfc822; =?utf-8?q?ann=00=40x=2Etest?=", b"rfc822; " + b"a" * 400 + b"@x.test",
    b"rfc822; \xff\xfe@x.test", b"rfc822; ann@customer.test\r\n (folded)", "rfc822; a\u202e@x.test".encode(), b"",
)  # fmt: skip
_SAID = (
    b"<ann@customer.test>: host mx.customer.test[192.0.2.1] said: 550 5.1.1 no such user",
    b"550 5.1.1 <ann@customer.test>... User unknown", b"Your message to ann@customer.test couldn't be delivered.",
    b"----- The following addresses had permanent fatal errors -----\r\n<ann@customer.test>", b"mailbox is full",
    b"  ann@customer.test\r\n    SMTP error from remote mail server after RCPT TO:<ann@customer.test>:", b"\0\x1b[2J",
    b"Message from  customer.test:\r\n552 5.2.2 over quota", b"Delivery to the following recipients failed.\r\n\r\n",
    b'{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@x.test"}]}}',
)  # fmt: skip


def check(data: bytes) -> None:
    """Read the report, whether or not it looks like one."""
    raw = _made(Choices(data.removeprefix(MADE))) if data.startswith(MADE) else data
    root = Splitter(raw, Limits()).split()
    content = Reader(Limits(), [], root.headers.charset_hint()).read(root)
    parts = [(file.declared_type, file.data) for file in content.attachments]
    found = reports(parts, root.headers, content.text, raw)
    assert len(found) <= MAX_REPORTS
    assert len({report.address.lower() for report in found}) == len(found), "one address twice"
    for report in found:
        cleaned.lines("an address", [report.address, *report.other_names, report.status])
        cleaned.texts("a diagnostic", [report.diagnostic])
        assert "@" in report.address, f"no address: {report.address!r}"
        assert len(report.address) <= 320, "a long address"
        assert len(report.diagnostic) <= 2_000, "a long diagnostic"
        assert _STATUS.fullmatch(report.status), f"no status: {report.status!r}"
    cleaned.lines("an id", reported_ids(parts, content.text))
    mail = Message("", Mailbox("", ""), text=clean_body(content.text), reports=found)
    _judged(mail)


def _judged(mail: Message) -> None:
    """Only somebody whom the report names, or names in another form, is muted by it."""
    judged = verdict(mail, "ann@customer.test")
    named = [name for report in mail.reports for name in (report.address, *report.other_names)]
    assert not judged.mutes or any(same_mailbox(name, "ann@customer.test") for name in named)
    assert not verdict(mail, "nobody-of-this-name@elsewhere.test").mutes or any("elsewhere" in name for name in named)


def _made(choices: Choices) -> bytes:
    """A report as servers write it, and as they do not."""
    if choices.chance(6):
        return grammar.mail(choices)
    said = b"\r\n".join(choices.pick(_SAID) for _ in range(1 + choices.count(3)))
    groups = b"".join(
        b"Final-Recipient: %s\r\nAction: %s\r\nStatus: %d.%d.%d\r\nDiagnostic-Code: smtp; %s\r\n\r\n"
        % (
            choices.pick(_ADDRESSES), choices.pick(_ACTIONS), choices.byte() % 7, choices.byte() % 9, choices.byte(),
            choices.taken(80).replace(b"\n", b" "),
        )
        for _ in range(choices.count(4))
    )  # fmt: skip
    head = b"From: MAILER-DAEMON@mx.customer.test\r\nTo: service@desk.test\r\nSubject: Undelivered Mail\r\n"
    if choices.chance(4):
        return head + b"\r\n" + said + b"\r\n" + groups
    back = b"Message-ID: <1@desk.test>\r\nTo: ann@customer.test\r\n\r\n" + choices.taken(60)
    kinds = ((b"text/plain", said), (b"message/delivery-status", b"Reporting-MTA: dns; x\r\n\r\n" + groups),
             (choices.pick((b"message/rfc822", b"text/rfc822-headers")), back))  # fmt: skip
    body = b"".join(b"--b\r\nContent-Type: %s\r\n\r\n%s\r\n" % kind for kind in kinds)
    return head + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n' + body + b"--b--"
