"""A small sample desk in a real database, for the tests of letters."""

import atexit
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from desk import credentials
from desk.keys import Keys
from gateway.answers import Answer, GeneratedFile
from gateway.compose import Composer
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.letter import DeskFacts, Letter
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import (
    Announcement,
    Attachment,
    Base,
    Contact,
    ContactAddress,
    Event,
    IdBlock,
    Organisation,
    Outbox,
    Participant,
    Pending,
    Site,
    Staff,
    Team,
    TeamMember,
    Ticket,
)
from tests import empty

NOW = datetime(2019, 4, 9, 12, 7, tzinfo=UTC)
KEYS = Keys(((1, bytes(range(32))),))
TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
FACTS = DeskFacts(
    name="Example Service Desk",
    base_url="https://desk.example.com",
    zone=ZoneInfo("Europe/London"),
    phone="0344 496 0123",
    hostname="desk.example.com",
    instance="sample",
    reopen_days=14,
)
ADDRESSES = Addresses((DeskAddress("service@example.com"),), KEYS, "desk.example.com")
_FOLDER = TemporaryDirectory()  # of all desks of this module: a blob has its name from what it holds
atexit.register(_FOLDER.cleanup)
BLOBS = FolderBlobs(Path(_FOLDER.name))
ORGANISATION, SITE, TEAM, JANE, SAM, ANA, TICKET, EVENT = range(1, 9)
KIM = 20
WAITING = 90  # a ticket that waits for Jane, where a test asks for one


def database(folder: Path) -> Database:
    """An empty database with the tables of today."""
    return _with_ids(empty.of_today(folder / "desk.db"))


def prepared(base: Database) -> Database:
    """The same database with the tables of today, and ids to give out."""
    Base.metadata.create_all(base.engine)
    return _with_ids(base)


def _with_ids(base: Database) -> Database:
    with base.engine.begin() as connection:
        connection.execute(insert(IdBlock).values(name="rows", next=1000))
    return base


TABLE = (
    '<table cellpadding="4" cellspacing="0" border="0"><tr><th scope="col" align="left">Number</th>'
    '<th scope="col" align="left">Title</th></tr>'
    '<tr valign="top"><td>T20190409.0967</td><td>Phones down at Blackfriars</td></tr></table>'
)
ANSWERS = {
    "list": Answer(
        title="1 open ticket",
        text="Number          Title\nT20190409.0967  Phones down at Blackfriars",
        html=TABLE,
        preheader="1 open ticket, 0 waiting for you.",
        files=(GeneratedFile("open.csv", "text/csv", b"Number,Title\r\n"),),
    ),
    "status": Answer(
        title="Waiting Vendor since 9 Apr 2019",
        text="9 Apr 2019, 13:07 BST, Jane Doe:\n  All phones are dead.\n\nhttps://desk.example.com/t/T20190409.0967",
    ),
    "me": Answer(title="Your profile", text="First name: Jane\nMobile:", form=True),
}


def answers(session: Session, rows: Sequence[Outbox], desk: DeskFacts) -> dict[int, Answer]:
    """What the sample desk answers."""
    return {row.id: ANSWERS[row.context["ask"]] for row in rows}


def composer(**changes: Any) -> Composer:
    """A composer with the clock stopped at NOW."""
    values: dict[str, Any] = {
        "addresses": ADDRESSES,
        "desk": FACTS,
        "templates": TEMPLATES,
        "keys": KEYS,
        "blobs": BLOBS,
        "answers": answers,
    }
    return Composer(**(values | {"clock": lambda: NOW} | changes))


def fill(base: Database) -> None:
    """One organisation, two contacts, two members of staff, one ticket with its first note and a file."""
    add(
        base,
        Organisation(id=ORGANISATION, name="Sample Works", created_at=NOW),
        Site(id=SITE, organisation_id=ORGANISATION, name="160 Blackfriars Road"),
        Staff(id=SAM, name="Sam Lee", address="sam@example.com", created_at=NOW),
        Staff(id=ANA, name="Ana Ruiz", address="ana@example.com", created_at=NOW),
        Team(id=TEAM, name="Network"),
        TeamMember(team_id=TEAM, staff_id=SAM),
        TeamMember(team_id=TEAM, staff_id=ANA),
        contact(JANE, "Jane Doe", "jane@customer.test", organisation_id=ORGANISATION, first_name="Jane"),
        contact(KIM, "Kim Ito", "kim@customer.test"),
        Ticket(
            id=TICKET,
            number="T20190409.0967",
            title="Phones down at Blackfriars",
            letter_subject="Phones down at Blackfriars",
            status="New",
            type="Incident",
            priority="High",
            desk_address="service@example.com",
            organisation_id=ORGANISATION,
            site_id=SITE,
            requester_id=JANE,
            team_id=TEAM,
            created_at=NOW,
            updated_at=NOW,
        ),
        event(EVENT, "All phones on the second floor are dead since nine.\n\nCan you look?", JANE),
        file(30, "switch.jpg", b"\xff\xd8\xff" + bytes(48_197)),
    )


def contact(contact_id: int, name: str, address: str, **values: Any) -> Contact:
    """A contact with one address."""
    return Contact(
        id=contact_id,
        name=name,
        known=True,
        created_at=NOW,
        addresses=[ContactAddress(address=address.lower(), written=address)],
        **values,
    )


def event(event_id: int, text: str, by: int | None = None, *, minutes: int = 0, **values: Any) -> Event:
    """An entry of the sample ticket: by Jane, or by a member of staff."""
    names = {JANE: "Jane Doe", SAM: "Sam Lee", ANA: "Ana Ruiz", KIM: "Kim Ito"}
    who = {"contact_id" if by in (JANE, KIM) else "staff_id": by} if by else {}
    known = {"kind": "note", "visibility": "public", "author": names.get(by or 0, ""), "ticket_id": TICKET}
    values = known | who | values
    return Event(id=event_id, at=NOW + timedelta(minutes=minutes), text=text, **values)


def file(file_id: int, name: str, data: bytes, event_id: int = EVENT, **values: Any) -> Attachment:
    """A file of an entry, with its bytes in the store."""
    known = {"type": "image/jpeg", "size": len(data), "digest": BLOBS.put_many([data])[0]}
    return Attachment(id=file_id, ticket_id=TICKET, event_id=event_id, name=name, **(known | values))


def row(row_id: int, kind: str, to: int = JANE, **values: Any) -> Outbox:
    """An outbox row about the sample ticket, due now."""
    known: dict[int, dict[str, Any]] = {
        JANE: {"recipient": "jane@customer.test", "recipient_name": "Jane Doe", "contact_id": JANE},
        KIM: {"recipient": "kim@customer.test", "recipient_name": "Kim Ito", "contact_id": KIM},
        SAM: {"recipient": "sam@example.com", "recipient_name": "Sam Lee", "staff_id": SAM},
        ANA: {"recipient": "ana@example.com", "recipient_name": "Ana Ruiz", "staff_id": ANA},
    }
    common = {"ticket_id": TICKET, "context": {}, "next_at": NOW, "created_at": NOW}
    return Outbox(id=row_id, kind=kind, **(common | known[to] | values))


def add(base: Database, *rows: Base) -> None:
    """Store rows, parents first as given."""
    with base.transaction() as session:
        for item in rows:
            session.add(item)
            session.flush()


def participate(base: Database, contact_id: int, role: str = "added") -> None:
    """Make somebody an additional contact of the sample ticket."""
    add(base, Participant(ticket_id=TICKET, contact_id=contact_id, role=role, added_at=NOW))


def pending(pending_id: int, by: int = JANE, **values: Any) -> Pending:
    """Commands that wait for a “confirm”."""
    whose = {"staff_id": by} if by in (SAM, ANA) else {"contact_id": by}
    times = {"created_at": NOW, "expires_at": NOW + timedelta(hours=24)}
    return Pending(id=pending_id, commands=[], body={}, **(whose | times | values))


def set_ticket(base: Database, **values: Any) -> None:
    """Change the sample ticket."""
    with base.transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(Ticket, TICKET), name, value)


def render(base: Database, *row_ids: int, by: Composer | None = None) -> list[Letter]:
    """Render stored rows; AssertionError where one yields no letter."""
    with base.reading() as session:
        rows = [session.get_one(Outbox, row_id) for row_id in row_ids]
        found = (by or composer()).render_many(session, rows)
    letters = [found[row_id] for row_id in row_ids]
    unsent = [letter for letter in letters if not isinstance(letter, Letter)]
    assert not unsent, unsent
    return [letter for letter in letters if isinstance(letter, Letter)]


def every_kind(base: Database) -> dict[str, int]:
    """One stored outbox row for each kind of letter, by a name for it."""
    fill(base)
    participate(base, KIM)
    words = "Have you tried https://status.example.com/phones?x=1&y=2 already?\n\nWe are on the way."
    resolved = {"status": ["In Progress", "Resolved"], "resolution": ["", "Replaced the power supply."]}
    add(
        base,
        event(40, words, SAM, minutes=20, changes={"status": ["New", "In Progress"]}),
        event(41, "", SAM, minutes=30, kind="change", changes=resolved),
        event(42, "", SAM, minutes=31, kind="change", changes={"status": ["New", "Waiting Vendor"]}),
        event(43, "Which floor is it?", SAM, minutes=32, changes={"status": ["New", "Waiting Customer"]}),
        event(44, "It is the second.\n> Which floor?", JANE, minutes=40),
        event(45, "I know <b>more</b>.", author="Pat Sample", minutes=41, visibility="pending", verified=False),
    )
    lane = {"lane": "Pat Sample does not take part in this ticket. Customers do not see it."}
    lines = {"lines": ["One file is not there: video.mov is 48 MB and the limit is 10 MB.", "Send a link."]}
    received = {"echo": True, "reference": "<abc@customer.test>", "notes": ["One file was not added."]}
    rows = {
        "received": row(2001, "received", event_id=EVENT, context=received),
        "received by a stranger": row(2002, "received", event_id=EVENT, context={"echo": False}),
        "received, named": row(2003, "received", KIM, event_id=EVENT, context=received),
        "update": row(2004, "update", event_id=40),
        "update, resolved": row(2005, "update", event_id=41),
        "update, status": row(2006, "update", event_id=42),
        "update, question": row(2007, "update", event_id=43),
        "new_ticket": row(2008, "new_ticket", SAM, event_id=EVENT),
        "customer_wrote": row(2009, "customer_wrote", SAM, event_id=44),
        "customer_wrote, lane": row(2010, "customer_wrote", ANA, event_id=45, context=lane),
        "password_changed": row(2011, "password_changed", ticket_id=None, context={"at": NOW.isoformat()}),
        "two_step": row(2081, "two_step", ticket_id=None, context={"what": "on", "at": NOW.isoformat(), "left": 10}),
        "two_step, off": row(2082, "two_step", ticket_id=None, context={"what": "off", "at": NOW.isoformat()}),
        "two_step, codes": row(2083, "two_step", ticket_id=None, context={"what": "codes", "at": NOW.isoformat()}),
        "address_changed": row(
            2080,
            "address_changed",
            ticket_id=None,
            context={"old": "jane@old.example.com", "new": "jane@customer.example.com", "by": "Ana Ruiz", "kept": True},
        ),
        "not_done": row(2012, "not_done", SAM, context={"lines": ["I did not understand “#reslove”."]}),
        "not_done, no ticket": row(2013, "not_done", ticket_id=None, context={"lines": ["It was not done."]}),
        "partly_refused": row(2014, "partly_refused", event_id=EVENT, context=lines),
        "mail_trouble": row(2015, "mail_trouble", SAM, ticket_id=None, context={"subject": "Jane bounces"} | lines),
    }
    rows |= _by_commands(base)
    rows |= _by_clock(base)
    add(base, *rows.values())
    ids = {name: item.id for name, item in rows.items()}
    return ids | {"credentials": credentials_row(base, JANE, "password"), "sign_in_link": sign_in_row(base, KIM)}


def _by_commands(base: Database) -> dict[str, Outbox]:
    """One row for each kind of letter that commands bring about, and what it needs."""
    solved = {"status": ["In Progress", "Resolved"]}
    add(
        base,
        event(50, "", JANE, minutes=50, kind="change", changes=solved),
        event(
            51,
            "",
            JANE,
            minutes=51,
            kind="change",
            changes={"status": ["New", "Withdrawn"], "withdrawal": ["", "Other"]},
        ),
        event(
            52,
            "",
            SAM,
            minutes=52,
            kind="change",
            changes={"status": ["Resolved", "In Progress"], "site": ["", "Leeds"]},
        ),
        event(53, "Not before Monday.", SAM, minutes=53),
        pending(70),
        pending(71, SAM),
        pending(72, KIM),
        contact(21, "Vic Nguyen", "vic@vendor.test"),
    )
    set_ticket(base, assignee_id=ANA, due_at=NOW + timedelta(minutes=30), needed_by=date(2019, 5, 3))
    me = {"subject": "#me", "ask": "me", "argument": ""}
    asked = {"subject": "#list open", "ask": "list", "argument": "open"}
    orders = {"lines": ["#resolve", "Site: London"]}
    nothing: dict[str, Any] = {"ticket_id": None}
    vic: dict[str, Any] = {"recipient": "vic@vendor.test", "recipient_name": "Vic Nguyen", "contact_id": 21}
    return {
        "received, on behalf": row(2030, "received", context={"echo": True, "opened_by": "Sam Lee"}),
        "update, solved": row(2031, "update", KIM, event_id=50),
        "update, withdrawn": row(2032, "update", KIM, event_id=51),
        "update, reopened": row(2033, "update", event_id=52),
        "customer_wrote, solved": row(2034, "customer_wrote", SAM, event_id=50),
        "done": row(2035, "done", context={"lines": ["The ticket is resolved.", "The site is Leeds."]}),
        "done, staff": row(2036, "done", SAM, context={"lines": ["The status is New."]}),
        "done, no ticket": row(
            2037, "done", context={"subject": "#me"} | {"lines": ["Mobile number is now 07."]}, **nothing
        ),
        "done, stranger": row(2038, "done", KIM, context={"lines": ["Buy this."]}, first_receipt=True),
        "not_done, stranger": row(
            2039, "not_done", KIM, context={"lines": ["Buy this."]}, first_receipt=True, **nothing
        ),
        "confirm": row(2040, "confirm", context=orders | {"pending": 70}),
        "confirm, no ticket": row(2041, "confirm", SAM, context=orders | {"pending": 71}, **nothing),
        "confirm, stranger": row(2042, "confirm", KIM, context=orders | {"pending": 72}, first_receipt=True),
        "answer, table": row(2043, "answer", context=asked, **nothing),
        "answer, ticket": row(2044, "answer", SAM, context={"ask": "status", "subject": "#status T20190409.0967"}),
        "answer, form": row(2045, "answer", context=me, **nothing),
        "copy": row(2046, "copy", **vic, event_id=EVENT, context={"by": "Jane Doe"}),
        "shared": row(2047, "shared", KIM, context={"by": "Jane Doe", "how": "shared"}),
        "shared, added": row(2048, "shared", KIM, event_id=53, context={"by": "Sam Lee", "how": "added"}),
        "shared, watching": row(2049, "shared", KIM, context={"by": "Kim Ito", "how": "watching"}),
        "approval": row(2050, "approval", KIM, context={"by": "Sam Lee"}),
        "approval_result": row(
            2051, "approval_result", context={"by": "Ana Ruiz", "answer": "approve", "reason": "Go."}
        ),
        "approval_result, rejected": row(2052, "approval_result", context={"by": "Ana Ruiz", "answer": "reject"}),
        **{
            f"alert, {stage}": row(2060 + place, "alert", context={"stage": stage})
            for place, stage in enumerate(("due", "overdue", "completed", "in process", "tasks"))
        },
        "assigned": row(2070, "assigned", ANA, context={"by": "Sam Lee"}),
        "due": row(2071, "due", SAM),
        "merged": row(2072, "merged", context={"old": "T20190409.0999"}),
    }


def _by_clock(base: Database) -> dict[str, Outbox]:
    """One row for each kind of letter that the clock brings about, and what it needs."""
    nobody = {"status": ["Waiting Customer", "Resolved"], "resolution": ["", "We had no answer."]}
    with base.transaction() as session:
        session.get_one(Contact, JANE).digest = True
    add(
        base,
        another_ticket(WAITING, "T20190409.0968", status="Waiting Customer", waiting_since=NOW - timedelta(days=3)),
        another_ticket(91, "T20190409.0969", first_answer_due_at=NOW + timedelta(minutes=20), team_id=TEAM),
        event(60, "Which floor is it?", SAM, ticket_id=WAITING),
        event(61, "", minutes=70, kind="change", changes=nobody),
        Announcement(
            id=95, title="Portal maintenance on 13 April, 22:00", text="No effect on e-mail.\nAll evening.",
            starts_at=NOW + timedelta(minutes=1), ends_at=NOW + timedelta(days=4), created_at=NOW,
        ),
    )  # fmt: skip
    asked = {"asked": (NOW - timedelta(days=3)).isoformat(), "closes": (NOW + timedelta(days=9)).isoformat()}
    return {
        "update, unanswered": row(2089, "update", event_id=61),
        "reminder": row(2090, "reminder", ticket_id=WAITING, event_id=60, context=asked),
        "digest": row(2091, "digest", ticket_id=None),
        "day_sheet": row(
            2092, "day_sheet", ANA, ticket_id=None, context={"until": (NOW + timedelta(hours=11)).isoformat()}
        ),
        "new_tickets": row(
            2095,
            "new_tickets",
            SAM,
            ticket_id=None,
            context={"since": NOW.isoformat(), "count": 412, "tickets": [91, 1]},
        ),
        "announcement": row(2093, "announcement", ticket_id=None, context={"announcement": 95}),
        "due, first answer": row(2094, "due", SAM, ticket_id=91, context={"stage": "answer due"}),
    }


def another_ticket(ticket_id: int, number: str, **values: Any) -> Ticket:
    """One more ticket of Jane."""
    known: dict[str, Any] = {
        "number": number,
        "title": "A second monitor",
        "letter_subject": "A second monitor",
        "status": "New",
        "desk_address": "service@example.com",
        "organisation_id": ORGANISATION,
        "requester_id": JANE,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Ticket(id=ticket_id, **(known | values))


def credentials_row(base: Database, contact_id: int, kind: Literal["password", "link"]) -> int:
    """Give a contact portal access; the id of the letter that tells them."""
    with base.transaction() as session:
        person = session.get_one(Contact, contact_id)
        credentials.issue(session, KEYS, person, kind=kind, hours=72, now=NOW, by="Ana Ruiz", next_id=base.ids.next)
        newest = select(func.max(Outbox.id)).where(Outbox.contact_id == contact_id, Outbox.kind == "credentials")
        return session.scalars(newest).one()


def sign_in_row(base: Database, contact_id: int) -> int:
    """A sign-in link for a contact; the id of its letter."""
    row_id = credentials_row(base, contact_id, "link")
    with base.transaction() as session:
        session.get_one(Outbox, row_id).kind = "sign_in_link"
    return row_id
