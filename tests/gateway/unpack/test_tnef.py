"""winmail.dat: files, texts, attached mails and meetings come out, whatever is wrong with it."""

import struct
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parse import read
from gateway.unpack import tnef
from tests.gateway.unpack import outlook
from tests.gateway.unpack.outlook import (
    BINARY,
    LONG,
    OBJECT,
    STRING8,
    TIME,
    UNICODE,
    attribute,
    message,
    property_,
    winmail,
)

RTF = rb"{\rtf1\ansi\ansicpg1252 The printer is broken.}"
WHEN = datetime(2026, 8, 3, 8, 0, tzinfo=UTC)


def names(contents: tnef.Contents) -> list[tuple[str, bytes]]:
    """The files, as pairs."""
    return [(file.name, file.data) for file in contents.files]


def test_files() -> None:
    """Files keep their long names and their bytes; pictures keep the id by which the HTML shows them."""
    long_name = property_(UNICODE, 0x3707, outlook.text("Drucker Störung.pdf"))
    picture = property_(UNICODE, 0x3712, outlook.text("<p@x.test>"))
    contents = tnef.unpack(
        winmail(outlook.file("DRUCKE~1.PDF", b"%PDF", long_name, picture), outlook.file("b.txt", b"b"))
    )
    assert names(contents) == [("Drucker Störung.pdf", b"%PDF"), ("b.txt", b"b")]
    assert [file.content_id for file in contents.files] == ["p@x.test", ""]
    assert contents.complete


@pytest.mark.parametrize(
    "number, page", [(1251, "cp1251"), (65001, "utf-8"), (932, "cp932"), (28592, "iso8859-2"), (20866, "koi8-r")]
)
def test_code_page(number: int, page: str) -> None:
    """Strings of eight bits are in the code page that the file names."""
    words = {"cp1251": "Привет", "koi8-r": "Привет", "cp932": "日本", "iso8859-2": "Łódź"}.get(page, "Grüße")
    packed = winmail(
        attribute(1, 0x9007, struct.pack("<II", number, 0)),
        attribute(1, 0x800C, words.encode(page) + b"\0"),
        attribute(2, 0x9002, bytes(14)),
        attribute(2, 0x9005, outlook.properties(property_(STRING8, 0x3707, words.encode(page) + b"\0"))),
    )
    contents = tnef.unpack(packed)
    assert contents.text == words
    assert [file.name for file in contents.files] == [words]


def test_rtf_is_the_text() -> None:
    """Where there is neither text nor HTML, the words of the RTF are the text; it stays a file as well."""
    rtf = property_(BINARY, 0x1009, outlook.compressed(RTF))
    contents = tnef.unpack(winmail(message(rtf)))
    assert (contents.text, names(contents)) == ("The printer is broken.", [("body.rtf", RTF)])
    assert tnef.unpack(winmail(attribute(1, 0x800C, b"plain\0"), message(rtf))).text == "plain"


def test_html() -> None:
    """HTML is found as such, in its own charset, or inside of RTF."""
    page = property_(LONG, 0x3FDE, struct.pack("<I", 1251))
    html = property_(BINARY, 0x1013, "<p>Привет</p>".encode("cp1251") + b"\0")
    assert tnef.unpack(winmail(message(html, page))).html == "<p>Привет</p>"
    meta = '<meta charset="koi8-r"><p>Привет</p>'
    assert tnef.unpack(winmail(message(property_(BINARY, 0x1013, meta.encode("koi8-r"))))).html == meta
    wrapped = rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}words{\*\htmltag72 </p>}}"
    contents = tnef.unpack(winmail(message(property_(BINARY, 0x1009, outlook.compressed(wrapped)))))
    assert (contents.html, contents.text) == ("<p>words</p>", "")


def attached_message(*inside: bytes, interface: bytes = outlook.IID_MESSAGE) -> bytes:
    """A message as an attachment of another."""
    content = property_(OBJECT, 0x3701, interface + winmail(*inside))
    title = property_(UNICODE, 0x3001, outlook.text("Shown name"))
    return attribute(2, 0x9002, bytes(14)) + attribute(2, 0x9005, outlook.properties(title, content))


LETTER = (
    attribute(1, 0x800C, "Grüße".encode("cp1252")),
    message(
        property_(UNICODE, 0x37, outlook.text("The printer\r\nX-Evil: 1")),
        property_(UNICODE, 0x42, outlook.text("Doe, Jane")),
        property_(UNICODE, 0x5D02, outlook.text("jane@example.com")),
        property_(TIME, 0x39, outlook.filetime(WHEN)),
        property_(BINARY, 0x1013, b"<p>Hello</p>"),
    ),
    outlook.file("a.txt", b"attached"),
)


def test_attached_message() -> None:
    """A message that is attached becomes a mail, with what it carries; it is the same each time."""
    packed = winmail(attached_message(*LETTER))
    ((name, data),) = names(tnef.unpack(packed))
    mail = read(data)
    assert name == "The printer X-Evil: 1.eml"
    assert (mail.subject, mail.sender.name, mail.sender.address) == (
        "The printer X-Evil: 1", "Doe, Jane", "jane@example.com",
    )  # fmt: skip
    assert (mail.text, mail.html, mail.date) == ("Grüße", "<p>Hello</p>", WHEN)
    assert [(item.name, item.data) for item in mail.attachments] == [("a.txt", b"attached")]
    assert names(tnef.unpack(packed)) == [(name, data)]


def test_attached_object() -> None:
    """An object of another kind stays as it is, under the name that it shows."""
    contents = tnef.unpack(winmail(attached_message(*LETTER, interface=bytes(16))))
    assert names(contents) == [("Shown name", winmail(*LETTER))]


def test_messages_in_messages() -> None:
    """Messages are opened to a depth; below it they are kept as they came."""
    packed = winmail(*LETTER)
    for _ in range(8):
        packed = winmail(attached_message(packed[6:]))
    depth = 1
    ((_, data),) = names(tnef.unpack(packed))
    while data[:4] != winmail()[:4]:
        (inner,) = message_from_bytes(data, policy=default).iter_attachments()
        data, depth = inner.get_content(), depth + 1
    assert depth == 3
    assert data in packed


@pytest.mark.parametrize(
    "kind, heading",
    [
        ("IPM.Schedule.Meeting.Request", "Invitation"),
        ("IPM.Schedule.Meeting.Canceled", "Cancelled"),
        ("IPM.Schedule.Meeting.Resp.Pos", "Accepted"),
        ("IPM.Microsoft Schedule.MtgRespN", "Declined"),
        ("IPM.Schedule.Meeting.Other", "Calendar entry"),
    ],
)
def test_meeting(kind: str, heading: str) -> None:
    """A meeting says what is asked, when and where."""
    packed = winmail(
        attribute(1, 0x8004, b"Toner\0"),
        attribute(1, 0x8008, kind.encode() + b"\0"),
        message(
            property_(UNICODE, 0, outlook.text("Room 4"), outlook.named_number(0x8208)),
            property_(TIME, 0, outlook.filetime(WHEN), outlook.named_number(0x820D)),
            property_(TIME, 0x61, outlook.filetime(WHEN.replace(hour=9))),
            property_(UNICODE, 0, outlook.text("no room"), bytes(16) + struct.pack("<II", 0, 0x8208)),
            property_(
                UNICODE, 0, outlook.text("x"), bytes(16) + struct.pack("<II", 1, 6) + outlook.text("ab") + b"\0\0"
            ),
        ),
    )
    assert tnef.unpack(packed).meeting.split("\n") == [
        f"{heading}: Toner",
        "When: Monday 3 August 2026, 08:00 to 09:00 (UTC)",
        "Where: Room 4",
    ]
    assert tnef.unpack(packed.replace(kind.encode(), b"IPM.Note".ljust(len(kind)))).meeting == ""


def test_cut() -> None:
    """What is cut gives all that stands before the cut, and says so."""
    packed = winmail(outlook.file("a.txt", b"whole"), outlook.file("b.txt", b"cut" * 100))
    contents = tnef.unpack(packed[:-50])
    assert names(contents) == [("a.txt", b"whole"), ("b.txt", b"")]
    assert not contents.complete


def test_wrong_checksum() -> None:
    """A checksum that is wrong costs nobody a file."""
    packed = bytearray(winmail(outlook.file("a.txt", b"whole")))
    packed[-1] ^= 0xFF
    assert names(tnef.unpack(bytes(packed))) == [("a.txt", b"whole")]


def test_data_without_a_file() -> None:
    """Attributes of a file before any file begins are passed over, and never written over the message's own text."""
    rtf = message(property_(BINARY, 0x1009, outlook.compressed(RTF)))
    contents = tnef.unpack(winmail(rtf, attribute(2, 0x8010, b"evil\0"), attribute(2, 0x800F, b"x")))
    assert names(contents) == [("body.rtf", RTF)]


NOTHINGS = struct.pack("<I", 2_000) + struct.pack("<HHI", 0x1001, 1, 2_000) * 2_000
LARGE = property_(BINARY, 0x1009, struct.pack("<IIII", 0, 8 << 20, 0x75465A4C, 0) + b"\xff" + b"\0\xff" * 8)
MANY = struct.pack("<HHI", 0x1001, 0x1234, 0xFFFFFFFF)


@pytest.mark.parametrize(
    "packed",
    [
        b"", b"\x78\x9f\x3e\x22", winmail(), bytes(5000),
        winmail(*[attribute(2, 0x9002, b"")] * 20_000),
        winmail(*[attribute(1, 0x9003, NOTHINGS)] * 200),
        winmail(*[attribute(1, 0x9003, struct.pack("<I", 0xFFFFFFFF) + MANY)] * 200),
        winmail(*[message(LARGE)] * 100),
        winmail(attribute(1, 0x9003, outlook.properties(property_(TIME, 0x60, b"\xff" * 8)))),
        winmail(attached_message(attribute(1, 0x9003, b"\1"))),
    ],
)  # fmt: skip
def test_hostile(packed: bytes) -> None:
    """What lies about lengths and counts, or repeats itself without end, is read soon, within the bound of files."""
    assert len(tnef.unpack(packed).files) <= tnef.MAX_FILES + 2


FILE = st.tuples(
    st.text(st.sampled_from("abcö.- "), min_size=1, max_size=30).map(str.strip).filter(bool), st.binary(max_size=300)
)


@given(files=st.lists(FILE, max_size=6), text=st.text(st.sampled_from("aä\n "), max_size=50))
def test_round_trip(files: list[tuple[str, bytes]], text: str) -> None:
    """What is packed comes out again, in its order."""
    body = attribute(1, 0x800C, text.encode("cp1252"))
    contents = tnef.unpack(winmail(body, *[outlook.file(name, data) for name, data in files]))
    assert names(contents) == files
    assert (contents.text, contents.complete) == (text, True)


@given(st.binary(max_size=300), st.integers(0, 600), st.integers(0, 255))
def test_any_bytes(data: bytes, at: int, byte: int) -> None:
    """Any bytes are unpacked as far as they can be; nothing is raised."""
    good = bytearray(winmail(*LETTER, attached_message(*LETTER), attribute(1, 0x9003, data)))
    good[at % len(good)] = byte
    for packed in (bytes(good), bytes(good[:at]), data, winmail(data), winmail(attribute(2, 0x9002, b""), data)):
        assert isinstance(tnef.unpack(packed).text, str)
