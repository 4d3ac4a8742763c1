"""RTF: unpacked, read for its words, and the HTML it wraps taken out."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack import rtf
from tests.gateway.unpack import outlook

HEAD = rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial;}}{\colortbl\red0;}"


@pytest.mark.parametrize(
    "body, text",
    [
        (rb"Hello\par world", "Hello\nworld"),
        (rb"\pard\plain\f0\fs20 one\line two\tab three", "one\ntwo\tthree"),
        (rb"Gr\'fc\'dfe \'80", "Grüße €"),
        (rb"\f1 \'cf\'f0\'e8\'e2\'e5\'f2\f0  \'e9", "Привет é"),
        (rb"\u8364 ?\u8364\'80 \uc0\u8364 x", "€€ €x"),
        (rb"\u-10179 ?\u-8704 ?", "\U0001f600"),
        (rb"\uc2\u8364 ab\uc1 c", "€c"),
        (rb"\{a\}\\\~b\_c", "{a}\\\xa0b\u2011c"),
        (rb"{\*\generator x}a{\info{\title t}}{\pict\pngblip 89504e}b", "ab"),
        (b"a{\\*\\data \\bin5 }}}}}x}b", "ab"),
        (rb'{\field{\*\fldinst{HYPERLINK "https://x.test"}}{\fldrslt here}}', "here"),
        (rb"\ldblquote a\rdblquote \endash \bullet ", "\u201ca\u201d\u2013\u2022"),
        (b"one\r\ntwo", "onetwo"),
    ],
)
def test_words(body: bytes, text: str) -> None:
    """Words, signs and line ends are read in their charset; tables, pictures and instructions are not."""
    assert rtf.text(HEAD + body + b"}") == text


def test_double_bytes() -> None:
    """The halves of an East Asian character are put together, and a character skipped for \\u may be two bytes."""
    source = rb"{\rtf1\ansi\ansicpg932 \'93\'fa\'96\'7b\par \uc2\u26085\'93\'fa\uc1 x}"
    assert rtf.text(source) == "日本\n日x"


WRAPPED = (
    rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\generator x}"
    rb"{\*\htmltag19 <html>}{\*\htmltag64 <p>}\htmlrtf \pard\htmlrtf0 Gr\'fc\'dfe {\*\htmltag84 <b>}\htmlrtf {\b "
    rb"\htmlrtf0 bold{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 {\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 "
    rb"{\*\mhtmltag84 <img src=cid:a>}{\*\htmltag84 <img src=\{b\}>}{\*\htmltag72 </p>}\par {\*\htmltag27 </html>}}"
)


def test_html() -> None:
    """HTML comes out as it went in (MS-OXRTFEX); its words do without the marks."""
    assert rtf.html(WRAPPED) == "<html><p>Grüße <b>bold</b>&nbsp;<img src={b}></p>\n</html>"
    assert rtf.text(WRAPPED).split() == ["Grüße", "bold"]
    assert rtf.html(HEAD + b"no html}") == ""


def test_specification() -> None:
    """The two examples of MS-OXRTFCP section 4 are read."""
    first = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert rtf.unpacked(first) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    second = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert rtf.unpacked(second) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_stored() -> None:
    """RTF that is only stored is read, as far as it says it reaches."""
    assert rtf.unpacked(struct.pack("<IIII", 0, 3, 0x414C454D, 0) + b"{\\rtf1}") == b"{\\r"


@pytest.mark.parametrize(
    "data",
    [
        b"", bytes(16), struct.pack("<IIII", 0, 0xFFFFFFFF, 0x75465A4C, 0) + b"\xff" * 99,
        struct.pack("<IIII", 0, 9, 0x12345678, 0) + b"abc",
    ],
)  # fmt: skip
def test_no_rtf(data: bytes) -> None:
    """What is no compressed RTF, or would be too large, gives nothing."""
    assert rtf.unpacked(data) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"{" * 1_000_000, b"}" * 1_000_000, b"{\\f1" * 300_000, b"\\u-1?" * 300_000, b"\\bin999999999 x",
        b"\\" * 900_000,
        b"{\\rtf1\\ansicpg99999 \\'ff\\'", b"\\fromhtml1" + b"\\htmlrtf" * 200_000, b"\\'" * 500_000, b"\\ucN\\uc-9\\u",
    ],
)  # fmt: skip
def test_hostile(data: bytes) -> None:
    """What nests without end, or is no RTF at all, is read soon, to a text of some kind."""
    assert len(rtf.text(data)) <= rtf.MAX_TEXT
    assert len(rtf.html(data)) <= rtf.MAX_TEXT


@given(st.binary(max_size=600) | st.text("ab{}\\", max_size=300).map(str.encode), st.booleans())
def test_round_trip(data: bytes, references: bool) -> None:
    """Whatever is compressed comes out again."""
    assert rtf.unpacked(outlook.compressed(data, references=references)) == data


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=80))
def test_words_round_trip(words: str) -> None:
    """Any words written as \\u are read as they were."""
    units = struct.unpack(f"<{len(words.encode('utf-16-le')) // 2}h", words.encode("utf-16-le"))
    source = HEAD + b"".join(f"\\u{unit}?".encode() for unit in units) + b"}"
    assert rtf.text(source) == words.replace("\u2028", "\n").replace("\u2029", "\n").strip()


@given(
    st.binary(max_size=300), st.lists(st.sampled_from([b"{", b"}", b"\\*", b"\\htmltag", b"\\f9 ", b"\\'e4", b"\\u9 "]))
)
def test_any_bytes(data: bytes, words: list[bytes]) -> None:
    """Any bytes are read, compressed or not; nothing is raised."""
    for variant in (data, b"\\fromhtml" + b"".join(words) + data):
        assert isinstance(rtf.text(variant), str)
        assert isinstance(rtf.html(variant), str)
    assert isinstance(rtf.unpacked(struct.pack("<IIII", 0, 5_000, 0x75465A4C, 0) + data), bytes)
