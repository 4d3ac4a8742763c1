"""A database that is away for some statements: the fault comes from the engine, as that of a lost connection would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from store.database import Database


@contextmanager
def refusing(database: Database, beginning: str) -> Iterator[list[str]]:
    """While it lasts, statements that begin so fail; those that did are in the list."""
    failed: list[str] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(beginning):
            failed.append(statement)
            raise OperationalError(statement, None, Exception("server closed the connection unexpectedly"))

    event.listen(database.engine, "before_cursor_execute", before)
    try:
        yield failed
    finally:
        event.remove(database.engine, "before_cursor_execute", before)
