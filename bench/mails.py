"""Mails to measure with: made beforehand, each with its own Message-ID, sender and words."""

import base64
import random
from datetime import UTC, datetime
from email.utils import format_datetime

WORDS = (
    "the phone line router office please again since morning nobody can call out invoice printer display error".split()
)


def small(count: int, seed: int, desk: str = "service@desk.test") -> list[bytes]:
    """Plain mails of 4 KB from `count` different senders."""
    dice = random.Random(seed)  # noqa: S311 - test data
    return [
        _mail(f"small-{seed}-{n}", f"person{seed}x{n}@customer.test", desk, text_of(dice, 3_600)) for n in range(count)
    ]


def pdf(count: int, seed: int, desk: str = "service@desk.test") -> list[bytes]:
    """Mails with an attachment of 100 KB."""
    dice = random.Random(seed)  # noqa: S311 - test data
    return [
        _mail(f"pdf-{seed}-{n}", f"person{seed}x{n}@customer.test", desk, text_of(dice, 1_000), dice.randbytes(100_000))
        for n in range(count)
    ]


def replies(parents: list[str], senders: list[str], seed: int, desk: str = "service@desk.test") -> list[bytes]:
    """Answers to earlier mails, named by In-Reply-To, with the old text quoted."""
    dice = random.Random(seed)  # noqa: S311 - test data
    result = []
    for n, (parent, sender) in enumerate(zip(parents, senders, strict=True)):
        quoted = "\r\n".join("> " + line for line in text_of(dice, 2_400).split("\r\n"))
        text = f"{text_of(dice, 1_000)}\r\n\r\nOn Mon, 9 Nov 2026 at 10:00, Desk <{desk}> wrote:\r\n{quoted}"
        result.append(_mail(f"reply-{seed}-{n}", sender, desk, text, parent=parent))
    return result


def message_id(name: str) -> str:
    """The Message-ID of a mail made here."""
    return f"<{name}@customer.test>"


def text_of(dice: random.Random, size: int) -> str:
    """Lines of some words, together about so many characters."""
    lines, length = [], 0
    while length < size:
        line = " ".join(dice.choices(WORDS, k=11))
        lines.append(line)
        length += len(line) + 2
    return "\r\n".join(lines)


def _mail(name: str, sender: str, desk: str, text: str, file: bytes = b"", parent: str = "") -> bytes:
    head = [
        f"From: Person {name} <{sender}>",
        f"To: {desk}",
        f"Subject: {'Re: ' if parent else ''}Trouble {name}",
        f"Message-ID: {message_id(name)}",
        f"Date: {format_datetime(datetime.now(UTC))}",
        "MIME-Version: 1.0",
    ]
    if parent:
        head += [f"In-Reply-To: {parent}", f"References: {parent}"]
    if not file:
        return "\r\n".join([*head, "Content-Type: text/plain; charset=utf-8", "", text, ""]).encode()
    encoded = base64.encodebytes(b"%PDF-1.4\n" + file).replace(b"\n", b"\r\n").decode()
    return "\r\n".join(
        [
            *head,
            'Content-Type: multipart/mixed; boundary="b1"',
            "",
            "--b1",
            "Content-Type: text/plain; charset=utf-8",
            "",
            text,
            "--b1",
            'Content-Type: application/pdf; name="report.pdf"',
            "Content-Transfer-Encoding: base64",
            'Content-Disposition: attachment; filename="report.pdf"',
            "",
            encoded + "--b1--",
            "",
        ]
    ).encode()
