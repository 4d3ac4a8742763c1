"""A migration is killed in the middle, again and again: the schema is always one that a version had, never between."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from store.database import Database
from store.migrations import config_for, upgrade
from store.migrations.state import found, newest, steps
from tests.e2e.world import Shell

# Ends the process before the so many-th statement that changes the schema, as kill -9 would.
KILLED = """
import os, signal
from alembic.ddl.impl import DefaultImpl
run, left = DefaultImpl._exec, [{statements}]
def counted(self, *args, **more):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, *args, **more)
DefaultImpl._exec = counted
from postdesk.cli import main
main()
"""
AT = (1, 9, 23)  # statements that each run gets to before it is killed; the next run goes on where that one was
CONTACT = (
    "INSERT INTO contact (id, name, first_name, last_name, level, language, known, muted, created_at) "
    "VALUES (:id, 'Ann', '', '', 'Standard User', '', :yes, :no, :at)"
)


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Shell, Database]]:
    """A desk whose database is that of the first version, with people in it."""
    shell = Shell(tmp_path).init()
    url = "sqlite:///" + str(tmp_path / "old.db")
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh_database()
    shell.environment["POSTDESK_DATABASE__URL"] = url
    database = Database(url)
    to(database, "0001")
    values = [{"id": n, "yes": True, "no": False, "at": datetime(2026, 11, 1)} for n in range(1, 1500)]
    with database.engine.begin() as connection:
        connection.execute(text(CONTACT), values)
    yield shell, database
    database.close()


def to(database: Database, revision: str) -> None:
    """That version of the schema."""
    from alembic import command

    with database.engine.begin() as connection:
        command.upgrade(config_for(connection), revision)


def shape(database: Database) -> dict[str, Any]:
    """Tables, columns and indexes, as the database has them; an index that PostgreSQL did not finish does not count."""
    with database.engine.connect() as connection:
        look = inspect(connection)
        unfinished = set()
        if not database.is_sqlite:
            rows = connection.execute(text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"))
            unfinished = set(rows.scalars())
        return {
            table: (
                sorted((column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)),
                sorted(str(index["name"]) for index in look.get_indexes(table) if index["name"] not in unfinished),
            )
            for table in sorted(look.get_table_names())
        }


@pytest.fixture
def shapes(old: tuple[Shell, Database], request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """What each version looks like, one after the other, in a database that nothing disturbs."""
    url = "sqlite:///" + str(tmp_path / "calm.db")
    if not old[1].is_sqlite:
        url = request.getfixturevalue("postgres").fresh_database()
    calm, looks = Database(url), {}
    for step in steps():
        to(calm, step.revision)
        looks[step.revision] = shape(calm)
    calm.close()
    return looks


def killed_after(shell: Shell, statements: int) -> None:
    """`postdesk migrate`, until it is killed."""
    call = [sys.executable, "-c", KILLED.format(statements=statements), "--config", str(shell.config), "migrate"]
    done = subprocess.run(call, env=shell.environment, cwd=shell.folder, capture_output=True, timeout=100, check=False)
    assert done.returncode in (-signal.SIGKILL, 0), done


@pytest.mark.attack(90)
@pytest.mark.timeout(300)
def test_killed_in_the_middle(old: tuple[Shell, Database], shapes: dict[str, Any]) -> None:
    """After each kill it is an old schema, whole; the next run goes on from there, and no row is lost."""
    shell, database = old
    shell.environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    seen = []
    for statements in AT:
        killed_after(shell, statements)
        version, _ = found(database)
        seen.append(version)
        assert shape(database) == shapes[version], version
    assert seen == sorted(seen)
    assert seen[0] == "0001"
    assert seen[-1] < newest()
    shell.run("migrate")
    upgrade(database)
    assert found(database)[0] == newest()
    assert shape(database) == shapes[newest()]
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM contact")).scalar() == 1499
        if not database.is_sqlite:
            assert connection.execute(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")).scalar() == 0
