"""The sample tickets that people ask about."""

import pytest

from tests.gateway.answers import answer_world
from tests.gateway.desk_world import People, World


@pytest.fixture
def tickets(world: World, people: People) -> dict[str, int]:
    """Their ids, by a name for each."""
    return answer_world.fill(world, people)
