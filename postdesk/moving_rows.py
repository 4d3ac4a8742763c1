"""The rows of moved mails: as received ones, and what each left on its ticket, so that undo takes just that away."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from desk.writes import Writes
from gateway.moving import Filed
from gateway.view import Incoming, message_key
from store.tables import KnownMessage, MovedMail, OldNumber, core

Numbered = Sequence[tuple[Filed, Sequence[str]]]  # threads, each with its numbers in another system


def received(mail: Incoming, size: int, blob: str, now: datetime) -> dict[str, object]:
    """The row of a mail that never waits: its disposition comes in the same transaction."""
    return {
        "id": mail.received_id,
        "received_at": now,
        "source": mail.envelope.source,
        "peer": mail.envelope.peer[:255],
        "helo": "",
        "reverse_path": "",
        "recipients": [],
        "size": size,
        "blob": blob,
        "waiting": True,
        "attempts": 0,
        "lease_until": None,
        "holder": "",
        "last_error": "",
        "earlier": [],
    }


def new_keys(writes: Writes) -> set[tuple[bytes, int]]:
    """The Message-IDs that were not known on these tickets; to be asked before the rows are written."""
    return {(row["key"], row["ticket_id"]) for row in writes.added(KnownMessage)}


def keep_moved(session: Session, move_in: int, filed: Numbered, fresh: set[tuple[bytes, int]]) -> None:
    """Which run moved each mail, with the Message-ID and the old numbers that were not known on its ticket before."""
    numbers = _keep_numbers(session, filed)
    rows = []
    for done, _ in filed:
        for decision, case in done.decisions:
            mail, name = case.mail, case.mail.message.message_id
            known = (message_key(name), decision.ticket_id or 0)
            key = known[0] if known in fresh else None
            fresh -= {known}
            row = {"received_id": mail.received_id, "move_in_id": move_in, "message_key": key}
            rows.append({**row, "numbers": numbers.get(mail.received_id, [])})
    if rows:
        session.execute(insert(core(MovedMail)), rows)


def _keep_numbers(session: Session, filed: Numbered) -> Mapping[int, list[str]]:
    """By the numbers of the other system an answer finds the ticket (E6). Returns the new ones by the mail they go
    with: the first of its thread."""
    wanted = {
        (key, done.ticket.id): done.decisions[0][1].mail.received_id
        for done, keys in reversed(filed)
        if done.ticket
        for key in keys
    }
    if not wanted:
        return {}
    ids = {ticket for _, ticket in wanted}
    there = session.execute(select(OldNumber.key, OldNumber.ticket_id).where(OldNumber.ticket_id.in_(ids)))
    fresh = sorted(wanted.keys() - {(key, ticket) for key, ticket in there})
    if fresh:
        session.execute(insert(core(OldNumber)), [{"key": key, "ticket_id": ticket} for key, ticket in fresh])
    kept: dict[int, list[str]] = {}
    for pair in fresh:
        kept.setdefault(wanted[pair], []).append(pair[0])
    return kept
