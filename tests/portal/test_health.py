"""/healthz and /readyz: the process lives, and whether it can do its work; asked by address as by name."""

import threading
from collections.abc import Mapping

import pytest

from portal.guard import HEADERS
from store.tables import Base
from tests.portal.client import Browser
from tests.portal.world import World


def test_a_database_that_is_away_is_no_reason_to_start_again(world: World) -> None:
    """/healthz stays 200 and says what is wrong; nothing of the error is told."""
    browser = Browser(world.config())
    Base.metadata.drop_all(world.database.engine)
    answer = browser.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"ok": False, "database": "does not answer"}


@pytest.mark.parametrize(
    "parts, status, words",
    [
        ({}, 200, {}),
        ({"database": "", "disk": ""}, 200, {"database": "ok", "disk": "ok"}),
        ({"database": "does not answer", "disk": ""}, 503, {"database": "does not answer", "disk": "ok"}),
        ({"process": "is ending"}, 503, {"process": "is ending"}),
    ],
)
def test_ready_names_the_part_that_fails(
    world: World, parts: Mapping[str, str], status: int, words: Mapping[str, str]
) -> None:
    """200 when all parts work, else 503; both say it part by part."""
    answer = Browser(world.config(ready=lambda: parts)).get("/readyz")
    assert answer.status_code == status
    assert answer.json() == {"ready": status == 200, "parts": words}
    assert answer.headers["cache-control"] == HEADERS["Cache-Control"]


@pytest.mark.parametrize("path, found", [("/healthz", 200), ("/readyz", 200), ("/", 400), ("/in", 400)])
def test_a_load_balancer_asks_by_address(world: World, path: str, found: int) -> None:
    """Checks are answered whatever address of ours they name; pages only under our own names."""
    browser = Browser(world.config())
    for host in ("192.0.2.7", "192.0.2.7:8080", "[2001:db8::7]", "[2001:db8::7]:8080"):
        assert browser.get(path, headers={"Host": host}).status_code == found, host
    for host in ("evil.test", "192.0.2.7.evil.test", "evil.test:80"):
        assert browser.get(path, headers={"Host": host}).status_code == 400, host


def test_a_database_that_hangs_does_not_hang_the_health_check(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told after a moment that it does not answer."""
    monkeypatch.setattr("portal.pages.watch._SECONDS", 0.05)
    browser = Browser(world.config())
    taken, released = threading.Event(), threading.Event()
    held = threading.Thread(target=_hold, args=(world, taken, released))
    held.start()
    assert taken.wait(30)
    try:
        with browser.http as client:
            assert client.get("/healthz").json() == {"ok": False, "database": "does not answer"}
            released.set()
    finally:
        released.set()
        held.join()


def _hold(world: World, taken: threading.Event, released: threading.Event) -> None:
    """Keep every connection of the pool."""
    pool = world.database.engine.pool
    connections = [pool.connect() for _ in range(30)]
    taken.set()
    released.wait(30)
    for connection in connections:
        connection.close()
