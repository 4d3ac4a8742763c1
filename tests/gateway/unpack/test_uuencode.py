"""uuencode and its base64 form, as careless mailers leave them."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack.uuencode import MAX_FILES, decoded, taken_out

DATA = bytes(range(256)) + bytes(60)


def uuencoded(name: str, data: bytes, *, blanks: bool = False, check: bytes = b"", end: bytes = b"`\nend\n") -> bytes:
    """A file as uuencode writes it: zeros as blanks or not, with a check character or not."""
    lines = [binascii.b2a_uu(data[i : i + 45], backtick=not blanks) for i in range(0, len(data), 45)]
    return f"begin 644 {name}\n".encode() + b"".join(line[:-1] + check + b"\n" for line in lines) + end


def armoured(name: str, data: bytes, end: bytes = b"====\n") -> bytes:
    """A file as `uuencode -m` writes it."""
    return f"begin-base64 644 {name}\n".encode() + base64.encodebytes(data) + end


@pytest.mark.parametrize(
    "packed, rest",
    [
        (uuencoded("a", DATA), b""),
        (uuencoded("a", DATA, blanks=True), b""),
        (b"\n".join(line.rstrip() for line in uuencoded("a", DATA, blanks=True).split(b"\n")), b""),
        (uuencoded("a", DATA, check=b"X"), b""),
        (uuencoded("a", DATA).replace(b"\n", b"\r\n"), b""),
        (uuencoded("a", DATA, end=b"`\n") + b"Best regards\n", b"Best regards\n"),
        (uuencoded("a", DATA, end=b"`"), b""),
        (uuencoded("a", DATA, end=b"end"), b""),
        (uuencoded("a", DATA, end=b"`\nend  \r\n"), b""),
        (armoured("a", DATA), b""),
        (armoured("a", DATA).replace(b"\n", b" \r\n"), b""),
        (armoured("a", DATA, end=b""), b""),
        (armoured("a", DATA) + b"Best regards\n", b"Best regards\n"),
    ],
)
def test_as_mailers_leave_it(packed: bytes, rest: bytes) -> None:
    """Without its end, with blanks cut or characters added, a whole file is a whole file."""
    assert taken_out(b"Hello\n" + packed) == (b"Hello\n" + rest, [("a", DATA)])
    assert decoded(memoryview(packed)) == DATA


def test_several() -> None:
    """Files of both kinds stand in one text, and what is written between them stays."""
    text = b"one\n" + uuencoded("a b.bin", DATA) + b"two\n" + armoured("\u00fc.bin", b"x") + b"three\n"
    assert taken_out(text) == (b"one\ntwo\nthree\n", [("a b.bin", DATA), ("\u00fc.bin", b"x")])
    text, files = taken_out(uuencoded("a", b"x") * (MAX_FILES + 1))
    assert (text, len(files)) == (uuencoded("a", b"x"), MAX_FILES)


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 of the story\nOnce upon a time.\nend\n",
        b"begin 644 a\nM" + b"A" * 60 + b"\n",
        b"begin 644 a\nM" + b"A" * 60 + b"\nBest regards\n",
        b"begin-base64 644 a\nnot base64!\n====\n",
        b"begin-base64 644 a\n====\n",
        b"begin-base64 644 a\n",
        b"begin-base64 644 a\nA\n====\n",
    ],
)
def test_stays(text: bytes) -> None:
    """What is cut in the middle, or is none, stays text."""
    assert taken_out(text) == (text, [])


@pytest.mark.parametrize(
    "line", [b"begin-base64 644 a\n", b"begin-base64 644 a\nAAAA\n!\n", b"begin 644 a\n#86)C\n`\n!\n"]
)
def test_many_beginnings(line: bytes) -> None:
    """Two megabytes of beginnings are read in linear time."""
    text, files = taken_out(line * (2_000_000 // len(line)))
    assert len(files) <= MAX_FILES
    assert text


@given(data=st.binary(min_size=1, max_size=300), blanks=st.booleans(), base64_form=st.booleans())
def test_round_trip(data: bytes, blanks: bool, base64_form: bool) -> None:
    """What is packed comes out again, with the text around it."""
    packed = armoured("a", data) if base64_form else uuencoded("a", data, blanks=blanks)
    assert taken_out(b"x\n" + packed + b"y") == (b"x\ny", [("a", data)])
    assert decoded(memoryview(packed)) == data


PIECES = st.sampled_from(
    [b"begin 644 a\n", b"begin-base64 644 a\n", b"#86)C\n", b"AAAA\n", b"`\n", b"end\n", b"====\n"]
)


@given(st.lists(st.binary(max_size=20) | PIECES, max_size=30))
def test_any_bytes(pieces: list[bytes]) -> None:
    """Any bytes are a text with files in it, or without; nothing is raised."""
    data = b"".join(pieces)
    text, files = taken_out(data)
    assert files or text == data
    assert decoded(memoryview(data)) is None or b"begin" in data
