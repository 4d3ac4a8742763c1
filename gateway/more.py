"""What commands need to know beyond people and tickets; each kind is loaded with one query, and only when asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from desk import known, lane_notes
from desk.known import Known
from desk.lane_notes import Entry
from desk.tickets import File
from gateway.more_people import Folk
from gateway.old_numbers import keys as keys_of
from gateway.subject import own_numbers
from store.tables import (
    OldNumber,
    Pending,
    Ticket,
    core,
)

# Words of commands for which a kind is loaded.
FILES = frozenset({"remove"})
LANE = frozenset({"approve", "split", "merge"})
LINKS = frozenset({"link"})
BOARDS = frozenset({"ask"})
SITES = frozenset({"site", "Site", "item", "Item", "items", "people"})
ORGANISATIONS = frozenset({"type", "Type", "Service", "item", "Item"})  # the catalogue knows them by name


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
class More(Known):
    """All of it, for one batch; kept up to date by what the batch does."""

    canaries: set[int] = field(default_factory=set)  # under way, of those that mails name
    lane: dict[int, list[Entry]] = field(default_factory=dict)  # by ticket: pending notes, oldest first
    told: dict[int, Entry] = field(default_factory=dict)  # by outbox row: the entry that the letter told of
    enclosed: dict[int, list[File]] = field(default_factory=dict)  # by entry, of `lane` and `told`
    pending: dict[int, PendingState] = field(default_factory=dict)
    references: dict[str, list[int]] = field(default_factory=dict)  # customers' own numbers → tickets
    old_numbers: dict[str, list[int]] = field(default_factory=dict)  # of other systems → tickets
    folk: Folk = field(default_factory=Folk)  # for commands about people


def asked_for(session: Session, asked: Collection[str], tickets: Collection[int], more: More) -> None:
    """What only some commands need."""
    if BOARDS.intersection(asked):
        known.boards(session, more)
    if FILES.intersection(asked):
        known.files(session, tickets, more)
    if LINKS.intersection(asked):
        known.links(session, tickets, more)


def lane(session: Session, tickets: Collection[int], letters: Collection[int], more: More) -> None:
    """Notes that wait for staff; the entries that these letters (outbox ids) told of; and the files of both."""
    more.lane = lane_notes.waiting(session, tickets)
    more.told = lane_notes.told(session, letters)
    entries = {entry.id for waiting in more.lane.values() for entry in waiting}
    more.enclosed = lane_notes.files(session, entries | {entry.id for entry in more.told.values()})


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


_TICKETS, _OLD = core(Ticket).c, core(OldNumber).c
_REFERRED = (
    select(_TICKETS.reference_key, _TICKETS.id)
    .where(_TICKETS.reference_key.in_(bindparam("keys", expanding=True)), _TICKETS.reference_key != "")
    .limit(1000)
)
_RENUMBERED = (
    select(_OLD.key, _OLD.ticket_id)
    .where(_OLD.key.in_(bindparam("keys", expanding=True)))
    .order_by(_OLD.ticket_id)
    .limit(1000)
)


def references(session: Session, keys: Collection[str], more: More) -> None:
    """Tickets by the customer's own number (E5), in lower case."""
    if keys:
        for key, ticket_id in session.connection().execute(_REFERRED, {"keys": list(keys)}):
            more.references.setdefault(key, []).append(ticket_id)


def old_numbers(session: Session, keys: Collection[str], more: More) -> None:
    """Tickets by the numbers that they had in another system (E6)."""
    if keys:
        for key, ticket_id in session.connection().execute(_RENUMBERED, {"keys": list(keys)}):
            more.old_numbers.setdefault(key, []).append(ticket_id)
