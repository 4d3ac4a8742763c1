"""Files that only mail carries are told by their content, and named for what they are."""

import base64

import pytest

from desk.kinds import sniff
from gateway import filenames
from gateway.parse import read
from tests.gateway.hostile_mime import mixed

FORK = b"\x00\x05\x16\x07\x00\x02\x00\x00" + bytes(16) + b"\x00\x00"


@pytest.mark.parametrize(
    "data, declared, kind",
    [
        (b"\x78\x9f\x3e\x22\x01\x00", "application/octet-stream", "application/ms-tnef"),
        (FORK, "application/octet-stream", "application/applefile"),
        (b"\x00\x05\x16\x00\x00\x02", "image/jpeg", "application/applefile"),
        (b"BEGIN:VCALENDAR\r\n", "application/octet-stream", "text/calendar"),
        (b"\xef\xbb\xbf\r\nBEGIN:VCALENDAR\r\n", "application/octet-stream", "text/calendar"),
        (b"BEGIN:VCALENDAR\r\n", "text/plain", "text/plain"),
        (b"plain", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_sniff(data: bytes, declared: str, kind: str) -> None:
    """The first bytes tell a winmail.dat, a fork of a Macintosh file and a calendar, whatever they are called."""
    assert sniff(data, declared) == kind


@pytest.mark.parametrize(
    "name, kind, safe",
    [
        ("report.pdf", "application/applefile", "report.pdf.applefile"),
        ("a.applefile", "application/applefile", "a.applefile"),
        ("", "application/applefile", "attachment-1.applefile"),
        ("", "application/pkcs7-mime", "attachment-1.p7m"),
        ("", "application/ics", "attachment-1.ics"),
    ],
)
def test_names(name: str, kind: str, safe: str) -> None:
    """The name of a fork does not pretend to be the file; the kinds of this folder have their usual extensions."""
    assert filenames.safe(name, kind, 1) == safe
    assert len(filenames.safe("a" * 300 + ".pdf", kind, 1)) <= filenames.MAX_NAME


def test_apple_double() -> None:
    """The data fork keeps its name, although the resource fork with the same name comes first (RFC 1740)."""
    name = b'Content-Disposition: attachment; filename="report.pdf"\r\n'
    fork = b"Content-Type: application/applefile\r\nContent-Transfer-Encoding: base64\r\n" + name + b"\r\n"
    inner = b"--y\r\n" + fork + base64.encodebytes(FORK) + b"--y\r\nContent-Type: application/pdf\r\n" + name
    raw = mixed(
        b"--x\r\nContent-Type: multipart/appledouble; boundary=y\r\n\r\n" + inner + b"\r\n%PDF-1.7\r\n--y--\r\n--x--"
    )
    assert [(item.name, item.type) for item in read(raw).attachments] == [
        ("report.pdf.applefile", "application/applefile"),
        ("report.pdf", "application/pdf"),
    ]
