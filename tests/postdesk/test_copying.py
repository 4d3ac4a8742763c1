"""A copy that failed half-way is begun anew in the same place; a database that holds anything else is left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text

from postdesk.copying import CopyError, copy, is_unfinished
from store.database import Database
from store.migrations import upgrade
from store.tables import Base, IdBlock, Organisation, Staff, Tally
from tests.gateway import desk_world


class Broken(Exception):
    """What comes in between: a lost connection, a full disk, a signal."""


def fail_at(name: str, rows: int) -> None:
    """The copy is told of each table that came through; at one of them it breaks off."""
    if name == "contact":
        raise Broken


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    """A desk with people and a ticket."""
    made = Database(f"sqlite:///{tmp_path}/source.db")
    upgrade(made)
    desk_world.fill(made)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/copy.db" if is_file else request.getfixturevalue("postgres").fresh_database()
    made = Database(url)
    yield made
    made.close()


def count(database: Database, table: type[Base]) -> int:
    """Rows of a table."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def broken_off(source: Database, target: Database) -> None:
    """A copy that began there and failed after it had made the schema."""
    with pytest.raises(Broken):
        copy(source, target, fail_at)
    assert is_unfinished(target)
    assert count(target, Staff) == 0


def test_a_copy_that_failed_begins_anew(source: Database, target: Database) -> None:
    """As often as it takes; then the rows are there and the mark is gone, and a further copy finds the place taken."""
    broken_off(source, target)
    broken_off(source, target)
    assert copy(source, target) > 10
    assert not is_unfinished(target)
    assert count(target, Staff) == count(source, Staff) == 3
    with pytest.raises(CopyError, match="not empty"):
        copy(source, target)
    assert count(target, Staff) == 3


def test_a_copy_that_failed_before_the_schema(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the mark is there."""

    def fail(_: Database) -> None:
        raise Broken

    with monkeypatch.context() as patched:
        patched.setattr("postdesk.copying.upgrade", fail)
        with pytest.raises(Broken):
            copy(source, target)
    assert inspect(target.engine).get_table_names() == ["postdesk_copy"]
    assert copy(source, target) > 10


def test_what_belongs_to_somebody_else_is_left_alone(source: Database, target: Database) -> None:
    """A table of another program, with our mark beside it or without: nothing of it is touched, nothing is added."""
    with target.engine.begin() as connection:
        connection.execute(text("CREATE TABLE shop (name VARCHAR(20))"))
        connection.execute(text("INSERT INTO shop VALUES ('kept')"))
    for _ in range(2):
        with pytest.raises(CopyError, match="not empty"):
            copy(source, target)
        with target.engine.begin() as connection:
            assert connection.scalars(text("SELECT name FROM shop")).all() == ["kept"]
            connection.execute(text("CREATE TABLE IF NOT EXISTS postdesk_copy (begun INTEGER)"))
    assert set(inspect(target.engine).get_table_names()) == {"shop", "postdesk_copy"}


def test_a_desk_that_works_there_is_left_alone(source: Database, target: Database) -> None:
    """Whoever began to work with an unfinished copy keeps what they have; so does a desk that has never been a copy."""
    broken_off(source, target)
    with target.transaction() as session:
        session.add(Organisation(id=target.ids.next(), name="Kept", created_at=desk_world.NOW))
    with pytest.raises(CopyError, match="not empty"):
        copy(source, target)
    with target.reading() as session:
        assert session.scalars(select(Organisation.name)).all() == ["Kept"]
    with target.engine.begin() as connection:
        connection.execute(text("DROP TABLE postdesk_copy"))
    with pytest.raises(CopyError, match="not empty"):
        copy(source, target)


def test_a_copy_that_another_one_overtook(source: Database, target: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was whole before the second came to its rows: those are not copied again."""

    def meanwhile(database: Database) -> None:
        upgrade(database)
        monkeypatch.undo()
        copy(source, database)

    monkeypatch.setattr("postdesk.copying.upgrade", meanwhile)
    with pytest.raises(CopyError, match="quicker"):
        copy(source, target)
    assert count(target, Staff) == 3


def test_the_rows_of_a_new_schema_are_known(target: Database) -> None:
    """Only those tables have rows at first: in all others a row is somebody's."""
    upgrade(target)
    with target.transaction():
        pass
    with target.reading() as session:
        tables = [one for one in Base.metadata.sorted_tables if session.scalar(select(func.count()).select_from(one))]
    assert {one.name for one in tables} <= {IdBlock.__tablename__, Tally.__tablename__, "schema_state"}
