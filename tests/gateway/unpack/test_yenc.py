"""yEnc: whole files come out of a text, anything else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack.yenc import MAX_FILES, taken_out


def yencoded(name: str, data: bytes, line: int = 128, ends: bytes = b"\r\n", *, careful: bool = True) -> bytes:
    """A file as yEnc writes it; a careful writer escapes more than it must."""
    lines, current = [], b""
    for byte in data:
        moved = (byte + 42) % 256
        critical = b"\0\n\r=" + (b"\t ." if careful else b"")
        current += b"=" + bytes([(moved + 64) % 256]) if moved in critical else bytes([moved])
        if len(current) >= line:
            lines.append(current)
            current = b""
    head = f"=ybegin line={line} size={len(data)} name={name}".encode()
    return ends.join([head, *lines, current, f"=yend size={len(data)} crc32=00000000".encode(), b""])


def test_around() -> None:
    """The text around a file, and between two, stays."""
    data = b"above\r\n" + yencoded("a.bin", bytes(range(256))) + b"between\n" + yencoded('"ö.txt"', b"b", ends=b"\n")
    assert taken_out(data + b"below") == (
        b"above\r\nbetween\nbelow", [("a.bin", bytes(range(256))), ("ö.txt", b"b")],
    )  # fmt: skip


WHOLE = yencoded("a", b"a" * 300)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"=ybegin ", WHOLE[:-20], WHOLE.replace(b"size=300", b"size=301", 1),
        WHOLE.replace(b"size=300", b"size=301"), b"> " + WHOLE,
        WHOLE.replace(b"=ybegin line", b"=ybegin part=1 line").replace(b"\r\n", b"\r\n=ypart begin=1 end=300\r\n", 1),
        WHOLE.replace(b"\r\n", b"\r\n=!", 1), b"=ybegin line=1 size=1 name=a\n" * 100_000 + b"=yend size=1",
        b"=yend size=300\r\n" * 1000 + b"=ybegin line=128 size=", b"=ybegin line=1 line=1 name=a\nk\n=yend size=1\n",
    ],
)  # fmt: skip
def test_stays(data: bytes) -> None:
    """A part of a file, a damaged file and what only looks like one are left in the text."""
    assert taken_out(data) == (data, [])


def test_bound() -> None:
    """More files than the bound stay in the text."""
    text, files = taken_out(WHOLE * (MAX_FILES + 2))
    assert (text, len(files)) == (WHOLE * 2, MAX_FILES)


@given(data=st.binary(max_size=500), line=st.integers(1, 200), careful=st.booleans())
def test_round_trip(data: bytes, line: int, careful: bool) -> None:
    """What is packed comes out again."""
    assert taken_out(yencoded("a.bin", data, line, careful=careful)) == (b"", [("a.bin", data)])


@given(
    st.lists(
        st.binary(max_size=20) | st.sampled_from([b"\n=ybegin ", b"line=1 ", b"size=1 ", b"name=a\n", b"\n=yend "])
    )
)
def test_any_bytes(pieces: list[bytes]) -> None:
    """Any bytes are a text with files in it, or without; nothing is raised."""
    data = b"".join(pieces)
    text, files = taken_out(data)
    assert files or text == data
