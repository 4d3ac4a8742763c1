"""The index of a move: what threading knows of each mail, in a temporary SQLite file, so that memory stays small."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY;
CREATE TABLE mail (
    id INTEGER PRIMARY KEY, place TEXT, file TEXT, offset INTEGER, length INTEGER, quoted INTEGER, peer TEXT,
    at REAL, key BLOB, message BLOB, sender TEXT, ours INTEGER, outside TEXT, subject TEXT, answers INTEGER,
    thread INTEGER, copy_of INTEGER, here INTEGER, ticket INTEGER, shown TEXT, title TEXT,
    remark TEXT DEFAULT '' -- for the report, behind the reason
);
-- What is to be taken: not here yet, and not the same to the letter as another.
CREATE VIEW wanted AS SELECT * FROM mail m WHERE here IS NULL
    AND (copy_of IS NULL OR key <> (SELECT o.key FROM mail o WHERE o.id = m.copy_of));
CREATE TABLE reference (mail INTEGER, position INTEGER, message BLOB, PRIMARY KEY (mail, position)) WITHOUT ROWID;
CREATE TABLE number (mail INTEGER, key TEXT);
CREATE TABLE thread (
    id INTEGER PRIMARY KEY, core TEXT, wrote INTEGER, last REAL, subject TEXT, ticket INTEGER, related INTEGER,
    fresh INTEGER DEFAULT 0, spoke REAL, by_ours INTEGER, answered INTEGER DEFAULT 0, staff INTEGER
);
CREATE TABLE thread_number (key TEXT, thread INTEGER, PRIMARY KEY (key, thread)) WITHOUT ROWID;
CREATE TABLE missing (message BLOB, thread INTEGER, PRIMARY KEY (message, thread)) WITHOUT ROWID;
CREATE TABLE desk_message (message BLOB, ticket INTEGER, PRIMARY KEY (message, ticket)) WITHOUT ROWID;
CREATE TABLE desk_number (key TEXT, ticket INTEGER, PRIMARY KEY (key, ticket)) WITHOUT ROWID;
CREATE TABLE desk_ticket (ticket INTEGER PRIMARY KEY, core TEXT, thread INTEGER);
CREATE TABLE fate (
    mail INTEGER PRIMARY KEY, place TEXT, at REAL, sender TEXT, title TEXT, fate TEXT, ticket TEXT, reason TEXT
);
"""
_INDEXES = """
CREATE INDEX mail_key ON mail (key, id);
CREATE INDEX mail_message ON mail (message);
CREATE INDEX mail_at ON mail (at, id);
CREATE INDEX number_mail ON number (mail);
CREATE INDEX thread_subject ON thread (subject);
"""


class Index:
    """A context manager; the file is made anew."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect(self._file, isolation_level=None)
        self._connection.executescript(_TABLES)
        self._connection.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def run(self, statement: str, *values: Any) -> None:
        """One statement that answers nothing."""
        self._connection.execute(statement, values)

    def many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """The same for many rows."""
        self._connection.executemany(statement, rows)

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of an answer."""
        found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return found

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A short answer."""
        return self._connection.execute(statement, values).fetchall()

    def each(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """A long answer, row by row."""
        with closing(self._connection.cursor()) as cursor:
            yield from cursor.execute(statement, values)

    def count(self, statement: str, *values: Any) -> int:
        """An answer that is one number."""
        found = self.row(statement, *values)
        return int(found[0] or 0) if found else 0

    def finish_reading(self) -> None:
        """All mails are in: what is looked up from now on gets its indexes."""
        self._connection.executescript(f"{_INDEXES} BEGIN;")  # which commits first what was inserted
