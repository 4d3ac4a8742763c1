"""The post of the sample desk: mails as their writers would send them, each handled at the time that it bears."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sqlalchemy import select

from gateway.desk_addresses import Addresses
from gateway.envelope import Envelope
from gateway.intake import Intake
from gateway.rules import Rules
from gateway.sender.checker import SenderCheck
from gateway.spool import Spool
from gateway.token import Token
from postdesk.seed.sample import Person
from store.blobs import BlobStore
from store.database import Database
from store.tables import ContactAddress, Disposition, Staff, Ticket

AUTHSERV = "sample.test"  # who says that a sender is verified; believed by the seeding alone
_HOP = timedelta(seconds=7)  # from the writer's machine to the desk


@dataclass(frozen=True, slots=True)
class File:
    """Something attached."""

    name: str
    type: str  # image/png
    data: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A ticket as its mails name it."""

    id: int
    number: str
    subject: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. About a ticket it answers the writer's own letter; else it is new."""

    writer: Person
    words: str
    subject: str = ""
    about: Known | None = None
    cc: tuple[Person, ...] = ()
    files: tuple[File, ...] = ()
    verdict: str = "pass"  # of whoever verifies senders
    automatic: bool = False
    task: bool = False  # about the first task of that ticket


class PostOffice:
    """Takes mails in at whatever time it is told, by the rules of the desk."""

    def __init__(
        self, database: Database, blobs: BlobStore, addresses: Addresses, rules: Rules, chance: random.Random
    ) -> None:
        self.now = datetime.min
        self._database, self._addresses, self._chance = database, addresses, chance
        self._spool = Spool(database, blobs)
        senders = SenderCheck(trusted=(AUTHSERV,))
        self._intake = Intake(database, blobs, addresses, rules, senders=senders, clock=lambda: self.now)
        self._people: dict[str, Token] = {}

    def close(self) -> None:
        """Stop taking mail."""
        self._spool.close()

    def take(self, mail: Mail, at: datetime) -> Known | None:
        """Accept and handle a mail; the ticket it opened or went to, if there is one."""
        self.now = at
        if mail.about and mail.task:
            mail = replace(mail, about=self._tasks(mail.about)[0])
        desk = self._addresses.main.address
        envelope = Envelope(f"bounce@{_domain(mail.writer.address)}", (desk,), "smtp", received_at=at)
        mail_id = self._spool.accept(envelope, self._message(mail, at - _HOP))
        while self._intake.drain_once():
            pass
        found = select(Ticket.id, Ticket.number, Ticket.letter_subject).join(
            Disposition, Disposition.ticket_id == Ticket.id
        )
        with self._database.reading() as session:
            row = session.execute(found.where(Disposition.received_id == mail_id)).first()
        return Known(*row) if row else None

    def _tasks(self, ticket: Known) -> list[Known]:
        with self._database.reading() as session:
            columns = (Ticket.id, Ticket.number, Ticket.letter_subject)
            rows = session.execute(select(*columns).where(Ticket.parent_id == ticket.id).order_by(Ticket.number))
            return [Known(*row) for row in rows]

    def _message(self, mail: Mail, at: datetime) -> bytes:
        message = EmailMessage(policy=SMTP)
        if mail.verdict != "none":
            domain = _domain(mail.writer.address)
            message["Authentication-Results"] = f"{AUTHSERV}; dmarc={mail.verdict} header.from={domain}"
        message["From"] = f'"{mail.writer.name}" <{mail.writer.address}>' if mail.writer.name else mail.writer.address
        message["To"] = self._to(mail)
        if mail.cc:
            message["Cc"] = ", ".join(f'"{person.name}" <{person.address}>' for person in mail.cc)
        message["Subject"] = f"Re: [{mail.about.number}] {mail.about.subject}" if mail.about else mail.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{self._chance.getrandbits(64):016x}@{_domain(mail.writer.address)}>"
        if mail.automatic:
            message["Auto-Submitted"] = "auto-replied"
        message.set_content(mail.words)
        _enclose(message, mail.files, f"=_{self._chance.getrandbits(64):016x}")
        return message.as_bytes()

    def _to(self, mail: Mail) -> str:
        desk = self._addresses.main.address
        if mail.about is None:
            return desk
        token = self._token(mail.writer)
        return self._addresses.reply_to(desk, Token(token.kind, mail.about.id, token.person_id))

    def _token(self, person: Person) -> Token:
        found = self._people.get(person.address)
        if found is None:
            wanted = select(Staff.id).where(Staff.address == person.address)
            if not person.staff:
                wanted = select(ContactAddress.contact_id).where(ContactAddress.address == person.address)
            with self._database.reading() as session:
                person_id = session.scalars(wanted).one()
            found = self._people[person.address] = Token("staff" if person.staff else "contact", 0, person_id)
        return found


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _enclose(message: EmailMessage, files: Sequence[File], boundary: str) -> None:
    for file in files:
        kind, _, sub = file.type.partition("/")
        message.add_attachment(file.data, maintype=kind, subtype=sub, filename=file.name)
    if files:
        message.set_boundary(boundary)  # the same each time
