"""Every letter in every language, to the byte: RFC 5322, 2045 to 2047 and 2231, as a strict reader sees it."""

import pytest

from tests.letters import rendered, wire


@pytest.mark.parametrize("language", rendered.LANGUAGES)
@pytest.mark.parametrize("name", rendered.NAMES)
def test_a_letter_is_right_to_the_byte(name: str, language: str) -> None:
    """No fault in header, values or parts."""
    assert wire.faults(rendered.letters(language)[name].raw) == []


@pytest.mark.parametrize("language", rendered.LANGUAGES)
def test_text_stands_before_html(language: str) -> None:
    """A mail program shows the last that it can (RFC 2046 section 5.1.4), and each letter has both."""
    for name, letter in rendered.letters(language).items():
        kinds = [part.get("Content-Type").partition(";")[0] for part in wire.parts(wire.entity(letter.raw))]
        assert kinds[:2] == ["text/plain", "text/html"], name


FAULTY = {
    "a bare LF": (b"\r\nTo:", b"\nTo:", "bare CR or LF"),
    "a bare CR": (b"Hello\r\n", b"Hel\rlo\r\n", "bare CR or LF"),
    "a line too long": (b"Hello", b"x" * 999, "999 octets"),
    "two of a field": (b"\r\nTo:", b"\r\nFrom: a@b.test\r\nTo:", "From stands there 2 times"),
    "no date": (b"Date:", b"X-Date:", "there is no Date"),
    "a date without zone": (b"12:07:00 +0000", b"12:07:00", "Date is"),
    "the wrong day": (b"Tue, 09", b"Wed, 09", "wrong day"),
    "8-bit header": (b"Phones", b"Ph\xc3\xb6nes", "not ASCII"),
    "an encoded word too long": (b"Phones", b"=?utf-8?b?" + b"QUFB" * 18 + b"?=", "84 characters"),
    "a character cut in two": (b"Phones", b"=?utf-8?b?w7?= =?utf-8?b?ts=?=", "cannot be read by itself"),
    "an encoded word in quotes": (b'"Desk"', b'"=?utf-8?b?w7Y=?="', "inside quotation marks"),
    "a foldable line": (b"Phones", b"Phones " * 12, "could be folded"),
    "no Message-ID": (b"<1@example.com>", b"1@example.com", "is no Message-ID"),
    "8-bit text": (b"Hello", b"H\xc3\xa9llo", "octets above 127"),
    "no closing boundary": (b"--x--", b"--x", "does not close"),
    "a boundary in the text": (b"Hello", b"Hello\r\n--x", "no blank line"),
    "no charset": (b"; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello",
                   b"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello", "no charset"),
    "bad quoted-printable": (b"=C3=B6", b"=c3=b6", "no quoted-printable"),
    "another encoding": (b"Encoding: 7bit", b"Encoding: 8bit", "'8bit'"),
}  # fmt: skip
SAMPLE = (
    b'Date: Tue, 09 Apr 2019 12:07:00 +0000\r\nFrom: "Desk" <service@example.com>\r\nTo: jane@customer.test\r\n'
    b"Subject: Phones\r\nMessage-ID: <1@example.com>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: 7bit\r\n\r\nHello\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=B6</p>\r\n--x--\r\n"
)


def test_the_reader_finds_nothing_wrong_with_a_right_letter() -> None:
    """Else the tests above would say nothing."""
    assert wire.faults(SAMPLE) == []


@pytest.mark.parametrize("name", FAULTY)
def test_the_reader_finds_each_fault(name: str) -> None:
    """One change, and it is named."""
    old, new, words = FAULTY[name]
    assert old in SAMPLE
    assert any(words in fault for fault in wire.faults(SAMPLE.replace(old, new, 1))), wire.faults(
        SAMPLE.replace(old, new, 1)
    )
