"""What the tests of the mail path start from: a sample desk in each kind of database, driven by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from tests.gateway import desk_world
from tests.gateway.desk_world import People, World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk; at the end of the test its ledger must be right."""
    with desk_world.opened(database, tmp_path) as made:
        yield made


@pytest.fixture
def people(world: World) -> People:
    """Its people, and Ann's ticket."""
    return desk_world.fill(world.database)
