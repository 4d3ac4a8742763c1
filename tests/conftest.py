"""What many tests start from: a database of each kind, a running desk, a browser."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog
from playwright.sync_api import Browser

from store.database import Database
from tests import empty
from tests.peers.common import quick_root
from tests.peers.desk import Desk
from tests.servers import Postgres, chromium

if (_root := quick_root()) != "/tmp":
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _root)  # where `tmp_path` lies
    # So do desks: a kill takes nothing that is written, synced or not, and who cuts the power mounts a disk there.
    Desk.root = _root
os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "60")  # that a server of its may take to start; by itself 5 s


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Twenty thousand tests stay to the end: garbage is not looked for among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


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


@pytest.fixture(scope="session", autouse=True)
def _statements() -> Iterator[None]:
    """All tests of a process share what SQLAlchemy compiled."""
    with empty.shared_statements():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL, one for each test process."""
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables; the test runs on each kind."""
    if request.param == "sqlite":
        found = empty.migrated(tmp_path / "desk.db")
        yield found
        found.close()
        return
    with request.getfixturevalue("postgres").migrated_database() as url:
        found = Database(url)
        yield found
        found.close()


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A running Postdesk with all roles; the test runs on each kind of database."""
    if request.param == "sqlite":
        with Desk() as running:
            yield running
        return
    with request.getfixturevalue("postgres").migrated_database() as url, Desk(url=url) as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Headless Chromium; one at a time, for Playwright's loop cannot be entered twice in a process."""
    with chromium() as found:
        yield found
