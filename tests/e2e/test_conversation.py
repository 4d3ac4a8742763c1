"""A customer, the desk and a stranger talk over real SMTP; every outcome and every letter is looked at."""

import hashlib
import re
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from postdesk import demo_mails
from store.tables import Attachment, Event
from tests.e2e.world import answer, assert_ledger, files, letter_about, mail, outcomes, send, text_of, ticket
from tests.peers.desk import DESK, STAFF, Desk

JANE, EVE = "jane@customer.test", "eve@stranger.test"
SUBJECT = "Phones down at the front desk"
TOKEN = re.compile(r"service\+r-[a-z2-7]{30,46}@desk\.test")


def token(letter: EmailMessage) -> str:
    """The address that a reply to the letter goes to."""
    found = TOKEN.search(str(letter["Reply-To"]))
    assert found, letter["Reply-To"]
    assert len(found[0].partition("@")[0]) <= 64  # RFC 5321 section 4.5.3.1.1
    return found[0]


def next_letter(desk: Desk, recipient: str, number: int) -> EmailMessage:
    """The letter of this number to somebody, who has no more than that."""
    letters = desk.letters(recipient, wanted=number)
    assert len(letters) == number
    return letters[-1]


@pytest.mark.feature("F61", "mail")
@pytest.mark.feature("F63")
@pytest.mark.feature("F68")
@pytest.mark.feature("F69")
@pytest.mark.feature("F114", "mail")
@pytest.mark.feature("F115", "mail")
@pytest.mark.feature("F28")
@pytest.mark.feature("F207")
@pytest.mark.feature("F208")
@pytest.mark.feature("F211")
@pytest.mark.feature("F212")
def test_the_whole_conversation(desk: Desk) -> None:
    """Request, receipt, staff answer with commands, reply from a phone, end, and a stranger with the number."""
    asked = demo_mails.first(f"Jane Doe <{JANE}>", DESK)
    send(desk.smtp, asked)
    receipt, told = next_letter(desk, JANE, 1), next_letter(desk, STAFF, 1)
    number = str(receipt["X-Ticket"])
    assert re.fullmatch(r"T\d{8}\.0001", number)
    _check_receipt(receipt, asked, number)
    _check_told(told, number)

    send(desk.smtp, demo_mails.staff_answer(f"Sam Sample <{STAFF}>", told))
    answered = next_letter(desk, JANE, 2)
    _check_answer(answered, receipt, number)

    reply = demo_mails.customer_answer(f"Jane Doe <{JANE}>", answered)
    assert not {"in-reply-to", "references"} & {name.lower() for name in reply}
    reply.add_attachment(b"12:00 link up\n", maintype="text", subtype="x-log", filename="phone.log")
    send(desk.smtp, reply)
    replied = next_letter(desk, STAFF, 2)
    assert replied["Subject"] == f"Re: [{number}] {SUBJECT}"
    assert "It works again, thank you. The display is green." in text_of(replied)
    assert "Files: phone.log" in text_of(replied)
    assert "schrieb Service Desk" not in text_of(replied)

    send(desk.smtp, demo_mails.staff_note(f"Sam Sample <{STAFF}>", replied))
    _check_end(next_letter(desk, JANE, 3), answered, number)

    send(desk.smtp, demo_mails.stranger(f"Eve <{EVE}>", DESK, number))
    other = _check_stranger(next_letter(desk, EVE, 1), number)
    assert next_letter(desk, STAFF, 3)["X-Ticket"] == other
    desk.wait_handled(5)
    assert outcomes(desk) == [
        ("opened", number),
        ("noted", number),
        ("noted", number),
        ("noted", number),
        ("opened", other),
    ]
    _check_kept(desk, number, other)
    assert len(desk.letters()) == 7
    assert_ledger(desk)


def _check_receipt(receipt: EmailMessage, asked: EmailMessage, number: str) -> None:
    assert receipt["Subject"] == f"[{number}] We have your request"
    assert receipt["To"] == JANE
    assert receipt["In-Reply-To"] == asked["Message-ID"]
    assert str(receipt["References"]).split() == [f"<{number.lower()}@desk.test>", str(asked["Message-ID"])]
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert text_of(receipt).startswith(f"We have your request. Its number is {number}.")
    # Nobody has checked who wrote: the receipt repeats nothing that a forger could have put there.
    whole = receipt.as_bytes()
    assert not any(word in whole for word in (b"Jane Doe", b"front desk", b"display.png"))


def _check_told(told: EmailMessage, number: str) -> None:
    assert told["Subject"] == f"[{number}] {SUBJECT}"
    assert told["To"] == f"Sam Sample <{STAFF}>"
    text = text_of(told)
    assert text.startswith("Your reply goes to Jane Doe. Jane Doe wrote: ")
    assert text.index("Files: display.png") < text.index(f" — {number} · ") < text.index("Start with #note to keep")
    assert {part.get_filename() for part in told.iter_attachments()} == {"display.png", "contract.pdf"}
    assert "since nine this morning nobody at the front desk can call out." in text
    assert "Files: display.png (1 KB), contract.pdf (1 KB)" in text
    assert token(told)


def _check_answer(answered: EmailMessage, receipt: EmailMessage, number: str) -> None:
    assert answered["Subject"] == f"Re: [{number}] {SUBJECT}"
    assert str(answered["From"]).startswith('"Sam Sample (')
    assert answered["In-Reply-To"] == receipt["Message-ID"]
    assert str(answered["References"]).split()[-1] == receipt["Message-ID"]
    assert answered["X-Ticket-Status"] == "Waiting Customer"
    assert token(answered) == token(receipt)
    text = text_of(answered)
    assert "I have reset your line." in text
    assert "#take" not in text
    assert "#status" not in text


def _check_end(end: EmailMessage, answered: EmailMessage, number: str) -> None:
    assert end["Subject"] == f"Re: [{number}] {SUBJECT}"
    assert str(end["References"]).split()[-1] == end["In-Reply-To"] == answered["Message-ID"]
    assert end["X-Ticket-Status"] == "Resolved"
    text = text_of(end)
    assert "Glad to hear it. I close this one." in text
    assert "What we did: The line was reset; the phone registered again." in text


def _check_stranger(letter: EmailMessage, number: str) -> str:
    """The stranger gets what every stranger gets: a number of their own, and nothing of the other ticket."""
    other = str(letter["X-Ticket"])
    assert other == number[:-4] + "0002"
    assert letter["Subject"] == f"[{other}] We have your request"
    whole = letter.as_string() + text_of(letter)
    hidden = ("Phones", "Jane", "customer.test", "Sam Sample", "reset", number, number.lower())
    own = whole.replace(str(letter["References"]), "").replace(str(letter["In-Reply-To"]), "")
    assert not [word for word in hidden if word in own]
    return other


def _check_kept(desk: Desk, number: str, other: str) -> None:
    found = ticket(desk, number)
    assert (found.status, found.title, found.type) == ("Resolved", SUBJECT, "Query")
    assert found.resolution == "The line was reset; the phone registered again."
    assert ticket(desk, other).title == SUBJECT  # the number is cut out of the title
    expected = {
        "display.png": demo_mails.photo(),
        "contract.pdf": demo_mails.pdf("Sample contract"),
        "phone.log": b"12:00 link up\n",
    }
    kept = {file.name: file.digest for file in files(desk)}
    assert kept == {name: hashlib.sha256(data).hexdigest() for name, data in expected.items()}
    with desk.database.reading() as session:
        events = session.scalars(select(Event).where(Event.ticket_id == found.id).order_by(Event.id)).all()
        assert {file.ticket_id for file in session.scalars(select(Attachment))} == {found.id}
    assert [event.author for event in events] == ["Jane Doe", "Sam Sample", "Jane Doe", "Sam Sample"]
    assert events[2].text == "It works again, thank you. The display is green."
    assert "schrieb Service Desk" in events[2].folded


@pytest.mark.feature("F201", "mail")
def test_an_internal_note_reaches_no_customer_and_a_cc_does(shared: Desk) -> None:
    """#note stays inside; who stood in Cc of the request takes part and hears the answer."""
    shared.run("contact", "add", "ina@customer.test", "--name", "Ina Note", "--no-activate")
    shared.run("contact", "add", "cleo@customer.test", "--name", "Cleo", "--no-activate")
    asked = mail("Ina Note <ina@customer.test>", "Internal note")
    asked["Cc"] = "Cleo <cleo@customer.test>"
    send(shared.smtp, asked)
    (receipt,), (_,) = shared.letters("ina@customer.test", 1), shared.letters("cleo@customer.test", 1)
    number = str(receipt["X-Ticket"])
    told = letter_about(shared, STAFF, number)
    send(shared.smtp, answer(f"Sam Sample <{STAFF}>", told, "#note Between us: a known fault.\n"))
    send(shared.smtp, answer(f"Sam Sample <{STAFF}>", told, "We look into it.\n"))
    to_ina, to_cleo = shared.letters("ina@customer.test", 2), shared.letters("cleo@customer.test", 2)
    for letters in (to_ina, to_cleo):
        assert len(letters) == 2
        assert "We look into it." in text_of(letters[-1])
        assert "Between us" not in "".join(letter.as_string() + text_of(letter) for letter in letters)
    assert token(to_ina[-1]) != token(to_cleo[-1])
    with shared.database.reading() as session:
        notes = session.scalars(select(Event).where(Event.ticket_id == ticket(shared, number).id).order_by(Event.id))
        assert [(note.visibility, note.text) for note in notes][1:] == [
            ("internal", "Between us: a known fault."),
            ("public", "We look into it."),
        ]
