"""What commands need to know beyond people and tickets; each kind is loaded with one query, and only when asked for."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk import nesting
from desk.sites import SiteState
from desk.state import ContactState, TicketState
from desk.tickets import File
from gateway import more_lane
from gateway.more_lane import Entry
from gateway.more_people import Folk
from gateway.old_numbers import keys as keys_of
from gateway.subject import own_numbers
from store.tables import (
    Alert,
    Approval,
    Approver,
    Attachment,
    Event,
    OldNumber,
    Organisation,
    Pending,
    Site,
    Ticket,
    TicketLink,
)

# Words of commands for which a kind is loaded.
FILES = frozenset({"remove"})
LANE = frozenset({"approve", "split", "merge"})
LINKS = frozenset({"link"})
BOARDS = frozenset({"ask"})
SITES = frozenset({"site", "Site", "item", "Item", "items", "people"})
ORGANISATIONS = frozenset({"type", "Type", "Service", "item", "Item"})  # the catalogue knows them by name


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of a ticket; `contact_id` is its sender's."""

    id: int
    name: str
    event_id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class ChildState:
    """A child ticket."""

    id: int
    number: str
    status: str


@dataclass(frozen=True, slots=True)
class PendingState:
    """Commands that wait for a “confirm”."""

    id: int
    contact_id: int | None
    staff_id: int | None
    ticket_id: int | None
    commands: tuple[tuple[str, str], ...]
    body: Mapping[str, Any]
    expires_at: datetime
    done: bool


@dataclass(slots=True)
class More:
    """All of it, for one batch; kept up to date by what the batch does."""

    canaries: set[int] = field(default_factory=set)  # under way, of those that mails name
    files: dict[int, list[FileState]] = field(default_factory=dict)  # by ticket
    lane: dict[int, list[Entry]] = field(default_factory=dict)  # by ticket: pending notes, oldest first
    told: dict[int, Entry] = field(default_factory=dict)  # by outbox row: the entry that the letter told of
    enclosed: dict[int, list[File]] = field(default_factory=dict)  # by entry, of `lane` and `told`
    links: set[tuple[int, int]] = field(default_factory=set)  # ticket, the other one
    children: dict[int, list[ChildState]] = field(default_factory=dict)  # by parent
    alerts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # by ticket: contact, stage; not sent yet
    approvals: dict[int, dict[int, str]] = field(default_factory=dict)  # by ticket: contact → answer or ""
    boards: dict[tuple[int, str], list[int]] = field(default_factory=dict)  # organisation, board → contacts
    sites: dict[int, list[SiteState]] = field(default_factory=dict)  # by organisation
    organisations: dict[int, tuple[str, ...]] = field(default_factory=dict)  # the name of each, and of those below it
    pending: dict[int, PendingState] = field(default_factory=dict)
    references: dict[str, list[int]] = field(default_factory=dict)  # customers' own numbers → tickets
    old_numbers: dict[str, list[int]] = field(default_factory=dict)  # of other systems → tickets
    folk: Folk = field(default_factory=Folk)  # for commands about people


def children(session: Session, tickets: Mapping[int, TicketState], more: More) -> None:
    """Children of these tickets, and their siblings."""
    parents = set(tickets) | {t.parent_id for t in tickets.values() if t.parent_id}
    if parents:
        rows = select(Ticket.parent_id, Ticket.id, Ticket.number, Ticket.status).where(Ticket.parent_id.in_(parents))
        for row in session.execute(rows.order_by(Ticket.number)):
            child = ChildState(row.id, row.number, row.status)
            more.children.setdefault(row.parent_id or 0, []).append(child)


def alerts(session: Session, tickets: Collection[int], more: More) -> None:
    """Alerts that somebody wants and has not had."""
    if tickets:
        wanted = select(Alert.ticket_id, Alert.contact_id, Alert.stage)
        for ticket_id, contact_id, stage in session.execute(
            wanted.where(Alert.ticket_id.in_(tickets), Alert.sent_at.is_(None))
        ):
            more.alerts.setdefault(ticket_id, []).append((contact_id, stage))


def approvals(session: Session, tickets: Mapping[int, TicketState], more: More) -> None:
    """Who was asked to approve, and what they answered."""
    waiting = [ticket.id for ticket in tickets.values() if ticket.approval]
    if waiting:
        asked = select(Approval.ticket_id, Approval.contact_id, Approval.answer).where(Approval.ticket_id.in_(waiting))
        for ticket_id, contact_id, answer in session.execute(asked):
            more.approvals.setdefault(ticket_id, {})[contact_id] = answer


def asked_for(session: Session, asked: Collection[str], tickets: Collection[int], more: More) -> None:
    """What only some commands need."""
    if BOARDS.intersection(asked):
        boards(session, more)
    if FILES.intersection(asked):
        files(session, tickets, more)
    if LINKS.intersection(asked):
        links(session, tickets, more)


def boards(session: Session, more: More) -> None:
    """Every board of approvers: few people in few organisations."""
    rows = select(Approver.organisation_id, Approver.board, Approver.contact_id)
    for organisation_id, board, contact_id in session.execute(rows.order_by(Approver.contact_id)):
        more.boards.setdefault((organisation_id, board), []).append(contact_id)


def files(session: Session, tickets: Collection[int], more: More) -> None:
    """The files of these tickets that are not hidden."""
    if tickets:
        rows = (
            select(Attachment.ticket_id, Attachment.id, Attachment.name, Attachment.event_id, Event.contact_id)
            .join(Event, Event.id == Attachment.event_id)
            .where(Attachment.ticket_id.in_(tickets), Attachment.hidden_at.is_(None))
        )
        for row in session.execute(rows.order_by(Attachment.id)):
            file = FileState(row.id, row.name, row.event_id, row.contact_id)
            more.files.setdefault(row.ticket_id, []).append(file)


def lane(session: Session, tickets: Collection[int], letters: Collection[int], more: More) -> None:
    """Notes that wait for staff; the entries that these letters (outbox ids) told of; and the files of both."""
    more.lane = more_lane.waiting(session, tickets)
    more.told = more_lane.told(session, letters)
    entries = {entry.id for waiting in more.lane.values() for entry in waiting}
    more.enclosed = more_lane.files(session, entries | {entry.id for entry in more.told.values()})


def links(session: Session, tickets: Collection[int], more: More) -> None:
    """Which tickets these have to do with, in either direction."""
    if tickets:
        pair = (TicketLink.ticket_id, TicketLink.other_id)
        found = select(*pair).where(or_(TicketLink.ticket_id.in_(tickets), TicketLink.other_id.in_(tickets)))
        more.links = {(ticket_id, other_id) for ticket_id, other_id in session.execute(found)}


def sites(session: Session, people: Iterable[ContactState], tickets: Iterable[TicketState], more: More) -> None:
    """The sites of everybody's organisation."""
    wanted = {person.organisation_id for person in people} | {ticket.organisation_id for ticket in tickets}
    columns = (Site.id, Site.organisation_id, Site.name, Site.code, Site.place, Site.post_code, Site.account, Site.main)
    rows = select(*columns).where(Site.organisation_id.in_(wanted - {None}))
    for row in session.execute(rows.order_by(Site.name)):
        more.sites.setdefault(row.organisation_id, []).append(SiteState(*row))


def organisations(session: Session, people: Iterable[ContactState], tickets: Iterable[TicketState], more: More) -> None:
    """The names of everybody's organisation and of those below it, however deep."""
    wanted = {person.organisation_id for person in people} | {ticket.organisation_id for ticket in tickets}
    inside = nesting.below(session, {one for one in wanted if one})
    ids = inside.keys() | set[int]().union(*inside.values())
    named = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)).order_by(Organisation.name)
    names = {row.id: row.name for row in session.execute(named)} if ids else {}
    for top, below in inside.items():
        mine = [name for one, name in names.items() if one in below]
        more.organisations[top] = (names[top], *mine) if top in names else ()


def pending(session: Session, ids: Collection[int], more: More, *, lock: bool) -> None:
    """What waits for a “confirm”, by the ids in the tokens of a mail; with `lock`, this transaction's alone to do."""
    if ids:
        waiting = select(Pending).where(Pending.id.in_(ids)).order_by(Pending.id)  # so that nobody waits in a circle
        for row in session.scalars(waiting.with_for_update() if lock else waiting):
            commands = tuple((str(word), str(argument)) for word, argument in row.commands)
            whose = (row.contact_id, row.staff_id, row.ticket_id)
            more.pending[row.id] = PendingState(
                row.id, *whose, commands, row.body, row.expires_at, row.done_at is not None
            )


def named(session: Session, subjects: Collection[str], more: More) -> None:
    """Tickets by what subjects may quote besides our own numbers: the customer's, and those of another system."""
    references(session, {number for subject in subjects for number in own_numbers(subject)}, more)
    old_numbers(session, {key for subject in subjects for key in keys_of(subject)}, more)


def references(session: Session, keys: Collection[str], more: More) -> None:
    """Tickets by the customer's own number (E5), in lower case."""
    if keys:
        rows = select(Ticket.reference_key, Ticket.id).where(Ticket.reference_key.in_(keys), Ticket.reference_key != "")
        for key, ticket_id in session.execute(rows.limit(1000)):
            more.references.setdefault(key, []).append(ticket_id)


def old_numbers(session: Session, keys: Collection[str], more: More) -> None:
    """Tickets by the numbers that they had in another system (E6)."""
    if keys:
        rows = select(OldNumber.key, OldNumber.ticket_id).where(OldNumber.key.in_(keys))
        for key, ticket_id in session.execute(rows.order_by(OldNumber.ticket_id).limit(1000)):
            more.old_numbers.setdefault(key, []).append(ticket_id)
