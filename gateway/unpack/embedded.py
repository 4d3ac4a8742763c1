"""A message that Outlook attached in a form of its own, written as the mail (RFC 5322) that it once was."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.headers import clean

if TYPE_CHECKING:
    from email.message import EmailMessage

_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,250}\Z", re.ASCII)


@dataclass(slots=True)
class Letter:
    """What is known of the message."""

    subject: str = ""
    name: str = ""
    address: str = ""
    to: str = ""  # names, as Outlook shows them
    sent: datetime | None = None
    text: str = ""
    html: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def written(letter: Letter) -> bytes:
    """The message as a mail; b"" when Python's mail library finds something in it that no mail may hold."""
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    mail = EmailMessage(policy=SMTP)
    try:
        mail["Subject"] = clean(letter.subject, 250)
        if letter.name or letter.address:
            mail["From"] = _from(letter)
        if letter.to:
            mail["X-Displayed-To"] = clean(letter.to, 500)
        if letter.sent is not None:
            mail["Date"] = format_datetime(letter.sent)
        mail.set_content(letter.text)
        if letter.html:
            mail.add_alternative(letter.html, subtype="html")
        for name, data in letter.files:
            mail.add_attachment(data, "application", "octet-stream", filename=clean(name, 200))
        _bound(mail, letter)
        return bytes(mail)
    except (ValueError, LookupError, TypeError, AttributeError):  # UnicodeError is a ValueError
        return b""


def _bound(mail: "EmailMessage", letter: Letter) -> None:
    """Boundaries that are the same each time that the mail is read, and that nobody can have written into its text."""
    digest = hashlib.blake2b(f"{letter.text}\0{letter.html}".encode(), digest_size=16).hexdigest()
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"={digest}{number}")


def _from(letter: Letter) -> str:
    from email.headerregistry import Address

    name = clean(letter.name, 200)
    if _ADDRESS.match(letter.address) is None:  # a name in the directory of an Exchange server
        return str(Address(name or clean(letter.address, 200)))
    return str(Address(name, addr_spec=letter.address))
