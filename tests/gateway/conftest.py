"""What the tests of the mail path start from: a sample desk in each kind of database, driven by hand."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from store.database import Database
from store.migrations import upgrade
from tests.gateway import desk_world
from tests.gateway.desk_world import People, World
from tests.servers import Postgres

_serial = itertools.count()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with our tables, to be copied: ten times as quick as a migration for each test."""
    path = tmp_path_factory.mktemp("migrated") / "desk.db"
    made = Database(f"sqlite:///{path}")
    upgrade(made)
    made.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The same on PostgreSQL, where CREATE DATABASE … TEMPLATE copies."""
    url = postgres.fresh_database()
    made = Database(url)
    upgrade(made)
    made.close()
    return url


def _copy_postgres(template: str) -> str:
    url = make_url(template)
    name = f"copy_{next(_serial)}"
    admin = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {url.database}".encode())
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables; the test runs on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "desk.db")
        found = Database(f"sqlite:///{tmp_path}/desk.db")
    else:
        found = Database(_copy_postgres(request.getfixturevalue("migrated_postgres")))
    yield found
    found.close()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk; at the end of the test its ledger must be right."""
    with desk_world.opened(database, tmp_path) as made:
        yield made


@pytest.fixture
def people(world: World) -> People:
    """Its people, and Ann's ticket."""
    return desk_world.fill(world.database)
