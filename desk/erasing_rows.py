"""Erasing one person: their addresses in every text of every table, the tables of tomorrow too."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Row, String, Table, literal, select, tuple_, update
from sqlalchemy.orm import Session

from desk.erasing import Person
from desk.erasing_words import Words
from store.tables import Base

AT_ONCE = 200  # rows in one transaction
# What names people of the desk itself, what is not of people, and the row that knows whom to look for. The audit log
# names nobody, and is not written to (desk/audit.py).
_NOT_HERE = frozenset({"staff", "team", "contact_address", "account", "erasure", "audit", "audit_seal", "audit_gate"})
Key = tuple[Any, ...]
_TIMES = ("received_at", "created_at", "at", "since", "sent_at")


def tables() -> Iterator[Table]:
    """Those that have a text, parents first."""
    for table in Base.metadata.sorted_tables:
        if table.name not in _NOT_HERE and _texts(table):
            yield table


def find(session: Session, table: Table, person: Person) -> Sequence[Key]:
    """The keys of the rows that may hold an address of theirs; those that came later are of a new person. By a scan."""
    condition = _words(table, person).found_in(_texts(table))
    if (moment := next((table.c[name] for name in _TIMES if name in table.c), None)) is not None:
        condition &= moment <= person.started
    return [tuple(row) for row in session.execute(select(*table.primary_key.columns).where(condition))]


def names(session: Session, words: Words) -> bool:
    """Whether any row may hold one of these words, at any time. By a scan that ends at the first."""
    return any(
        session.execute(select(literal(1)).select_from(table).where(words.found_in(_texts(table))).limit(1)).first()
        for table in tables()
    )


def replace(session: Session, table: Table, person: Person, keys: Sequence[Key]) -> int:
    """Replace the addresses in these rows; how many rows were changed."""
    columns = list(table.primary_key.columns)
    same = tuple_(*columns).in_(keys) if len(columns) > 1 else columns[0].in_([key[0] for key in keys])
    return rewrite(session, table, _words(table, person), same)


def _words(table: Table, person: Person) -> Words:
    """What was said of the rows of an import is about people of one organisation."""
    return person.nearby if table.name == "import_run" else person.everywhere


def rewrite(session: Session, table: Table, words: Words, condition: ColumnElement[bool]) -> int:
    """Replace words in the texts and lists of these rows, all of which are looked at; how many rows were changed."""
    rows = session.execute(select(*table.primary_key.columns, *_texts(table)).where(condition)).all()
    return _write(session, table, words, rows)


def _write(session: Session, table: Table, words: Words, rows: Sequence[Row[Any]]) -> int:
    count = 0
    for row in rows:
        old = row._mapping
        new = {
            column.name: after
            for column in _texts(table)
            if (after := words.replaced(old[column], getattr(column.type, "length", None))) != old[column]
        }
        if new:
            session.execute(update(table).where(*(key == old[key] for key in table.primary_key.columns)).values(new))
            count += 1
    return count


def _texts(table: Table) -> list[Any]:
    """What people wrote: texts and JSON; no keys."""
    return [
        column
        for column in table.c
        if isinstance(column.type, String | JSON) and not column.primary_key and not column.foreign_keys
    ]
