"""What a delivery report is, and what only talks of mail, or of parcels."""

import pytest

from tests.gateway.screen.samples import mail, parts

STATUS = "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; bob@x.test\r\nAction: failed\r\n"
RETURNED = "Content-Type: message/rfc822\r\n\r\nSubject: Hello\r\n\r\nHello\r\n"


def test_in_form() -> None:
    """By the type of the report, by the type of a part of it, and by Exim's field."""
    assert mail("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n").machine
    assert parts("multipart/report", "\r\nSorry\r\n", STATUS, sender="gateway@x.test").automatic == "delivery-report"
    assert mail("X-Failed-Recipients: bob@x.test\r\n").machine == "delivery-report"


@pytest.mark.parametrize(
    "sender", ["<>", "postmaster@x.test", "MAILER-DAEMON@x.test", '"Mail Delivery System" <m@x.test>']
)
def test_in_form_but_mislabelled(sender: str) -> None:
    """McAfee, OpenSMTPD and others write multipart/mixed."""
    said = parts("multipart/mixed", "\r\nFailed.\r\n", STATUS, RETURNED, sender=sender, subject="Delivery Status")
    assert said.automatic == "delivery-report"
    assert [report.address for report in said.reports] == ["bob@x.test"]


@pytest.mark.parametrize(
    "subject, words",
    [
        ("Fwd: Undelivered Mail Returned to Sender", "Look at this."),
        ("Bounce", "What should we do about this?"),
        ("Mail delivery failed", "I got this back, what now?"),
        ("A file", "Here it is."),
    ],
)
def test_a_person_attaches_one(subject: str, words: str) -> None:
    """Somebody passes a report on, whole or in parts."""
    assert parts("multipart/mixed", f"\r\n{words}\r\n", STATUS, subject=subject).automatic is None
    report = f"Content-Type: multipart/report; boundary=c\r\n\r\n--c\r\n{STATUS}--c--\r\n"
    whole = f"Content-Type: message/rfc822\r\n\r\n{report}"
    assert parts("multipart/mixed", f"\r\n{words}\r\n", whole, subject=subject).automatic is None


@pytest.mark.parametrize(
    "sender, subject, body",
    [
        ("MAILER-DAEMON@x.test", "failure notice", "Sorry, no mailbox here"),
        ("MAILER-DAEMON@x.test", "Hello", "<bob@x.test>: 550 5.1.1 no such user"),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@x.test", "Undeliverable: Hello", "bob@x.test"),
        ("postmaster@x.test", "Undeliverable: Hello", "could not be delivered"),
        ("Postmaster <root@x.test>", "Undeliverable Mail", "Unknown user: bob@x.test"),
        ('"Courier mail server at x.test" <@x.test>', "NOTICE: mail delivery status.",
         "Your message to the following recipients cannot be delivered:\r\n\r\n<bob@x.test>: 550 no"),
        ("gateway@x.test", "Mail could not be delivered", "Unable to deliver message to <bob@x.test>"),
        ("gateway@x.test", "Undeliverable: Hello",
         "Your message could not be delivered to\r\nbob@x.test\r\n550 5.1.1 User unknown"),
        ("postmaster@x.test", "Unzustellbar: Hallo",
         "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\r\n\r\nbob@x.test"),
        ("postmaster@x.test", "Non remis : Bonjour", "Échec de la remise à ces destinataires :\r\n\r\nbob@x.test"),
        ("postmaster@x.test", "No se puede entregar: Hola", "No se pudo entregar el mensaje a bob@x.test"),
        ("postmaster@x.test", "Non recapitabile: Ciao", "Impossibile recapitare il messaggio a bob@x.test"),
        ("postmaster@x.test", "Onbestelbaar: Hallo", "Het afleveren van uw bericht aan bob@x.test is mislukt"),
        ("postmaster@x.test", "Не доставлено: Привет", "Не удалось доставить письмо bob@x.test"),
        ("postmaster@x.test", "配信不能: こんにちは", "次の受信者への配信に失敗しました:\r\nbob@x.test"),
        ("postmaster@x.test", "无法传递: 你好", "以下收件人的传递失败:\r\nbob@x.test"),
        ("users-admin@x.test", "Your mail", "You are not a member of this mailing list <users@x.test>."),
    ],
)  # fmt: skip
def test_in_words(sender: str, subject: str, body: str) -> None:
    """Servers that write reports in prose are known by name and words together."""
    assert mail("", subject, body, sender=sender).automatic == "delivery-report"


@pytest.mark.parametrize(
    "subject, body",
    [
        ("Undeliverable mail", "Hello, when I write to bob@x.test I get: 550 5.1.1 User unknown."),
        ("Mail delivery failed", "My mail to bob@x.test could not be delivered. Why?"),
        ("Delivery failure", "I tried bob@x.test and was told 550 no such user\r\nRegards, Ann"),
        ("Mail delivery failed: returning message to sender",
         "This came back. Can somebody look?\r\n\r\n<bob@x.test>: 550 5.1.1 User unknown"),
        ("Delivery Status Notification (Failure)", "Ich bekomme das hier:\r\nbob@x.test 550 5.1.1 unknown"),
        ("Re: Undeliverable: Hello", "It could not be delivered, what now?"),
        ("WG: Unzustellbar: Hallo", "bob@x.test konnte nicht zugestellt werden. 550 5.1.1"),
        ("Delivery of my new laptop", "It was not delivered on Monday"),
        ("Mailbox full", "The mailbox bob@x.test is full, 552 5.2.2 it says."),
        ("User unknown", "Who is bob@x.test?"),
    ],
)  # fmt: skip
def test_person(subject: str, body: str) -> None:
    """Whoever asks the desk about mail that came back is no mail server, whatever is quoted."""
    assert mail("", subject, body).automatic is None


@pytest.mark.parametrize(
    "sender", ["noreply@parcel.test", "delivery@parcel.test", "root@parcel.test", "Ann <ann@x.test>"]
)
@pytest.mark.parametrize(
    "subject, body",
    [
        ("Delivery notification", "Your parcel could not be delivered to you. Write to help@parcel.test."),
        ("Delivery failed", "We attempted to deliver your parcel 550 times today. Mail help@parcel.test."),
        ("Zustellung fehlgeschlagen", "Ihr Paket konnte nicht zugestellt werden. hilfe@parcel.test"),
    ],
)
def test_parcel(sender: str, subject: str, body: str) -> None:
    """Parcels are not delivered either."""
    assert mail("", subject, body, sender=sender).automatic is None
    assert mail("", subject, body, sender=sender, path="").automatic == "auto-reply"


@pytest.mark.parametrize(
    "sender, subject, body",
    [
        ("postmaster@x.test", "A question", "Where is my ticket?"),
        ("postmaster@x.test", "Mailbox full", "Hi,\r\nbob@x.test is full, could you raise its quota?\r\nThanks, Ann"),
        ("root@x.test", "Re: Undelivered mail", "550 5.1.1 is right, see bob@x.test"),
        ("root@x.test", "Cron job failed", "Backup 5.1.2 failed: no such user bob@x.test"),
        ("no-reply@shop.test", "メール配信のお知らせ", "新着情報 info@shop.test"),
    ],
)
def test_administrator(sender: str, subject: str, body: str) -> None:
    """People and programs with a daemon's address."""
    assert mail("", subject, body, sender=sender).automatic is None


def test_root_attaches_a_mail() -> None:
    """An administrator who attaches a mail returns none."""
    said = parts(
        "multipart/mixed", "\r\nIs this spam? Check the file.\r\n", RETURNED, sender="root@x.test", subject="A mail"
    )
    assert said.automatic is None


def test_words_alone_are_not_certain() -> None:
    """A gateway under its own name may be a person after all; the null reverse path or a daemon ends the doubt."""
    values = {"subject": "Mail could not be delivered", "body": "Unable to deliver message to <bob@x.test>"}
    assert mail(sender="gateway@x.test", **values).machine is None
    assert mail(sender="gateway@x.test", path="", **values).machine == "delivery-report"
    assert mail(sender="MAILER-DAEMON@x.test", **values).machine == "delivery-report"


@pytest.mark.parametrize("hostile", ["-" * 60_000, "a@" * 30_000, "your message " * 4_000, "5.1.1 " * 9_000])
def test_hostile(hostile: str) -> None:
    """Nothing hangs on a text made to be slow."""
    assert mail(body=hostile, sender="MAILER-DAEMON@x.test").subject == "Hello"
