"""The line of the log that says what became of a letter: its id, the mail that caused it, the code of the reply."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.delivery_batch import Batch
from gateway.letter import Letter, Unsent
from gateway.relay import Deferred, NotTried, Refused, Result, Sent
from store.tables import Outbox, Ticket

log = structlog.get_logger(__name__)

# RFC 5321 section 4.2, RFC 3463 section 2. What follows may quote an address, or the letter.
_CODE = re.compile(r"[245]\d\d(?:[ -][245]\.\d{1,3}\.\d{1,3})?(?!\S)", re.ASCII)


def numbers(session: Session, rows: Sequence[Outbox]) -> dict[int, str]:
    """The numbers of the tickets that letters are about, with one query."""
    ids = {row.ticket_id for row in rows if row.ticket_id}
    if not ids:
        return {}
    return {row.id: row.number for row in session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(ids)))}


def tell(batch: Batch, results: Iterable[tuple[Letter, Result]], now: datetime, most: timedelta) -> None:
    """A line for each letter that was tried; `most` is how long one is tried. To be told when it is recorded."""
    rows = {row.id: row for row in batch.rows}
    for letter, result in results:
        if isinstance(result, NotTried):
            continue
        row = rows[letter.outbox_id]
        about = _about(row, batch.numbers) | _code(result.reply)
        if isinstance(result, Sent):
            log.info("letter sent", **about)
        elif isinstance(result, Refused):
            log.warning("letter refused", **about)
        elif now - (row.retried_at or row.created_at) > most:
            log.warning("letter given up", **about, attempts=row.attempts)
        elif isinstance(result, Deferred):
            log.info("letter deferred", **about, attempts=row.attempts)
        else:
            log.warning("letter uncertain", **about, attempts=row.attempts)


def tell_unsent(batch: Batch, unsent: Mapping[int, Unsent]) -> None:
    """A line for each letter that is not tried: its address is muted, another one says the same, or it has a fault."""
    rows = {row.id: row for row in batch.rows}
    for row in batch.suppressed:
        log.info("letter left out", **_about(row, batch.numbers), why="muted")
    for row_id, found in unsent.items():
        if found.final:
            log.info("letter left out", **_about(rows[row_id], batch.numbers), why="superseded")
        else:
            log.warning("letter not written", **_about(rows[row_id], batch.numbers), attempts=rows[row_id].attempts)
    for lead, ids in batch.folded.items():
        if lead in rows:
            log.info("letters folded", letter=lead, letters=list(ids))


def _about(row: Outbox, tickets: Mapping[int, str]) -> dict[str, Any]:
    about: dict[str, Any] = {"letter": row.id, "kind": row.kind}
    if row.received_id is not None:
        about["mail"] = row.received_id
    if row.timer:
        about["timer"] = row.timer
    if number := tickets.get(row.ticket_id or 0):
        about["ticket"] = number
    return about


def _code(reply: str) -> dict[str, str]:
    found = _CODE.match(reply)
    return {"reply": found[0]} if found else {}
