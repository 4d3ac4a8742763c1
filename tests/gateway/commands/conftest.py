"""The words that come with Postdesk."""

import pytest

from gateway.commands.words import Words
from postdesk import bundled
from postdesk.words import load


@pytest.fixture(scope="session")
def words() -> Words:
    """Read once: nothing changes them."""
    return load(bundled.folder("config") / "words")
