"""The mails of `postdesk demo`: each as the mail program of such a person would write it."""

import struct
import zlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid


def _mail(sender: str, to: str, subject: str, domain: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=domain)
    return message


def first(sender: str, desk: str) -> EmailMessage:
    """A customer's request with a photo and a PDF."""
    message = _mail(sender, desk, "Phones down at the front desk", "customer.test")
    message.set_content(
        "Hello,\n\nsince nine this morning nobody at the front desk can call out.\n"
        "The display says “No service”, see the photo. The contract is attached.\n\nJane\n"
    )
    message.add_attachment(photo(), maintype="image", subtype="png", filename="display.png")
    message.add_attachment(pdf("Sample contract"), maintype="application", subtype="pdf", filename="contract.pdf")
    return message


def staff_answer(sender: str, letter: EmailMessage) -> EmailMessage:
    """A member of staff answers the letter that told of the new ticket, taking it on the way."""
    message = _answer(sender, letter, "Re: ")
    message.set_content(
        "#take\n#status waiting customer\n\n"
        "I have reset your line. Could you restart the phone and tell me what the display says?\n"
    )
    return message


def customer_answer(sender: str, letter: EmailMessage) -> EmailMessage:
    """The customer answers from a phone: no threading headers, another language's prefix, a quote below."""
    message = _mail(sender, str(letter["Reply-To"]), f"AW: {letter['Subject']}", "phone.test")
    quoted = "\n".join("> " + line for line in body(letter).splitlines()[:4])
    message.set_content(
        f"It works again, thank you. The display is green.\n\nVon meinem iPhone gesendet\n\n"
        f"Am {datetime.now(UTC):%d.%m.%Y} um 10:12 schrieb Service Desk:\n\n{quoted}\n"
    )
    return message


def staff_note(sender: str, letter: EmailMessage) -> EmailMessage:
    """An internal note, and the end of the matter."""
    message = _answer(sender, letter, "Re: ")
    message.set_content(
        "#resolve The line was reset; the phone registered again.\n\nGlad to hear it. I close this one.\n"
    )
    return message


def stranger(sender: str, desk: str, number: str) -> EmailMessage:
    """Somebody who has seen the number, no more."""
    message = _mail(sender, desk, f"Re: [{number}] Phones down at the front desk", "stranger.test")
    message.set_content("Please send me everything you have on this ticket.\n")
    return message


def _answer(sender: str, letter: EmailMessage, prefix: str) -> EmailMessage:
    subject = str(letter["Subject"])
    message = _mail(
        sender, str(letter["Reply-To"]), subject if subject.startswith("Re:") else prefix + subject, "desk.test"
    )
    message["In-Reply-To"] = str(letter["Message-ID"])
    message["References"] = f"{letter['References'] or ''} {letter['Message-ID']}".strip()
    return message


def body(letter: EmailMessage) -> str:
    """The text of a letter."""
    part = letter.get_body(("plain",))
    return str(part.get_content()).strip() if part else ""


def photo() -> bytes:
    """A PNG of 64 by 40 grey points."""
    rows = b"".join(b"\0" + bytes((x * 3 + y) % 256 for x in range(64)) for y in range(40))
    header = struct.pack(">IIBBBBB", 64, 40, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf(text: str) -> bytes:
    """A PDF of one page."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    result, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(result))
        result += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(result)
    return result + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer
