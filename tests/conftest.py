"""What many tests start from: a database of each kind, a running desk, a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from playwright.sync_api import Browser

from store.database import Database
from store.migrations import upgrade
from tests.peers.desk import Desk
from tests.servers import Postgres, chromium


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """To the standard library, so that `caplog` sees it whichever test came before, with the product's own plain
    tracebacks: structlog's rendering takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, renderer],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL, one for each test process."""
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables; the test runs on each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/desk.db"
    else:
        url = request.getfixturevalue("postgres").fresh_database()
    found = Database(url)
    upgrade(found)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A running Postdesk with all roles; the test runs on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh_database()
    with Desk(url=url) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Headless Chromium; one at a time, for Playwright's loop cannot be entered twice in a process."""
    with chromium() as found:
        yield found
