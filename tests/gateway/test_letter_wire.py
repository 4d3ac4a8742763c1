"""The bytes of a letter: as the email library would write them, in quoted-printable of the standard, cut to fit."""

import quopri
import random
from email.message import EmailMessage
from email.policy import compat32

import pytest

from gateway.compose import _part, _quoted
from gateway.header_policy import POLICY, mailbox, unstructured, wire
from gateway.letter_text import as_html, cut, tidy

HOSTILE = ("hi\r\nBcc: victim@example.test", "hi\nBcc: v@example.test", "hi\rBcc: v@example.test", "hi\n\nA body")
PIECES = ["a", " ", "  ", "=", ".", "\n", "\n.\n", "—", "·", "\t", "x" * 30, "y" * 37, "_", "From ", "\u00a0", "z" * 70]


def test_the_same_as_the_email_library() -> None:
    """Long fields, encoded words, a part: byte for byte."""
    message = EmailMessage(policy=POLICY)
    message["From"] = mailbox("Zoë Müller", "service@desk.test")
    message["Subject"] = unstructured("[T20190409.0967] " + "Überall steht etwas und es hört nicht auf " * 4)
    message["References"] = " ".join(f"<letter-{number}@desk.test>" for number in range(12))
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = 'multipart/alternative; boundary="=_mark"'
    message.set_payload("--=_mark\r\nContent-Type: text/plain\r\n\r\n.\r\nFrom me\r\n--=_mark--\r\n")
    assert wire(message) == message.as_bytes()


@pytest.mark.attack(78)
@pytest.mark.parametrize("value", HOSTILE)
def test_no_field_gets_past_the_check(value: str) -> None:
    """The policy refuses a value with a line end; one that came in by another way is seen in the finished header."""
    with pytest.raises(ValueError, match="not ready for the wire"):
        EmailMessage(policy=POLICY)["Subject"] = value
    unchecked = EmailMessage(policy=compat32)
    unchecked["Subject"] = value
    unchecked.set_payload("")
    with pytest.raises(ValueError, match="not ready for the wire"):
        wire(unchecked)


def test_a_payload_beyond_ascii_is_no_letter() -> None:
    """It would need another encoding than it names."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = "Words"
    message.set_payload("Grüße")
    with pytest.raises(UnicodeEncodeError):
        wire(message)


@pytest.mark.parametrize("text", ["a\r.\r\nb", "a\n.\r\nb", "a\r\n.\rb", "a\n", "\r"])
def test_half_a_line_end_is_none(text: str) -> None:
    """A dot between two halves would be the end of the letter for some servers, and what follows commands."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = "Words"
    message.set_payload(text)
    with pytest.raises(ValueError, match="not ready for the wire"):
        wire(message)


@pytest.mark.parametrize("letter", ["", "é"])
def test_a_template_that_writes_carriage_returns(letter: str) -> None:
    """They end lines, as in the email library, in 7bit as in quoted-printable; a NUL is for the latter only."""
    written = _part("text/plain; charset=utf-8", f"a{letter}\r.\nb\r\nc\rd\n")
    assert "\r" not in written
    encoded = "=2E" if letter else "."
    assert written.partition("\n\n")[2] == f"a{'=C3=A9' if letter else ''}\n{encoded}\nb\nc\nd\n"
    assert _part("text/plain", "a\0b").endswith("quoted-printable\n\na=00b")


def test_quoted_printable() -> None:
    """Whatever the text: it comes back whole, from lines of ASCII that are no longer than 76 and end in no blank."""
    dice = random.Random(78)
    for _ in range(3000):
        text = "".join(dice.choices(PIECES, k=dice.randint(0, 12)))
        written = "\n".join(_quoted(line) for line in text.split("\n"))
        assert quopri.decodestring(written.encode("ascii")).decode() == text
        assert all(len(line) <= 76 and not line.endswith((" ", "\t")) and line != "." for line in written.split("\n"))


def test_a_text_is_cut_where_its_html_is_too_long() -> None:
    """What fits is whole, to the byte; what does not is a beginning that fits."""
    text = "a & b\n<c>\n\nsee https://desk.test/page here"
    size = len(str(as_html(text)).encode()) + 5
    link = len("https://desk.test/page") + 100 - len('<a href="https://desk.test/page"></a>')
    assert cut(text, size + link) == (text, False)
    shorter, was_cut = cut(text, size + link - 1)
    assert was_cut
    assert text.startswith(shorter)
    assert len(str(as_html(shorter))) < size


@pytest.mark.parametrize("gap", range(1, 40))
def test_gaps(gap: int) -> None:
    """However many blank lines: one."""
    assert tidy("\n" + "a" + "\n" * gap + "b\n") == ("a\nb" if gap == 1 else "a\n\nb")
