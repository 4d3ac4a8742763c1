"""The content of DATA comes out the same however the network cuts it."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.data_reader import Unstuffer

ODD = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"..", b"x", b"\0", b"\xfc"]), max_size=24).map(
    b"".join
)


def run(stream: bytes, cuts: list[int], normalise: bool = False) -> tuple[bytes, bytes | None, Unstuffer]:
    """Feed the stream cut at these places; content, what follows the end mark, and the unstuffer."""
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    unstuffer = Unstuffer(normalise)
    content = b""
    for start, end in itertools.pairwise(places):
        piece, rest = unstuffer.feed(stream[start:end])
        content += piece
        if rest is not None:
            return content, rest + stream[end:], unstuffer
    return content, None, unstuffer


def by_the_book(stream: bytes) -> tuple[bytes, bytes | None]:
    """RFC 5321 section 4.5.2, told as simply as it can be."""
    content, mark, rest = (b"\r\n" + stream).partition(b"\r\n.\r\n")
    content += b"\r\n" if mark else b""
    return content.replace(b"\r\n.", b"\r\n")[2:], rest if mark else None


@given(ODD, ODD, st.lists(st.integers(0, 200), max_size=12))
def test_cuts_do_not_matter(body: bytes, after: bytes, cuts: list[int]) -> None:
    """Any cut of any odd stream gives what the RFC says of the whole."""
    stream = body + b"\r\n.\r\n" + after
    content, rest, unstuffer = run(stream, cuts)
    assert (content, rest) == by_the_book(stream)
    assert unstuffer.size == len(content)
    consumed = stream[: len(stream) - len(rest or b"")]
    assert unstuffer.bare == bool(re.search(rb"\r(?!\n)|(?<!\r)\n", consumed))


@given(ODD, st.lists(st.integers(0, 200), max_size=12))
def test_normalised_has_no_bare_line_end(body: bytes, cuts: list[int]) -> None:
    """With normalisation every CR and LF that stands alone becomes CRLF, and the end stays where it was."""
    stream = body + b"\r\n.\r\nQUIT\r\n"
    content, rest, _ = run(stream, cuts, normalise=True)
    plain, plain_rest = by_the_book(stream)
    assert rest == plain_rest
    assert content == re.sub(rb"\r\n|\r|\n", b"\r\n", plain)


@pytest.mark.parametrize(
    "stream, content",
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"a\r\n..b\r\n.c\r\n.\r\n", b"a\r\n.b\r\nc\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
    ],
)
def test_known_streams(stream: bytes, content: bytes) -> None:
    """Empty mails and stuffed dots, byte by byte."""
    assert run(stream, list(range(len(stream))))[:2] == (content, b"")
