"""The index of words: whoever writes, changes or deletes a text, it is found by what it says now, nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, inspect, text, update

from store.database import Database
from store.migrations import config_for, upgrade
from store.tables import Contact, Event, Organisation, Ticket, core, search
from tests.servers import Postgres

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
THERE = {
    "search_words", "search_entry", "search_waiting", "search_words_config", "search_words_data", "search_words_idx",
}  # fmt: skip


def ticket(connection: Connection, ticket_id: int, title: str = "Sample") -> None:
    """One of Ann's tickets."""
    connection.execute(
        insert(core(Ticket)),
        [{
            "id": ticket_id, "number": f"T{ticket_id}", "title": title, "letter_subject": "", "status": "New",
            "desk_address": "d@desk.test", "requester_id": 1, "created_at": NOW, "updated_at": NOW,
        }],
    )  # fmt: skip


def entry(connection: Connection, event_id: int, ticket_id: int, words: str, visibility: str = "public") -> None:
    """One entry."""
    values = {"id": event_id, "ticket_id": ticket_id, "at": NOW, "kind": "note", "visibility": visibility}
    connection.execute(insert(core(Event)), [values | {"text": words}])


def finds(connection: Connection, word: str) -> set[tuple[int, int]]:
    """What the index says: tickets, and whether customers may find them."""
    rows = connection.execute(
        text(
            "SELECT s.ticket_id, s.public FROM search_words w JOIN search_entry s ON s.id = w.rowid "
            "WHERE search_words MATCH :word"
        ),
        {"word": f'"{word}"'},
    )
    return {(row.ticket_id, row.public) for row in rows}


def waiting(connection: Connection) -> int:
    """How many texts are not yet indexed."""
    return int(connection.execute(text("SELECT count(*) FROM search_waiting")).scalar_one())


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite desk with a contact."""
    made = Database(f"sqlite:///{tmp_path}/desk.db")
    upgrade(made)
    with made.transaction() as session:
        session.add(Organisation(id=1, name="Works", created_at=NOW))
        session.flush()
        session.add(Contact(id=1, name="Ann", organisation_id=1, created_at=NOW))
    yield made
    made.close()


def test_what_is_new_waits_and_is_then_found(sqlite: Database) -> None:
    """Titles and entries; a ticket and an entry may have the same id."""
    with sqlite.engine.begin() as connection:
        ticket(connection, 7, "Telephone exchange")
        entry(connection, 7, 7, "The Große Lamp is broken")
        entry(connection, 8, 7, "hidden giraffe", "internal")
        entry(connection, 9, 7, "")
        assert waiting(connection) == 3
        assert finds(connection, "phone") == set()
        assert search.index(connection) == 3
        assert search.index(connection) == 0
        assert finds(connection, "PHONE") == finds(connection, "gROSSE".replace("SS", "ß")) == {(7, 1)}
        assert finds(connection, "giraffe") == {(7, 0)}


@pytest.mark.parametrize("indexed", [True, False])
def test_what_changes_is_found_by_its_new_words(sqlite: Database, indexed: bool) -> None:
    """Also when it was not yet indexed, is shown to others, or moves to another ticket."""
    with sqlite.engine.begin() as connection:
        ticket(connection, 10, "first title")
        ticket(connection, 11, "another")
        entry(connection, 20, 10, "first words", "pending")
        if indexed:
            search.index(connection)
        connection.execute(update(core(Ticket)).where(core(Ticket).c.id == 10).values(title="second title"))
        connection.execute(update(core(Event)).values(text="second words", visibility="public", ticket_id=11))
        assert finds(connection, "first") == set()
        search.index(connection)
        assert finds(connection, "first") == set()
        assert finds(connection, "second tit") == {(10, 1)}
        assert finds(connection, "second wor") == {(11, 1)}
        connection.execute(update(core(Ticket)).values(status="Resolved"))
        assert waiting(connection) == 0


@pytest.mark.parametrize("indexed", [True, False])
def test_what_is_deleted_is_gone(sqlite: Database, indexed: bool) -> None:
    """Nothing of it is left: not its words, not its place, not its turn."""
    with sqlite.engine.begin() as connection:
        ticket(connection, 10, "some title")
        entry(connection, 20, 10, "some words")
        if indexed:
            search.index(connection)
        connection.execute(delete(core(Event)))
        connection.execute(delete(core(Ticket)))
        assert finds(connection, "some") == set()
        assert waiting(connection) == 0
        assert connection.execute(text("SELECT count(*) FROM search_entry")).scalar_one() == 0
        check = "INSERT INTO search_words (search_words) VALUES ('integrity-check')"
        connection.execute(text(check))


def test_a_text_is_emptied(sqlite: Database) -> None:
    """It waits for nothing and is found by nothing."""
    with sqlite.engine.begin() as connection:
        ticket(connection, 10)
        entry(connection, 20, 10, "some words")
        search.index(connection)
        connection.execute(update(core(Event)).values(text=""))
        assert (waiting(connection), finds(connection, "some")) == (0, set())


def test_a_large_text_has_a_turn_of_its_own(sqlite: Database) -> None:
    """So many characters at a time, one text at least; the end of a very long one is not indexed."""
    with sqlite.engine.begin() as connection:
        ticket(connection, 10)
        for place in range(3):
            entry(connection, 20 + place, 10, "x" * search.LONGEST + f" far {place}")
        entry(connection, 30, 10, "near")
        assert [search.index(connection, characters=10) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
        assert finds(connection, "far") == set()
        assert finds(connection, "near") == {(10, 1)}
        connection.execute(delete(core(Event)))
        assert finds(connection, "xxx") == set()


def test_a_desk_that_had_no_index_gets_one(tmp_path: Path) -> None:
    """What was there waits for its turn, once; the way back leaves the texts and takes all else."""
    from alembic import command

    made = Database(f"sqlite:///{tmp_path}/desk.db")
    with made.engine.begin() as connection:
        command.upgrade(config_for(connection), "0007")
        connection.execute(
            text(
                "INSERT INTO contact (id, name, first_name, last_name, level, language, known, muted, "
                "created_at) VALUES (1, 'Ann', '', '', 'Standard User', '', 1, 0, '2026-11-01')"
            )
        )
        ticket(connection, 10, "old title")
        entry(connection, 20, 10, "old words")
        assert not THERE & set(inspect(connection).get_table_names())
    upgrade(made)
    with made.engine.begin() as connection:
        assert {*filter(lambda name: name.startswith(search.TABLES), inspect(connection).get_table_names())} == THERE
        assert waiting(connection) == 2
        assert "2 texts are still to be indexed" in search.how(connection)
        search.index(connection)
        search.fill(connection)
        assert (waiting(connection), finds(connection, "old")) == (0, {(10, 1)})
        assert search.how(connection) == "an index of trigrams"
        command.downgrade(config_for(connection), "0007")
        connection.execute(update(core(Event)).values(text="new words"))
        assert not THERE & set(inspect(connection).get_table_names())
    made.close()


def test_postgresql_has_indexes_where_it_lets_us(postgres: Postgres) -> None:
    """Made beside the work as well as for a new desk, and again after an attempt that was broken off."""
    from alembic import command

    made = Database(postgres.fresh_database())
    with made.engine.begin() as connection:
        command.upgrade(config_for(connection), "0007")
        assert "every text is looked through" in search.how(connection)
    upgrade(made)
    with made.engine.begin() as connection:
        assert "pg_trgm" in search.how(connection)
        connection.execute(text("SET enable_seqscan = off"))
        plan = connection.execute(text("EXPLAIN SELECT id FROM event WHERE text ILIKE '%phone%'")).scalars().all()
        assert "ix_event_text_trigrams" in " ".join(plan)
        assert search.index(connection) == 0
        command.downgrade(config_for(connection), "0007")
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert search.make(connection, beside=True)
        assert search.make(connection, beside=True)
    made.close()


def test_postgresql_works_without(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extension may not be made nothing fails."""
    monkeypatch.setattr(search, "_MAY_HAVE_TRIGRAMS", "SELECT false")
    made = Database(postgres.fresh_database())
    upgrade(made)
    with made.engine.begin() as connection:
        assert "every text is looked through" in search.how(connection)
    made.close()
