"""Many rows into one table: its INSERT is compiled once, and each value made ready by its column alone.

SQLAlchemy does for every row anew what depends on the table only: on the way of a mail that was a tenth of all work.
Types, defaults and the statement itself are still SQLAlchemy's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, insert

from store.tables.base import Base, UtcDateTime, core

_Make = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How rows with certain keys get into a table."""

    sql: str
    takes_dicts: bool  # the driver; else it takes tuples
    # In the order of the statement: a column, what makes its value ready, and what stands in one that is not named.
    cells: tuple[tuple[str, _Make | None, Callable[[], Any] | None], ...]


def insert_rows(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all have the keys of the first one; KeyError where one lacks any of them."""
    plan = _plan(connection.dialect, table, frozenset(rows[0]))
    made = [_values(plan, row) for row in rows]
    if plan.takes_dicts:
        names = [name for name, _, _ in plan.cells]
        connection.exec_driver_sql(plan.sql, [dict(zip(names, values, strict=True)) for values in made])
    else:
        connection.exec_driver_sql(plan.sql, made)


def _values(plan: _Plan, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        [
            other() if other is not None else row[name] if make is None else make(row[name])
            for name, make, other in plan.cells
        ]
    )


@lru_cache(maxsize=256)
def _plan(dialect: Dialect, table: type[Base], keys: frozenset[str]) -> _Plan:
    """Raises ValueError for a key that is no column."""
    columns = core(table).columns
    if unknown := keys - set(columns.keys()):
        raise ValueError(f"{core(table).name} has no column {', '.join(sorted(unknown))}")
    chosen = [column for column in columns if column.name in keys or column.default is not None]
    made = insert(core(table)).compile(dialect=dialect, column_keys=[column.name for column in chosen])
    cells = [
        (column.name, _maker(column, dialect), None if column.name in keys else _default(column, dialect))
        for column in chosen
    ]
    return _Plan(str(made), not dialect.positional, tuple(cells))


def _maker(column: Column[Any], dialect: Dialect) -> _Make | None:
    """What makes a value of this column ready for the driver; None where it goes as it is."""
    make = column.type.dialect_impl(dialect).bind_processor(dialect)
    return _remembering(make) if make and isinstance(column.type, UtcDateTime) else make


def _remembering(make: _Make) -> _Make:
    """The rows of a batch say the same few times again and again. Elsewhere than in UTC, equal times may differ."""
    known = lru_cache(maxsize=64)(make)
    return lambda value: known(value) if value is not None and value.tzinfo is UTC else make(value)


def _default(column: Column[Any], dialect: Dialect) -> Callable[[], Any]:
    make = _maker(column, dialect) or (lambda value: value)
    arg: Any = column.default.arg  # type: ignore[union-attr]  # whoever asks has looked
    return (lambda: make(arg(None))) if callable(arg) else (lambda: make(arg))
