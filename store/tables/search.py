"""What finds words quickly: trigrams of titles and notes, in tables of SQLite, in indexes of PostgreSQL.

SQLite: triggers note each text that is new or changed in `search_waiting`, which costs mail next to nothing, and take
what is changed or deleted out of the index at once, whoever does it. `index` then takes waiting texts in, a part at a
time; until then they are looked through one by one (desk/search.py). `search_words` has no copy of the texts, and
`search_entry` says of each whose ticket it is and whether customers may find it. The tables are not mapped: SQLAlchemy
knows no virtual ones, and PostgreSQL has none of them. A step of the schema that copies `event` or `ticket` (Alembic's
batch mode) loses their triggers, and calls `make` at its end.
"""

# ruff: noqa: S608 - statements are put together of words that stand in this file
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, TextClause, bindparam, event, text
from sqlalchemy.exc import OperationalError

from store.tables.base import Base

TABLES = "search_"  # how the names of all tables of the index begin
INDEXES = "_trigrams"  # how those of PostgreSQL's indexes end
LONGEST = 200_000  # characters of a text that are indexed; a longer one is a log that somebody pasted
_AT_ONCE = 2_000_000  # characters that are indexed in one transaction, and texts …
TEXTS = 500


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose rows have texts; {0} stands for its name in a statement."""

    table: str
    key: str
    columns: str  # that the index follows
    words: str
    has: str  # any words at all


_EVENT_WORDS = f"substr({{0}}.title || char(10) || {{0}}.text, 1, {LONGEST})"
_EVENT_HAS = "({0}.text <> '' OR {0}.title <> '')"
_TICKET_WORDS, _TICKET_HAS = "{0}.title", "{0}.title <> ''"
_SOURCES = (
    Source("event", "2 * {0}.id + 1", "text, title, visibility, ticket_id", _EVENT_WORDS, _EVENT_HAS),
    Source("ticket", "2 * {0}.id", "title", _TICKET_WORDS, _TICKET_HAS),
)
# A text is known by twice the id of its row, and one more of an entry's: a ticket and an entry may have the same id.
_TABLES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5 (words, content='', tokenize='trigram', columnsize=0)",
    "CREATE TABLE IF NOT EXISTS search_entry (id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL, public INTEGER "
    "NOT NULL)",
    "CREATE TABLE IF NOT EXISTS search_waiting (id INTEGER PRIMARY KEY)",
)
_INDEXES = (  # of PostgreSQL
    ("ix_event_text_trigrams", "event", "text"),
    ("ix_event_title_trigrams", "event", "title"),
    ("ix_ticket_title_trigrams", "ticket", "title"),
)
_MAY_HAVE_TRIGRAMS = """
SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') OR EXISTS (
    SELECT 1 FROM pg_available_extension_versions v JOIN pg_roles r ON r.rolname = current_user
    WHERE v.name = 'pg_trgm'
    AND (r.rolsuper OR (v.trusted AND has_database_privilege(current_database(), 'CREATE'))))
"""
_HAS_TRIGRAMS = "SELECT count(*) FROM pg_class WHERE relname = 'ix_event_text_trigrams' AND relkind = 'i'"


def make(connection: Connection, *, beside: bool = False) -> bool:
    """Make what is not there of it; `beside` the work, on a PostgreSQL connection that has no transaction open.

    False on a PostgreSQL that does not let us: words are then looked for in every text.
    """
    if connection.dialect.name == "sqlite":
        _make_tables(connection)
        return True
    if not connection.execute(text(_MAY_HAVE_TRIGRAMS)).scalar():
        return False
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    how = "CONCURRENTLY " if beside else ""
    for name, table, column in _INDEXES:
        if beside:  # what is left of an attempt that was broken off
            connection.execute(text(f"DROP INDEX {how}IF EXISTS {name}"))
        connection.execute(text(f"CREATE INDEX {how}IF NOT EXISTS {name} ON {table} USING gin ({column} gin_trgm_ops)"))
    return True


def drop(connection: Connection) -> None:
    """Take it away; the texts stay where they are, and so does the extension, which others may use."""
    if connection.dialect.name == "sqlite":
        for name in _triggers():
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        for table in ("search_words", "search_entry", "search_waiting"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        return
    for name, _, _ in _INDEXES:
        connection.execute(text(f"DROP INDEX IF EXISTS {name}"))


def fill(connection: Connection) -> None:
    """Every text that is there waits to be indexed; on PostgreSQL that happened when the indexes were made."""
    if connection.dialect.name != "sqlite":
        return
    for one in _SOURCES:
        key, has = one.key.format("t"), one.has.format("t")
        connection.execute(
            text(
                f"INSERT OR IGNORE INTO search_waiting SELECT {key} FROM {one.table} t WHERE {has} "
                f"AND NOT EXISTS (SELECT 1 FROM search_entry s WHERE s.id = {key})"
            )
        )


def index(connection: Connection, texts: int = TEXTS, characters: int = _AT_ONCE) -> int:
    """Take the next texts that wait into the index; how many. Nothing is ever left to do on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return 0
    waiting = text(
        "SELECT w.id, coalesce(length(e.text), 0) FROM search_waiting w "
        "LEFT JOIN event e ON w.id % 2 = 1 AND e.id = w.id / 2 ORDER BY w.id LIMIT :texts"
    )
    keys: list[int] = []
    for key, length in connection.execute(waiting, {"texts": texts}):
        characters -= min(length, LONGEST)
        if keys and characters < 0:
            break
        keys.append(key)
    for place, one in enumerate(reversed(_SOURCES)):  # tickets have the even keys
        if ids := [key // 2 for key in keys if key % 2 == place]:
            _index_rows(connection, one, ids)
    if keys:
        connection.execute(_in("DELETE FROM search_waiting WHERE id IN :ids"), {"ids": keys})
    return len(keys)


def _index_rows(connection: Connection, one: Source, ids: list[int]) -> None:
    key, words = one.key.format("t"), one.words.format("t")
    ticket = "t.ticket_id, t.visibility = 'public'" if one.table == "event" else "t.id, 1"
    found = f"FROM {one.table} t WHERE t.id IN :ids AND {one.has.format('t')} ORDER BY t.id"
    for statement in (
        f"INSERT INTO search_words (rowid, words) SELECT {key}, {words} {found}",
        f"INSERT INTO search_entry (id, ticket_id, public) SELECT {key}, {ticket} {found}",
    ):
        connection.execute(_in(statement), {"ids": ids})


def _in(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("ids", expanding=True))


def how(connection: Connection) -> str:
    """How words are found here, for operators."""
    if connection.dialect.name == "sqlite":
        waiting = connection.execute(text("SELECT count(*) FROM search_waiting")).scalar_one()
        return "an index of trigrams" + (f"; {waiting:,} texts are still to be indexed" if waiting else "")
    if connection.execute(text(_HAS_TRIGRAMS)).scalar():
        return "an index of trigrams (pg_trgm)"
    return "every text is looked through; the extension pg_trgm would make searches quick"


def _make_tables(connection: Connection) -> None:
    try:
        for statement in _TABLES:
            connection.exec_driver_sql(statement)
    except OperationalError as error:
        raise RuntimeError("SQLite here cannot search: it needs FTS5 with trigrams, version 3.34 or newer") from error
    for name, statement in _triggers().items():
        connection.exec_driver_sql(f"CREATE TRIGGER IF NOT EXISTS {name} {statement}")


def _triggers() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _SOURCES:
        old, new = one.key.format("old"), one.key.format("new")
        known = f"EXISTS (SELECT 1 FROM search_entry WHERE id = {old})"
        out = (
            f"INSERT INTO search_words (search_words, rowid, words) SELECT 'delete', {old}, "
            f"{one.words.format('old')} WHERE {known}; DELETE FROM search_entry WHERE id = {old};"
        )
        has = one.has.format("new")
        names = [name.strip() for name in one.columns.split(",")]
        changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in names)
        found |= {
            f"search_{one.table}_new": f"AFTER INSERT ON {one.table} WHEN {has} BEGIN "
            f"INSERT OR IGNORE INTO search_waiting VALUES ({new}); END",
            f"search_{one.table}_changed": f"AFTER UPDATE OF {one.columns} ON {one.table} WHEN {changed} BEGIN "
            f"{out} INSERT OR IGNORE INTO search_waiting SELECT {new} WHERE {has}; END",
            f"search_{one.table}_gone": f"AFTER DELETE ON {one.table} BEGIN {out} "
            f"DELETE FROM search_waiting WHERE id = {old}; END",
        }
    return found


def _with_the_tables(_metadata: MetaData, connection: Connection, **_options: Any) -> None:
    """For a database whose tables are made without the steps of the schema."""
    if connection.dialect.name == "sqlite":
        make(connection)


event.listen(Base.metadata, "after_create", _with_the_tables)
