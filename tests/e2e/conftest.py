"""A desk that tests share when each of them only adds mail of its own."""

from collections.abc import Iterator

import pytest

from tests.peers.desk import Desk

# Many strangers write to a shared desk within a minute, and tests look for the letter about each.
FREELY = {"CAPS__FIRST_RECEIPTS_PER_MINUTE": "100000", "CAPS__STRANGER_LETTERS_PER_READER_HOUR": "100000"}


@pytest.fixture(scope="session")
def shared() -> Iterator[Desk]:
    """One running Postdesk on SQLite for each test process: senders and subjects must be the test's own."""
    with Desk(settings={**FREELY, "MAIL__MAX_MB": "1"}) as desk:
        yield desk
