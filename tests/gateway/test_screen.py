"""What a mail is: one case and one counter-case for each rule of screening, and the day somebody is back."""

from datetime import date

import pytest

from gateway.parse import read

BASE = "From: Ann <ann@example.com>\r\nTo: desk@desk.test\r\nDate: Mon, 03 Aug 2026 10:00:00 +0000\r\n"


def mail(fields: str, subject: str = "Hello", body: str = "Hello") -> bytes:
    """A mail with some more header fields."""
    return f"{BASE}Subject: {subject}\r\n{fields}\r\n{body}\r\n".encode()


@pytest.mark.parametrize(
    "fields, kind",
    [
        ("Auto-Submitted: auto-replied\r\n", "auto-reply"),
        ("Auto-Submitted: Auto-Replied; owner-email=x\r\n", "auto-reply"),
        ("X-Autoreply: yes\r\n", "auto-reply"),
        ("X-Autorespond: out\r\n", "auto-reply"),
        ("Precedence: auto_reply\r\n", "auto-reply"),
        ("Return-Path: <>\r\n", "auto-reply"),
        ("Auto-Submitted: auto-generated\r\n", "bulk"),
        ("Precedence: bulk\r\n", "bulk"),
        ("Precedence: Junk\r\n", "bulk"),
        ("List-Unsubscribe: <https://x.test/u>\r\n", "bulk"),
        ("Precedence: list\r\n", "list"),
        ("List-Id: users <users.example.com>\r\n", "list"),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n", "delivery-report"),
        ("X-Failed-Recipients: bob@x.test\r\n", "delivery-report"),
        ("Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n", "feedback-report"),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=x\r\n", "read-receipt"),
        ("Content-Type: text/calendar; method=REPLY\r\n", "calendar-answer"),
        ("", None),
        ("Auto-Submitted: no\r\n", None),
        ("Auto-Submitted: auto-forwarded\r\n", None),
        ("X-Auto-Response-Suppress: All\r\n", None),
        ("X-Autoreply: no\r\n", None),
        ("Return-Path: <ann@example.com>\r\n", None),
        ("Precedence: first-class\r\n", None),
        ("Content-Type: text/calendar; method=REQUEST\r\n", None),
    ],
)
def test_header(fields: str, kind: str | None) -> None:
    """The header field that says it, and the one that only looks like it."""
    assert read(mail(fields)).automatic == kind


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office: Hello", "Automatic reply: Hello", "Abwesenheitsnotiz: Hallo", "Automatische Antwort: Hallo",
        "Réponse automatique : Bonjour", "Respuesta automática: Hola", "Risposta automatica: Ciao",
        "Resposta automática: Olá", "Automatisch antwoord: Hallo", "Autosvar: Hej", "Automaattinen vastaus: Hei",
        "Odpowiedź automatyczna: Witam", "Automatická odpověď: Ahoj", "Автоответ: Привет", "Otomatik yanıt: Merhaba",
        "自動応答: こんにちは", "自动回复: 你好", "Re: Out of office",
    ],
)  # fmt: skip
def test_vacation_subject(subject: str) -> None:
    """A vacation answer without any mark is known by its subject."""
    assert read(mail("", subject)).automatic == "auto-reply"


@pytest.mark.parametrize("subject", ["The office is out of paper", "Vacations calendar", "My reply: automatic doors"])
def test_person_writes_of_it(subject: str) -> None:
    """Words of absence inside a subject are a person's."""
    assert read(mail("", subject)).automatic is None


@pytest.mark.parametrize(
    "fields, subject, sure",
    [
        ("", "Out of Office: Hello", False),
        ("Auto-Submitted: no\r\n", "Out of Office: Hello", False),
        ("X-Autoreply: no\r\n", "Out of Office: Hello", False),
        ("Return-Path: <>\r\nAuto-Submitted: auto-forwarded\r\n", "Out of Office: Hello", False),
        ("In-Reply-To: <a@b.test>\r\n", "Out of Office: Hello", True),
        ("References: <a@b.test>\r\n", "Automatic reply", True),
        ("In-Reply-To: <a@b.test>\r\n", "Out of Office AutoReply: Hello", True),
        ("In-Reply-To: <a@b.test>\r\n", "Re: Out of Office: Hello", False),
        ("In-Reply-To: <a@b.test>\r\n", "Vacation days of my team", False),
        ("Precedence: bulk\r\n", "Vacation", True),
        ("X-Auto-Response-Suppress: All\r\n", "Abwesenheitsnotiz", True),
        ("Return-Path: <>\r\n", "Automatic reply", True),
        ("Auto-Submitted: auto-replied\r\n", "Hello", True),
    ],
)
def test_a_second_sign(fields: str, subject: str, sure: bool) -> None:
    """A subject alone leaves a doubt; a header field, the null sender or a subject like no person's ends it."""
    assert read(mail(fields, subject)).machine == ("auto-reply" if sure else None)


def test_a_list_about_vacations() -> None:
    """A mailing list is one whatever its subject begins with."""
    assert read(mail("List-Id: staff <staff.example.com>\r\n", "Vacation plans")).machine == "list"


def test_null_reverse_path() -> None:
    """The envelope's null reverse path marks automatic mail, and outweighs what Return-Path says."""
    assert read(mail(""), reverse_path="").automatic == "auto-reply"
    assert read(mail("Return-Path: <>\r\n"), reverse_path="ann@example.com").automatic is None


@pytest.mark.parametrize(
    "sender, subject, body, kind",
    [
        ("MAILER-DAEMON@x.test", "failure notice", "Sorry, no mailbox here", "delivery-report"),
        ("postmaster@x.test", "Undeliverable: Hello", "could not be delivered", "delivery-report"),
        (
            "gateway@x.test",
            "Mail could not be delivered",
            "Unable to deliver message to <bob@x.test>",
            "delivery-report",
        ),
        ("ann@x.test", "Re: Undeliverable: Hello", "It could not be delivered, what now?", None),
        ("ann@x.test", "Delivery of my new laptop", "It was not delivered on Monday", None),
        ("noreply@shop.test", "Your parcel: delivery failed attempt", "The parcel could not be delivered", None),
        ("postmaster@x.test", "A question", "Where is my ticket?", None),
    ],
)
def test_report_without_type(sender: str, subject: str, body: str, kind: str | None) -> None:
    """Servers that write reports in prose are known by name and words together; people are not."""
    raw = f"From: {sender}\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()
    assert read(raw).automatic == kind


@pytest.mark.parametrize(
    "body, day",
    [
        ("I am out of the office and will be back on 17 August 2026.", date(2026, 8, 17)),
        ("I am away until August 17th, 2026", date(2026, 8, 17)),
        ("Ich bin bis zum 16.08.2026 nicht erreichbar.", date(2026, 8, 16)),
        ("Ich bin ab dem 17. August wieder da.", date(2026, 8, 17)),
        ("Je serai de retour le 17 août.", date(2026, 8, 17)),
        ("Returning 2026-08-17", date(2026, 8, 17)),
        ("Away from 3 August until 16 August 2026", date(2026, 8, 16)),
        ("I am away.", None),
        ("Back in 1999, until 01.01.1999, all was well.", None),
        ("until 99.99.2026", None),
    ],
)
def test_return_date(body: str, day: date | None) -> None:
    """The day of return is read where it is stated, and only near the day of the mail."""
    assert read(mail("Auto-Submitted: auto-replied\r\n", "Out of office", body)).return_date == day


@pytest.mark.parametrize(
    "subject",
    ["Out of office does not work", "Vacation request for August", "Automatic reply: how to set it up?",
     "Abwesenheitsnotiz funktioniert nicht"],
)  # fmt: skip
def test_person_asks_for_it(subject: str) -> None:
    """Whoever wants help with automatic answers is no automatic answer."""
    assert read(mail("", subject)).automatic is None


@pytest.mark.parametrize(
    "subject, body",
    [
        ("Undeliverable mail", "Hello, when I write to bob@x.test I get: 550 5.1.1 User unknown."),
        ("Mail delivery failed", "My mail to bob@x.test could not be delivered. Why?"),
        ("Delivery failure", "I tried bob@x.test and was told 550 no such user\r\nRegards, Ann"),
    ],
)
def test_person_asks_about_a_report(subject: str, body: str) -> None:
    """Whoever asks the desk about mail that came back is no mail server."""
    assert read(mail("", subject, body)).automatic is None


def test_gateway_under_its_own_name() -> None:
    """A gateway that reports without a daemon's name is known by its words."""
    body = "Your message could not be delivered to\r\nbob@x.test\r\n550 5.1.1 User unknown"
    assert read(mail("", "Undeliverable: Hello", body)).automatic == "delivery-report"
