"""What tests of the portal share: a fresh sample desk, and browsers on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.portal.client import Browser
from tests.portal.world import World, build


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk of its own for each test."""
    made = build(tmp_path)
    yield made
    made.close()


@pytest.fixture
def browser(world: World) -> Browser:
    """Nobody signed in."""
    return Browser(world.config())


@pytest.fixture
def signed_in(world: World) -> Callable[[str], Browser]:
    """A browser in which the named person has signed in."""

    def enter(name: str) -> Browser:
        world.give_password(name)
        made = Browser(world.config())
        assert made.sign_in(name).headers["location"] == "/"
        return made

    return enter
