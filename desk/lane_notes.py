"""Entries that commands of staff are about: notes that wait, what a letter told of, and the files of both."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.tickets import File
from store.tables import Attachment, Disposition, Event, Outbox


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a ticket that a command may be about: a pending note, or the one that a letter told of."""

    id: int
    ticket_id: int
    visibility: str
    kind: str
    contact_id: int | None
    author: str
    text: str
    folded: str
    html: str
    at: datetime
    verified: bool
    received_id: int | None
    changes: Mapping[str, Any]
    subject: str  # of the mail that brought it
    several: bool = False  # the letter told of others as well
    waited: bool = False  # the letter said that its author does not take part


_COLUMNS: tuple[Any, ...] = (
    Event.id,
    Event.ticket_id,
    Event.visibility,
    Event.kind,
    Event.contact_id,
    Event.author,
    Event.text,
    Event.folded,
    Event.html,
    Event.at,
    Event.verified,
    Event.received_id,
    Event.changes,
    Disposition.subject,
)
_NAMES = tuple(column.key for column in _COLUMNS)


def waiting(session: Session, tickets: Collection[int]) -> dict[int, list[Entry]]:
    """By ticket: the notes that wait for staff, oldest first."""
    found: dict[int, list[Entry]] = {}
    if tickets:
        rows = (
            select(*_COLUMNS)
            .outerjoin(Disposition, Disposition.received_id == Event.received_id)
            .where(Event.ticket_id.in_(tickets), Event.visibility == "pending")
        )
        for row in session.execute(rows.order_by(Event.at, Event.id)):
            found.setdefault(row.ticket_id, []).append(_entry(row))
    return found


def one(session: Session, ticket_id: int, entry_id: int) -> Entry | None:
    """An entry of that ticket; None for one of another ticket, and where there is none."""
    rows = (
        select(*_COLUMNS)
        .outerjoin(Disposition, Disposition.received_id == Event.received_id)
        .where(Event.id == entry_id, Event.ticket_id == ticket_id)
    )
    found = session.execute(rows).first()
    return _entry(found) if found else None


def told(session: Session, letters: Collection[int]) -> dict[int, Entry]:
    """By letter (outbox id): the entry that it told of."""
    found: dict[int, Entry] = {}
    if letters:
        rows = (
            select(Outbox.id, Outbox.context, *_COLUMNS)
            .join(Event, Event.id == Outbox.event_id)
            .outerjoin(Disposition, Disposition.received_id == Event.received_id)
            .where(Outbox.id.in_(letters))
        )
        for letter, context, *entry in session.execute(rows):
            several = bool({*context.get("events", ())} - {entry[0]})
            found[letter] = replace(_entry(entry), several=several, waited=bool(context.get("lane")))
    return found


def _entry(columns: Sequence[Any]) -> Entry:
    values = dict(zip(_NAMES, columns, strict=True))
    return Entry(**values | {"subject": values["subject"] or ""})


def files(session: Session, entries: Collection[int]) -> dict[int, list[File]]:
    """By entry: its files that are not hidden."""
    found: dict[int, list[File]] = {}
    if entries:
        shown = select(Attachment).where(Attachment.event_id.in_(entries), Attachment.hidden_at.is_(None))
        for row in session.scalars(shown.order_by(Attachment.id)):
            found.setdefault(row.event_id, []).append(
                File(
                    name=row.name,
                    original_name=row.original_name,
                    declared_type=row.declared_type,
                    type=row.type,
                    size=row.size,
                    digest=row.digest,
                    inline=row.inline,
                    content_id=row.content_id,
                )
            )
    return found


def settle(lane: dict[int, list[Entry]], letters: dict[int, Entry], ids: Collection[int], **changed: Any) -> None:
    """These entries wait no more, or elsewhere: later mails of the batch see it."""
    for ticket_id, entries in lane.items():
        lane[ticket_id] = [entry for entry in entries if entry.id not in ids]
    for letter, entry in letters.items():
        if entry.id in ids:
            letters[letter] = replace(entry, **changed)


def by_author(entries: Collection[Entry]) -> Mapping[int, list[Entry]]:
    """Notes by who wrote them."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.contact_id or 0, []).append(entry)
    return found
