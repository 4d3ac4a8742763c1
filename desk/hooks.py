"""Webhooks: which of the rows that are written tell other programs something, and what it says."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from desk import statuses
from store.tables import Event, HookMessage, Organisation, Site, Ticket, core

Kind = Literal["ticket.opened", "ticket.noted", "ticket.changed", "ticket.resolved", "ticket.closed"]
EVENTS: tuple[Kind, ...] = ("ticket.opened", "ticket.noted", "ticket.changed", "ticket.resolved", "ticket.closed")
INFO = "hooks"  # under which the sessions of a database know them (store/database.py)
# Changes whose values come from lists of ours: they are told. Of all others the name of the field is: what people
# wrote is asked for with a token, under the rights of its owner.
_TOLD = ("status", "approval", "type", "priority", "urgency", "impact")
_OF_ALL = frozenset({"status", "approval"})  # told of an internal change as well: customers see what came of it
_AT_ONCE = 5_000  # ids in one query

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """Which tickets and events one webhook hears of."""

    name: str
    events: frozenset[str] = frozenset(EVENTS)
    internal: bool = False  # internal notes and changes too
    organisation: str = ""  # of this one's tickets alone

    def wants(self, message: "Message", organisation: str) -> bool:
        """True for what it is told."""
        if message.kind not in self.events or (message.internal and not self.internal):
            return False
        return not self.organisation or self.organisation.casefold() == organisation.casefold()


@dataclass(frozen=True, slots=True)
class Hooks:
    """All webhooks of a desk, and what their messages are made with."""

    hooks: tuple[Hook, ...]
    base_url: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell: by a ticket, and by the entry of it that says so."""

    kind: Kind
    ticket_id: int
    entry_id: int | None
    at: datetime
    internal: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)


def queue(
    session: Session,
    next_id: Callable[[], int],
    tickets: Sequence[Row],
    entries: Sequence[Row],
    changed: Mapping[int, Row],
) -> None:
    """Queue messages about rows that were just written: new tickets, new entries, and entries that were changed.

    The one place through which mails, pages, programs, timers and commands pass; it is asked by desk/writes.py.
    """
    hooks: Hooks | None = session.info.get(INFO)
    if hooks is None or not hooks.hooks:
        return
    found = [*_of_new(tickets, entries), *_of_shown(session, changed)]
    if not found:
        return
    facts = _facts(session, sorted({message.ticket_id for message in found}))
    rows = [
        _row(next_id(), hook.name, message, _body(hooks.base_url, message, facts[message.ticket_id]))
        for message in found
        for hook in hooks.hooks
        if hook.wants(message, facts[message.ticket_id].organisation)
    ]
    if rows:
        session.execute(insert(core(HookMessage)), rows)


def _of_new(tickets: Sequence[Row], entries: Sequence[Row]) -> Iterator[Message]:
    """The first entry of a new ticket goes with the ticket."""
    opened = {row["id"]: row for row in tickets}
    for row in entries:
        ticket = opened.pop(row["ticket_id"], None)
        if ticket is not None:
            yield Message("ticket.opened", row["ticket_id"], row["id"], ticket["created_at"])
        else:
            yield from _of_entry(row)
    for ticket in opened.values():  # without words: what a split left
        yield Message("ticket.opened", ticket["id"], None, ticket["created_at"])


def _of_entry(row: Row) -> Iterator[Message]:
    ticket_id, entry_id, at, internal = row["ticket_id"], row["id"], row["at"], row["visibility"] != "public"
    if row["kind"] == "note" and row["visibility"] != "pending":
        yield Message("ticket.noted", ticket_id, entry_id, at, internal)
    changes = {name: _pair(value) for name, value in row["changes"].items()}
    open_ones = {name: pair for name, pair in changes.items() if _is_open(name, internal)}
    if open_ones:
        yield Message(_kind(open_ones), ticket_id, entry_id, at, changes=open_ones)
    hidden = {name: pair for name, pair in changes.items() if name not in open_ones}
    if hidden:
        yield Message("ticket.changed", ticket_id, entry_id, at, internal=True, changes=hidden)


def _pair(value: Any) -> Any:
    return value if isinstance(value, list) and len(value) == 2 else ("", value)


def _is_open(name: str, internal: bool) -> bool:
    from desk import fields  # it works on writes, which work on this

    return name in _OF_ALL if internal else name not in fields.INSIDE


def _kind(changes: Mapping[str, Any]) -> Kind:
    status = changes["status"][1] if "status" in changes else ""
    if status == "Resolved":
        return "ticket.resolved"
    return "ticket.closed" if status and statuses.is_done(status) else "ticket.changed"


def _of_shown(session: Session, changed: Mapping[int, Row]) -> Iterator[Message]:
    """Notes that waited for staff, and are public now."""
    shown = [event_id for event_id, values in changed.items() if values.get("visibility") == "public"]
    if not shown:
        return
    columns = (Event.id, Event.ticket_id, Event.at, Event.kind, Event.visibility, Event.changes)
    for row in session.execute(select(*columns).where(Event.id.in_(shown)).order_by(Event.id)):
        yield from _of_entry({**row._mapping, "changes": row.changes or {}})


@dataclass(frozen=True, slots=True)
class _Facts:
    number: str
    status: str
    type: str
    priority: str
    organisation: str
    site: str


def _facts(session: Session, ids: Sequence[int]) -> dict[int, _Facts]:
    """The tickets as they are now, after all that was written."""
    found: dict[int, _Facts] = {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = session.execute(
            select(Ticket.id, Ticket.number, Ticket.status, Ticket.type, Ticket.priority, Organisation.name, Site.name)
            .outerjoin(Organisation, Organisation.id == Ticket.organisation_id)
            .outerjoin(Site, Site.id == Ticket.site_id)
            .where(Ticket.id.in_(ids[start : start + _AT_ONCE]))
        )
        found.update((row[0], _Facts(*row[1:5], row[5] or "", row[6] or "")) for row in rows)
    return found


def _row(row_id: int, name: str, message: Message, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row_id,
        "hook": name,
        "event": message.kind,
        "ticket_id": message.ticket_id,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "state": "waiting",
        "attempts": 0,
        "created_at": message.at,
        "next_at": message.at,
        "retried_at": None,
        "lease_until": None,
        "holder": "",
        "reply": "",
        "done_at": None,
    }


def _body(base_url: str, message: Message, ticket: _Facts) -> dict[str, Any]:
    """Small, as Standard Webhooks wants it: type, time, and where to ask for more. None of the words of people."""
    api = f"{base_url}/api/v1/tickets/{ticket.number}"
    data: dict[str, Any] = {
        "ticket": {
            "number": ticket.number,
            "status": ticket.status,
            "type": ticket.type,
            "priority": ticket.priority,
            "organisation": ticket.organisation or None,
            "site": ticket.site or None,
            "url": f"{base_url}/t/{ticket.number}",
            "api_url": api,
        }
    }
    if message.entry_id is not None:
        data["entry"] = {"id": message.entry_id, "internal": message.internal}
    if message.changes:
        data["changed"] = [str(name) for name in message.changes]
        told = {name: message.changes[name] for name in _TOLD if name in message.changes}
        data["changes"] = {name: {"from": str(old), "to": str(new)} for name, (old, new) in told.items()}
    stamp = message.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": message.kind, "timestamp": stamp, "data": data}
