"""Notices: who is told what."""

from datetime import UTC, datetime, timedelta

import pytest

from desk import notices
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.writes import Writes
from store.tables import Outbox

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, PAT, EVE = (ContactState(i, n, f"{n}@customer.test") for i, n in ((1, "ann"), (2, "pat"), (3, "eve")))
SAM, SUE, LEFT = (
    StaffState(1, "Sam", "sam@desk.test"),
    StaffState(2, "Sue", "sue@desk.test"),
    StaffState(3, "L", "l@desk.test", False),
)
STAFF = {person.id: person for person in (SAM, SUE, LEFT)}
TEAMS = {"Network": TeamState(9, "Network", (SUE,)), "Empty": TeamState(8, "Empty")}


def ticket(**values: object) -> TicketState:
    """Ann's ticket with Pat in it."""
    made = TicketState(7, "T20261123.0001", "t", "New", ANN, "d", **values)  # type: ignore[arg-type]
    made.people[PAT.id] = PAT
    return made


def fresh() -> Writes:
    """Rows that go nowhere."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids))


def test_letter() -> None:
    """One row with all columns, due now or later; none for somebody without an address."""
    writes = fresh()
    notices.letter(writes, "update", PAT, NOW, ticket=ticket(), event_id=5, wait=timedelta(seconds=60))
    notices.letter(writes, "new_ticket", SAM, NOW)
    notices.letter(writes, "update", ContactState(4, "Nobody", ""), NOW)
    first, second = writes.added(Outbox)
    assert (first["recipient"], first["contact_id"], first["staff_id"]) == ("pat@customer.test", 2, None)
    assert (first["ticket_id"], first["event_id"], first["next_at"]) == (7, 5, NOW + timedelta(seconds=60))
    assert (second["contact_id"], second["staff_id"], second["ticket_id"], second["state"]) == (
        None,
        1,
        None,
        "waiting",
    )
    assert first.keys() == second.keys()  # one statement for both


@pytest.mark.feature("F208", "mail")
def test_customers() -> None:
    """Requester and additional contacts, less the writer, the muted and those who left."""
    assert notices.customers(ticket()) == [ANN, PAT]
    assert notices.customers(ticket(), PAT) == [ANN]
    assert notices.customers(ticket(), EVE) == [ANN, PAT]
    assert notices.customers(ticket(muted={PAT.id})) == [ANN]
    quiet = ticket()
    quiet.people = {4: ContactState(4, "", "m@x.test", muted=True), 5: ContactState(5, "", "g@x.test", active=False)}
    assert notices.customers(quiet) == [ANN]


@pytest.mark.feature("F211", "mail")
@pytest.mark.feature("F212", "mail")
def test_staff_of() -> None:
    """Who took it; else the team; else everybody at work. Who left is never told, nor the one who wrote."""
    assert notices.staff_of(ticket(assignee_id=1, team_id=9), TEAMS, STAFF) == [SAM]
    assert notices.staff_of(ticket(team_id=9), TEAMS, STAFF) == [SUE]
    assert notices.staff_of(ticket(assignee_id=3, team_id=9), TEAMS, STAFF) == [SUE]
    assert notices.staff_of(ticket(team_id=8), TEAMS, STAFF) == [SAM, SUE]
    assert notices.staff_of(ticket(), TEAMS, STAFF) == [SAM, SUE]
    assert notices.staff_of(ticket(), TEAMS, STAFF, SAM) == [SUE]


@pytest.mark.feature("F208", "mail")
def test_update() -> None:
    """Words go at once, a mere change waits for company; only mere changes count as automatic."""
    writes = fresh()
    fold = timedelta(seconds=60)
    assert notices.update(writes, ticket(), 5, NOW, author=SAM, has_words=True, fold=fold) == 2
    assert notices.update(writes, ticket(), 6, NOW, author=ANN, has_words=False, fold=fold) == 1
    rows = [(row["recipient"], row["next_at"] - NOW, row["automatic"]) for row in writes.added(Outbox)]
    assert rows == [
        ("ann@customer.test", timedelta(), False),
        ("pat@customer.test", timedelta(), False),
        ("pat@customer.test", fold, True),
    ]
