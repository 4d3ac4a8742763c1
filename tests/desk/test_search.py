"""Search: rights, parts of words, what the index does not know yet, and how few rows are looked at."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, text, update

from desk import search as finding
from desk.access import Person
from store.database import Database
from store.tables import Contact, Event, Organisation, ReceivedMail, Staff, Ticket, search

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN = Person(contact_id=1, organisation_id=1, organisations=frozenset({1}))
SAM = Person(staff_id=3)


def ticket(ticket_id: int, title: str, **values: object) -> Ticket:
    """One of Ann's."""
    base: dict[str, object] = {"status": "New", "organisation_id": 1, "created_at": NOW, "updated_at": NOW}
    return Ticket(id=ticket_id, number=f"T20261123.{ticket_id:04}", title=title, letter_subject="",
                  desk_address="d@desk.test", requester_id=1, **(base | values))  # fmt: skip


def entry(event_id: int, ticket_id: int, words: str, visibility: str = "public", title: str = "") -> Event:
    """One entry."""
    return Event(id=event_id, ticket_id=ticket_id, at=NOW, kind="note", visibility=visibility, text=words, title=title)


@pytest.fixture(params=["indexed", "waiting"])
def filled(request: pytest.FixtureRequest, database: Database) -> Database:
    """Tickets that are in the index, or all still to be; PostgreSQL indexes them at once."""
    with database.transaction() as session:
        session.add_all([Organisation(id=1, name="Works", created_at=NOW)])
        session.flush()
        session.add_all([Contact(id=1, name="Ann", organisation_id=1, created_at=NOW),
                         Staff(id=3, name="Sam", address="sam@desk.test", created_at=NOW)])  # fmt: skip
        session.flush()
        session.add_all([
            ticket(10, "Telephone exchange", customer_reference="INC-77", reference_key="inc-77"),
            ticket(11, "50% of ÄRGER"),
            ticket(12, "電話 does not ring"),
            ticket(13, 'A "quoted" word'),
        ])  # fmt: skip
        session.flush()
        session.add_all([
            entry(10, 10, "Ein Großraumbüro ohne Strom, 192.168.0.1"),
            entry(20, 10, "hidden giraffe", "internal"),
            entry(21, 11, "pending giraffe", "pending"),
            entry(22, 12, "under_score and 100%"),
            entry(23, 13, "nothing", title="Subject line"),
        ])  # fmt: skip
    if request.param == "indexed":
        finding.catch_up(database, 60)
    return database


def found(database: Database, word: str, person: Person = ANN) -> set[int]:
    """The tickets."""
    with database.reading() as session:
        return set(session.scalars(select(Ticket.id).where(finding.found(word, person))))


@pytest.mark.parametrize(
    "word, expected",
    [
        ("phone", {10}),
        ("PHONE EX", {10}),
        ("raumbü", {10}),
        ("192.168.0", {10}),
        ("inc-77", {10}),
        ("t20261123.0012", {12}),
        ("20261123", set()),
        ("ärger", {11}),
        ("50%", {11}),
        ("100%", {12}),
        ("r_s", {12}),
        ("r__s", set()),
        ("電話", {12}),
        ('"quo', {13}),
        ("'", set()),
        ('"""', set()),
        ("a AND b", set()),
        ("NEAR(", set()),
        ("subject l", {13}),
        ("giraffe", set()),
        ("of", {11}),
        ("\\", set()),
        ("zebra", set()),
    ],
)
def test_words_and_parts_of_them(filled: Database, word: str, expected: set[int]) -> None:
    """As they are written, in any case; what is pending or internal is not for customers."""
    assert found(filled, word) == expected


def test_staff_find_all_entries(filled: Database) -> None:
    """Internal ones, and those that wait to be let in."""
    assert found(filled, "giraffe", SAM) == {10, 11}


def test_what_is_let_in_is_found(filled: Database) -> None:
    """And what is changed or erased no more by its old words, at once."""
    with filled.transaction() as session:
        session.execute(update(Event).where(Event.id == 21).values(visibility="public"))
        session.execute(update(Event).where(Event.id == 22).values(text="[erased]"))
        session.execute(update(Ticket).where(Ticket.id == 10).values(title="Radio"))
        session.execute(delete(Event).where(Event.id == 23))
    for _ in range(2):
        assert found(filled, "giraffe") == {11}
        assert found(filled, "under_score") == found(filled, "Telephone") == found(filled, "Subject") == set()
        assert (found(filled, "erased"), found(filled, "radio")) == ({12}, {10})
        finding.catch_up(filled, 60)


def test_what_is_long_is_found_all_the_same(filled: Database) -> None:
    """Within what is indexed of a text."""
    with filled.transaction() as session:
        session.add(entry(40, 13, "x " * 60_000 + "needle"))
    assert found(filled, "needle") == {13}
    finding.catch_up(filled, 60)
    assert found(filled, "needle") == {13}


def test_the_index_waits_while_mail_does(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail goes first; what is not indexed is found the slow way."""
    monkeypatch.setattr(finding, "_PATIENCE", 2)
    with database.transaction() as session:
        session.add(Contact(id=1, name="Ann", created_at=NOW))
        session.flush()
        session.add(ticket(10, "Telephone", organisation_id=None))
        session.add_all(
            ReceivedMail(id=n, received_at=NOW, source="smtp", recipients=[], size=1, waiting=True) for n in (1, 2)
        )
    assert finding.catch_up(database, 60) == 0
    assert found(database, "phone") == {10}
    with database.transaction() as session:
        session.execute(update(ReceivedMail).where(ReceivedMail.id == 1).values(waiting=False))
    assert finding.catch_up(database, 60) == (1 if database.is_sqlite else 0)
    assert found(database, "phone") == {10}


def test_a_large_desk_is_not_read_to_its_end(database: Database) -> None:
    """What finds a word is the index: on SQLite by its trigrams, on PostgreSQL by pg_trgm."""
    with database.reading() as session:
        statement = select(Ticket.id).where(finding.found("giraffe", SAM))
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        if database.is_sqlite:
            plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
            assert any("VIRTUAL TABLE" in line for line in plan)
            assert not [line for line in plan if line.startswith("SCAN event")], plan
        else:
            session.execute(text("SET LOCAL enable_seqscan = off"))
            said = str(compiled).replace("%%", "%")
            lines = session.connection().exec_driver_sql("EXPLAIN " + said.replace("%", "%%")).scalars().all()
            assert "ix_event_text_trigrams" in " ".join(lines)
        assert search.how(session.connection()).startswith("an index of trigrams")
