"""Rows inserted in bulk are the rows that SQLAlchemy's own INSERT makes, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from store.bulk import insert_rows
from store.database import Database
from store.tables import Base, Outbox, RawMail, ReceivedMail, core

AT = datetime(2026, 3, 29, 1, 30, 0, 250, timezone(timedelta(hours=2)))
LETTER = {"kind": "receipt", "recipient": "ann@customer.test", "next_at": AT, "created_at": AT}
MAIL = {
    "received_at": AT, "source": "smtp", "peer": "", "helo": "größe 網絡", "reverse_path": "a@b.test",
    "recipients": ["a", "ü"], "size": 3, "blob": "", "waiting": True, "attempts": 0, "lease_until": None,
    "last_error": "", "earlier": [],
}  # fmt: skip
CASES: list[tuple[type[Base], dict[str, Any]]] = [
    (Outbox, LETTER),
    (Outbox, {**LETTER, "context": {"a": [1, None, "ü"]}, "automatic": False, "rendered": b"\0\xff"}),
    (Outbox, {**LETTER, "context": {}, "contact_id": None, "done_at": AT.astimezone(UTC)}),
    (ReceivedMail, MAIL),
    (ReceivedMail, {**MAIL, "lease_until": AT, "waiting": False}),
]


@pytest.mark.parametrize("table, values", CASES)
def test_the_same_row(database: Database, table: type[Base], values: dict[str, Any]) -> None:
    """Types, defaults of columns that are not named, and None come out alike."""
    with database.transaction() as session:
        session.execute(insert(core(table)), [{"id": 1, **values}])
        insert_rows(session.connection(), table, [{"id": 2, **values}, {**values, "id": 3}])
    with database.reading() as session:
        rows = [dict(row) for row in session.execute(select(core(table)).order_by(core(table).c.id)).mappings()]
    assert [row.pop("id") for row in rows] == [1, 2, 3]
    assert rows[0] == rows[1] == rows[2]


def test_bytes(database: Database) -> None:
    """The bytes of a mail are kept as they are."""
    with database.transaction() as session:
        insert_rows(session.connection(), ReceivedMail, [{"id": 7, **MAIL}])
        insert_rows(session.connection(), RawMail, [{"id": 7, "data": bytes(range(256))}])
    with database.reading() as session:
        assert session.get_one(RawMail, 7).data == bytes(range(256))


def test_faults(database: Database) -> None:
    """A column that is not there, a row that lacks one, a naive time and a key that is taken are refused."""
    with database.transaction() as session:
        with pytest.raises(ValueError, match="outbox has no column colour"):
            insert_rows(session.connection(), Outbox, [{"id": 1, "colour": "red"}])
        with pytest.raises(KeyError):
            insert_rows(session.connection(), Outbox, [{"id": 1, **LETTER}, {"id": 2}])
        with pytest.raises(ValueError, match="without a zone"):
            insert_rows(session.connection(), Outbox, [{"id": 1, **LETTER, "next_at": AT.replace(tzinfo=None)}])
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_rows(session.connection(), Outbox, [{"id": 1, **LETTER}, {"id": 1, **LETTER}])
