"""Signatures of letters: right for dkimpy and for our own check of senders, over the very bytes that go out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dkim
import pytest
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from gateway import dkim_keys, dkim_sign
from gateway.compose import Composer
from gateway.dkim_keys import SigningKey, Type
from gateway.letter import Letter
from gateway.sender import dkim_check
from gateway.sender.resolver import Kind, Questions, Record
from gateway.sender.signed import Signed
from store.database import Database
from tests.gateway import letter_world as world
from tests.letters import rendered

AT = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
BOTH: tuple[Type, ...] = ("rsa", "ed25519")


@cache
def made(kind: Type, domain: str) -> SigningKey:
    """A key that signs; made once, because RSA takes a while."""
    return dkim_keys.new(domain, f"s-{kind}", kind, AT).becomes("active", AT)


def key(kind: Type, domain: str = "example.com") -> SigningKey:
    """The same, by default of the domain of the sample desk."""
    return made(kind, domain)


def keys(domain: str = "example.com") -> list[SigningKey]:
    """One of each type."""
    return [key(kind, domain) for kind in BOTH]


class Zone:
    """DNS that has the records of some keys."""

    def __init__(self, *known: SigningKey) -> None:
        self.records = {one.place: one.record.encode() for one in known}

    def lookup(self, name: str, kind: Kind, seconds: float) -> tuple[Record, ...]:
        """As gateway/sender/resolver.py asks."""
        return (self.records[name],) if kind == "TXT" and name in self.records else ()

    def dkimpy(self, name: bytes, timeout: float = 5) -> bytes | None:
        """As dkimpy asks."""
        return self.records.get(name.decode().removesuffix("."))


def verdicts(letter: bytes, zone: Zone) -> list[bool]:
    """What dkimpy says of each signature, the topmost first."""
    verifier = dkim.DKIM(letter)
    count = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
    found = []
    for place in range(count):
        try:
            found.append(bool(dkim.DKIM(letter).verify(place, dnsfunc=zone.dkimpy)))
        except dkim.DKIMException:
            found.append(False)
    return found


def test_every_letter_in_every_language_verifies() -> None:
    """By dkimpy, both signatures; the header grows by them alone."""
    zone = Zone(*keys())
    for language in rendered.LANGUAGES:
        for name, preview in rendered.letters(language).items():
            letter = raw(preview.message.as_bytes())
            signed = dkim_sign.sign(letter, keys(), AT)
            assert signed.endswith(letter)
            assert verdicts(signed, zone) == [True, True], (language, name)


def raw(letter: bytes) -> bytes:
    """With the line ends of the wire."""
    return letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with an answer by Sam and files."""
    made = world.database(tmp_path)
    world.fill(made)
    world.add(
        made,
        world.event(40, "Größe 網絡 \t \n\n  Print this.  ", world.SAM, minutes=5),
        world.file(60, "Übersicht 1.bin", bytes(range(256)) * 4000, 40),
        world.row(50, "update", event_id=40),
    )
    yield made
    made.close()


def composer(*signing: SigningKey) -> Composer:
    """What renders letters that are signed."""
    return Composer(
        world.ADDRESSES,
        world.FACTS,
        world.TEMPLATES,
        keys=world.KEYS,
        blobs=world.BLOBS,
        clock=lambda: world.NOW,
        signers=lambda domain: [one for one in signing if one.domain == domain],
    )


def test_a_rendered_letter_is_signed_by_the_domain_of_its_from(base: Database) -> None:
    """By each of its keys, files and all; a key of another domain signs nothing."""
    letter = world.render(base, 50, by=composer(*keys(), key("ed25519", "other.example")))[0]
    assert letter.bytes.count(b"DKIM-Signature:") == 2
    assert b"d=other.example" not in letter.bytes
    assert verdicts(letter.bytes, Zone(*keys())) == [True, True]
    plain = world.render(base, 50, by=composer(key("rsa", "other.example")))[0]
    assert b"DKIM-Signature" not in plain.bytes


def test_our_own_check_of_senders_says_the_same(base: Database) -> None:
    """What this desk sends, another one takes for proven: From, the whole body, no l=."""
    letter = world.render(base, 50, by=composer(*keys()))[0]
    questions = Questions(Zone(*keys()), 5)
    found = dkim_check.signatures(Signed(letter.bytes), "example.com", questions, world.NOW, strict=True)
    assert [finding.words for finding in found] == ["DKIM: pass for example.com (selector s-rsa)"]
    questions = Questions(Zone(key("ed25519")), 5)
    found = dkim_check.signatures(Signed(letter.bytes), "example.com", questions, world.NOW, strict=True)
    assert found[-1].words == "DKIM: pass for example.com (selector s-ed25519)"


def test_what_is_covered() -> None:
    """The fields that people and programs go by; From, To and Subject once more than they are there."""
    letter = raw(rendered.letters("en")["E12-alert-due"].message.as_bytes())
    signed = dkim_sign.sign(letter, [key("rsa")], AT)
    head = signed.partition(b"\r\n\r\n")[0].decode()
    field = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")[0]
    tags = dict(re.findall(r"(\w+)=([^;]*)", field.partition(":")[2]))
    names = tags["h"].replace(" ", "").split(":")
    assert (tags["v"], tags["a"], tags["c"], tags["d"]) == ("1", "rsa-sha256", "relaxed/relaxed", "example.com")
    assert tags["t"] == str(int(AT.timestamp()))
    assert "l" not in tags
    assert "x" not in tags
    assert [names.count(name) for name in ("from", "to", "subject")] == [2, 2, 2]
    present = {
        line.partition(":")[0].lower()
        for line in re.sub(r"\r\n[ \t]+", " ", letter.decode()).split("\r\n\r\n")[0].split("\r\n")
    }
    assert set(names) == set(dkim_sign.SIGNED) & present
    assert all(len(line) <= 78 for line in head.split("\r\n") if not line.startswith((" ", "X-", "List", "Ref")))


@pytest.mark.parametrize("name", ["From: Eve <eve@elsewhere.test>", "Subject: Buy this", "To: eve@elsewhere.test"])
def test_a_second_field_breaks_it(name: str) -> None:
    """Whatever a reader shows of two, it is not under our name."""
    signed = dkim_sign.sign(sample(), keys(), AT)
    assert verdicts(signed, Zone(*keys())) == [True, True]
    for changed in (
        name.encode() + b"\r\n" + signed,
        signed.replace(b"MIME-Version", name.encode() + b"\r\nMIME-Version", 1),
    ):
        assert verdicts(changed, Zone(*keys())) == [False, False]


def sample(body: bytes = b"Hello\r\n") -> bytes:
    """A small letter."""
    return (
        b"From: Desk <service@example.com>\r\nTo: jane@customer.test\r\nSubject: Phones\r\n"
        b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n\r\n" + body
    )


def test_what_relays_do_leaves_it_whole() -> None:
    """Trace fields above, longer blanks, fields folded anew, empty lines at the end; other words break it."""
    signed = dkim_sign.sign(sample(), keys(), AT)
    zone = Zone(*keys())
    assert verdicts(b"Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0000\r\n" + signed, zone) == [True, True]
    assert verdicts(signed.replace(b"Subject: Phones", b"Subject:\r\n  Phones"), zone) == [True, True]
    assert verdicts(signed + b"\r\n\r\n", zone) == [True, True]
    assert verdicts(signed.replace(b"Hello", b"Hullo"), zone) == [False, False]
    assert verdicts(signed.replace(b"Phones", b"Pones"), zone) == [False, False]


@pytest.mark.parametrize("body", [b"a\n", b"a\rb\r\n", b"a\r\n\nb", b"\r"])
def test_bytes_that_a_relay_would_change_are_not_signed(body: bytes) -> None:
    """A bare CR or LF is mended on the way, which would break the signature: that is a fault to hear of here."""
    with pytest.raises(ValueError, match="CRLF"):
        dkim_sign.sign(sample(body), keys(), AT)
    with pytest.raises(ValueError, match="CRLF"):
        dkim_sign.sign(b"From: a@example.com\r\n", keys(), AT)


LINES = st.lists(st.text(" \tab=\xe9", max_size=12).map(str.encode), max_size=12)


@given(LINES, st.booleans())
def test_the_body_is_hashed_as_the_rfc_says(lines: list[bytes], ended: bool) -> None:
    """The same as dkimpy, which looks at each byte with an expression."""
    body = b"\r\n".join(lines) + (b"\r\n" if ended else b"")
    if not body.endswith(b"\r\n"):
        body += b"x"  # dkimpy leaves blanks before a missing line end; no letter of ours ends so
    assert dkim_sign.relaxed_body(body) == RELAXED.canonicalize_body(body)


@given(st.lists(st.text(" \tab,;=", max_size=12).map(str.encode), min_size=1, max_size=5))
def test_fields_are_hashed_as_the_rfc_says(pieces: list[bytes]) -> None:
    """Folded, with blanks of all sorts."""
    value = b" " + b"\r\n ".join(pieces)
    ((name, found),) = RELAXED.canonicalize_headers([(b"Subject", value + b"\r\n")])
    assert dkim_sign.relaxed_field(b"Subject", value) == name + b":" + found


def test_a_second_try_sends_the_same_bytes(base: Database) -> None:
    """The letter that is kept holds its signatures; nothing is signed anew, whatever became of the key."""
    first = world.render(base, 50, by=composer(*keys()))[0]
    with base.transaction() as session:
        from store.tables import Outbox

        row = session.get_one(Outbox, 50)
        row.rendered, row.message_id = first.bytes, first.message_id
    with base.reading() as session:
        again = composer().stored(session.get_one(Outbox, 50))
    assert isinstance(again, Letter)
    assert again.bytes == first.bytes
    assert verdicts(again.bytes, Zone(*keys())) == [True, True]


def test_letters_with_a_secret_are_signed_each_time(tmp_path: Path) -> None:
    """They are not kept: a second try is rendered, and signed, anew."""
    made = world.database(tmp_path)
    world.fill(made)
    row_id = world.credentials_row(made, world.JANE, "link")
    for _ in range(2):
        letter = world.render(made, row_id, by=composer(*keys()))[0]
        assert letter.sensitive
        assert verdicts(letter.bytes, Zone(*keys())) == [True, True]
    made.close()
