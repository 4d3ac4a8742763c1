"""Who has read a ticket: one row for each reader, the latest time, whoever writes it how often."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from desk import reading
from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from store.database import Database
from store.tables import Contact, Event, Reading, Staff, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SAM, SUE = StaffState(1, "Sam", "sam@desk.test"), StaffState(2, "Sue", "sue@desk.test")
TICKETS = [TicketState(n, f"T{n}", "t", "New", ContactState(9, "", ""), "d") for n in (1, 2)]


@pytest.fixture
def desk(database: Database) -> Database:
    """Two at the desk, two tickets."""
    with database.transaction() as session:
        session.add_all([Staff(id=s.id, name=s.name, address=s.address, created_at=NOW) for s in (SAM, SUE)])
        session.add(Contact(id=9, created_at=NOW))
        session.flush()
        session.add_all([Ticket(id=t.id, number=t.number, title="t", letter_subject="t", status="New", desk_address="d",
                                requester_id=9, created_at=NOW, updated_at=NOW) for t in TICKETS])  # fmt: skip
    return database


@pytest.mark.feature("F123", "mail")
def test_read_again(desk: Database) -> None:
    """The first time makes a row, the next one moves its time; several in one batch too."""
    for at in (NOW, LATER):
        with desk.transaction() as session:
            writes = Writes(lambda: 1)
            for ticket in reversed(TICKETS):
                for reader in (SUE, SAM):
                    reading.has_read(writes, ticket, reader, at - timedelta(seconds=1))
                    reading.has_read(writes, ticket, reader, at)
            writes.flush(session)
    with desk.reading() as session:
        rows = session.execute(select(Reading.ticket_id, Reading.staff_id, Reading.at)).all()
        assert sorted(map(tuple, rows)) == [(t, s, LATER) for t in (1, 2) for s in (1, 2)]


def test_by_page_and_by_entry(desk: Database) -> None:
    """The page of a ticket counts, and an entry of theirs; the latest of both, oldest reader first."""
    with desk.transaction() as session:
        reading.saw_page(session, 1, SAM.id, NOW)
        reading.saw_page(session, 1, SAM.id, LATER)
        for event_id, at in ((1, NOW - timedelta(days=1)), (2, NOW)):
            session.add(Event(id=event_id, ticket_id=1, at=at, kind="note", visibility="internal", staff_id=SUE.id))
    with desk.reading() as session:
        assert reading.readers(session, 1, 10) == [("Sue", NOW), ("Sam", LATER)]
        assert reading.readers(session, 1, 1) == [("Sam", LATER)]
        assert reading.readers(session, 2, 10) == []
