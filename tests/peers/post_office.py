"""A relay that delivers: to running desks by SMTP, to made-up correspondents that answer as such programs do."""

import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.peers.common import free_port

# What a correspondent does with a mail: the mails it sends back, each with its reverse path.
Answer = Callable[[EmailMessage, str], list[tuple[EmailMessage, str]]]


@dataclass
class PostOffice:
    """`correspondents` answer mails to their address; `desks` are ports by the desk's address.

    `seen` are letters by recipient, `answered` counts what correspondents sent back.
    """

    correspondents: dict[str, Answer] = field(default_factory=dict)
    desks: dict[str, int] = field(default_factory=dict)
    seen: dict[str, list[EmailMessage]] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    port: int = field(default_factory=free_port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once it has the whole mail. What follows from it has happened before the 250."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for recipient in envelope.rcpt_tos:
            letter = message_from_bytes(content, policy=policy.default)
            self.seen.setdefault(recipient.lower(), []).append(letter)
            if desk := self._desk_of(recipient):
                _hand_over(desk, content, envelope.mail_from or "", recipient)
            elif answer := self.correspondents.get(recipient.lower()):
                for mail, reverse_path in answer(letter, envelope.mail_from or ""):
                    to = parseaddr(str(mail["To"]))[1]
                    _hand_over(self._desk_of(to), mail.as_bytes(policy=policy.SMTP), reverse_path, to)
                    self.answered[recipient.lower()] += 1
        return "250 delivered"

    def _desk_of(self, recipient: str) -> int:
        local, _, domain = recipient.lower().rpartition("@")
        return self.desks.get(f"{local.partition('+')[0]}@{domain}", 0)


def _hand_over(port: int, content: bytes, reverse_path: str, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail(reverse_path, [recipient], content)


@contextmanager
def opened(office: PostOffice) -> Iterator[PostOffice]:
    """Listen until the end of the block."""
    controller = Controller(office, hostname="127.0.0.1", port=office.port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def reply(letter: EmailMessage, sender: str, subject: str, text: str, **fields: str) -> EmailMessage:
    """A mail back to whom the letter says a reply goes."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, str(letter["Reply-To"] or letter["From"])
    mail["Subject"], mail["Date"] = subject, str(letter["Date"])
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip(">"))
    mail["In-Reply-To"] = mail["References"] = str(letter["Message-ID"])
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


_BOUNCE = """\
From: Mail Delivery System <mailer-daemon@{domain}>
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report

<{address}>: no such user here

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.{domain}

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--=_report
Content-Type: text/rfc822-headers

Message-ID: {about}

--=_report--
"""


def bounce(letter: EmailMessage, reverse_path: str, address: str) -> EmailMessage:
    """A delivery report as Postfix writes it (RFC 3464): nobody is there."""
    domain = address.rpartition("@")[2]
    text = _BOUNCE.format(
        domain=domain,
        to=reverse_path,
        address=address,
        message_id=make_msgid(domain=domain),
        about=letter["Message-ID"],
    )
    return message_from_string(text, policy=policy.SMTP)
