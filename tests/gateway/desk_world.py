"""A desk with people and a ticket in a real database, and the way in driven by hand: for the tests of the mail path."""

import gettext
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from desk.files import FilePolicy
from desk.keys import Keys
from desk.said import spoken
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.envelope import Envelope, Source
from gateway.intake import Intake
from gateway.rules import Rules
from gateway.sender.checker import SenderCheck
from gateway.spool import Spool
from gateway.token import Token
from gateway.view import message_key
from postdesk.words import load as load_words
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import (
    Contact,
    ContactAddress,
    Disposition,
    Event,
    KnownMessage,
    Organisation,
    Outbox,
    Participant,
    ReceivedMail,
    Staff,
    Tally,
    Team,
    TeamMember,
    Ticket,
    TicketLink,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = Keys(((1, bytes(range(32))),))
DESK, NETWORK = "service@desk.test", "network@desk.test"
AUTHSERV = "mx.desk.test"
ADDRESSES = Addresses((DeskAddress(DESK), DeskAddress(NETWORK, team="Network", type="Incident")), KEYS, "desk.test")
WORDS = load_words(Path(__file__).parents[2] / "config" / "words")
RULES = Rules(
    zone=ZoneInfo("Europe/London"),
    instance="sample-desk",
    files=FilePolicy(max_size=1024 * 1024, max_count=3, blocked_extensions=frozenset({"exe"})),
    words=WORDS,
    verifies_senders=True,
)
SENDERS = SenderCheck(trusted=(AUTHSERV,))
NUMBER, FIRST_MAIL = "T20261101.0001", "<first@customer.test>"
ANN, PAT, REM, KIM, GONE = (f"{name}@customer.test" for name in ("ann", "pat", "rem", "kim", "gone"))
SAM, SUE, LEFT = (f"{name}@desk.test" for name in ("sam", "sue", "left"))
EVE = "eve@elsewhere.test"
Verdict = Literal["pass", "none", "fail"]
_serial = itertools.count(1)


class Clock:
    """The time, as a test sets it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now

    def forward(self, **values: float) -> None:
        """Let time pass."""
        self.now += timedelta(**values)


def mail(
    sender: str,
    subject: str = "Help",
    body: str = "Please help.",
    /,
    *,
    to: str = DESK,
    verdict: str = "none",
    message_id: str = "",
    date: str = "Mon, 23 Nov 2026 11:59:00 +0000",
    **fields: str,
) -> bytes:
    """A mail as it comes off the wire; `cc="…"`, `in_reply_to="…"` and the like are further header fields."""
    lines = [f"Authentication-Results: {AUTHSERV}; dmarc={verdict} header.from={sender.rpartition('@')[2]}"]
    lines = [] if verdict == "none" else lines
    lines += [f"From: {sender}"] if sender else []
    lines += [f"To: {to}", f"Subject: {subject}", f"Date: {date}"]
    lines += [f"Message-ID: {message_id or f'<{next(_serial)}@sample.test>'}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items()]
    text = "\r\n".join([*lines, "", *body.split("\n"), ""])
    return text.encode("utf-8", "surrogateescape")


def in_english(context: dict[str, Any]) -> dict[str, Any]:
    """The context of a letter with its sentences as English readers get them, not as the row keeps them."""
    return {name: _english(value) for name, value in context.items()}


def _english(value: Any) -> Any:
    if isinstance(value, list):
        return [_english(part) for part in value]
    return spoken(value, gettext.NullTranslations()) if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class People:
    """Ids of the sample people and of their ticket."""

    contacts: dict[str, int]
    staff: dict[str, int]
    ticket: int

    def token(self, address: str, ticket: int = 0, *, internal: bool = False) -> Token:
        """The token in a letter to somebody about the ticket, or about another one."""
        if address in self.staff:
            return Token("staff", ticket or self.ticket, self.staff[address], internal)
        return Token("contact", ticket or self.ticket, self.contacts[address])


def fill(database: Database) -> People:
    """An organisation, a team, staff, contacts of every sort, and Ann's ticket with Pat in it."""
    new = database.ids.next
    with database.transaction() as session:
        works, desk_team, network = Organisation(id=new(), name="Sample Works", created_at=NOW), new(), new()
        session.add_all([works, Team(id=desk_team, name="Service Desk"), Team(id=network, name="Network")])
        staff = {address: new() for address in (SAM, SUE, LEFT)}
        for address, staff_id in staff.items():
            left = NOW if address == LEFT else None
            name = address.partition("@")[0].title()
            session.add(Staff(id=staff_id, name=name, address=address, created_at=NOW, deactivated_at=left))
        session.flush()
        session.add(TeamMember(team_id=desk_team, staff_id=staff[SAM]))
        session.add(TeamMember(team_id=network, staff_id=staff[SUE]))
        contacts = {address: new() for address in (ANN, PAT, REM, KIM, GONE)}
        for address, contact_id in contacts.items():
            session.add(
                Contact(
                    id=contact_id,
                    name=address.partition("@")[0].title(),
                    organisation_id=works.id if address in (ANN, KIM, GONE) else None,
                    known=True,
                    created_at=NOW,
                    deactivated_at=NOW if address == GONE else None,
                    addresses=[ContactAddress(address=address, written=address)],
                )
            )
        session.flush()
    ticket = add_ticket(database, contacts[ANN], NUMBER, FIRST_MAIL, organisation_id=works.id, team_id=desk_team)
    with database.transaction() as session:
        for address in (PAT, REM, GONE):
            removed = NOW if address == REM else None
            session.add(Participant(ticket_id=ticket, contact_id=contacts[address], added_at=NOW, removed_at=removed))
    return People(contacts, staff, ticket)


def add_ticket(database: Database, requester: int, number: str, message_id: str, **values: Any) -> int:
    """A ticket of five days ago, with the mail that opened it."""
    opened = NOW - timedelta(days=5)
    values = {"title": "Phones are down", "status": "In Progress"} | values
    with database.transaction() as session:
        ticket = Ticket(
            id=database.ids.next(),
            number=number,
            letter_subject=values["title"],
            desk_address=DESK,
            requester_id=requester,
            created_at=opened,
            updated_at=opened,
            **values,
        )
        session.add(ticket)
        session.flush()
        session.add(KnownMessage(key=message_key(message_id), ticket_id=ticket.id))
        return ticket.id


class World:
    """A desk: `take` a mail and see what became of it."""

    senders: SenderCheck = SENDERS

    def __init__(
        self, database: Database, folder: Path, rules: Rules = RULES, addresses: Addresses = ADDRESSES
    ) -> None:
        self.database, self.rules, self.addresses = database, rules, addresses
        self.clock = Clock()
        self.blobs = FolderBlobs(folder / "blobs")
        self.spool = Spool(database, self.blobs)
        self.intake = self.new_intake()

    def new_intake(self, batch: int = 64) -> Intake:
        """One more worker on the same queue."""
        parts = (self.database, self.blobs, self.addresses, self.rules)
        return Intake(*parts, senders=self.senders, batch=batch, clock=self.clock)

    def send(
        self, raw: bytes, *, reverse_path: str = "relay@sample.test", recipients: tuple[str, ...] = (DESK,),
        peer: str = "", helo: str = "", source: Source = "smtp",
    ) -> int:  # fmt: skip
        """Accept a mail; it waits."""
        envelope = Envelope(reverse_path, recipients, source, peer=peer, helo=helo, received_at=self.clock())
        return self.spool.accept(envelope, raw)

    def handle(self) -> None:
        """Handle all that waits and is due."""
        while self.intake.drain_once():
            pass

    def take(self, raw: bytes, **envelope: Any) -> Disposition:
        """Accept a mail and handle it; what became of it."""
        mail_id = self.send(raw, **envelope)
        self.handle()
        return self.disposition(mail_id)

    def disposition(self, mail_id: int) -> Disposition:
        """What became of a mail."""
        with self.database.reading() as session:
            return session.get_one(Disposition, mail_id)

    def all(self, statement: Any) -> list[Any]:
        """The rows of a query, of one column."""
        with self.database.reading() as session:
            return list(session.scalars(statement))

    def ticket(self, ticket_id: int | None) -> Ticket:
        """A ticket as it is now."""
        assert ticket_id
        with self.database.reading() as session:
            return session.get_one(Ticket, ticket_id)

    def events(self, ticket_id: int | None) -> list[Event]:
        """The history of a ticket, oldest first."""
        return self.all(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.id))

    def letters(self, kind: str = "", recipient: str = "") -> list[Outbox]:
        """Outbox rows, oldest first, their sentences in English."""
        rows: list[Outbox] = self.all(select(Outbox).order_by(Outbox.id))
        for row in rows:
            row.context = in_english(row.context)
        return [row for row in rows if kind in ("", row.kind) and recipient in ("", row.recipient)]

    def links(self, ticket_id: int | None) -> list[tuple[int, str]]:
        """The tickets that a ticket is linked to, and how."""
        return [(link.other_id, link.kind) for link in self.all(select(TicketLink).filter_by(ticket_id=ticket_id))]

    def people(self, ticket_id: int | None) -> set[str]:
        """Addresses of the additional contacts of a ticket."""
        taking_part = (
            select(ContactAddress.address)
            .join(Participant, Participant.contact_id == ContactAddress.contact_id)
            .where(Participant.ticket_id == ticket_id, Participant.removed_at.is_(None))
        )
        return set(self.all(taking_part))

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def tally(self) -> list[tuple[str, int]]:
        """The ledger's counts by name."""
        return [(row.name, row.value) for row in self.all(select(Tally))]

    def ledger(self) -> tuple[int, int]:
        """Accepted mails by the tally; and dispositions by the tally plus what waits."""
        with self.database.reading() as session:
            counts = dict(self.tally())
            waiting = session.scalar(select(func.count()).select_from(ReceivedMail).where(ReceivedMail.waiting)) or 0
        return counts.pop("accepted"), sum(counts.values()) + waiting


@contextmanager
def opened(database: Database, folder: Path, rules: Rules = RULES, addresses: Addresses = ADDRESSES) -> Iterator[World]:
    """A World whose spool is closed at the end, and whose ledger must be right by then."""
    world = World(database, folder, rules, addresses)
    try:
        yield world
    finally:
        world.spool.close()
    accepted, accounted = world.ledger()
    assert accepted == accounted == world.count(ReceivedMail)
