"""Builds mails by hand, with what a mail library would mend; whole hostile ones are in tests/attacks."""

import base64

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
        b"Content-Disposition: attachment; " + disposition + b"\r\n\r\n" + in_base64(data) + b"--x--\r\n"
    )


def in_base64(data: bytes) -> bytes:
    """In lines that end as those of a mail do."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def encoded(encoding: str, body: bytes, content_type: str = "text/plain; charset=utf-8") -> bytes:
    """A mail of one part in a transfer encoding."""
    return head(content_type=content_type, extra=f"Content-Transfer-Encoding: {encoding}{N}") + b"\r\n" + body


def sender(field: bytes) -> bytes:
    """A mail with that From field."""
    return b"From: " + field + b"\r\nTo: desk@desk.test\r\nSubject: s\r\n\r\nx\r\n"
