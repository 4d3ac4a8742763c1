"""Delivery reports: whom the mail did not reach, why, and which mail it was."""

import pytest

from gateway import bounce
from gateway.bounce.status import MAX_DIAGNOSTIC
from gateway.envelope import Report
from gateway.headers import Headers
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
    assert mail.reports == (Report("bob@x.test", "5.1.1", True, "smtp; 550 5.1.1 No such user", given_up=True),)
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


@pytest.mark.parametrize(
    "fields, address",
    [
        ("Final-Recipient: utf-8; ren\\x{E9}e@x.test", "renée@x.test"),
        ("Final-Recipient: utf-8; renée@x.test", "renée@x.test"),
        ("Final-Recipient: rfc822; IMCEASMTP-bob+40x+2Etest@inner.test", "bob@x.test"),
        ("Final-Recipient: RFC822;\r\n <bob@x.test>", "bob@x.test"),
        ("Original-Recipient: rfc822;bob+40x.test", "bob@x.test"),
        ("Original-Recipient: rfc822;bob@x.test\r\nFinal-Recipient: x400; c=gb;a= ;p=x;s=bob", "bob@x.test"),
        ("X-Actual-Recipient: rfc822; bob@x.test", "bob@x.test"),
        ("  Final-Recipient: rfc822; bob@x.test", "bob@x.test"),
    ],
)
def test_forms_of_an_address(fields: str, address: str) -> None:
    """RFC 6533, RFC 3461, Exchange's capsules, X.400, folded and indented fields."""
    assert [report.address for report in read(dsn(f"{fields}\r\nAction: failed\r\n", "X: y\r\n")).reports] == [address]


def test_groups_without_an_empty_line() -> None:
    """A second recipient begins where a field comes again."""
    mail = read(
        dsn(
            "Original-Recipient: rfc822;a@x.test\r\nFinal-Recipient: rfc822; a@x.test\r\nAction: failed\r\n"
            "Status: 5.1.1\r\nOriginal-Recipient: rfc822;b@x.test\r\nFinal-Recipient: rfc822; b@x.test\r\n"
            "Action: delayed\r\nStatus: 4.2.0\r\n"
        )
    )
    assert [(r.address, r.status, r.permanent) for r in mail.reports] == [
        ("a@x.test", "5.1.1", True),
        ("b@x.test", "4.2.0", False),
    ]


@pytest.mark.parametrize(
    "action, status, permanent",
    [
        ("failed", "5.1.1", True),
        ("failed", "5.2.2", True),
        ("failed", "4.4.7", False),
        ("failed", "5.1.1 (bad destination mailbox)", True),
        ("failed (given up)", "", True),
        ("delayed", "4.4.1", False),
        ("delayed", "5.0.0", False),
    ],
)
def test_permanent(action: str, status: str, permanent: bool) -> None:
    """As the code says; what is only delayed is never for good."""
    (report,) = read(dsn(f"Final-Recipient: rfc822; bob@x.test\r\nAction: {action}\r\nStatus: {status}\r\n")).reports
    assert report.permanent is permanent
    assert report.status == status.split(" ")[0]


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "message/global-delivery-status"])
def test_mislabelled_part(kind: str) -> None:
    """The status part under another name is one by what it says."""
    raw = dsn("Final-Recipient: rfc822; bob@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n", "X: y\r\n")
    assert [r.address for r in read(raw.replace(b"message/delivery-status", kind.encode())).reports] == ["bob@x.test"]


def test_broken_boundary() -> None:
    """The whole report is one text when its boundary is not found."""
    raw = dsn("Final-Recipient: rfc822; bob@x.test\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    mail = read(raw.replace(b"boundary=r", b"boundary=s"))
    assert [(r.address, r.status) for r in mail.reports] == [("bob@x.test", "5.1.1")]


def test_ids_in_the_body_of_the_returned_mail() -> None:
    """Only the header of the returned mail names it: its body may quote whatever its writer liked."""
    returned = "Message-ID: <foreign@x.test>\r\nTo: bob@x.test\r\n\r\nMessage-ID: <t1.token@desk.test>\r\nTo: Ann\r\n"
    assert read(dsn("", returned)).reported_ids == ("<foreign@x.test>",)


@pytest.mark.parametrize(
    "text, ids",
    [
        ("From: Desk\nMessage-ID: <t1@desk.test>\nSubject: x", ("<t1@desk.test>",)),
        ("> Message-ID: <t1@desk.test>\n> Subject: x", ("<t1@desk.test>",)),
        ("Your mail <t1@desk.test> was refused.", ()),
        ("Message-ID: <t1@desk.test>\n\nwas the mail that I mean.", ()),
        ("about Message-ID: <t1@desk.test>\nSubject: x", ()),
    ],
)
def test_id_in_the_text(text: str, ids: tuple[str, ...]) -> None:
    """A header that stands in the text names the mail; an id that is only mentioned does not."""
    assert bounce.reported_ids([], text) == ids


def test_id_in_the_status_part() -> None:
    """Gmail and Mail.ru name the mail in the report itself."""
    fields = b"Reporting-MTA: dns; mx.test\r\nX-Original-Message-ID: <t1@desk.test>\r\n\r\n"
    assert bounce.reported_ids([("message/delivery-status", fields)], "") == ("<t1@desk.test>",)


def test_diagnostic_is_bounded() -> None:
    """However much a server has to say."""
    group = f"Final-Recipient: rfc822; bob@x.test\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 {'no ' * 900}\r\n"
    (report,) = read(dsn(group)).reports
    assert 400 < len(report.diagnostic) <= MAX_DIAGNOSTIC


def test_number_of_reports_is_bounded() -> None:
    """However many recipients a report names; and one that is named twice is reported once."""
    groups = "".join(f"Final-Recipient: rfc822; a{i % 300}@x.test\r\nAction: failed\r\n\r\n" for i in range(900))
    assert len(read(dsn(groups)).reports) == bounce.MAX_REPORTS
    assert len(read(dsn("Final-Recipient: rfc822; A@x.test\r\nAction: failed\r\n\r\n" * 3)).reports) == 1


def test_the_library_may_fail() -> None:
    """A From that flufl.bounce stumbles over costs nothing."""
    for sender in ("", "<>", "Jürgen", "a@b@c <x"):
        headers = Headers(f"From: {sender}".encode(), 998)
        assert bounce.reports([], headers, "nothing here", f"From: {sender}\r\n\r\nnothing here".encode()) == ()


def test_success() -> None:
    """A report that all arrived names nobody, whatever its text and the returned mail say."""
    group = "Final-Recipient: rfc822; bob@x.test\r\nAction: delivered\r\nStatus: 2.1.5\r\n"
    assert read(dsn(group)).reports == ()
