"""Migrations: they make the very tables that the code maps, once, whoever runs them at the same time."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from store.database import Database
from store.migrations import current, is_current, upgrade
from store.tables import Base, IdBlock, Tally


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
    """Tables, columns, indexes and foreign keys: Alembic finds no difference."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


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
