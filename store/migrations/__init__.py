"""Schema changes while processes run: expand, move, contract, one step after the other, each short. See state.py."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from store.database import Busy, Database
from store.migrations import state
from store.migrations.state import VERSIONS, Step, newest
from store.processes import known

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["Blocked", "Step", "config_for", "current", "is_current", "newest", "older_processes", "upgrade"]

# A change that waits for a table keeps those waiting that come after it: mail waits no longer than this.
LOCK_SECONDS = 3
LOCK_TRIES = 40
PART = 500  # rows of a part when data is moved
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7078451)"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step that waits for older processes to end, and which those are."""

    step: Step
    processes: tuple[str, ...]


def upgrade(
    database: Database,
    *,
    force: bool = False,
    versions: Path = VERSIONS,
    tell: Callable[[Step], None] = lambda _: None,
) -> Blocked | None:
    """Bring the schema to the newest version; safe to call from several processes at once.

    But with `force`, nothing is taken away while a living process knows only an older schema: the answer is what is in
    the way then. `tell` is called before each step.
    """
    with _alone(database):
        if not state.found(database)[0]:
            with database.engine.begin() as connection:  # nobody works with it yet
                _to(connection, newest(versions), versions)
            return None
        for step in state.pending(database, versions):
            old = older_processes(database, step) if step.phase == "contract" and not force else ()
            if old:
                return Blocked(step, old)
            tell(step)
            _run(database, step, versions)
    return None


def older_processes(database: Database, step: Step) -> tuple[str, ...]:
    """Living processes that know no schema that is new enough for this step."""
    if state.found(database)[0] < "0004":  # there is no table of processes yet
        return ()
    with database.reading() as session:
        return tuple(process.name for process in known(session) if process.lives and process.schema < step.oldest)


def current(database: Database) -> tuple[str | None, str]:
    """The schema version of the database, and the newest one."""
    return state.found(database)[0] or None, newest()


def is_current(database: Database) -> bool:
    """True when this code can work with the schema as it is."""
    return state.fit(database).works


def config_for(connection: Connection, versions: Path = VERSIONS) -> "Config":
    """What Alembic is told: where the versions are, and the connection to use."""
    # Alembic takes half a second to import, and most commands never need it.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """One process migrates, the others wait for it. On SQLite each step asks for the only right to write."""
    if database.is_sqlite:
        yield
        return
    # A connection of its own, which does nothing else: it reads nothing, so no index waits for its end.
    with database.engine.connect() as guard, guard.begin():
        guard.exec_driver_sql(_ONE_AT_A_TIME)
        yield


def _run(database: Database, step: Step, versions: Path) -> None:
    module = _module(database, step, versions)
    if move := getattr(module, "move", None):
        _move(database, move)
    if getattr(module, "concurrently", False) and not database.is_sqlite:
        # An index of a big table is built beside the work, which PostgreSQL does outside of a transaction only.
        if step.oldest:
            with database.engine.begin() as connection:
                _remember(connection, step.oldest)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _to(connection, step.revision, versions)
        return
    for tries in range(LOCK_TRIES):
        try:
            with database.engine.begin() as connection:
                if not database.is_sqlite:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                if step.oldest:
                    _remember(connection, step.oldest)
                _to(connection, step.revision, versions)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or tries == LOCK_TRIES - 1:
                raise
            time.sleep(min(tries + 1, 5) / 2)  # those who waited behind us go first
        else:
            return
    raise Busy(f"step {step.revision} did not get its turn")


def _move(database: Database, move: Callable[[Connection, int], int]) -> None:
    """Part by part, each a short transaction, until none is left; broken off, it goes on where it was."""
    while True:
        with database.transaction() as session:
            moved = move(session.connection(), PART)
        if not moved:
            return


def _remember(connection: Connection, oldest: str) -> None:
    connection.execute(text("DELETE FROM schema_state WHERE name = 'desk'"))
    connection.execute(text("INSERT INTO schema_state (name, oldest) VALUES ('desk', :oldest)"), {"oldest": oldest})


def _to(connection: Connection, revision: str, versions: Path) -> None:
    """Nothing happens where another process was quicker."""
    from alembic import command

    command.upgrade(config_for(connection, versions), revision)


def _module(database: Database, step: Step, versions: Path) -> Any:
    from alembic.script import ScriptDirectory

    with database.engine.connect() as connection:
        return ScriptDirectory.from_config(config_for(connection, versions)).get_revision(step.revision).module
