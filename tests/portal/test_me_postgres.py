"""The visitor's own page and the forgotten password on PostgreSQL, which refuses more than SQLite does."""

from pathlib import Path

import pytest

from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Base
from tests.portal.client import Browser
from tests.portal.world import PASSWORD, Clock, World, fill, seed
from tests.servers import Postgres

pytestmark = pytest.mark.peer


def test_the_own_page_on_postgresql(tmp_path: Path) -> None:
    """Fields, address, letters, browsers, links; a NUL, long words and a long language are no error."""
    with Postgres() as server:
        database = Database(server.fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        world = fill(World(database, FolderBlobs(tmp_path), Clock()))
        world.give_password("zoe")
        world.give_password("sam")
        zoe, sam = Browser(world.config()), Browser(world.config())
        try:
            zoe.sign_in("zoe", keep="yes", remember="yes")
            sam.sign_in("sam")
            name = {"first_name": "Zoe\0", "last_name": "S" * 100}
            assert zoe.post("/me", **name, phone="\0").headers["location"] == "/me?done=saved"
            assert zoe.post("/me", **name, language="abc-12345678-12345678").status_code == 422
            assert sam.post("/me", language="abc-12345678-12345678").status_code == 422
            assert sam.post("/me", language="de").status_code == 303
            assert zoe.post("/me/letters", "/me", digest="yes").status_code == 303
            assert zoe.post("/me/followed", "/me", number="\0").status_code == 404
            assert "Door card" in zoe.get("/me").text
            for address, status in (("new@customer.test", 303), ("n\0@customer.test", 422), ("\0", 422)):
                assert zoe.post("/me/address", "/me", email=address, current=PASSWORD).status_code == status
            assert zoe.post("/me/devices", "/me", device="\0").status_code == 303
            assert zoe.post("/me/devices", "/me", others="yes").status_code == 303
            out = Browser(world.config())
            for address in ("zoe@customer.test", "none@customer.test", "\0x", "sam@example.test"):
                assert out.post("/in/forgotten", username=address).headers["location"] == "/in?done=link"
            assert out.get(f"/announcements/{'9' * 18}").status_code == 404
        finally:
            world.close()
