"""The desk that is attacked: one for each test process, so every test brings senders and subjects of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import FREELY
from tests.peers.desk import Desk


@pytest.fixture(scope="session")
def attacked() -> Iterator[Desk]:
    """A running Postdesk with all roles on SQLite that takes mails of up to 5 MB."""
    with Desk(settings={**FREELY, "MAIL__MAX_MB": "5"}) as desk:
        yield desk
