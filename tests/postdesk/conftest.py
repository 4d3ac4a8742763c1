"""A desk as `postdesk init --sample` makes it, without anything running."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from postdesk.init import Answers, run
from postdesk.settings import load
from postdesk.wiring import House
from tests import empty
from tests.postdesk.moving_world import Moved


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a command sets up for its process is taken back."""
    root = logging.getLogger()
    handlers, level, structured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], root.level = handlers, level
    structlog.configure(**structured)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Its settings file; the data lie beside it."""
    path = tmp_path / "postdesk.toml"
    empty.migrated(tmp_path / "desk.db").close()  # its tables need not be made each time
    run(path, Answers.sample())
    return path


@pytest.fixture
def house(config: Path) -> Iterator[House]:
    """Its objects."""
    made = House(load(config, {}))
    yield made
    made.database.close()


@pytest.fixture
def make(config: Path) -> Iterator[Callable[..., House]]:
    """The sample desk with other settings, each named as in the environment without POSTDESK_."""
    made: list[House] = []

    def build(**settings: str) -> House:
        made.append(House(load(config, {f"POSTDESK_{name}": value for name, value in settings.items()})))
        return made[-1]

    yield build
    for one in made:
        one.database.close()


@pytest.fixture
def moved(house: House, tmp_path: Path) -> Iterator[Moved]:
    """The sample desk, where Sam works; at the end its ledger is right."""
    folder = tmp_path / "moving"
    folder.mkdir()
    made = Moved(house, folder)
    yield made
    made.assert_ledger()
