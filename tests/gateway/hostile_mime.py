"""Hostile mails by name, each built when it is asked for: what security.md lists in its rows 19 to 36."""

import base64
import os
import zlib
from collections.abc import Callable

N = "\r\n"


def head(subject: str = "test", content_type: str = "text/plain; charset=utf-8", extra: str = "") -> bytes:
    """A header that is fine but for what is given."""
    return (
        f"From: Ann <ann@attacker.test>{N}To: desk@desk.test{N}Subject: {subject}{N}"
        f"Message-ID: <gen-1@attacker.test>{N}Date: Mon, 03 Aug 2026 10:00:00 +0000{N}"
        f"MIME-Version: 1.0{N}{extra}Content-Type: {content_type}{N}"
    ).encode()


def mixed(body: bytes, boundary: str = "x") -> bytes:
    """A multipart/mixed of the given bytes."""
    return head(content_type=f'multipart/mixed; boundary="{boundary}"') + b"\r\n" + body


def nested(depth: int, *, close: bool = True) -> bytes:
    """Multiparts in each other, with a text innermost."""
    out = [head(content_type='multipart/mixed; boundary="b0"'), b"\r\n"]
    out += [f'--b{i}{N}Content-Type: multipart/mixed; boundary="b{i + 1}"{N}{N}'.encode() for i in range(depth)]
    out.append(f"--b{depth}{N}Content-Type: text/plain{N}{N}deep{N}".encode())
    if close:
        out += [f"--b{i}--{N}".encode() for i in range(depth, -1, -1)]
    return b"".join(out)


def attached(disposition: bytes, data: bytes = b"data", content_type: bytes = b"application/octet-stream") -> bytes:
    """A mail with one file, named by the given parameters."""
    return mixed(
        b"--x\r\n\r\nbody\r\n--x\r\nContent-Type: " + content_type + b"\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; " + disposition + b"\r\n\r\n" + base64.encodebytes(data) + b"--x--\r\n"
    )


def encoded(encoding: str, body: bytes, content_type: str = "text/plain; charset=utf-8") -> bytes:
    """A mail of one part in a transfer encoding."""
    return head(content_type=content_type, extra=f"Content-Transfer-Encoding: {encoding}{N}") + b"\r\n" + body


def sender(field: bytes) -> bytes:
    """A mail with that From field."""
    return b"From: " + field + b"\r\nTo: desk@desk.test\r\nSubject: s\r\n\r\nx\r\n"


_FILE = b'--x\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\na\r\n'

MAILS: dict[str, Callable[[], bytes]] = {
    "nested 1000 deep": lambda: nested(1000),
    "nested 10000 deep": lambda: nested(10_000),
    "nested and unclosed": lambda: nested(3000, close=False),
    "500 mails in each other": lambda: (head(content_type="message/rfc822") + b"\r\n") * 500 + b"innermost\r\n",
    "100000 parts": lambda: mixed(b"--x\r\n\r\na\r\n" * 100_000 + b"--x--\r\n"),
    "10000 files of one name": lambda: mixed(_FILE * 10_000 + b"--x--\r\n"),
    "no boundary": lambda: head(content_type="multipart/mixed") + b"\r\n--x\r\n\r\nhello\r\n--x--\r\n",
    "empty boundary": lambda: mixed(b"--\r\n\r\nhello\r\n----\r\n", ""),
    "boundary of regular expressions": lambda: mixed(b"--(.*)+$[a-\r\n\r\nhello\r\n--(.*)+$[a---\r\n", "(.*)+$[a-"),
    "look-alikes of a boundary": lambda: mixed(b"--x\r\n\r\n" + b"--xy\r\n" * 800_000 + b"--x--\r\n"),
    "blanks after a boundary": lambda: mixed(b"--x" + b" " * 5_000_000 + b"\r\n\r\nhello\r\n--x--\r\n"),
    "subject of 1 MB": lambda: head("S" * 1_000_000) + b"\r\nx\r\n",
    "folded 1000000 times": lambda: head("a" + (N + " b") * 1_000_000) + b"\r\nx\r\n",
    "100000 fields": lambda: head(extra="".join(f"X-{i}: v{N}" for i in range(100_000))) + b"\r\nx\r\n",
    "20000 encoded words": lambda: head((N + " ").join(["=?utf-8?q?a?="] * 20_000)) + b"\r\nx\r\n",
    "encoded words without end": lambda: head("=?utf-8?q?" * 6_000) + b"\r\nx\r\n",
    "100000 senders": lambda: sender(b", ".join(b"a%d@x.test" % i for i in range(100_000))),
    "nested comments": lambda: sender(b"(" * 20_000 + b")" * 20_000 + b" a@x.test"),
    "open quotation marks": lambda: sender(b'"\\' * 30_000 + b" <a@x.test>"),
    "50000 groups": lambda: sender(b"a@x.test\r\nCc: " + b"g:;," * 15_000),
    "references": lambda: head(extra=f"References: {' '.join(f'<r{i}@x.test>' for i in range(50_000))}{N}") + b"\r\n",
    "absurd date": lambda: head(extra=f"Date: Fri, 99 Foo 99999999999999999999 99:99 +9999999{N}") + b"\r\nx\r\n",
    "date of 60000 digits": lambda: b"Date: Mon, 03 Aug " + b"2" * 60_000 + b" 10:00:00 +0000\r\n\r\nx",
    "no header": lambda: b"\r\njust a body\r\n",
    "nothing": lambda: b"",
    "only NUL": lambda: b"\0" * 100_000,
    "only line ends": lambda: b"\r\n" * 500_000,
    "random bytes": lambda: os.urandom(300_000),
    "compressed charset": lambda: encoded(
        "base64", base64.encodebytes(zlib.compress(b"\0" * 20_000_000)), "text/plain; charset=zlib"
    ),
    "quadratic charset": lambda: head(content_type="text/plain; charset=idna") + b"\r\n" + b"a" * 200_000,
    "charset from the file system": lambda: head(content_type='text/plain; charset="../../evil\0"') + b"\r\nx\r\n",
    "base64 on one line": lambda: encoded("base64", base64.b64encode(os.urandom(5_000_000)), "application/pdf"),
    "base64 that is none": lambda: encoded("base64", b"!!!not base64!!!\r\n" * 1000, "application/pdf"),
    "base64 in pieces": lambda: encoded("base64", b"YQ==" * 200_000),
    "quoted-printable": lambda: encoded("quoted-printable", b"=41" * 1_000_000),
    "soft line breaks": lambda: encoded("quoted-printable", b"=\r\n" * 1_000_000),
    "uuencode": lambda: encoded("x-uuencode", b"begin 644 a\r\nM" + b"M" * 3_000_000 + b"\r\nend\r\n"),
    "semicolons": lambda: head(content_type="text/plain" + ";" * 60_000) + b"\r\nx\r\n",
    "parameters": lambda: head(content_type="text/plain" + "".join(f"; p{i}=v" for i in range(5_000))) + b"\r\nx\r\n",
    "blanks in parameters": lambda: head(content_type="text/plain; " + " " * 60_000) + b"\r\nx\r\n",
    "open quotes in parameters": lambda: head(content_type='text/plain; name="' + ';"' * 30_000) + b"\r\nx\r\n",
    "huge section number": lambda: head(content_type="text/x; name*0=a; name*" + "9" * 5000 + "=c") + b"\r\nx\r\n",
    "50000 sections": lambda: head(content_type="a/b" + "".join(f"; n*{i}*=a" for i in range(5_000))) + b"\r\nx\r\n",
    "20000 report groups": lambda: (
        head(content_type='multipart/report; report-type=delivery-status; boundary="r"')
        + b"\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.test\r\n\r\n" * 20_000
    ),
    "text of 20 MB": lambda: head() + b"\r\n" + b"lorem ipsum dolor sit amet consectetur adipiscing elit\r\n" * 350_000,
    "deep HTML": lambda: head(content_type="text/html") + b"\r\n" + b"<div>" * 100_000,
    "ampersands": lambda: head(content_type="text/html") + b"\r\n" + b"&" * 1_000_000,
    "attributes": lambda: head(content_type="text/html") + b"\r\n<p" + b" a=1" * 100_000 + b">",
    "options": lambda: head(content_type="text/html") + b"\r\n<select>" + b"<option>" * 50_000,
    "winmail.dat of false length": lambda: attached(
        b'filename="winmail.dat"',
        b"\x78\x9f\x3e\x22\x01\x00\x02\x0f\x80\x06\x00\xf0\xff\xff\xffabc",
        b"application/ms-tnef",
    ),
}
