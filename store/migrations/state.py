"""Which schema a database has, which one this code knows, and whether the two go together; without Alembic.

Each version in versions/ is one step, of one phase:

- `expand` (the default) only adds: an older process goes on working, and does not notice.
- `move` moves data, in small parts and resumable.
- `contract` takes away what no process uses any more. It names in `oldest` the oldest schema that a process may know
  to live with that; the database remembers it, so that an older process refuses to start.
"""

import ast
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from sqlalchemy import inspect, text

from store.database import Database

VERSIONS = Path(__file__).parent / "versions"
PHASES = ("expand", "move", "contract")


@dataclass(frozen=True, slots=True)
class Step:
    """A version of the schema, and what it takes to get there."""

    revision: str
    phase: str
    oldest: str  # the oldest schema that a process may know after it; "" where every one may
    what: str


class Fit(Enum):
    """How the database and this code go together."""

    NEWEST = "the newest schema"
    UNTIDY = "the newest schema, but for what is yet to be taken away"
    NEWER = "a newer schema that this version can work with"
    OLD = "no tables yet, or old ones"
    TOO_NEW = "a schema that is too new for this version"

    @property
    def works(self) -> bool:
        """Whether this code can work with the database."""
        return self in (Fit.NEWEST, Fit.UNTIDY, Fit.NEWER)


def newest(versions: Path = VERSIONS) -> str:
    """The newest schema that this code knows."""
    return max(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py"))


def steps(versions: Path = VERSIONS) -> list[Step]:
    """All steps, in order: each as its file says it."""
    return [_step(path, path.stat().st_mtime_ns) for path in sorted(versions.glob("[0-9]*.py"))]


def found(database: Database) -> tuple[str, str]:
    """The schema of the database, and the oldest that a process must know for it; "" for nothing."""
    with database.reading() as session:  # another program may be writing: whoever only looks does not wait for it
        connection = session.connection()
        tables = inspect(connection)
        if not tables.has_table("alembic_version"):
            return "", ""
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
        if not tables.has_table("schema_state"):
            return version, ""
        return version, connection.execute(text("SELECT max(oldest) FROM schema_state")).scalar() or ""


def fit(database: Database, versions: Path = VERSIONS) -> Fit:
    """How they go together."""
    version, oldest = found(database)
    known = newest(versions)
    if version == known:
        return Fit.NEWEST
    if version > known:
        return Fit.NEWER if oldest <= known else Fit.TOO_NEW
    left = [step for step in steps(versions) if step.revision > version]
    return Fit.UNTIDY if version and all(step.phase == "contract" for step in left) else Fit.OLD


def pending(database: Database, versions: Path = VERSIONS) -> list[Step]:
    """The steps that are still to be done."""
    version, _ = found(database)
    return [step for step in steps(versions) if step.revision > version]


@lru_cache(maxsize=200)  # readiness asks every few seconds, and in Python 3.11 two threads must not parse at once
def _step(path: Path, _changed_at: int) -> Step:
    """From the text: to run it would need Alembic."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    what = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    return Step(str(said["revision"]), str(said.get("phase", "expand")), str(said.get("oldest", "")), what)
