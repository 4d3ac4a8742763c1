"""A database that is away for some statements: the fault comes from the engine, as that of a lost connection would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

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


@contextmanager
def unanswered(database: Database, beginning: str) -> Iterator[list[str]]:
    """While it lasts, a transaction with such a statement is committed, and whoever asked for it hears of a fault."""
    seen: list[str] = []
    lost: list[str] = []
    whole = database.transaction

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(beginning):
            seen.append(statement)

    @contextmanager
    def transaction(*, durable: bool = True) -> Iterator[Session]:
        seen.clear()
        with whole(durable=durable) as session:
            yield session
        if seen:
            lost.append(seen[0])
            raise OperationalError(seen[0], None, Exception("server closed the connection unexpectedly"))

    event.listen(database.engine, "before_cursor_execute", before)
    database.transaction = transaction  # type: ignore[method-assign]
    try:
        yield lost
    finally:
        del database.transaction
        event.remove(database.engine, "before_cursor_execute", before)
