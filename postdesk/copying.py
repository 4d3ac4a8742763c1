"""All rows of a desk into another database, for example from SQLite into PostgreSQL: in one transaction, or none."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, bindparam, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from store.database import Database
from store.migrations import upgrade
from store.tables import Base, Lease, Process, core, search

_ROWS = 200  # at once: each may hold a mail of 256 KB
_OF_PROCESSES = frozenset({core(Lease), core(Process)})  # what runs now says nothing to who runs there later
_OF_SCHEMA = frozenset({"schema_state"})  # the step that makes the schema has written it
_AT_FIRST = _OF_SCHEMA | {"id_block", "tally"}  # tables in which a schema has rows from the beginning
_MARK = Table("postdesk_copy", MetaData(), Column("begun", Integer))  # stands there until the copy is whole
_NOT_EMPTY = "The database is not empty. Make a new one for the copy."


class CopyError(Exception):
    """Nothing was copied; the words say why."""


def copy(source: Database, target: Database, tick: Callable[[str, int], None] = lambda _name, _rows: None) -> int:
    """Make the schema in an empty database and fill it; returns the number of rows. The source stays as it is.

    Nobody may write into the source meanwhile. `tick` is told each table and its rows. CopyError when there is
    something in the target already, or a value does not fit there: SQLite minds no lengths, PostgreSQL does. What an
    earlier copy that failed has left there is no obstacle: it left a schema without rows, and its mark.
    """
    _mark(target)
    upgrade(target)
    copied = 0
    with source.reading() as reading, target.transaction() as writing:
        _claim(writing)
        tables = [one for one in Base.metadata.sorted_tables if one not in _OF_PROCESSES and one.name not in _OF_SCHEMA]
        for table in reversed(tables):  # a schema begins with some rows; those of the desk take their place
            if _count(writing, table):
                writing.execute(delete(table))
        for table in tables:
            rows = _table(reading, writing, table)
            if rows != _count(writing, table):
                raise CopyError(f"{table.name}: not all rows came through.")
            tick(table.name, rows)
            copied += rows
        _MARK.drop(writing.connection())
    return copied


def is_unfinished(target: Database) -> bool:
    """Whether a copy has begun there that did not come to its end."""
    return inspect(target.engine).has_table(_MARK.name)


def _mark(target: Database) -> None:
    """Before anything else, so that whatever becomes of this copy, the next one knows the place as its own."""
    with target.engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        if not there:
            _MARK.create(connection)
        elif _MARK.name not in there or any(not _is_ours(name) for name in there):
            raise CopyError(_NOT_EMPTY)


def _is_ours(name: str) -> bool:
    return name in (_MARK.name, "alembic_version", *Base.metadata.tables) or name.startswith(search.TABLES)


def _claim(writing: Session) -> None:
    """This copy alone, until its end; and nobody has begun to work there, with whom the mark would be of no account."""
    connection = writing.connection()
    if connection.dialect.name == "postgresql" and inspect(connection).has_table(_MARK.name):
        writing.execute(text(f"LOCK TABLE {_MARK.name} IN ACCESS EXCLUSIVE MODE"))
    if not inspect(connection).has_table(_MARK.name):
        raise CopyError("Another copy into this database was quicker.")
    if any(_count(writing, table) for table in Base.metadata.sorted_tables if table.name not in _AT_FIRST):
        raise CopyError(_NOT_EMPTY)


def _table(reading: Session, writing: Session, table: Table) -> int:
    """All rows of one table; those that point at others of it are pointed there at the end."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    later: list[dict[str, Any]] = []
    copied = 0
    for part in reading.execute(select(table), execution_options={"yield_per": _ROWS}).mappings().partitions():
        rows = [dict(row) for row in part]
        later += [
            {"own_id": row["id"], **{f"to_{name}": row[name] for name in own}} for row in rows if _points(row, own)
        ]
        try:
            writing.execute(insert(table), [{**row, **dict.fromkeys(own)} for row in rows])
        except DBAPIError as error:
            raise CopyError(f"{table.name}: {error.orig}") from error
        copied += len(rows)
    if later:
        statement = update(table).where(table.c.id == bindparam("own_id"))
        writing.connection().execute(statement.values({name: bindparam(f"to_{name}") for name in own}), later)
    return copied


def _points(row: dict[str, Any], own: Sequence[str]) -> bool:
    return any(row[name] is not None for name in own)


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
