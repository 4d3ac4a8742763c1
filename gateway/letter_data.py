"""What a batch of outbox rows needs from the database, loaded with one query for each question."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, and_, func, or_, select, text, tuple_
from sqlalchemy.orm import Session, defer

from desk import access, announcements, day_sheets, digests, gathering, nesting
from desk.day_sheets import Sheet
from desk.digests import Digest
from desk.levels import Levels, Sees
from gateway.letter import SENSITIVE
from store.tables import (
    Account,
    Announcement,
    Attachment,
    Base,
    Contact,
    Event,
    Organisation,
    Outbox,
    Participant,
    Pending,
    Site,
    Staff,
    Team,
    Ticket,
    TicketLink,
)
from store.tables.outbox import SECRET_LETTERS

if TYPE_CHECKING:  # answers are made with what stands here
    from gateway.answers.answer import Answer
    from gateway.letter_links import Linking

T = TypeVar("T", bound=Base)
_UNUSED = (defer(Event.folded), defer(Event.html))  # large, and in no letter
_HISTORY = 6  # entries looked at for "the last three before this one"
_WITH_HISTORY = frozenset({"customer_wrote", "assigned"})
_WITH_FIRST = frozenset({"approval", "shared"})  # these show what the ticket began with


@dataclass(frozen=True, slots=True)
class Earlier:
    """A letter that went before in the same ticket to the same person."""

    outbox_id: int
    message_id: str
    reference: str  # the Message-ID of the mail that it answered, or ""
    at: datetime


@dataclass(slots=True)
class LetterData:
    """Everything by id."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    contacts: dict[int, Contact] = field(default_factory=dict)
    staff: dict[int, Staff] = field(default_factory=dict)
    organisations: dict[int, Organisation] = field(default_factory=dict)
    sites: dict[int, Site] = field(default_factory=dict)
    teams: dict[int, Team] = field(default_factory=dict)
    files: dict[int, list[Attachment]] = field(default_factory=lambda: defaultdict(list))  # by event
    participants: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # ticket → contacts
    roles: dict[tuple[int, int], str] = field(default_factory=dict)  # ticket, contact → added, watching, approver
    history: dict[int, list[Event]] = field(default_factory=lambda: defaultdict(list))  # by ticket, newest first
    first: dict[int, Event] = field(default_factory=dict)  # by ticket: the public words that it began with
    links: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))  # ticket → kind, number
    letters: dict[tuple[int, str], list[Earlier]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[tuple[str, int], Account] = field(default_factory=dict)  # ("contact" or "staff", id)
    newest_secret: dict[tuple[str, int], int] = field(default_factory=dict)  # the latest outbox row with a secret
    pending: dict[int, Pending] = field(default_factory=dict)  # what waits for a “confirm”
    answers: "dict[int, Answer]" = field(default_factory=dict)  # by outbox row
    digests: dict[int, Digest] = field(default_factory=dict)  # by contact
    sheets: dict[int, Sheet] = field(default_factory=dict)  # by member of staff
    announcements: dict[int, Announcement] = field(default_factory=dict)
    live: list[Announcement] = field(default_factory=list)  # announced now, for receipts
    levels: Levels = field(default_factory=Levels)
    room: int = 0  # bytes of files that fit into one letter
    linking: "Linking | None" = None  # makes links to the files that do not
    below: dict[int, frozenset[int]] = field(default_factory=dict)  # organisation → those below it, for who sees them

    def seen_by(self, contact: Contact) -> Sees:
        """Which tickets a contact sees."""
        organisation = self.organisations.get(contact.organisation_id or 0)
        theirs = organisation.visibility if organisation else None
        return access.sees(contact.sees, self.levels.of(contact.level), theirs)


def event_ids(row: Outbox) -> set[int]:
    """The ids of the entries that a letter tells of."""
    return {i for i in (row.event_id, *row.context.get("events", ())) if isinstance(i, int)}


def entries(row: Outbox, data: LetterData) -> list[Event]:
    """The entries that a letter tells of, oldest first: by time, because each process has ids of its own."""
    found = (event for i in event_ids(row) if (event := data.events.get(i)))
    return sorted(found, key=lambda event: (event.at, event.id))


def load(session: Session, rows: Sequence[Outbox], levels: Levels) -> LetterData:
    """Load for a batch."""
    data = LetterData(levels=levels)
    several = (i for row in rows if row.kind == gathering.KIND for i in gathering.of(row).tickets)
    data.tickets = _by_id(session, Ticket, (*(row.ticket_id for row in rows), *several))
    wanted = {i for row in rows for i in event_ids(row)}
    if wanted:
        entries = select(Event).where(Event.id.in_(wanted)).options(*_UNUSED)
        data.events = {event.id: event for event in session.scalars(entries)}
    _load_people(session, rows, data)
    _load_history(session, _tickets(rows, _WITH_HISTORY), data)
    _load_first(session, _tickets(rows, _WITH_FIRST), data)
    _load_files(session, wanted, _tickets(rows, {"assigned"}), data)
    _load_links(session, _tickets(rows, {"new_ticket"}), data)
    _load_letters(session, {(row.ticket_id, row.recipient) for row in rows if row.ticket_id}, data)
    _load_accounts(session, [row for row in rows if row.kind in SENSITIVE], data)
    data.pending = _by_id(session, Pending, (pending_id(row) for row in rows if row.kind == "confirm"))
    _load_timed(session, rows, data)
    return data


def _load_timed(session: Session, rows: Sequence[Outbox], data: LetterData) -> None:
    """What letters of the clock tell of; and for receipts, what is announced."""
    data.digests = digests.of(session, {row.contact_id or 0 for row in rows if row.kind == digests.KIND})
    told = {int(row.context.get(announcements.KIND) or 0) for row in rows if row.kind == announcements.KIND}
    data.announcements = announcements.by_id(session, told)
    sheets = [row for row in rows if row.kind == day_sheets.KIND]
    if sheets:
        now = max(row.created_at for row in sheets)
        until = datetime.fromisoformat(str(sheets[0].context["until"]))
        data.sheets = day_sheets.of(session, {row.staff_id or 0 for row in sheets}, now, until)
    receipts = [row.created_at for row in rows if row.kind == "received"]
    if receipts:
        data.live = announcements.shown(session, min(receipts), max(receipts))


def pending_id(row: Outbox) -> int:
    """Of a letter that asks for a “confirm”: the row of what waits; 0 when it names none."""
    found = row.context.get("pending")
    return found if isinstance(found, int) else 0


def _tickets(rows: Sequence[Outbox], kinds: Collection[str]) -> set[int]:
    return {row.ticket_id for row in rows if row.kind in kinds and row.ticket_id}


def _by_id(session: Session, table: type[T], ids: Iterable[int | None]) -> dict[int, T]:
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    keyed: Any = table  # every mapped class that is asked for here has an id
    rows: Any = session.scalars(select(table).where(keyed.id.in_(wanted)))
    return {row.id: row for row in rows}


def _load_people(session: Session, rows: Sequence[Outbox], data: LetterData) -> None:
    tickets = list(data.tickets.values())
    if tickets:
        columns = (Participant.ticket_id, Participant.contact_id, Participant.role)
        taking_part = select(*columns).where(Participant.ticket_id.in_(data.tickets), Participant.removed_at.is_(None))
        for ticket_id, contact_id, role in session.execute(taking_part):
            data.participants[ticket_id].add(contact_id)
            data.roles[ticket_id, contact_id] = role
    people = {row.contact_id for row in rows} | {ticket.requester_id for ticket in tickets}
    data.contacts = _by_id(session, Contact, people.union(*data.participants.values()))
    data.staff = _by_id(session, Staff, (row.staff_id for row in rows))
    data.teams = _by_id(session, Team, (ticket.team_id for ticket in tickets))
    # Of the readers too: an organisation has a language.
    readers = (data.contacts[row.contact_id].organisation_id for row in rows if row.contact_id in data.contacts)
    wanted = (*readers, *(ticket.organisation_id for ticket in tickets))
    data.organisations = _by_id(session, Organisation, wanted)
    told = (data.contacts[row.contact_id] for row in rows if row.ticket_id and row.contact_id in data.contacts)
    wide = (reader.organisation_id for reader in told if data.seen_by(reader) == "sub-organisations")
    data.below = nesting.below(session, {organisation_id for organisation_id in wide if organisation_id})
    data.sites = _by_id(session, Site, (ticket.site_id for ticket in tickets))


def _load_history(session: Session, tickets: set[int], data: LetterData) -> None:
    if not tickets:
        return
    # Of each visibility so many: a letter may have to leave the internal ones out.
    each = (Event.ticket_id, Event.visibility)
    rank = func.row_number().over(partition_by=each, order_by=(Event.at.desc(), Event.id.desc()))
    notes = select(Event.id, rank.label("rank")).where(Event.ticket_id.in_(tickets), Event.kind == "note").subquery()
    latest = select(Event).join(notes, notes.c.id == Event.id).where(notes.c.rank <= _HISTORY).options(*_UNUSED)
    for event in session.scalars(latest.order_by(Event.at.desc(), Event.id.desc())):
        data.history[event.ticket_id].append(event)


def _load_first(session: Session, tickets: set[int], data: LetterData) -> None:
    if not tickets:
        return
    rank = func.row_number().over(partition_by=Event.ticket_id, order_by=(Event.at, Event.id))
    public = (Event.kind == "note") & (Event.visibility == "public")
    notes = select(Event.id, rank.label("rank")).where(Event.ticket_id.in_(tickets), public).subquery()
    first = select(Event).join(notes, notes.c.id == Event.id).where(notes.c.rank == 1).options(*_UNUSED)
    data.first = {event.ticket_id: event for event in session.scalars(first)}


def _load_files(session: Session, wanted: set[int], with_history: set[int], data: LetterData) -> None:
    """The files of what is told, of what tickets began with, and of the history where it is shown whole."""
    shown = wanted | {event.id for event in data.first.values()}
    shown |= {event.id for ticket_id in with_history for event in data.history[ticket_id]}
    if shown:
        files = select(Attachment).where(
            Attachment.event_id.in_(shown), Attachment.hidden_at.is_(None), ~Attachment.inline
        )
        for file in session.scalars(files.order_by(Attachment.id)):
            data.files[file.event_id].append(file)


def _load_links(session: Session, tickets: set[int], data: LetterData) -> None:
    if not tickets:
        return
    links = (
        select(TicketLink.ticket_id, TicketLink.kind, Ticket.number)
        .join(Ticket, Ticket.id == TicketLink.other_id)
        .where(TicketLink.ticket_id.in_(tickets))
    )
    for ticket_id, kind, number in session.execute(links.order_by(Ticket.number)):
        data.links[ticket_id].append((kind, number))


def _load_letters(session: Session, pairs: set[tuple[int, str]], data: LetterData) -> None:
    if not pairs:
        return
    columns = (Outbox.id, Outbox.ticket_id, Outbox.recipient, Outbox.message_id, Outbox.context, Outbox.created_at)
    before = select(*columns).where(
        Outbox.ticket_id.in_({ticket_id for ticket_id, _ in pairs}),
        tuple_(Outbox.ticket_id, Outbox.recipient).in_(pairs),
        Outbox.message_id != "",
    )
    for row in session.execute(before.order_by(Outbox.created_at, Outbox.id)):
        reference = str(row.context.get("reference") or "")
        earlier = Earlier(row.id, row.message_id, reference, row.created_at)
        data.letters[row.ticket_id, row.recipient].append(earlier)


def _load_accounts(session: Session, rows: Sequence[Outbox], data: LetterData) -> None:
    contacts = {row.contact_id for row in rows if row.contact_id}
    staff = {row.staff_id for row in rows if row.staff_id}
    if not contacts and not staff:
        return
    accounts = select(Account).where(or_(Account.contact_id.in_(contacts), Account.staff_id.in_(staff)))
    for account in session.scalars(accounts):
        data.accounts[_owner(account.contact_id, account.staff_id)] = account
    whose: list[ColumnElement[bool]] = [Outbox.contact_id.in_(contacts)] if contacts else []
    whose += [and_(Outbox.contact_id.is_(None), Outbox.staff_id.in_(staff))] if staff else []
    for theirs in whose:
        newest = select(Outbox.contact_id, Outbox.staff_id, Outbox.id).where(text(SECRET_LETTERS), theirs)
        for contact_id, staff_id, outbox_id in session.execute(newest.order_by(Outbox.created_at, Outbox.id)):
            data.newest_secret[_owner(contact_id, staff_id)] = outbox_id


def _owner(contact_id: int | None, staff_id: int | None) -> tuple[str, int]:
    return ("contact", contact_id) if contact_id is not None else ("staff", staff_id or 0)


def owner(row: Outbox) -> tuple[str, int]:
    """Whose account a letter is about."""
    return _owner(row.contact_id, row.staff_id)
