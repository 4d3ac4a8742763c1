"""Approvals: whose answer decides, and who is on a board."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk import approvals
from desk.approvals import Answer, Answers, Mode
from desk.state import ContactState, TicketState
from desk.writes import Writes
from store.database import Database
from store.tables import Approval, Approver, Contact, ContactAddress, Organisation, Participant

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, KIM, REM, PAT = (ContactState(i, n, f"{n}@customer.test") for i, n in enumerate(("ann", "kim", "rem", "pat"), 1))


def ticket(approval: str = "", status: str = "In Progress") -> TicketState:
    """Ann's ticket."""
    return TicketState(7, "T20261123.0001", "t", status, ANN, "d", approval=approval)


def fresh() -> Writes:
    """Rows that go nowhere."""
    return Writes(iter(range(100, 200)).__next__)


def test_ask() -> None:
    """They are asked and take part; a second time nobody is asked twice."""
    writes, known, asked = fresh(), dict[int, Answers](), ticket()
    changes = approvals.ask(writes, asked, [KIM, REM], known, NOW)
    assert changes == {"approval": ["", "Requested"], "status": ["In Progress", "Waiting Approval"]}
    assert approvals.ask(writes, asked, [REM, PAT], known, NOW) == {}
    assert [row["contact_id"] for row in writes.added(Approval)] == [KIM.id, REM.id, PAT.id]
    assert known == {7: {KIM.id: "", REM.id: "", PAT.id: ""}}
    assert asked.roles == {KIM.id: "approver", REM.id: "approver", PAT.id: "approver"}


def test_who_said_stop_takes_part_and_is_left_in_peace() -> None:
    """They can see what they decide about, and get no updates."""
    writes, asked = fresh(), ticket()
    asked.left, asked.muted = {KIM.id}, {KIM.id}
    approvals.ask(writes, asked, [KIM], {}, NOW)
    assert asked.view.participants == {KIM.id}
    assert not asked.wants_letters(KIM)
    assert writes.added(Participant) == []  # the row is there already


@pytest.mark.parametrize(
    "mode, before, said, approval, status",
    [
        ("any", {1: "", 2: ""}, "approve", "Approved", "In Progress"),
        ("any", {1: "", 2: ""}, "reject", "Rejected", "Update Added"),
        ("all", {1: "", 2: ""}, "approve", "Requested", "Waiting Approval"),
        ("all", {1: "", 2: "approve"}, "approve", "Approved", "In Progress"),
        ("all", {1: "", 2: "approve"}, "reject", "Rejected", "Update Added"),
        ("all", {1: "approve", 2: ""}, "reject", "Rejected", "Update Added"),
    ],
)
def test_answer(mode: Mode, before: Answers, said: Answer, approval: str, status: str) -> None:
    """The first one, or all of them; one “reject” is always enough."""
    asked, known = ticket("Requested", "Waiting Approval"), {7: dict(before)}
    changes = approvals.answer(fresh(), asked, ANN, said, known, mode, NOW)
    assert (asked.approval, asked.status) == (approval, status)
    assert known[7][ANN.id] == said
    assert ("approval" in changes) == (approval != "Requested")


def test_an_answer_leaves_a_done_ticket_as_it_is() -> None:
    """It is noted, and opens nothing again."""
    asked = ticket("Requested", "Resolved")
    approvals.answer(fresh(), asked, ANN, "reject", {7: {ANN.id: ""}}, "any", NOW)
    assert (asked.approval, asked.status) == ("Rejected", "Resolved")


def test_deciders() -> None:
    """Those whose answer it is."""
    assert approvals.deciders(ticket("Rejected"), {1: "approve", 2: "reject", 3: ""}) == [2]
    assert approvals.deciders(ticket("Approved"), {1: "approve", 2: "approve"}) == [1, 2]


def fill(database: Database) -> None:
    """One organisation with Kim, and Eve who belongs to none."""
    with database.transaction() as session:
        session.add(Organisation(id=1, name="Sample Works", created_at=NOW))
        session.flush()
        for contact_id, name, organisation_id in ((2, "kim", 1), (3, "eve", None)):
            address = ContactAddress(address=f"{name}@customer.test", written=f"{name}@customer.test")
            values = {"name": name, "organisation_id": organisation_id, "created_at": NOW}
            session.add(Contact(id=contact_id, addresses=[address], **values))


def test_boards(database: Database) -> None:
    """On and off, in any case of the name; once is enough."""
    fill(database)
    with database.transaction() as session:
        kim = session.get_one(Contact, 2)
        assert approvals.join_board(session, kim, "Finance  Board")
        assert not approvals.join_board(session, kim, "finance board")
        assert session.scalars(select(Approver.board)).all() == ["finance board"]
        assert not approvals.leave_board(session, kim, "cab")
        assert approvals.leave_board(session, kim, "FINANCE board")
        assert session.scalars(select(Approver.board)).all() == []


def test_a_board_is_an_organisations(database: Database) -> None:
    """Who belongs to none is on no board."""
    fill(database)
    with database.reading() as session, pytest.raises(ValueError, match="no organisation"):
        approvals.join_board(session, session.get_one(Contact, 3), "cab")
