"""Mails into a desk with 1,000 tickets and into one with 1,000,000, by turns: what a mail costs as the desk grows."""

import os
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from bench import mails
from bench.desk import Desk
from bench.load import send
from gateway.view import message_key
from store.bulk import insert_rows
from store.database import Database
from store.tables import (
    Base,
    Contact,
    ContactAddress,
    Disposition,
    Event,
    IdBlock,
    KnownMessage,
    MailKey,
    RawMail,
    ReceivedMail,
    Ticket,
)
from tests.peers.common import wait_for

FEW, MANY = 1_000, int(os.environ.get("TICKETS", "1000000"))
MAILS, ROUNDS = 2_000, 5
_PART = 10_000
_EACH = 4  # ids that a ticket takes: contact, mail, ticket, entry
_ORDER: tuple[type[Base], ...] = (
    Contact, ContactAddress, ReceivedMail, RawMail, Ticket, Event, KnownMessage, MailKey, Disposition,
)  # fmt: skip


@dataclass(slots=True)
class _Filled:
    """A desk, how many tickets it was given, and what the rounds took: mails a second, ms of processor time each."""

    desk: Desk
    tickets: int
    rates: list[float]
    cpu: list[float]


def figures() -> Iterator[tuple[str, float, str]]:
    """Each figure with its unit; those of the rounds are medians."""
    with Desk(("smtp", "work")) as small, Desk(("smtp", "work")) as large:
        desks = [_Filled(small, FEW, [], []), _Filled(large, MANY, [], [])]
        for one in desks:
            one.desk.stop()
            started = time.perf_counter()
            fill(one.desk.database, one.tickets)
            yield f"{one.tickets:,} tickets put in", time.perf_counter() - started, "s"
            yield "  database", size(one.desk.folder), "MB"
            one.desk.start()
        for turn in range(ROUNDS):
            for one in desks:
                _round(one, turn)
        for one in desks:
            yield f"mails end to end at {one.tickets:,} tickets", statistics.median(one.rates), "/s"
            yield "  processor time of each", statistics.median(one.cpu), "ms"
            yield "  memory of all processes", one.desk.memory(), "MB"
        yield "ratio of the rates", statistics.median(desks[1].rates) / statistics.median(desks[0].rates), ""


def _round(one: _Filled, turn: int) -> None:
    """Half new mails, half answers to tickets of before."""
    chance = random.Random(turn)  # noqa: S311 - samples
    olds = [chance.randrange(one.tickets) for _ in range(MAILS // 2)]
    answers = mails.replies([_message_id(n) for n in olds], [_address(n) for n in olds], turn)
    fresh = mails.small(MAILS // 2, 100 + turn)
    before, started = one.desk.cpu_seconds(), time.perf_counter()
    send(one.desk.smtp, [mail for pair in zip(fresh, answers, strict=True) for mail in pair])
    wait_for(lambda: not _waiting(one.desk.database), "all mails handled", 300)
    one.rates.append(MAILS / (time.perf_counter() - started))
    one.cpu.append((one.desk.cpu_seconds() - before) / MAILS * 1000)


def _waiting(database: Database) -> int:
    """By its own small index: to count what was handled would take longer than the mails."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(ReceivedMail).where(ReceivedMail.waiting)) or 0


def size(folder: Path) -> float:
    """MB of the SQLite database in a desk's folder."""
    return sum(file.stat().st_size for file in folder.glob("desk.db*")) / 1e6


def fill(database: Database, tickets: int) -> None:
    """Tickets that a mail of 1 KB each opened, from a sender each, with all rows that the matching looks at."""
    chance = random.Random(20190409)  # noqa: S311 - samples
    texts = [mails.text_of(chance, 1_000) for _ in range(200)]
    now = datetime.now(UTC).replace(microsecond=0)
    with database.transaction() as session:
        block = update(IdBlock).where(IdBlock.name == "rows").values(next=IdBlock.next + _EACH * tickets)
        first = session.scalars(block.returning(IdBlock.next)).one() - _EACH * tickets
    for start in range(0, tickets, _PART):
        rows: dict[type[Base], list[dict[str, Any]]] = {table: [] for table in _ORDER}
        for n in range(start, min(start + _PART, tickets)):
            at = now - timedelta(days=1, minutes=tickets - n)
            for table, row in _rows(n, first + _EACH * n, at, chance.choice(texts)).items():
                rows[table].append(row)
        with database.transaction(durable=False) as session:
            for table in _ORDER:
                insert_rows(session.connection(), table, rows[table])


def _rows(n: int, key: int, at: datetime, text: str) -> dict[type[Base], dict[str, Any]]:
    """One ticket, all but a hundredth of them closed."""
    contact, mail, ticket, entry = range(key, key + _EACH)
    done, address = at + timedelta(hours=5), _address(n)
    status = "In Progress" if n % 100 == 0 else "Complete"
    return {
        Contact: {"id": contact, "name": f"Person {n}", "created_at": at},
        ContactAddress: {"address": address, "written": address, "contact_id": contact},
        ReceivedMail: {"id": mail, "received_at": at, "source": "smtp", "reverse_path": address,
                       "recipients": ["service@desk.test"], "size": len(text), "waiting": False, "attempts": 1},
        RawMail: {"id": mail, "data": text.encode()},
        Ticket: {"id": ticket, "number": f"T{at:%Y%m%d}.{n:07}", "title": f"Trouble {n}",
                 "letter_subject": f"Trouble {n}", "status": status, "type": "Incident",
                 "desk_address": "service@desk.test", "requester_id": contact, "created_at": at, "updated_at": done,
                 "completed_at": None if status == "In Progress" else done},
        Event: {"id": entry, "ticket_id": ticket, "at": at, "kind": "note", "visibility": "public",
                "contact_id": contact, "author": f"Person {n}", "text": text, "received_id": mail},
        KnownMessage: {"key": message_key(_message_id(n)), "ticket_id": ticket},
        MailKey: {"key": blake2b(b"%d" % n, digest_size=16).digest(), "received_id": mail},
        Disposition: {"received_id": mail, "at": at, "kind": "opened", "rule": "new",
                      "reason": "A new mail.", "ticket_id": ticket, "sender": address, "subject": f"Trouble {n}"},
    }  # fmt: skip


def _address(n: int) -> str:
    return f"old{n}@customer.test"


def _message_id(n: int) -> str:
    return mails.message_id(f"old-{n}")
