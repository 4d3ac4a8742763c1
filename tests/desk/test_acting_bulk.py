"""One act on several tickets: what can be done is done, what cannot says why, and nobody else may."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk.access import Person
from desk.acting import bulk
from desk.acting.rules import Desk, Refused
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Contact, ContactAddress, Event, Outbox, Staff, Team, TeamMember, Ticket

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN, SAM, KIM, TEAM = range(1, 5)
STAFF = Person(staff_id=SAM)


@pytest.fixture
def desk(database: Database, tmp_path) -> Desk:  # type: ignore[no-untyped-def]
    """Four tickets of one customer: open, open with an open task, its task, and one that was merged away."""
    with database.transaction() as session:
        for i, name in ((SAM, "sam"), (KIM, "kim")):
            session.add(Staff(id=i, name=name.title(), address=f"{name}@desk.test", created_at=NOW))
        session.add(Team(id=TEAM, name="Network", desk_address="", queue_address=""))
        session.add(Contact(id=ANN, name="Ann", known=True, created_at=NOW,
                            addresses=[ContactAddress(address="ann@x.test", written="ann@x.test")]))  # fmt: skip
        session.flush()
        session.add(TeamMember(team_id=TEAM, staff_id=KIM))
        for i in range(1, 5):
            session.add(
                Ticket(id=100 + i, number=f"T20261123.000{i}", title=f"Ticket {i}", letter_subject="t", status="New",
                       desk_address="d", requester_id=ANN, created_at=NOW, updated_at=NOW,
                       parent_id=102 if i == 3 else None, merged_into_id=101 if i == 4 else None)
            )  # fmt: skip
            session.flush()
    return Desk(database, FolderBlobs(tmp_path / "blobs"))


def numbers(*which: int) -> list[str]:
    """Their numbers."""
    return [f"T20261123.000{i}" for i in which]


def test_what_can_be_done_is_done(desk: Desk) -> None:
    """Each ticket by itself: one that cannot be resolved keeps no other one from it."""
    outcome = bulk.act(desk, STAFF, [*numbers(1, 2), "T20261123.0099"], "status:Resolved", NOW)
    assert outcome.done == ("T20261123.0001",)
    assert dict(outcome.faults) == {
        "T20261123.0002": "T20261123.0003 is not done yet, and belongs to this ticket.",
        "T20261123.0099": "There is no such ticket.",
    }
    with desk.database.reading() as session:
        assert session.get_one(Ticket, 101).status == "Resolved"
        assert session.get_one(Ticket, 102).status == "New"
        (entry,) = session.scalars(select(Event).where(Event.ticket_id == 101))
        assert entry.changes["status"] == ["New", "Resolved"]
        assert [row.contact_id for row in session.scalars(select(Outbox).where(Outbox.ticket_id == 101))] == [ANN]


def test_take_assign_and_type(desk: Desk) -> None:
    """A person or a team gets the tickets, and hears of them; a merged ticket is left alone."""
    assert bulk.act(desk, STAFF, numbers(1, 1, 2), "take", NOW).done == tuple(numbers(1, 2))
    assert bulk.act(desk, STAFF, numbers(2, 3), f"assign:staff:{KIM}", NOW).faults == ()
    assert bulk.act(desk, STAFF, numbers(1), f"assign:team:{TEAM}", NOW).faults == ()
    assert bulk.act(desk, STAFF, numbers(1), "type:Incident", NOW).faults == ()
    assert dict(bulk.act(desk, STAFF, numbers(4), "take", NOW).faults) == {
        "T20261123.0004": "This ticket goes on in another one."
    }
    with desk.database.reading() as session:
        found = {row.id: (row.assignee_id, row.team_id, row.type) for row in session.scalars(select(Ticket))}
        told = session.scalars(select(Outbox.staff_id).where(Outbox.staff_id.is_not(None))).all()
    assert found[101] == (None, TEAM, "Incident")
    assert found[102] == found[103] == (KIM, None, "Query")
    assert found[104][0] is None
    assert set(told) == {KIM}


@pytest.mark.parametrize(
    "wanted, which, why",
    [
        ("", [1], "Choose what to do with the tickets."),
        ("take:5", [1], "Choose what to do with the tickets."),
        ("status:", [1], "Choose what to do with the tickets."),
        ("delete", [1], "Choose what to do with the tickets."),
        ("take", [], "Choose at least one ticket."),
        ("take", range(51), "Choose at most 50 tickets at once."),
    ],
)
def test_what_is_refused_as_a_whole(desk: Desk, wanted: str, which: list[int], why: str) -> None:
    """Nothing is done then."""
    with pytest.raises(Refused) as refused:
        bulk.act(desk, STAFF, [f"T{i}" for i in which], wanted, NOW)
    assert (refused.value.said, refused.value.field) == (why, "act")


@pytest.mark.parametrize("wanted", ["assign:staff:999", "assign:team:x", "status:Lost", "type:Wish"])
def test_values_that_do_not_exist(desk: Desk, wanted: str) -> None:
    """Each ticket says so."""
    outcome = bulk.act(desk, STAFF, numbers(1), wanted, NOW)
    assert (outcome.done, len(outcome.faults)) == ((), 1)


def test_it_is_for_staff(desk: Desk) -> None:
    """To customers there is no such ticket, their own neither."""
    outcome = bulk.act(desk, Person(contact_id=ANN), numbers(1), "take", NOW)
    assert outcome.faults == (("T20261123.0001", "There is no such ticket."),)
    with desk.database.reading() as session:
        assert session.get_one(Ticket, 101).assignee_id is None
