"""Mails for the tests of screening: a person's mail, with what makes it something else."""

from gateway.envelope import Message
from gateway.parse import read

BASE = "From: {sender}\r\nTo: desk@desk.test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nSubject: {subject}\r\n"


def mail(
    fields: str = "",
    subject: str = "Hello",
    body: str = "Hello",
    *,
    sender: str = "Ann <ann@example.com>",
    path: str | None = None,
) -> Message:
    """A mail with some more header fields, as read; `path` is the reverse path of its envelope."""
    head = BASE.format(sender=sender, subject=subject)
    return read(f"{head}{fields}\r\n{body}\r\n".encode(), reverse_path=path)


def parts(kind: str, *inner: str, fields: str = "", **values: str) -> Message:
    """A mail of several parts; each of `inner` begins with its own header."""
    body = "".join(f"--b\r\n{part}\r\n" for part in inner) + "--b--\r\n"
    return mail(f"Content-Type: {kind}; boundary=b\r\n{fields}", body=body, **values)  # type: ignore[arg-type]
