"""A small sample desk: organisations, contacts, a member of staff, tickets with all kinds of entries."""

import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import credentials, passwords
from desk.keys import Keys
from portal.config import PortalConfig
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import (
    Account,
    Attachment,
    Contact,
    ContactAddress,
    Event,
    IdBlock,
    Organisation,
    Participant,
    Staff,
    Tally,
    Ticket,
)
from tests import empty

START = datetime(2019, 4, 9, 12, 7, tzinfo=UTC)
PASSWORD = "four plain sample words"
TEMPLATES = Path(__file__).parents[2] / "templates" / "pages"
KEYS = Keys(((1, b"k" * 32),))


def png(side: int, red: int) -> bytes:
    """A true picture: a square of one colour (PNG, RFC 2083)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + bytes((red, 90, 125)) * side) * side)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


PNG = png(64, 20)
# As the sanitiser leaves it: pictures of the mail itself, links with a scheme, no ids and no scripts.
HTML = (
    '<div style="color: #333333"><p>Good morning,</p><p>since 12:30 no phone on the <b>second floor</b> can call out. '
    'The display says:</p><p><img src="cid:display%40sample" alt="Display of the phone" width="64"></p>'
    '<p><img src="cid:lost@sample" alt="Plan of the floor"></p>'
    '<p>More is <a href="https://intranet.example.test/phones" rel="noopener noreferrer nofollow">on our page</a>.</p>'
    "</div><details><summary>Show quoted text</summary><blockquote>Acme Sample, second floor</blockquote></details>"
)


@dataclass
class Clock:
    """The time, moved by the test."""

    now: datetime = START

    def __call__(self) -> datetime:
        """As PortalConfig.clock."""
        return self.now

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass
class World:
    """The sample desk and handles to what is in it."""

    database: Database
    blobs: FolderBlobs
    clock: Clock
    ids: dict[str, int] = field(default_factory=dict)

    def config(self, **changes: Any) -> PortalConfig:
        """A portal on this desk."""
        values: dict[str, Any] = {
            "database": self.database,
            "blobs": self.blobs,
            "keys": KEYS,
            "templates": TEMPLATES,
            "base_url": "https://desk.example.test",
            "desk_name": "Example Service Desk",
            "desk_address": "service@example.test",
            "desk_phone": "0344 496 0000",
            "status_seconds": 0.0,
            "even_seconds": 0.0,
            "clock": self.clock,
        }
        return PortalConfig(**{**values, **changes})

    def issue(self, name: str, kind: credentials.Kind = "password", hours: float = 72) -> str:
        """Give access as staff would; the secret that the letter will say."""
        with self.database.transaction() as session:
            person = self.person(session, name)
            credentials.activate(
                session,
                KEYS,
                person,
                kind=kind,
                hours=hours,
                now=self.clock(),
                by="Sam",
                next_id=self.database.ids.next,
            )
        letter = self.once_letter(name, KEYS, self.clock())
        assert letter is not None
        return letter.secret

    def once_letter(self, name: str, keys: Keys, now: datetime) -> credentials.OnceLetter | None:
        """What a letter with somebody's one-time password or link would say."""
        owner = self.ids[name]
        with self.database.reading() as session:
            account = session.scalars(
                select(Account).where((Account.contact_id == owner) | (Account.staff_id == owner))
            ).one()
        return credentials.for_letter(account, keys, now)

    def give_password(self, name: str, password: str = PASSWORD) -> None:
        """An account with an own password, as after the first sign-in."""
        with self.database.transaction() as session:
            person = self.person(session, name)
            next_id = self.database.ids.next
            account = credentials.activate(
                session, KEYS, person, kind="password", hours=1, now=self.clock(), by="Sam", next_id=next_id
            )
            credentials.set_password(session, account, _hash(password), now=self.clock(), next_id=next_id)

    def person(self, session: Session, name: str) -> Contact | Staff:
        """Somebody of the sample desk."""
        found = session.get(Staff if name == "sam" else Contact, self.ids[name])
        assert isinstance(found, (Staff, Contact))
        return found

    def close(self) -> None:
        """Give connections and the lock file back."""
        self.database.close()
        lock = self.database._writer_lock
        if lock is not None and lock._file is not None:
            lock._file.close()

    def account(self, username: str) -> Account | None:
        """An account as it is now."""
        with self.database.reading() as session:
            return session.query(Account).filter_by(username=username).one_or_none()


@cache
def _hash(password: str) -> str:
    """It takes as long as production wants it to: once for all who have the password."""
    return passwords.hash_password(password)


def seed(database: Database) -> None:
    """The rows that the first migration writes."""
    with database._begin() as session:  # the block of ids is what transaction() itself needs
        session.add(IdBlock(name="rows", next=1))
        for name in ("accepted", "opened", "noted", "folded", "answered", "held", "ignored"):
            session.add(Tally(name=name, value=0))


def build(folder: Path) -> World:
    """The sample desk on SQLite."""
    database = empty.of_today(folder / "desk.db")
    seed(database)
    return fill(World(database, FolderBlobs(folder / "blobs"), Clock()))


def fill(world: World) -> World:
    """Everything; ids by name."""
    with world.database.transaction() as session:
        _people(session, world)
        session.flush()
        _tickets(session, world)
    return world


def _people(session: Session, world: World) -> None:
    def new(name: str) -> int:
        world.ids[name] = world.database.ids.next()
        return world.ids[name]

    session.add(Organisation(id=new("acme"), name="Acme Sample", visibility="organisation", created_at=START))
    session.add(Organisation(id=new("own"), name="Private Sample", visibility="own", created_at=START))
    session.flush()
    session.add(Staff(id=new("sam"), name="Sam Sample", address="sam@example.test", admin=False, created_at=START))
    for name, organisation in [
        ("jane", "acme"), ("ana", "acme"), ("max", "own"), ("eva", "own"), ("zoe", None)
    ]:  # fmt: skip
        contact_id = new(name)
        session.add(
            Contact(
                id=contact_id,
                name=f"{name.title()} Sample",
                first_name=name.title(),
                organisation_id=world.ids[organisation] if organisation else None,
                known=True,
                created_at=START,
            )
        )
        session.flush()
        address = f"{name}@customer.test"
        session.add(ContactAddress(address=address, written=address.title(), contact_id=contact_id, position=0))


def add_ticket(session: Session, world: World, key: str, requester: str, **values: Any) -> Ticket:
    """One more ticket."""
    contact = session.get_one(Contact, world.ids[requester])
    ticket_id = world.database.ids.next()
    world.ids[key] = ticket_id
    base: dict[str, Any] = {
        "number": f"T20190409.{ticket_id:04}",
        "title": f"Ticket of {requester}",
        "letter_subject": "sample",
        "status": "New",
        "desk_address": "service@example.test",
        "organisation_id": contact.organisation_id,
        "requester_id": contact.id,
        "created_at": START,
        "updated_at": START,
    }
    ticket = Ticket(id=ticket_id, **{**base, **values})
    session.add(ticket)
    session.flush()
    return ticket


def add_event(session: Session, world: World, ticket: Ticket, text: str, **values: Any) -> Event:
    """One more entry."""
    base: dict[str, Any] = {
        "kind": "note",
        "visibility": "public",
        "at": START,
        "author": "Jane Sample",
        "contact_id": ticket.requester_id,
    }
    event = Event(id=world.database.ids.next(), ticket_id=ticket.id, text=text, **{**base, **values})
    session.add(event)
    session.flush()
    return event


def add_file(
    session: Session, world: World, event: Event, key: str, name: str, data: bytes, **values: Any
) -> Attachment:
    """One more attachment, its bytes in the blob store."""
    (digest,) = world.blobs.put_many([data])
    world.ids[key] = world.database.ids.next()
    file = Attachment(
        id=world.ids[key],
        ticket_id=event.ticket_id,
        event_id=event.id,
        name=name,
        type="application/octet-stream",
        size=len(data),
        digest=digest,
        **values,
    )
    session.add(file)
    return file


def _tickets(session: Session, world: World) -> None:
    phones = add_ticket(
        session, world, "phones", "jane", title="Phones down at Blackfriars", status="In Progress",
        number="T20190409.0967", assignee_id=world.ids["sam"], updated_at=START + timedelta(minutes=30),
    )  # fmt: skip
    sam = {"author": "Sam Sample", "staff_id": world.ids["sam"], "contact_id": None}
    first = add_event(
        session, world, phones,
        "Good morning,\n\nsince 12:30 no phone on the second floor can call out. Calls that come in do ring.\n\n"
        "The display says “No service”. We have switched the small box in the lift lobby off and on again.\n\nJane",
        folded="Good morning,\n\nsince 12:30 no phone … \n\n-- \nJane Sample\nAcme Sample, second floor",
        html=HTML,
    )  # fmt: skip
    add_file(session, world, first, "log", "switch log, 9 April.txt", b"port 4 down\n" * 4000)
    add_file(session, world, first, "photo", "display.png", PNG, inline=True, content_id="display@sample")
    add_file(session, world, first, "svg", "drawing.svg", b"<svg onload=alert(1)>", inline=True)
    add_file(session, world, first, "gone", "taken away.txt", b"gone", hidden_at=START)
    add_event(
        session, world, phones, "", kind="change", at=START + timedelta(minutes=4), **sam,
        changes={"status": ["New", "In Progress"]},
    )  # fmt: skip
    hidden = add_event(
        session, world, phones, "Port 4 of the switch went down at 12:29. Secret remark for staff.",
        visibility="internal", at=START + timedelta(minutes=9), **sam,
    )  # fmt: skip
    add_file(session, world, hidden, "secret", "secret.txt", b"for staff")
    add_event(
        session, world, phones, "Words of somebody we do not know yet.", visibility="pending", verified=False,
        author="Max Sample", at=START + timedelta(minutes=11), contact_id=world.ids["max"],
    )  # fmt: skip
    add_event(
        session, world, phones,
        "Hello Jane,\n\none port of your switch has failed. We have moved the second floor to another one: "
        "can you try a call now?\n\nSam",
        at=START + timedelta(minutes=30), **sam,
    )  # fmt: skip
    add_ticket(session, world, "unshared", "jane", title="My pay slip", shared=False, status="Waiting Customer")
    add_ticket(session, world, "done", "jane", title="New keyboard", status="Resolved",
               updated_at=START - timedelta(days=3))  # fmt: skip
    joined = add_ticket(session, world, "joined", "max", title="Door card", status="Waiting Vendor")
    session.add(Participant(ticket_id=joined.id, contact_id=world.ids["zoe"], added_at=START))
    left = add_ticket(session, world, "left", "max", title="Old matter")
    session.add(Participant(ticket_id=left.id, contact_id=world.ids["zoe"], added_at=START, removed_at=START))
