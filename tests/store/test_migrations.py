"""Migrations: they make the very tables that the code maps, once, whoever runs them at the same time."""

import multiprocessing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text

from store.database import Database
from store.migrations import current, is_current, upgrade
from store.tables import Base, Contact, IdBlock, Tally, Ticket, search


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    url = (
        f"sqlite:///{tmp_path}/x.db"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres").fresh_database()
    )
    made = Database(url)
    yield made
    made.close()


def test_from_nothing(empty: Database) -> None:
    """Not current, then current; a second time changes nothing; ids and the ledger have their rows."""
    assert not is_current(empty)
    assert current(empty)[0] is None
    upgrade(empty)
    upgrade(empty)
    assert is_current(empty)
    assert current(empty)[0] == current(empty)[1] != ""
    with empty.reading() as session:
        assert session.scalars(select(IdBlock.name)).all() == ["rows"]
        assert set(session.scalars(select(Tally.name))) == {
            "accepted", "opened", "noted", "folded", "answered", "held", "ignored",
        }  # fmt: skip
        assert set(session.scalars(select(Tally.value))) == {0}


def test_the_schema_is_that_of_the_code(database: Database) -> None:
    """Tables, columns, indexes and foreign keys: Alembic finds no difference.

    But for what finds words, which is no part of the mapping: virtual tables on SQLite, with more below them, and on
    PostgreSQL indexes by an extension. tests/store/test_search.py looks at those.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    def is_mapped(name: str | None, *_: object) -> bool:
        return not (name or "").startswith(search.TABLES) and not (name or "").endswith(search.INDEXES)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_mapped})
        assert compare_metadata(context, Base.metadata) == []
        there = {name for name in inspect(connection).get_table_names() if is_mapped(name)}
        assert there == {*Base.metadata.tables, "alembic_version"}


def start(url: str) -> None:
    """What a process does when it starts."""
    database = Database(url)
    upgrade(database)
    database.close()


def test_several_at_once(empty: Database) -> None:
    """Three processes start together on an empty database: one migrates, the others wait, all go on."""
    context = multiprocessing.get_context("spawn")
    url = empty.url.render_as_string(hide_password=False)
    processes = [context.Process(target=start, args=(url,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert is_current(empty)


def test_a_desk_of_the_first_version_goes_on(empty: Database) -> None:
    """Its rows stay, with the defaults of what is new; and a process of that version can still write tickets."""
    from alembic import command

    from store.migrations import config_for

    with empty.engine.begin() as connection:
        command.upgrade(config_for(connection), "0001")
    contact = (
        "INSERT INTO contact (id, name, first_name, last_name, level, language, known, muted, created_at) "
        "VALUES (1, 'Ann', '', '', 'Standard User', '', :yes, :no, :at)"
    )
    ticket = (
        "INSERT INTO ticket (id, number, title, letter_subject, status, type, priority, source, desk_address, "
        "requester_id, shared, resolution, created_at, updated_at) VALUES (:id, :number, 'Old', 'Old', 'New', 'Query', "
        "'Low', 'E-mail', 'd@desk.test', 1, :yes, '', :at, :at)"
    )
    values = {"yes": True, "no": False, "at": datetime(2026, 11, 1)}  # as the column keeps it
    with empty.engine.begin() as connection:
        connection.execute(text(contact), values)
        connection.execute(text(ticket), values | {"id": 2, "number": "T20261101.0001"})
    upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text(ticket), values | {"id": 3, "number": "T20261101.0002"})
    with empty.reading() as session:
        found = session.execute(select(Ticket.urgency, Ticket.impact, Ticket.spam, Ticket.reopened, Ticket.parent_id))
        assert [tuple(row) for row in found] == [("Low", "Only Me", False, 0, None)] * 2
        assert session.scalars(select(Contact.details)).all() == [{}]
