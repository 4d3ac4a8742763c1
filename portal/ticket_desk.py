"""What staff see of a ticket beside its conversation: what they can choose from, what waits, where its mail went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from desk import fields, lane, letter_list, load, reading, statuses, ticket_mail
from desk.acting import choices
from desk.acting.offering import MOST_ITEMS
from desk.acting.rules import Desk, Rules
from desk.letter_list import OutLetter
from desk.sites import label
from desk.state import StaffState, TeamState, TicketState
from desk.ticket_mail import Brought
from store.tables import Contact, ContactAddress, Event, Ticket, TicketLink

MOST_NOTES = 50  # that can be made a ticket from the page, the latest
MOST_ENTRIES = 2000  # of which the mail is shown
MOST_READERS = 20
MOST_LINKS = 100
_WORDS = 60  # characters of a note that name it

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CustomerNote:
    """A note of a customer: one that waits for staff, or that can become a ticket of its own."""

    id: int
    at: datetime
    author: str
    address: str  # a name can be anybody's
    words: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Another ticket."""

    number: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class DeskPart:
    """All of it. `options` are by the names of the fields of desk/acting/editing.py; `now` is what they are."""

    lives: bool  # not merged into another one
    spam: bool
    taken_by: int | None
    now: Mapping[str, str]
    options: Mapping[str, Options]
    items: Sequence[str]
    boards: Options
    notes: Sequence[CustomerNote]
    tasks: Sequence[Other]
    links: Sequence[Other]
    parent: Other | None
    minutes: int
    letters: Mapping[int, Sequence[OutLetter]]  # by entry
    mails: Mapping[int, Brought]  # by entry
    readers: Sequence[tuple[str, datetime]]

    @property
    def waiting(self) -> Sequence[CustomerNote]:
        """The notes that wait."""
        return [note for note in self.notes if note.waits]


def read(session: Session, desk: Desk, ticket: Ticket, now: datetime) -> DeskPart:
    """For the page of this ticket."""
    state = load.tickets(session, [ticket.id], levels=desk.rules.levels)[ticket.id]
    staff = load.staff(session)
    teams = load.teams(session, staff)
    here = choices.of(session, state, desk.rules)
    entries = _entries(session, ticket.id)
    others = _others(session, state)
    return DeskPart(
        lives=state.merged_into_id is None,
        spam=state.spam,
        taken_by=state.assignee_id,
        now=_now(state, desk.rules),
        options=_options(state, desk.rules, here, staff, teams),
        items=list(dict.fromkeys(item.name for item in here.items))[:MOST_ITEMS],
        boards=[(name, name) for name in sorted(here.boards)],
        notes=_notes(session, ticket.id),
        tasks=others[0],
        links=others[1],
        parent=others[2],
        minutes=state.minutes,
        letters=letter_list.of_entries(session, entries, now),
        mails=ticket_mail.of_entries(session, entries),
        readers=reading.readers(session, ticket.id, MOST_READERS),
    )


def _now(ticket: TicketState, rules: Rules) -> Mapping[str, str]:
    """The fields as the form shows them, and as it sends those that nobody changed."""
    due = ticket.due_at.astimezone(rules.zone).strftime("%Y-%m-%dT%H:%M") if ticket.due_at else ""
    queue = f"team:{ticket.team_id}" if ticket.team_id else ""
    return {
        "contact": ticket.requester.address,
        "title": ticket.title,
        "type": ticket.type,
        "site": str(ticket.site_id or ""),
        "service": ticket.service,
        "item": ticket.item,
        "urgency": ticket.urgency,
        "impact": ticket.impact,
        "priority": ticket.priority,
        "reference": ticket.customer_reference,
        "needed_by": ticket.needed_by.isoformat() if ticket.needed_by else "",
        "due": due,
        "assignee": f"staff:{ticket.assignee_id}" if ticket.assignee_id else queue,
        "status": ticket.status,
    }


def _options(
    ticket: TicketState,
    rules: Rules,
    here: choices.Choices,
    staff: Mapping[int, StaffState],
    teams: Mapping[str, TeamState],
) -> Mapping[str, Options]:
    people = [(f"staff:{one.id}", one.name) for one in staff.values() if one.active or one.id == ticket.assignee_id]
    queues = [(f"team:{one.id}", one.name) for one in teams.values()]
    found: dict[str, Options] = {
        "type": _same([one.name for one in rules.catalogue.types]),
        "site": [(str(site.id), label(site)) for site in here.sites],
        "service": _same([one.label for one in here.services]),
        "urgency": _same(fields.URGENCIES),
        "impact": _same(fields.IMPACTS),
        "priority": _same(rules.catalogue.priorities),
        "assignee": [*sorted(people, key=lambda one: one[1].casefold()), *queues],
        "status": _same(statuses.ALL),
    }
    now = _now(ticket, rules)
    # What stands there stays to choose, known to the catalogue or not.
    return {
        name: options if now[name] in dict(options) else [(now[name], now[name]), *options]
        for name, options in found.items()
    }


def _same(names: Sequence[str]) -> Options:
    return [(name, name) for name in names]


def _entries(session: Session, ticket_id: int) -> list[int]:
    newest = select(Event.id).where(Event.ticket_id == ticket_id).order_by(Event.at.desc(), Event.id.desc())
    return list(session.scalars(newest.limit(MOST_ENTRIES)))


def _notes(session: Session, ticket_id: int) -> list[CustomerNote]:
    """Those that wait, all of them, and the latest of the others."""
    columns = (Event.id, Event.at, Event.author, Event.text, Event.visibility, Event.changes, ContactAddress.written)
    mine = (
        select(*columns)
        .join(Contact, Contact.id == Event.contact_id)
        .outerjoin(ContactAddress, (ContactAddress.contact_id == Contact.id) & (ContactAddress.position == 0))
        .where(Event.ticket_id == ticket_id, Event.kind == "note", Event.visibility.in_(("public", "pending")))
        .order_by(Event.at.desc(), Event.id.desc())
    )
    found: list[CustomerNote] = []
    for row in session.execute(mine.limit(MOST_ENTRIES)):
        waits = row.visibility == "pending"
        if lane.SPLIT in row.changes or (not waits and len(found) >= MOST_NOTES):
            continue
        words = " ".join(row.text[: 4 * _WORDS].split())[:_WORDS]
        found.append(CustomerNote(row.id, row.at, row.author, row.written or "", words, waits))
    return found[::-1]


def _others(session: Session, ticket: TicketState) -> tuple[list[Other], list[Other], Other | None]:
    """Tasks, linked tickets, and the ticket that this one is a task of: with one question each."""
    other = (Ticket.number, Ticket.title, Ticket.status)
    tasks = select(*other).where(Ticket.parent_id == ticket.id).order_by(Ticket.number)
    pairs = select(TicketLink.ticket_id, TicketLink.other_id)
    pairs = pairs.where(or_(TicketLink.ticket_id == ticket.id, TicketLink.other_id == ticket.id)).limit(MOST_LINKS)
    ids = {one for pair in session.execute(pairs) for one in pair} - {ticket.id}
    rows = session.execute(select(Ticket.id, *other).where(Ticket.id.in_(ids | {ticket.parent_id or 0})))
    named = {row.id: Other(row.number, row.title, row.status) for row in rows}
    links = sorted((named[one] for one in ids if one in named), key=lambda one: one.number)
    return [Other(*row) for row in session.execute(tasks)], links, named.get(ticket.parent_id or 0)
