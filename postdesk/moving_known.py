"""What the desk has already of the mails of a move: the mails themselves, what they answer, and their old numbers."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import load
from postdesk.moving_index import Index
from store.tables import ContactAddress, Disposition, KnownMessage, MailKey, OldNumber

_AT_ONCE = 500
_GONE = (
    "SELECT DISTINCT message FROM reference WHERE message NOT IN (SELECT message FROM mail WHERE message IS NOT NULL)"
)


def look_up(session: Session, index: Index) -> None:
    """Note all of it in the index."""
    tickets = _mails(session, index)
    for messages in _parts(index, _GONE):
        rows = session.execute(select(KnownMessage.key, KnownMessage.ticket_id).where(KnownMessage.key.in_(messages)))
        found = [(bytes(key), ticket) for key, ticket in rows]
        index.many("INSERT OR IGNORE INTO desk_message VALUES (?, ?)", found)
        tickets |= {ticket for _, ticket in found}
    for keys in _parts(index, "SELECT DISTINCT key FROM number"):
        rows = session.execute(select(OldNumber.key, OldNumber.ticket_id).where(OldNumber.key.in_(keys)))
        numbers = [(key, ticket) for key, ticket in rows]
        index.many("INSERT OR IGNORE INTO desk_number VALUES (?, ?)", numbers)
        tickets |= {ticket for _, ticket in numbers}
    _tickets(session, index, sorted(tickets))


def _mails(session: Session, index: Index) -> set[int]:
    """Mails that were handled before: their tickets."""
    tickets = set()
    for keys in _parts(index, "SELECT DISTINCT key FROM mail"):
        columns = (MailKey.key, MailKey.received_id, Disposition.ticket_id)
        known = select(*columns).outerjoin(Disposition, Disposition.received_id == MailKey.received_id)
        found = [
            (mail, ticket, bytes(key)) for key, mail, ticket in session.execute(known.where(MailKey.key.in_(keys)))
        ]
        index.many("UPDATE mail SET here = ?, ticket = ? WHERE key = ?", found)
        tickets |= {ticket for _, ticket, _ in found if ticket}
    return tickets


def _tickets(session: Session, index: Index, ids: list[int]) -> None:
    """The people of these tickets, by all of their addresses; of a merged one, those of the one that goes on."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        states = load.tickets(session, part)
        people = {i: {s.requester.id, *s.people} if (s := load.survivor(i, states)) else set() for i in part}
        addresses = _addresses(session, set().union(*people.values()))
        rows = [(i, json.dumps(sorted({a for p in people[i] for a in addresses.get(p, ())}))) for i in part]
        index.many("INSERT OR IGNORE INTO desk_ticket (ticket, core) VALUES (?, ?)", rows)


def _addresses(session: Session, people: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = select(ContactAddress.contact_id, ContactAddress.address).where(ContactAddress.contact_id.in_(people))
    for contact, address in session.execute(rows):
        found.setdefault(contact, []).append(address)
    return found


def _parts(index: Index, statement: str) -> Iterator[list[Any]]:
    """The single column of an answer, so many rows at once. All of it is read first: it is written to meanwhile."""
    values = [row[0] for row in index.rows(statement)]
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
