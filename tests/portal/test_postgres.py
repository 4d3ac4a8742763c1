"""The portal on PostgreSQL: the queries that differ most, and what only it refuses."""

from pathlib import Path

import pytest

from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Base
from tests.portal.client import Browser
from tests.portal.world import Clock, World, fill, seed
from tests.servers import Postgres

pytestmark = pytest.mark.peer


def test_the_portal_on_postgresql(tmp_path: Path) -> None:
    """Sign-in by one-time password, status, lists, a ticket; a NUL in a name or an address is no error."""
    with Postgres() as server:
        database = Database(server.fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        world = fill(World(database, FolderBlobs(tmp_path), Clock()))
        try:
            browser = Browser(world.config())
            assert browser.post("/in", username="jane\0@customer.test", password="\0").status_code == 422
            assert "All systems working" in browser.get("/").text
            browser.sign_in("jane", world.issue("jane"))
            browser.post("/in/password", new_password="blue kettle sings twice", again="blue kettle sings twice")
            assert "Phones down at Blackfriars" in browser.get("/tickets").text
            assert "Good morning," in browser.get("/t/T20190409.0967").text
            for path in ("/t/%00", "/tickets?before=%00", "/in/once/%00", "/t/x/files/999999999999999999"):
                assert browser.get(path).status_code in (303, 400, 404, 410)
            link = world.issue("sam", "link")
            staff = Browser(world.config())
            assert staff.post(f"/in/once/{link}").status_code == 303
            staff.post("/in/password", new_password="green kettle sings twice", again="green kettle sings twice")
            assert "Door card" in staff.get("/tickets?view=open").text
        finally:
            world.close()
