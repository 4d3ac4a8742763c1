"""Intake: from a waiting mail to a ticket or a note, with all that belongs to it, in one transaction."""

import base64

import pytest
from sqlalchemy import select, text, update

from desk.notes import NOTE_LENGTH
from desk.tickets import TITLE_LENGTH
from gateway.rules import MAX_CC
from store.tables import Attachment, Contact, ContactAddress, Disposition, Event, Outbox, ReceivedMail, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, NETWORK, NUMBER, PAT, SAM, SUE, People, World


def with_files(*files: tuple[str, bytes], sender: str = ANN, subject: str = "Files", **fields: str) -> bytes:
    """A mail with some words and some files."""
    parts = ["--b\nContent-Type: text/plain\n\nSee the files."]
    for name, data in files:
        head = f'Content-Type: application/octet-stream\nContent-Disposition: attachment; filename="{name}"'
        parts.append(f"--b\n{head}\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(data).decode()}")
    return sample.mail(
        sender, subject, "\n".join([*parts, "--b--"]), content_type='multipart/mixed; boundary="b"', **fields
    )


@pytest.mark.feature("F69", "mail")
@pytest.mark.feature("F84", "mail")
@pytest.mark.feature("F61", "mail")
def test_a_mail_becomes_a_ticket(world: World, people: People) -> None:
    """The title is the subject without its prefixes; number, requester, team, words and organisation are right."""
    done = world.take(sample.mail(f"Ann <{ANN}>", "Re: Fwd: [SV] Printer on fire", "It burns.\n\nPlease come."))
    ticket = world.ticket(done.ticket_id)
    (entry,) = world.events(ticket.id)
    assert (done.kind, done.rule) == ("opened", "new")
    assert (ticket.title, ticket.number, ticket.status) == ("[SV] Printer on fire", "T20261123.0001", "New")
    assert (ticket.requester_id, ticket.type, ticket.desk_address) == (people.contacts[ANN], "Query", DESK)
    assert ticket.organisation_id is not None
    assert (entry.text, entry.visibility, entry.contact_id) == (
        "It burns.\n\nPlease come.", "public", people.contacts[ANN],
    )  # fmt: skip
    assert entry.received_id == done.received_id


@pytest.mark.feature("F207", "mail")
@pytest.mark.feature("F212", "mail")
def test_who_is_told_of_a_new_ticket(world: World, people: People) -> None:
    """The requester gets the receipt, the team of the desk address is told, in the same transaction."""
    done = world.take(sample.mail(ANN, "Printer"))
    assert [(row.kind, row.recipient, row.ticket_id) for row in world.letters()] == [
        ("received", ANN, done.ticket_id),
        ("new_ticket", SAM, done.ticket_id),
    ]


@pytest.mark.feature("F113", "mail")
@pytest.mark.feature("F208", "mail")
@pytest.mark.feature("F211", "mail")
def test_a_reply_becomes_a_note(world: World, people: People) -> None:
    """The participant's note is public; the others and the one who took the ticket are told, the writer is not."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(assignee_id=people.staff[SUE]))
    done = world.take(sample.mail(PAT, "Re: phones", "Still dead.", in_reply_to=FIRST_MAIL, verdict="pass"))
    (entry,) = world.events(people.ticket)
    assert (done.kind, done.ticket_id, entry.text, entry.verified) == ("noted", people.ticket, "Still dead.", True)
    assert entry.changes == {"status": ["In Progress", "Update Added"]}
    assert [(row.kind, row.recipient) for row in world.letters()] == [("update", ANN), ("customer_wrote", SUE)]


def test_another_subject_never_renames_a_ticket(world: World, people: People) -> None:
    """The title stays what it was."""
    world.take(sample.mail(ANN, "PAYMENT CHANGED", in_reply_to=FIRST_MAIL, verdict="pass"))
    assert world.ticket(people.ticket).title == "Phones are down"


def test_the_exact_retry_counts_once(world: World, people: People) -> None:
    """The same bytes again, now and later: ignored, and the first one is named."""
    raw = sample.mail(ANN, "Printer")
    first, second = world.send(raw), world.send(raw.replace(b"\r\n\r\n", b"\r\nReceived: by relay.test\r\n\r\n"))
    world.handle()
    third = world.take(raw)
    assert world.disposition(first).kind == "opened"
    for later in (world.disposition(second), third):
        assert (later.kind, later.rule, later.ticket_id) == ("ignored", "duplicate", None)
        assert str(first) in later.reason
    assert world.count(Ticket) == 2  # with Ann's earlier one


def test_the_same_message_id_with_another_body_is_another_mail(world: World, people: People) -> None:
    """Nobody can suppress a mail by guessing its Message-ID: both are kept."""
    done = [
        world.take(sample.mail(who, "Same", f"words of {who}", message_id="<one@sample.test>")) for who in (EVE, ANN)
    ]
    assert [each.kind for each in done] == ["opened", "opened"]
    assert done[0].ticket_id != done[1].ticket_id


def test_a_reply_to_ones_own_mail_of_the_same_batch(world: World, people: People) -> None:
    """Two mails of one thread that arrive together are one ticket (E3)."""
    ids = [
        world.send(sample.mail(ANN, "Printer", message_id="<p1@customer.test>")),
        world.send(sample.mail(ANN, "Re: Printer", "Also the scanner.", references="<p1@customer.test>")),
    ]
    world.handle()
    opened, noted = (world.disposition(mail_id) for mail_id in ids)
    assert (opened.kind, noted.kind, noted.ticket_id) == ("opened", "noted", opened.ticket_id)


def test_several_desk_addresses_are_one_ticket(world: World, people: People) -> None:
    """The first one in To owns it, whatever the envelope and Cc say; each copy of the mail is the same mail."""
    raw = sample.mail(ANN, "Switch", to=f"{NETWORK}, {DESK}", cc=DESK)
    done = world.take(raw, recipients=(DESK, NETWORK))
    assert world.take(raw, recipients=(NETWORK,)).kind == "ignored"
    ticket = world.ticket(done.ticket_id)
    assert (ticket.desk_address, ticket.type) == (NETWORK, "Incident")
    assert [row.recipient for row in world.letters("new_ticket")] == [SUE]


@pytest.mark.parametrize(
    "local, kind",
    [("service+incident", "Incident"), ("service+QUERY", "Query"), ("service+change", "Change Request"),
     ("network", "Incident"), ("network+change", "Change Request"), ("service+anything", "Query")],
)  # fmt: skip
def test_the_address_sets_the_type(world: World, people: People, local: str, kind: str) -> None:
    """service+incident@ and the like; else what the desk address says."""
    address = f"{local}@desk.test"
    assert world.ticket(world.take(sample.mail(ANN, to=address), recipients=(address,)).ticket_id).type == kind


def test_bcc_to_the_desk(world: World, people: People) -> None:
    """Only the envelope, or Delivered-To, names the desk: a ticket, and nobody is added but who is named."""
    done = world.take(sample.mail(ANN, to="somebody@elsewhere.test"), recipients=(NETWORK,))
    assert world.ticket(done.ticket_id).desk_address == NETWORK
    done = world.take(sample.mail(ANN, to="undisclosed-recipients:;", delivered_to=NETWORK), recipients=())
    assert world.ticket(done.ticket_id).desk_address == NETWORK
    assert world.people(done.ticket_id) == set()


@pytest.mark.feature("F201", "mail")
def test_cc_adds_people(world: World, people: People) -> None:
    """Cc of the requester: additional contacts, without the desk, staff, oneself and doubles."""
    cc = f"{PAT}, New <New@customer.test>, new@customer.test, {SAM}, {DESK}, {ANN}, {NETWORK}"
    done = world.take(sample.mail(ANN, "Printer", verdict="pass", cc=cc))
    assert world.people(done.ticket_id) == {PAT, "new@customer.test"}
    assert {row.recipient for row in world.letters("received")} == {ANN, PAT, "New@customer.test"}


def test_cc_of_an_unproven_sender_adds_only_people_we_know(world: World, people: People) -> None:
    """A forged From with an own address in Cc must not read the answers: staff are told, and add by Cc."""
    done = world.take(sample.mail(ANN, "Printer", cc=f"{PAT}, eve@stranger.test"))
    assert world.people(done.ticket_id) == {PAT}
    assert {row.recipient for row in world.letters("received")} == {ANN, PAT}
    assert "eve@stranger.test" in world.letters("new_ticket")[0].context["hints"][0]


def test_cc_adds_at_most_twenty(world: World, people: People) -> None:
    """The rest of a long Cc takes no part."""
    cc = ", ".join(f"p{n}@customer.test" for n in range(60))
    assert len(world.people(world.take(sample.mail(ANN, verdict="pass", cc=cc)).ticket_id)) == MAX_CC


@pytest.mark.feature("F201", "mail")
def test_cc_of_a_reply_adds_people_only_for_who_takes_part(world: World, people: People) -> None:
    """A participant's Cc adds; that of an unverified number or of the lane does not."""
    world.take(sample.mail(EVE, "Re: x", in_reply_to=FIRST_MAIL, cc="a@elsewhere.test"))
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", cc="b@elsewhere.test"))
    assert world.people(people.ticket) == {PAT, sample.GONE}
    world.take(sample.mail(PAT, "Re: x", verdict="pass", in_reply_to=FIRST_MAIL, cc="c@customer.test"))
    assert world.people(people.ticket) == {PAT, sample.GONE, "c@customer.test"}


@pytest.mark.feature("F114", "mail")
def test_files_are_stored(world: World, people: People) -> None:
    """Name, size and type are on the ticket; the bytes lie in the blob store under their SHA-256."""
    done = world.take(with_files(("../../switch.jpg", b"\xff\xd8\xff\xe0 a picture"), ("log.txt", b"lines\n" * 3)))
    rows = world.all(select(Attachment).where(Attachment.ticket_id == done.ticket_id).order_by(Attachment.id))
    assert [(row.name, row.type, row.size) for row in rows] == [
        ("switch.jpg", "image/jpeg", 14), ("log.txt", rows[1].type, 18),
    ]  # fmt: skip
    assert [world.blobs.read(row.digest)[:5] for row in rows] == [b"\xff\xd8\xff\xe0 ", b"lines"]


@pytest.mark.feature("F109", "mail")
@pytest.mark.feature("F110", "mail")
def test_files_that_are_not_kept_are_told(world: World, people: People) -> None:
    """Too big, of a blocked type by name or by content, too many: left out one by one, and the receipt says which."""
    raw = with_files(
        ("big.zip", b"PK" + b"0" * 1024 * 1024), ("setup.exe", b"x"), ("harmless.txt", b"MZ\x90\x00" + b"\0" * 200),
        *((f"{n}.txt", b"words") for n in range(4)),
    )  # fmt: skip
    done = world.take(raw)
    kept = world.all(select(Attachment.name).where(Attachment.ticket_id == done.ticket_id).order_by(Attachment.id))
    assert kept == ["0.txt", "1.txt", "2.txt"]
    (receipt,) = world.letters("received")
    told = "\n".join(receipt.context["notes"])
    for name in ("big.zip is 1 MB and the limit is 1 MB", "setup.exe is a type", "harmless.txt is a type", "3.txt"):
        assert name in told


@pytest.mark.feature("F109", "mail")
def test_files_of_a_reply_that_are_not_kept_are_told(world: World, people: People) -> None:
    """The note is kept, and its writer gets a letter about the file."""
    world.take(with_files(("setup.exe", b"x"), ("ok.txt", b"words"), in_reply_to=FIRST_MAIL))
    (letter,) = world.letters("partly_refused")
    assert (letter.recipient, letter.context["lines"]) == (ANN, ["setup.exe is a type of file we do not accept."])
    assert world.all(select(Attachment.name)) == ["ok.txt"]


@pytest.mark.feature("F88", "mail")
def test_a_note_of_more_than_8000_characters_is_kept_whole_beside(world: World, people: People) -> None:
    """The note is cut at a mark, the whole text stands beside it, and the receipt says so; so does E16 of a reply."""
    words = "a line of some words\n" * 900
    done = world.take(sample.mail(ANN, "Long", words))
    (entry,) = world.events(done.ticket_id)
    assert (len(entry.text), entry.text[-1]) == (NOTE_LENGTH, "…")
    assert entry.folded == words.strip()
    said = "Your text has more than 8,000 characters. The ticket shows the first ones, and the rest is kept."
    assert world.letters("received", ANN)[-1].context["notes"] == [said]
    world.take(sample.mail(ANN, "Re: Long", words, to=sample.ADDRESSES.reply_to(DESK, people.token(ANN))))
    assert world.letters("partly_refused", ANN)[-1].context["lines"] == [said]


@pytest.mark.feature("F84", "mail")
@pytest.mark.parametrize("body", ["Please help.", "x" * (NOTE_LENGTH - 5)])
def test_a_title_of_more_than_200_characters(world: World, people: People, body: str) -> None:
    """The title is cut; the whole subject stands above the words, and nothing of those is lost."""
    subject = "Printer " + "p" * 300
    done = world.take(sample.mail(ANN, subject, body))
    (entry,) = world.events(done.ticket_id)
    assert world.ticket(done.ticket_id).title == subject[:TITLE_LENGTH]
    assert entry.text.startswith(subject)
    assert len(entry.text) <= NOTE_LENGTH
    assert f"{subject}\n\n{body}" in (entry.text, entry.folded)


@pytest.mark.parametrize("subject, title", [("", "No subject"), ("Re:", "No subject"), (f"[{NUMBER}]", "No subject")])
def test_a_ticket_always_has_a_title(world: World, people: People, subject: str, title: str) -> None:
    """Nothing, or nothing but prefixes."""
    assert world.ticket(world.take(sample.mail(EVE, subject)).ticket_id).title == title


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\r\n\r\n", b"not a header at all", b"\0" * 500, b"Subject: \0\r\n\r\n\0",
        b"From: ann@customer.test\r\nSubject: =?utf-8?q?a=00b=ED=A0=80c?=\r\n\r\n\xff\xfe\0\xed\xa0\x80",
        b"From: =?utf-8?q?A=00nn?= <a\0b@customer.test>\r\nMessage-ID: <a\0b\xff@x>\r\nSubject: n\r\n\r\nx",
        b'From: ann@customer.test\r\nContent-Type: text/plain; charset="utf-7"\r\n\r\n+2AA-',
        b"From: ann@customer.test\r\nSubject: " + b"s" * 300_000 + b"\r\n\r\n" + b"w" * 300_000,
        b"From: " + b"a" * 400 + b"@customer.test\r\nSubject: long\r\n\r\nx",
        "From: İİİ@customer.test\r\nSubject: x\r\n\r\nx".encode() * 1,
        b'From: a@b.test\r\nContent-Disposition: attachment; filename*=utf-8\'\'%00%ED%A0%80.txt\r\n\r\nx',
        b"From: a@b.test\r\nIn-Reply-To: <\xed\xa0\x80\0@x>\r\nReferences: <a@b> <\xff\xff@x>\r\n\r\nx",
    ],
    ids=lambda raw: repr(raw[:40]),
)  # fmt: skip
def test_bytes_that_no_database_takes(world: World, people: People, raw: bytes) -> None:
    """NUL, lone surrogates, huge text, nothing at all: a disposition on both databases, and the mail is kept."""
    done = world.take(raw, reverse_path="a\0b@\udcffx.test")
    assert done.kind in ("opened", "noted", "held")
    assert done.rule != "failed"
    assert world.all(select(ReceivedMail.last_error)) == [""]


def test_a_mail_without_from(world: World, people: People) -> None:
    """The reverse path stands in for the receipt, and gives no right; without one the ticket is opened all the same."""
    done = world.take(sample.mail("", f"Re: [{NUMBER}]"), reverse_path=ANN)
    assert (done.kind, done.evidence["evidence"][0]["role"]) == ("opened", "stranger")
    assert world.ticket(done.ticket_id).requester_id == people.contacts[ANN]
    done = world.take(sample.mail("", "Printer", auto_submitted="no"), recipients=())
    assert done.kind == "opened"


def test_everything_or_nothing(world: World, people: People) -> None:
    """When the last row of a mail is refused, none of it is there: no ticket, no note, no letter, no file row."""
    forbid(world, "disposition", "subject")
    mail_id = world.send(with_files(("a.txt", b"words"), subject="poison"))
    before = [world.count(table) for table in (Ticket, Event, Outbox, Attachment, Contact, Disposition)]
    world.handle()
    assert [world.count(table) for table in (Ticket, Event, Outbox, Attachment, Contact, Disposition)] == before
    (row,) = world.all(select(ReceivedMail).where(ReceivedMail.id == mail_id))
    assert (row.waiting, row.attempts) == (True, 1)


def forbid(world: World, table: str, column: str) -> None:
    """From now on the database refuses a row of this table with the word "poison"."""
    if world.database.is_sqlite:
        trigger = (
            f"CREATE TRIGGER no_poison BEFORE INSERT ON {table} WHEN NEW.{column} = 'poison' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    else:
        trigger = f"ALTER TABLE {table} ADD CONSTRAINT no_poison CHECK ({column} <> 'poison')"
    with world.database.transaction() as session:
        session.execute(text(trigger))


def test_letters_of_a_contact_with_several_addresses(world: World, people: People) -> None:
    """A mail from the second address of a contact is theirs."""
    with world.database.transaction() as session:
        other = ContactAddress(
            address="ann@home.test", contact_id=people.contacts[ANN], written="ann@home.test", position=1
        )
        session.add(other)
    done = world.take(sample.mail("ann@home.test", "Re: phones", in_reply_to=FIRST_MAIL))
    assert (done.kind, world.events(people.ticket)[0].contact_id) == ("noted", people.contacts[ANN])
