"""Transfer encodings undone: base64 in steps, its usual damage, and uuencoded files in a text."""

import base64
import binascii
import tracemalloc

import pytest

from gateway.parse import read
from gateway.transfer import decode
from gateway.unpack.uuencode import taken_out
from tests.gateway.hostile_mime import encoded, head, mixed

MIB = 1 << 20


def uuencoded(name: str, data: bytes, line: int = 45) -> bytes:
    """A file as uuencode writes it."""
    lines = b"".join(binascii.b2a_uu(data[i : i + line]) for i in range(0, len(data), line))
    return b"begin 644 " + name.encode() + b"\n" + lines + b"`\nend\n"


@pytest.mark.parametrize("size", [0, 1, 2, 3, MIB * 3 // 4 - 1, MIB * 3 // 4, MIB * 3 // 4 + 1, 3 * MIB + 7])
def test_base64_in_steps(size: int) -> None:
    """A file of any length comes out whole, wherever the steps of the decoder fall."""
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    defects: list[str] = []
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    assert decode(memoryview(lines), "base64", defects) == data
    assert decode(memoryview(base64.b64encode(data)), "BASE64", defects) == data
    assert defects == []


@pytest.mark.parametrize("packed", [b"YWJj=", b"YWJj=\r\n"])
def test_more_padding_than_there_has_to_be(packed: bytes) -> None:
    """No fault: some writers always end with it."""
    defects: list[str] = []
    assert decode(memoryview(packed), "base64", defects) == base64.b64decode(packed)
    assert defects == []


@pytest.mark.parametrize("size", [MIB, 3 * MIB + 5])
def test_damaged_base64_in_steps(size: int) -> None:
    """Foreign characters are passed over in large files as in small ones; several encodings in one are all shown."""
    data = bytes(range(256)) * (size // 256) + b"end"
    packed = base64.encodebytes(data)
    defects: list[str] = []
    assert decode(memoryview(packed[:500] + b"!\xff" + packed[500:] + packed), "base64", defects) == data + data
    assert defects == ["damaged base64"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "8bit"])
def test_memory(encoding: str) -> None:
    """Reading a mail with a large file takes at most three times its size, the raw mail counted."""
    bodies = {
        "base64": base64.encodebytes(bytes(6 * MIB)),
        "quoted-printable": b"a=3D" * 18 * (MIB // 9) + b"\r\n",
        "x-uuencode": uuencoded("a.bin", bytes(6 * MIB)),
        "8bit": b"\x01" * 8 * MIB,
    }
    part = f"--x\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    raw = mixed(part.encode() + bodies[encoding] + b"\r\n--x--\r\n")
    read(raw[:2000])  # what is imported at the first mail does not count
    tracemalloc.start()
    try:
        (item,) = read(raw).attachments
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert item.size >= 2 * MIB
    assert peak + len(raw) <= 3 * len(raw)


def test_uuencoded_files_in_a_text() -> None:
    """Files that an old mailer wrote into its text become attachments, and the text around them stays."""
    one, two = bytes(range(256)), b"second file"
    text = b"Hello,\n\n" + uuencoded("one.bin", one) + b"\nin between\n" + uuencoded("two b.txt", two) + b"Bye\n"
    mail = read(head(content_type="text/plain") + b"\r\n" + text.replace(b"\n", b"\r\n"))
    assert [(item.name, item.data) for item in mail.attachments] == [("one.bin", one), ("two b.txt", two)]
    assert mail.text.split() == ["Hello,", "in", "between", "Bye"]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 of the story\nOnce upon a time.\nend\n",
        "begin 644 a.txt\n" + "M" + "A" * 60 + "\n",  # never ends
        "begin 644 a.txt\n`\nend\n",  # no data
        "begin the work\nM1234\nend\n",
    ],
)
def test_text_that_only_looks_uuencoded(text: str) -> None:
    """What is not a file from its first line to its last stays text, every line of it."""
    mail = read(head() + b"\r\n" + text.encode())
    assert mail.attachments == ()
    assert mail.text == text.strip()


@pytest.mark.parametrize("shape", [b"begin 644 a\n", b"begin 644 a\nM\n", b"begin ", b"M" + b"A" * 60 + b"\n"])
def test_many_beginnings_are_read_in_linear_time(shape: bytes) -> None:
    """Two megabytes of beginnings without an end are text."""
    data = shape * (2 * MIB // len(shape))
    assert taken_out(data) == (data, [])


def test_unknown_encoding_is_kept() -> None:
    """A text under an encoding that nobody knows is shown as it came."""
    mail = read(encoded("x-unheard-of", b"plain words\r\n"))
    assert mail.text == "plain words"
    assert "unknown Content-Transfer-Encoding" in mail.defects


@pytest.mark.parametrize("words", ["This is not base64 at all, my friend!", "Hello Ann, thanks a lot. See you, Bob"])
def test_words_under_the_label_of_base64(words: str) -> None:
    """A text that was never encoded stays readable."""
    mail = read(encoded("base64", words.encode() + b"\r\n"))
    assert mail.text == words
