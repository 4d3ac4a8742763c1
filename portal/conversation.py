"""One ticket as a person may see it: its entries and files, nothing that is not for them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import Session, defer

from desk import changes_said
from desk.access import Person, visible_tickets
from store.tables import Attachment, Contact, Event, Organisation, Site, Staff, Ticket

LATEST = 100  # entries on a page that was not asked for all
MOST = 2000
LONGEST = 20_000  # characters of one entry on the page; the whole is a click away
KINDS = ("notes", "status", "edits", "files")  # of entries, by which they can be chosen; one can be of several
_STATUS = frozenset({"status", "withdrawal", "approval"})
_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """One attachment."""

    id: int
    name: str
    size: int
    inline: bool = False
    contact_id: int | None = None  # who sent it


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `text` and `quoted` are cut at LONGEST."""

    id: int
    at: datetime
    kind: str
    visibility: str
    author: str
    by_staff: bool
    verified: bool
    title: str
    text: str
    quoted: str
    has_html: bool
    cut: bool
    changes: dict[str, Any]
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A ticket and its entries, oldest first."""

    ticket: Ticket
    contact: str
    organisation: str
    site: str
    assignee: str
    merged_into: str  # the number of the ticket that goes on, when the person may see that one
    entries: tuple[Entry, ...]
    total: int  # of those that were asked for
    files: tuple[File, ...]  # of all entries that the person may see


def is_number(text: str) -> bool:
    """True for what could be the number of a ticket."""
    return _NUMBER.fullmatch(text) is not None


def find(session: Session, person: Person, number: str) -> Ticket | None:
    """The ticket of that number; None alike when there is none and when it is not for this person."""
    if not is_number(number):
        return None
    written = {number, number.upper()}  # people type it in small letters too
    return session.scalars(select(Ticket).where(Ticket.number.in_(written), visible_tickets(person))).first()


def shown(person: Person) -> ColumnElement[bool]:
    """Which entries: all for staff, for customers those that are public."""
    return true() if person.staff_id is not None else Event.visibility == "public"


def read(
    session: Session,
    person: Person,
    ticket: Ticket,
    *,
    everything: bool = False,
    kinds: Collection[str] = (),
    priority: bool = True,
) -> Conversation:
    """The ticket's page; of a long conversation the latest entries, unless everything is asked for.

    `kinds` chooses among the entries. `priority` says whether the person may see priorities.
    """
    mine = and_(Event.ticket_id == ticket.id, shown(person))
    most = MOST if everything else LATEST
    files = _files(session, person, ticket.id)
    if kinds:
        chosen = _chosen(session, person, mine, kinds, files, priority=priority)
        events = _events(session, and_(mine, Event.id.in_(chosen[:most])), most)
        total = len(chosen)
    else:
        events = _events(session, mine, most)
        total = _count(session, mine) if len(events) == most else len(events)
    seen = ((*one, _seen(person, one[0].changes, priority=priority)) for one in events)
    entries = tuple(_entry(one, html, files.get(one.id, ()), does) for one, html, does in seen if says(one, does))
    names, merged_into = session.execute(_names(ticket)).one(), _merged_into(session, person, ticket)
    session.expunge(ticket)  # the end of a reading session expires what it read
    return Conversation(
        ticket=ticket,
        contact=names.contact,
        organisation=names.organisation or "",
        site=names.site or "",
        assignee=names.assignee or "",
        merged_into=merged_into,
        entries=entries,
        total=total - len(events) + len(entries),
        files=tuple(file for some in files.values() for file in some),
    )


def says(event: Event, seen: Mapping[str, Any]) -> bool:
    """False for a change of which the person may see nothing: time spent, the team, for some the priority."""
    return event.kind != "change" or bool(seen or event.text or event.title)


def _events(session: Session, wanted: ColumnElement[bool], most: int) -> list[tuple[Event, bool]]:
    """The latest ones, oldest first, each with whether there is HTML, and not the HTML: it is large, and each is a
    document of its own."""
    query = select(Event, Event.html != "").options(defer(Event.html, raiseload=True)).where(wanted)
    newest = session.execute(query.order_by(Event.at.desc(), Event.id.desc()).limit(most))
    return [(event, has_html) for event, has_html in newest][::-1]


def _count(session: Session, wanted: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Event).where(wanted)) or 0


def _seen(person: Person, changes: Mapping[str, Any], *, priority: bool) -> dict[str, Any]:
    return dict(changes) if person.staff_id is not None else changes_said.for_customers(changes, priority=priority)


def _chosen(
    session: Session,
    person: Person,
    mine: ColumnElement[bool],
    kinds: Collection[str],
    files: Mapping[int, tuple[File, ...]],
    *,
    priority: bool,
) -> list[int]:
    """The entries of these kinds, the newest first: looked through without their words, which may be long."""
    query = select(Event.id, Event.text != "", Event.changes).where(mine)
    found = []
    for event_id, has_words, changes in session.execute(query.order_by(Event.at.desc(), Event.id.desc()).limit(MOST)):
        seen = _seen(person, changes, priority=priority).keys()
        is_of = {
            "notes": has_words,
            "status": bool(seen & _STATUS),
            "edits": bool(seen - _STATUS),
            "files": event_id in files,
        }
        if any(is_of.get(kind, False) for kind in kinds):
            found.append(event_id)
    return found


def _names(ticket: Ticket) -> Select[str, str, str, str]:
    return (
        select(
            Contact.name.label("contact"),
            Organisation.name.label("organisation"),
            Staff.name.label("assignee"),
            Site.name.label("site"),
        )
        .select_from(Contact)
        .outerjoin(Organisation, Organisation.id == ticket.organisation_id)
        .outerjoin(Staff, Staff.id == ticket.assignee_id)
        .outerjoin(Site, Site.id == ticket.site_id)
        .where(Contact.id == ticket.requester_id)
    )


def find_file(session: Session, person: Person, ticket: Ticket, file_id: int) -> Attachment | None:
    """A file of an entry that this person may see, and that nobody has taken away."""
    return session.scalars(
        select(Attachment)
        .join(Event, Event.id == Attachment.event_id)
        .where(Attachment.id == file_id, Attachment.ticket_id == ticket.id, Event.ticket_id == ticket.id)
        .where(Attachment.hidden_at.is_(None), shown(person))
    ).one_or_none()


def find_entry(session: Session, person: Person, ticket: Ticket, event_id: int) -> Event | None:
    """An entry that this person may see."""
    return session.scalars(
        select(Event).where(Event.id == event_id, Event.ticket_id == ticket.id, shown(person))
    ).one_or_none()


def find_passed_file(session: Session, number: str, file_id: int) -> Attachment | None:
    """A file for which somebody holds a pass: their rights were looked at when the pass was made."""
    return session.scalars(
        select(Attachment)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.id == file_id, Ticket.number == number, Attachment.hidden_at.is_(None))
    ).one_or_none()


def content_ids(session: Session, event: Event) -> dict[str, int]:
    """The files of that very entry that its HTML can name (RFC 2392), by their Content-ID; of two alike the first."""
    query = (
        select(Attachment.content_id, Attachment.id)
        .where(Attachment.event_id == event.id, Attachment.ticket_id == event.ticket_id)
        .where(Attachment.content_id != "", Attachment.hidden_at.is_(None))
        .order_by(Attachment.id.desc())
    )
    return {row.content_id: row.id for row in session.execute(query)}


def _files(session: Session, person: Person, ticket_id: int) -> dict[int, tuple[File, ...]]:
    """By entry, of those that the person may see."""
    found: dict[int, tuple[File, ...]] = {}
    query = (
        select(
            Attachment.event_id, Attachment.id, Attachment.name, Attachment.size, Attachment.inline, Event.contact_id
        )
        .join(Event, Event.id == Attachment.event_id)
        .where(Attachment.ticket_id == ticket_id, Attachment.hidden_at.is_(None), shown(person))
    )
    for row in session.execute(query.order_by(Attachment.id)):
        file = File(row.id, row.name, row.size, row.inline, row.contact_id)
        found[row.event_id] = (*found.get(row.event_id, ()), file)
    return found


def _merged_into(session: Session, person: Person, ticket: Ticket) -> str:
    if ticket.merged_into_id is None:
        return ""
    query = select(Ticket.number).where(Ticket.id == ticket.merged_into_id, visible_tickets(person))
    return session.scalar(query) or ""


def _entry(event: Event, has_html: bool, files: tuple[File, ...], changes: dict[str, Any]) -> Entry:
    quoted = event.folded if event.folded.strip() != event.text.strip() else ""
    return Entry(
        id=event.id,
        at=event.at,
        kind=event.kind,
        visibility=event.visibility,
        author=event.author,
        by_staff=event.staff_id is not None,
        verified=event.verified,
        title=event.title,
        text=event.text[:LONGEST].strip("\r\n"),
        quoted=quoted[:LONGEST].strip("\r\n"),
        has_html=has_html,
        cut=max(len(event.text), len(quoted)) > LONGEST,
        changes=changes,
        files=files,
    )
