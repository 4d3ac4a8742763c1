"""Load: people and tickets for a batch, with a number of queries that does not grow with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from desk import load
from desk.levels import Levels
from desk.state import TicketState
from store.database import Database
from store.tables import Contact, ContactAddress, Organisation, Participant, Staff, Team, TeamMember, Ticket

LEVELS = Levels()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def fill(database: Database, count: int = 20) -> None:
    """So many contacts and tickets; each with the next contact as participant, the one after that removed."""
    with database.transaction() as session:
        session.add_all(
            [
                Organisation(id=1, name="A", created_at=NOW),
                Organisation(id=2, name="B", visibility="own", created_at=NOW),
            ]
        )
        session.add_all(
            [
                Staff(
                    id=i,
                    name=f"S{i}",
                    address=f"s{i}@desk.test",
                    created_at=NOW,
                    deactivated_at=NOW if i == 3 else None,
                )
                for i in (1, 2, 3)
            ]
        )
        session.add_all([Team(id=1, name="Network"), Team(id=2, name="Empty")])
        session.flush()
        for i in range(count):
            session.add(
                Contact(
                    id=i,
                    name=f"C{i}",
                    organisation_id=1 + i % 2,
                    created_at=NOW,
                    deactivated_at=NOW if i == 5 else None,
                    addresses=[
                        ContactAddress(address=f"c{i}@x.test", written=f"C{i}@x.test"),
                        ContactAddress(address=f"d{i}@x.test", written=f"d{i}@x.test", position=1),
                    ],
                )
            )
        session.flush()
        session.add_all([TeamMember(team_id=1, staff_id=i) for i in (1, 3)])
        for i in range(count):
            session.add(
                Ticket(
                    id=i,
                    number=f"T20261123.{i:04d}",
                    title="t",
                    letter_subject="t",
                    status="New",
                    desk_address="d",
                    requester_id=i,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        session.flush()
        for i in range(count):
            session.add(Participant(ticket_id=i, contact_id=(i + 1) % count, muted=i == 0, added_at=NOW))
            session.add(Participant(ticket_id=i, contact_id=(i + 2) % count, added_at=NOW, removed_at=NOW))


@contextmanager
def queries(database: Database) -> Iterator[list[str]]:
    """Every SELECT while this is open."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_the_number_of_queries_does_not_grow(database: Database) -> None:
    """As many for twenty tickets as for one."""
    fill(database)
    counts = []
    for size in (1, 20):
        with database.reading() as session, queries(database) as seen:
            load.tickets(session, range(size), [f"T20261123.{i:04d}" for i in range(size)])
            load.contacts_by_address(session, [f"c{i}@x.test" for i in range(size)], LEVELS)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6


def test_contacts(database: Database) -> None:
    """By any address, which is then the one of the state; by id the primary one; who left is not active."""
    fill(database)
    with database.reading() as session:
        found = load.contacts_by_address(session, {"d4@x.test", "c5@x.test", "x@x.test"}, LEVELS)
        assert {key: (c.id, c.address, c.active, c.sees) for key, c in found.items()} == {
            "d4@x.test": (4, "d4@x.test", True, "organisation"),
            "c5@x.test": (5, "C5@x.test", False, "own"),
        }
        assert load.contacts_by_id(session, [4], LEVELS)[4].address == "C4@x.test"
        assert not load.contacts_by_address(session, [], LEVELS)
        assert not load.contacts_by_id(session, [], LEVELS)


def test_staff_and_teams(database: Database) -> None:
    """All of staff, also who left; teams with those at work."""
    fill(database)
    with database.reading() as session:
        staff = load.staff(session)
        teams = load.teams(session, staff)
    assert {i: person.active for i, person in staff.items()} == {1: True, 2: True, 3: False}
    assert {name: [p.id for p in team.members] for name, team in teams.items()} == {"Network": [1], "Empty": []}


def test_tickets(database: Database) -> None:
    """By id or number; participants that were removed are not among the people."""
    fill(database)
    with database.reading() as session:
        found = load.tickets(session, [0], ["T20261123.0007", "T20261123.9999"])
        assert load.tickets(session) == {}
    assert found.keys() == {0, 7}
    assert (set(found[0].people), found[0].muted, set(found[7].people)) == ({1}, {1}, {8})


def test_merged_tickets_bring_their_survivors(database: Database) -> None:
    """Along a chain of ten; a longer one, a circle and a ticket that is not there have no survivor."""
    fill(database)
    with database.transaction() as session:
        for i in range(12):
            session.get_one(Ticket, i).merged_into_id = i + 1
        session.get_one(Ticket, 18).merged_into_id, session.get_one(Ticket, 19).merged_into_id = 19, 18
    with database.reading() as session:
        assert survivor_id(load.survivor(2, load.tickets(session, [2]))) == 12
        assert load.survivor(0, load.tickets(session, [0])) is None
        assert load.survivor(18, load.tickets(session, [18])) is None
        assert load.survivor(99, load.tickets(session, [99])) is None
        assert survivor_id(load.survivor(13, load.tickets(session, [13]))) == 13


def survivor_id(state: TicketState | None) -> int:
    """Its id; 0 for none."""
    return state.id if state else 0
