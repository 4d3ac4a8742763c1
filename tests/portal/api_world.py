"""What tests of the API share: tokens of people of the sample desk, and a client that sends one."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from desk import tokens
from portal.app import create_app
from tests.portal.world import World


def token_of(world: World, name: str, *, may_write: bool = True, called: str = "sample") -> str:
    """A token of somebody of the sample desk, who has access from then on."""
    username = f"{name}@{'example' if name == 'sam' else 'customer'}.test"
    if world.account(username) is None:
        world.give_password(name)
    account = world.account(username)
    assert account is not None
    with world.database.transaction() as session:
        return tokens.make(
            session, account.id, called, 30, may_write=may_write, now=world.clock(), next_id=world.database.ids.next
        )


class Program:
    """Asks the API, as one of the sample desk or as nobody."""

    def __init__(self, world: World, name: str = "", *, may_write: bool = True, called: str = "sample", **changes: Any):
        config = world.config(**changes)
        self.token = token_of(world, name, may_write=may_write, called=called) if name else ""
        self.http = TestClient(
            create_app(config), base_url=config.base_url, client=("192.0.2.1", 50000), follow_redirects=False
        )

    def __call__(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Response:
        """One request below /api/v1."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.request(method, f"/api/v1{path}", headers={**own, **(headers or {})}, **options)

    def get(self, path: str, **options: Any) -> Any:
        """What is answered, as JSON; it has to be a 200."""
        response = self("GET", path, **options)
        assert response.status_code == 200, response.text
        return response.json()
