"""The desk that is attacked: one for each test process, so every test brings senders and subjects of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from store.blobs import FolderBlobs
from tests.e2e.conftest import FREELY
from tests.peers.desk import Desk
from tests.portal.gallery_world import furnish
from tests.portal.world import Clock, World, fill

RELAY = "mx.desk.test"  # whose Authentication-Results the guarded desk believes


@pytest.fixture(scope="session")
def attacked() -> Iterator[Desk]:
    """A running Postdesk with all roles on SQLite that takes mails of up to 5 MB."""
    with Desk(settings={**FREELY, "MAIL__MAX_MB": "5"}) as desk:
        yield desk


@pytest.fixture(scope="session")
def guarded() -> Iterator[Desk]:
    """A running Postdesk with two addresses that believes a mail relay and a reverse proxy, both on this machine."""
    addresses = '[{ address = "service@desk.test", team = "Service Desk" }, { address = "sales@desk.test" }]'
    settings = {
        "DESK__ADDRESSES": addresses,
        "SENDER__TRUSTED_AUTHSERV_IDS": f'["{RELAY}"]',
        "PORTAL__TRUSTED_PROXIES": '["127.0.0.1"]',
    }
    with Desk(settings={**FREELY, **settings}) as desk:
        yield desk


@pytest.fixture(scope="session")
def peopled(guarded: Desk) -> World:
    """The sample people and tickets of tests/portal/world.py at the guarded desk, with something on every page."""
    world = World(guarded.database, FolderBlobs(guarded.folder / "blobs"), Clock(datetime.now(UTC)))
    return furnish(fill(world))
