"""Letters with whatever people are called and whatever they write: right to the byte, and read back as it was."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import letter_text
from gateway.compose import Composer
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.header_policy import clean_header, mailbox, unstructured, wire_address
from gateway.letter import Letter
from gateway.letter_files import _name
from gateway.relay import Refused, Sent
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from store.database import Database
from store.tables import Attachment, Contact, Event, Outbox, Ticket
from tests.gateway import letter_world as world
from tests.gateway.scripted_smtp import scripted
from tests.letters import wire

# Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai, Chinese, Japanese, Korean, emoji with joiners and flags, …
SCRIPTS = (
    "Zoë Größe-Łukasz",
    "Αλέξανδρος Παπαδόπουλος",
    "Екатерина Щербакова",
    "محمد بن سلمان",
    "יעל כהן",
    "अमिताभ बच्चन",
    "สมชาย ใจดี",
    "王小明網路管理員",
    "山田太郎（総務）",
    "김민수",
    "👩‍👩‍👧‍👦 Family 🇪🇺",
    "Nguyễn Văn Ánh",
    "ﷺ" * 60,
    'Doe, Jane "JD" (Sales)',
    "Jane <jane@elsewhere.test>",
    "=?utf-8?q?hi?=",
    "a\\b",
    "x" * 300,
    "word " * 80,
)
ANY = st.one_of(st.sampled_from(SCRIPTS), st.text(max_size=200))
FIX = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The sample desk, with an answer by Sam, a file, and letters that tell Jane and Sam."""
    made = world.database(tmp_path_factory.mktemp("values"))
    world.fill(made)
    world.add(
        made,
        world.event(40, "Print this.", world.SAM, minutes=5),
        world.file(60, "fix.pdf", b"%PDF-1.4\n", 40, type="application/pdf"),
        world.row(50, "update", event_id=40),
        world.row(51, "new_ticket", world.SAM, event_id=40),
        world.row(52, "received", event_id=world.EVENT, context={"echo": True, "reference": "<abc@customer.test>"}),
    )
    yield made
    made.close()


def letters(base: Database, **values: str) -> list[Letter]:
    """The letters with these values in them; nothing of it is kept."""
    with base.reading() as session:
        session.get_one(Ticket, world.TICKET).title = values.get("title", "Phones")
        session.get_one(Ticket, world.TICKET).letter_subject = values.get("title", "Phones")
        session.get_one(Contact, world.JANE).name = values.get("name", "Jane")
        note = session.get_one(Event, 40)
        note.text, note.author = values.get("text", "Print this."), values.get("author", "Sam Lee")
        session.get_one(Attachment, 60).name = values.get("file", "fix.pdf")
        rows = [session.get_one(Outbox, row_id) for row_id in (50, 51, 52)]
        for row in rows:
            row.recipient_name = values.get("name", "Jane")
            row.recipient = values.get("recipient", row.recipient)
        with session.no_autoflush:
            found = world.composer().render_many(session, rows)
        session.rollback()
    assert all(isinstance(letter, Letter) for letter in found.values()), found
    return [letter for letter in found.values() if isinstance(letter, Letter)]


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_script_everywhere(base: Database, text: str) -> None:
    """As a name, a title, a text and the name of a file."""
    for letter in letters(base, title=text, name=text, author=text, text=text, file=f"{text}.pdf"):
        assert wire.faults(letter.bytes) == []
        mail = wire.entity(letter.bytes)
        assert clean_header(text)[:40] in wire.decoded(mail.get("Subject"))


@settings(max_examples=60, suppress_health_check=FIX, deadline=None)
@given(title=ANY, name=ANY, author=ANY, text=st.text(max_size=1500), file=ANY)
def test_whatever_people_are_called(base: Database, title: str, name: str, author: str, text: str, file: str) -> None:
    """No value makes a letter that is wrong on the wire."""
    for letter in letters(base, title=title, name=name, author=author, text=text, file=file):
        assert wire.faults(letter.bytes) == []


@given(ANY)
def test_a_subject_is_read_as_it_was(text: str) -> None:
    """Encoded or not."""
    value = unstructured(text)
    assert wire.decoded(value) == clean_header(text)
    assert all(len(word) <= 75 for word in re.findall(r"=\?.*?\?=", value))


@given(ANY)
def test_a_name_is_read_as_it_was(text: str) -> None:
    """By an address parser that is not ours, and it adds no address."""
    from email.headerregistry import HeaderRegistry

    field: Any = HeaderRegistry()("To", mailbox(text, "jane@customer.test"))
    (found,) = field.addresses
    assert isinstance(found, Address)
    assert (found.username, found.domain) == ("jane", "customer.test")
    if clean_header(text, 200).isascii():
        assert letter_text.one_line(found.display_name) == letter_text.one_line(clean_header(text, 200))


@given(ANY)
def test_a_file_name_is_read_as_it_was(text: str) -> None:
    """Its ending stays, and the field stays on its line (RFC 2231)."""
    name = _name(f"{text}.pdf")
    assert name.endswith("pdf")
    assert len(name) <= 255
    assert len(quote(name)) <= 600


@pytest.mark.parametrize(
    "written, on_the_wire",
    [
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@Bücher.Example", "jane@xn--bcher-kva.example"),
        ("jane@faß.example", "jane@xn--fa-hia.example"),  # IDNA 2003 has fass.example, of somebody else
        ("jane@例え.テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("jane@मानक.example", "jane@xn--11b1br8d.example"),
        ("jané@customer.test", "jané@customer.test"),
        ("jané@bücher.example", "jané@xn--bcher-kva.example"),
        ("jane@\u2028.example", "jane@\u2028.example"),
    ],
)
def test_domains_go_out_in_ascii(written: str, on_the_wire: str) -> None:
    """So that every server takes them; what can be no domain stays, and is refused."""
    assert wire_address(written) == on_the_wire


def test_an_address_of_a_foreign_domain_needs_no_smtputf8(base: Database) -> None:
    """In the header and in the envelope it is ASCII."""
    letter = letters(base, recipient="jane@bücher.example")[0]
    assert wire.faults(letter.bytes) == []
    assert "<jane@xn--bcher-kva.example>" in wire.entity(letter.bytes).get("To")
    with scripted() as server:
        relay = SmtpRelay(SmtpConfig("127.0.0.1", server.port, tls="none", timeout=5))
        assert isinstance(next(iter(relay.send([letter]))), Sent)
        relay.close()
    assert "RCPT TO:<jane@xn--bcher-kva.example>" in server.commands
    assert not any("SMTPUTF8" in command for command in server.commands)


def test_an_international_address_needs_smtputf8(base: Database) -> None:
    """Where the relay has it, header and envelope hold UTF-8 (RFC 6531, 6532); where not, it is refused in words."""
    letter = letters(base, recipient="用户@例え.テスト")[0]
    assert wire.faults(letter.bytes, smtputf8=True) == []
    assert "用户@xn--r8jz45g.xn--zckzah" in wire.entity(letter.bytes).get("To")
    with scripted() as server:
        relay = SmtpRelay(SmtpConfig("127.0.0.1", server.port, tls="none", timeout=5))
        (result,) = relay.send([letter])
        relay.close()
    assert result == Refused("553 5.6.7 the relay cannot carry addresses with letters outside ASCII (no SMTPUTF8)")


def test_a_desk_with_an_international_address() -> None:
    """Its letters are UTF-8 in the address fields alone, and their domain is ASCII."""
    addresses = Addresses((DeskAddress("hilfe-ü@example.com"),), world.KEYS, "desk.example.com")
    composer = Composer(addresses, world.FACTS, world.TEMPLATES, keys=world.KEYS, blobs=world.BLOBS)
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        made = world.database(Path(folder))
        world.fill(made)
        world.set_ticket(made, desk_address="hilfe-ü@example.com")
        world.add(made, world.event(40, "Print this.", world.SAM), world.row(50, "update", event_id=40))
        letter = world.render(made, 50, by=composer)[0]
        made.close()
    assert wire.faults(letter.bytes, smtputf8=True) == []
    assert letter.return_path.startswith("hilfe-ü+b-")


def test_long_lines_of_text_are_cut(base: Database) -> None:
    """A word of 5,000 characters, a line of blanks, a text that looks like a boundary."""
    boundary = letters(base)[0].bytes.partition(b'boundary="')[2].partition(b'"')[0].decode()
    for text in ("x" * 5000, "é" * 3000, " " * 2000 + "x", f"--{boundary}--", "From me\n.\n..\n" * 9, "\t" * 1200):
        for letter in letters(base, text=text):
            assert wire.faults(letter.bytes) == [], text[:20]


def test_a_desk_with_any_name(base: Database) -> None:
    """In From, Reply-To and the footer."""
    for name in SCRIPTS:
        facts = replace(world.FACTS, name=name)
        by = Composer(world.ADDRESSES, facts, world.TEMPLATES, keys=world.KEYS, blobs=world.BLOBS)
        assert wire.faults(world.render(base, 50, by=by)[0].bytes) == []
