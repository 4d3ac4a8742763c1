"""Mail that is wrong in some way, over the wire: a clear answer to each, and a ticket wherever it was taken."""

import smtplib

import pytest
from sqlalchemy import select

from store.tables import Event, RawMail, ReceivedMail, Ticket
from tests.e2e.world import outcome_of, send_raw, ticket
from tests.peers.desk import DESK, Desk
from tests.servers import wait_for

HEAD = b"From: %s\r\nTo: service@desk.test\r\nSubject: %s\r\nMessage-ID: <%s>\r\n\r\n"


def taken(desk: Desk, raw: bytes, sender: str) -> tuple[str, str, str]:
    """Hand it over, which must succeed; kind and reason of what became of it, and the number of its ticket."""
    reply = send_raw(desk.smtp, raw, sender)
    assert reply.startswith(b"250 2.0.0 Kept as "), reply
    received = int(reply.rpartition(b" ")[2])
    found = wait_for(lambda: [d for d in desk.dispositions() if d.received_id == received], "its disposition")[0]
    number = ""
    if found.ticket_id:
        with desk.database.reading() as session:
            number = session.get_one(Ticket, found.ticket_id).number
    return found.kind, found.reason, number


def text_of_ticket(desk: Desk, number: str) -> str:
    """The words of its only entry."""
    with desk.database.reading() as session:
        return session.scalars(select(Event).where(Event.ticket_id == ticket(desk, number).id)).one().text


def refused(desk: Desk, sender: str, recipient: str) -> tuple[int, bytes]:
    """The reply to RCPT."""
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=10) as client:
        client.ehlo()
        client.mail(sender)
        return client.rcpt(recipient)


@pytest.mark.parametrize(
    "recipient", ["nobody@desk.test", "service@elsewhere.test", "service-team@desk.test", "service+r-abc@other.test"]
)
def test_an_unknown_recipient_is_550(shared: Desk, recipient: str) -> None:
    """Only the desk's own addresses are taken: nothing is relayed, nobody is made up."""
    assert refused(shared, "ann@sample.test", recipient) == (550, b"5.1.1 No such address here")


@pytest.mark.parametrize("recipient", [DESK, "SERVICE@DESK.TEST", "service+incident@desk.test", "postmaster@desk.test"])
def test_addresses_of_the_desk_are_taken(shared: Desk, recipient: str) -> None:
    """The desk address in any case, with a type, and the postmaster (RFC 5321 section 4.5.1)."""
    assert refused(shared, "ann@sample.test", recipient)[0] == 250


def test_a_mail_that_is_too_large_is_552(shared: Desk) -> None:
    """By the announced SIZE at MAIL, and without one at the end of the content; nothing of it is kept."""
    with smtplib.SMTP("127.0.0.1", shared.smtp, timeout=20) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(1024 * 1024)
        assert client.mail("huge@sample.test", ["size=2000000"]) == (
            552,
            b"5.3.4 The mail is larger than this server takes",
        )
    raw = HEAD % (b"huge@sample.test", b"Too large", b"huge@sample.test") + b"x" * 70 * 20_000
    raw = b"\r\n".join(raw[start : start + 900] for start in range(0, len(raw), 900))
    assert send_raw(shared.smtp, raw, "huge@sample.test").startswith(b"552 5.3.4 ")
    with shared.database.reading() as session:
        assert not session.scalars(select(ReceivedMail).where(ReceivedMail.reverse_path == "huge@sample.test")).all()


def test_a_bare_line_feed_is_refused(shared: Desk) -> None:
    """A look-alike of the end mark ends nothing: the whole is refused, and no second mail is smuggled in."""
    with smtplib.SMTP("127.0.0.1", shared.smtp, timeout=10) as client:
        client.ehlo()
        client.mail("smuggler@sample.test")
        client.rcpt(DESK)
        assert client.docmd("DATA")[0] == 354
        head = HEAD % (b"smuggler@sample.test", b"Outer", b"outer@sample.test")
        client.send(head + b"outer\n.\r\nMAIL FROM:<smuggler@sample.test>\r\n.\r\n")
        assert client.getreply() == (550, b"5.6.11 Lines must end in CRLF; bare CR or LF found")
        assert client.noop()[0] == 250
    assert outcome_of(shared, "smuggler@sample.test") == []


def test_nul_bytes_are_taken(shared: Desk) -> None:
    """NUL in header and body: both databases take it, the raw mail keeps it."""
    raw = HEAD % (b"nul@sample.test", b"Zero \0 byte", b"nul@sample.test") + b"before\0after\r\n"
    kind, _, number = taken(shared, raw, "nul@sample.test")
    assert kind == "opened"
    assert ticket(shared, number).title.replace(" ", "") in ("Zerobyte", "Zero?byte", "Zero\ufffdbyte")
    text = text_of_ticket(shared, number)
    assert text.startswith("before")
    assert text.endswith("after")
    with shared.database.reading() as session:
        kept = session.scalars(
            select(RawMail.data)
            .join(ReceivedMail, ReceivedMail.id == RawMail.id)
            .where(ReceivedMail.reverse_path == "nul@sample.test")
        ).one()
    assert kept.endswith(b"before\0after\r\n")


def test_undeclared_8_bit_headers_are_read(shared: Desk) -> None:
    """Raw UTF-8 and raw Latin-1 in the header block, as careless programs write them."""
    raw = HEAD % ("Jürgen <utf8@sample.test>".encode(), "Störung überall".encode(), b"utf8@sample.test") + b"x\r\n"
    _, _, number = taken(shared, raw, "utf8@sample.test")
    assert ticket(shared, number).title == "Störung überall"
    raw = HEAD % (b"latin1@sample.test", "Störung überall".encode("latin-1"), b"latin1@sample.test") + b"x\r\n"
    _, _, number = taken(shared, raw, "latin1@sample.test")
    assert ticket(shared, number).title == "Störung überall"


def test_an_empty_mail_is_taken(shared: Desk) -> None:
    """No header, no body: a ticket from the reverse path that says so."""
    kind, _, number = taken(shared, b"", "empty@sample.test")
    assert kind == "opened"
    assert ticket(shared, number).title == "No subject"
    assert text_of_ticket(shared, number) == "The mail has no text."
    assert len(shared.letters("empty@sample.test", wanted=1)) == 1


def test_a_mail_of_headers_only_is_taken(shared: Desk) -> None:
    """A subject and nothing more, not even the blank line."""
    raw = (HEAD % (b"head@sample.test", b"Only a subject", b"head@sample.test")).rstrip(b"\r\n") + b"\r\n"
    kind, _, number = taken(shared, raw, "head@sample.test")
    assert kind == "opened"
    assert ticket(shared, number).title == "Only a subject"
    assert text_of_ticket(shared, number) == "The mail has no text."


def test_a_mail_nested_too_deep_is_held(shared: Desk) -> None:
    """What is not safe to open is kept and held with its reason; nothing is refused for it, nothing lost."""
    raw = b"From: deep@sample.test\r\nSubject: Deep\r\nMessage-ID: <deep@sample.test>\r\n"
    for depth in range(60):
        raw += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
    kind, reason, _ = taken(shared, raw + b"\r\nend\r\n", "deep@sample.test")
    assert kind == "held"
    assert "not safe to open" in reason


def test_the_same_mail_twice_is_one_ticket(shared: Desk) -> None:
    """A second copy, by whatever way, is ignored with its reason."""
    raw = HEAD % (b"twice@sample.test", b"Sent twice", b"twice@sample.test") + b"Once is enough.\r\n"
    assert taken(shared, raw, "twice@sample.test")[0] == "opened"
    kind, reason, _ = taken(shared, raw, "twice@sample.test")
    assert (kind, reason.partition(",")[0]) == ("ignored", "The same mail was handled before")
