"""Writes: rows collected, then written in bulk, in the caller's transaction."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk.writes import Writes
from store.database import Database
from store.tables import Contact, ContactAddress, Lease, Staff, Tally

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def contact(writes: Writes, **values: object) -> int:
    """A row with all columns."""
    row_id = writes.next_id()
    base = dict.fromkeys(("name", "first_name", "last_name", "level", "language"), "")
    row = {
        **base,
        "organisation_id": None,
        "site_id": None,
        "known": False,
        "muted": False,
        "created_at": NOW,
        "deactivated_at": None,
    }
    writes.add(Contact, id=row_id, **{**row, **values})
    return row_id


def test_flush(database: Database) -> None:
    """Parents before children in whatever order they were added; the tally counts; a second flush writes nothing."""
    writes = Writes(database.ids.next)
    writes.add(ContactAddress, address="a@b.test", contact_id=1_000_000, written="A@b.test", position=0)
    contact(writes, name="Ann")
    writes.added(Contact)[0]["id"] = 1_000_000
    writes.tally["opened"] += 2
    with database.transaction() as session:
        writes.flush(session)
        writes.flush(session)
    with database.reading() as session:
        assert session.scalars(select(Contact.name)).all() == ["Ann"]
        assert session.scalars(select(Tally.value).where(Tally.name == "opened")).one() == 2


def test_change(database: Database) -> None:
    """Of a new row: it is inserted changed. Of an old one: several changes are one, other rows stay as they are."""
    writes = Writes(database.ids.next)
    ids = [contact(writes, name=f"c{n}") for n in range(4)]
    writes.change(Contact, ids[0], name="new")
    with database.transaction() as session:
        writes.flush(session)
    writes.change(Contact, ids[1], name="one")
    writes.change(Contact, ids[1], known=True)
    writes.change(Contact, ids[3], name="three")
    writes.change(Contact, ids[2], known=True, name="two")
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        rows = session.scalars(select(Contact).order_by(Contact.id)).all()
    assert [(row.name, row.known) for row in rows] == [("new", False), ("one", True), ("two", True), ("three", False)]


def test_what_was_set_before_a_drop_is_not_set_in_the_row_that_comes_after(database: Database) -> None:
    """A row added again under a dropped key is a new one; what is set in other rows stays."""
    writes = Writes(database.ids.next)
    ids = [contact(writes) for _ in range(2)]
    for address, contact_id in zip(("a@b.test", "c@d.test"), ids, strict=True):
        writes.add(ContactAddress, address=address, contact_id=contact_id, written=address, position=0)
    with database.transaction() as session:
        writes.flush(session)
    writes.set(ContactAddress, {"address": "a@b.test", "contact_id": ids[0]}, position=7)
    writes.set(ContactAddress, {"address": "c@d.test", "contact_id": ids[1]}, position=8)
    writes.drop(ContactAddress, {"address": "a@b.test"})
    writes.add(ContactAddress, address="a@b.test", contact_id=ids[0], written="A@b.test", position=0)
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        rows = session.scalars(select(ContactAddress).order_by(ContactAddress.address)).all()
    assert [(row.written, row.position) for row in rows] == [("A@b.test", 0), ("c@d.test", 8)]


def test_nothing_is_written_when_the_transaction_fails(database: Database) -> None:
    """All or nothing."""
    writes = Writes(database.ids.next)
    contact(writes)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:  # noqa: PT012 - what fails is the transaction
        writes.flush(session)
        _ = 1 / 0
    with database.reading() as session:
        assert session.scalars(select(Contact)).all() == []


def test_a_table_without_a_place_in_the_order_is_a_fault(database: Database) -> None:
    """Its rows are not left out in silence."""
    writes = Writes(database.ids.next)
    writes.add(Lease, name="x", holder="y", until=NOW)
    with pytest.raises(RuntimeError, match="Lease"), database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        assert session.scalars(select(Staff)).all() == []
