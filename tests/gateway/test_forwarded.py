"""Mail that was passed on: who wrote it first, what is shown of it, and whose ticket it becomes."""

import base64

import pytest

from gateway.parse import read
from tests.gateway.desk_world import ANN, AUTHSERV, DESK, SAM, People, World
from tests.gateway.hostile_mime import head

CUSTOMER = (
    f"From: Ann Sample <{ANN}>\r\nTo: sam@desk.test\r\nSubject: Phones are down\r\n"
    "Message-ID: <ann-1@customer.test>\r\n"
    "Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Nobody can call out.\r\n\r\n-- \r\nAnn Sample\r\n"
)


def passed_on(words: str, sender: str = SAM, verdict: str = "pass", inner: str = CUSTOMER, more: str = "") -> bytes:
    """A mail with a mail attached, as programs write "forward as attachment"."""
    own = f"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n" if words else ""
    return (
        f"Authentication-Results: {AUTHSERV}; dmarc={verdict} header.from=desk.test\r\nFrom: {sender}\r\nTo: {DESK}\r\n"
        "Subject: Fwd: Phones are down\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <fwd-1@desk.test>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n{own}'
        f"--x\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n{inner}\r\n{more}--x--\r\n"
    ).encode()


QUOTED = {
    "Gmail": "---------- Forwarded message ---------\nFrom: Ann Sample <ann@customer.test>\n"
    "Date: Mon, 23 Nov 2026 at 09:00\nSubject: Phones are down\nTo: <sam@desk.test>\n\nNobody can call out.",
    "Apple Mail": "Begin forwarded message:\n\n> From: Ann Sample <ann@customer.test>\n> Subject: Phones are down\n"
    "> Date: 23 November 2026 at 09:00:00 GMT\n> To: sam@desk.test\n>\n> Nobody can call out.",
    "Thunderbird, German": "-------- Weitergeleitete Nachricht --------\nBetreff: Phones are down\n"
    "Datum: Mon, 23 Nov 2026 09:00:00 +0000\nVon: Ann Sample <ann@customer.test>\nAn: sam@desk.test\n\nNobody.",
    "Outlook": "From: Ann Sample [mailto:ann@customer.test]\nSent: Monday, November 23, 2026 9:00 AM\n"
    "To: Sam <sam@desk.test>\nSubject: Phones are down\n\nNobody can call out.",
    "Outlook, French": "De : Ann Sample <ann@customer.test>\nEnvoyé : lundi 23 novembre 2026 09:00\n"
    "À : sam@desk.test\nObjet : Phones are down\n\nNobody can call out.",
    "bold": "*From:* Ann Sample <ann@customer.test>\n*Sent:* Monday, November 23, 2026 9:00 AM\n"
    "*To:* sam@desk.test\n*Subject:* Phones are down\n\nNobody can call out.",
}


@pytest.mark.parametrize("quoted", QUOTED.values(), ids=QUOTED)
@pytest.mark.parametrize("words", ["", "For you to look at.\n\n"], ids=["alone", "with words"])
def test_quoted(quoted: str, words: str) -> None:
    """The header that a program quotes when it passes a mail on names who wrote it."""
    raw = head("Fwd: Phones are down") + b"\r\n" + f"{words}{quoted}".replace("\n", "\r\n").encode()
    found = read(raw).forwarded
    assert found is not None
    assert (found.sender.address, found.subject, found.attached) == ("ann@customer.test", "Phones are down", False)
    assert "2026" in found.date


@pytest.mark.parametrize(
    "subject, text",
    [
        ("Hello", "From: Berlin\nTo: Rome\nDate: Monday"),
        ("Re: Phones", "Thanks.\n\nFrom: a@x.test\nSent: Monday\nTo: b@x.test\nSubject: Phones\n\nold"),
        ("Fwd: Phones", "The phones are down: see the picture."),
    ],
)
def test_not_passed_on(subject: str, text: str) -> None:
    """A reply that quotes, or a text with colons, passes nothing on."""
    assert read(head(subject) + f"\r\n{text}".encode()).forwarded is None


def test_attached() -> None:
    """An attached mail is a file, whole, and read for who wrote it and what."""
    mail = read(passed_on("Can you take this?"))
    assert mail.text == "Can you take this?"
    (item,) = mail.attachments
    assert item.data == CUSTOMER.encode()
    assert mail.forwarded is not None
    assert (mail.forwarded.sender.name, mail.forwarded.sender.address) == ("Ann Sample", ANN)
    assert (mail.forwarded.text, mail.forwarded.message_id) == ("Nobody can call out.", "<ann-1@customer.test>")
    assert not mail.foreign


def test_nothing_but_a_mail() -> None:
    """A mail that holds only another one shows that one's text and files; they are no words of the sender's."""
    picture = base64.encodebytes(b"\x89PNG\r\n\x1a\n").decode()
    inner = (
        CUSTOMER.partition("Content-Type")[0] + 'Content-Type: multipart/mixed; boundary="y"\r\n\r\n'
        "--y\r\nContent-Type: text/plain\r\n\r\n#resolve\r\n--y\r\nContent-Type: image/png; name=a.png\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{picture}\r\n--y--\r\n"
    )
    mail = read(passed_on("", inner=inner))
    assert (mail.text, mail.reply, mail.foreign) == ("#resolve", "", True)
    assert [item.name for item in mail.attachments] == ["Phones are down.eml", "a.png"]


def test_mails_within_mails() -> None:
    """Mails that hold nothing but mails are opened a few levels deep, and no deeper."""
    raw = CUSTOMER.encode()
    for _ in range(50):
        raw = b"Content-Type: message/rfc822\r\n\r\n" + raw
    mail = read(raw)
    assert 1 <= len(mail.attachments) <= 4
    assert b"Nobody can call out." in mail.attachments[0].data


def test_staff_pass_on(world: World, people: People) -> None:
    """The ticket is the customer's, with their words and a receipt to them; the colleague's words stay inside."""
    done = world.take(passed_on("She called as well."))
    assert done.kind == "opened"
    assert ANN in done.reason
    ticket = world.ticket(done.ticket_id)
    assert (ticket.requester_id, ticket.title) == (people.contacts[ANN], "Phones are down")
    inside, theirs = world.events(done.ticket_id)
    assert (theirs.text, theirs.visibility, theirs.contact_id) == (
        "Nobody can call out.",
        "public",
        people.contacts[ANN],
    )
    assert not theirs.verified
    assert (inside.visibility, inside.staff_id) == ("internal", people.staff[SAM])
    assert "She called as well." in inside.text
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.context["reference"]) == (ANN, "<ann-1@customer.test>")
    again = world.take(
        f"From: {ANN}\r\nTo: {DESK}\r\nSubject: Re: Phones are down\r\nMessage-ID: <ann-2@customer.test>\r\n"
        "In-Reply-To: <ann-1@customer.test>\r\n\r\nStill down.\r\n".encode()
    )
    assert (again.kind, again.ticket_id) == ("noted", done.ticket_id)


@pytest.mark.parametrize(
    "raw",
    [
        passed_on("Look.", verdict="none"),
        passed_on("Look.", sender="stranger@elsewhere.test"),
        passed_on("Look.", inner=CUSTOMER.replace(ANN, SAM)),
        passed_on("Look.", inner=CUSTOMER.replace(ANN, DESK)),
        passed_on("Look.", inner=CUSTOMER.replace(f"Ann Sample <{ANN}>", "nobody")),
        passed_on("Look.", more=f"--x\r\nContent-Type: message/rfc822\r\n\r\n{CUSTOMER}\r\n"),
    ],
    ids=["unverified", "a stranger", "of staff", "of the desk", "no address", "two mails"],
)
def test_nobody_elses_ticket(raw: bytes, world: World, people: People) -> None:
    """Only a verified colleague opens tickets in another's name, and only in the name of a customer."""
    done = world.take(raw)
    if done.kind == "opened":
        assert world.ticket(done.ticket_id).requester_id not in people.contacts.values()
    assert not [row for row in world.letters("received") if row.recipient == ANN]


def test_no_commands_from_an_attached_mail(world: World, people: People) -> None:
    """A colleague who answers with nothing but a customer's mail gives none of the commands that it may hold."""
    address = world.addresses.reply_to(DESK, people.token(SAM))
    raw = passed_on("", inner=CUSTOMER.replace("Nobody can", "#resolve done\r\n\r\nNobody can"))
    world.take(raw.replace(f"To: {DESK}".encode(), f"To: {address}".encode()), recipients=(address,))
    assert world.ticket(people.ticket).status == "In Progress"
