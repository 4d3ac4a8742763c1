"""Alerts: what somebody waits for, and that they hear of it once."""

from datetime import UTC, datetime

import pytest

from desk import alerts
from desk.known import ChildState
from desk.state import ContactState, TicketState
from desk.writes import Writes
from gateway.more import More
from store.tables import Alert, Outbox

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, PAT, GONE, MUTED = (
    ContactState(1, "Ann", "ann@customer.test"),
    ContactState(2, "Pat", "pat@customer.test"),
    ContactState(3, "Gone", "gone@customer.test", active=False),
    ContactState(4, "Muted", "muted@customer.test", muted=True),
)
PEOPLE = {person.id: person for person in (ANN, PAT, GONE, MUTED)}


def ticket(ticket_id: int = 7, status: str = "New", parent_id: int | None = None) -> TicketState:
    """Ann's ticket."""
    return TicketState(ticket_id, f"T20261123.000{ticket_id}", "t", status, ANN, "d", parent_id=parent_id)


def fresh() -> Writes:
    """Rows that go nowhere."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids))


def sent(writes: Writes) -> list[tuple[str, int, str]]:
    """To whom, about which ticket and stage."""
    return [(row["recipient"], row["ticket_id"], row["context"]["stage"]) for row in writes.added(Outbox)]


def test_want() -> None:
    """These stages and no others, in their order; those of other people stay."""
    writes, known = fresh(), More(alerts={7: [(ANN.id, "due"), (PAT.id, "due")]})
    alerts.want(writes, ticket(), ANN, {"tasks", "overdue"}, known)
    assert alerts.wanted(ticket(), ANN, known) == ["overdue", "tasks"]
    assert alerts.wanted(ticket(), PAT, known) == ["due"]
    assert [row["stage"] for row in writes.added(Alert)] == ["overdue", "tasks"]
    alerts.want(writes, ticket(), ANN, (), known)
    assert alerts.wanted(ticket(), ANN, known) == []
    assert writes.added(Alert) == []


def test_reached() -> None:
    """Everybody who waits for it, once; not who left, nor who wants no letters at all."""
    waiting = [(person.id, "due") for person in PEOPLE.values()]
    writes, known = fresh(), More(alerts={7: [*waiting, (ANN.id, "overdue")]})
    for _ in range(2):
        alerts.reached(writes, ticket(), "due", known, PEOPLE, NOW)
    assert sent(writes) == [(ANN.address, 7, "due"), (PAT.address, 7, "due")]
    assert alerts.wanted(ticket(), ANN, known) == ["overdue"]


@pytest.mark.parametrize(
    "status, stage",
    [("In Progress", "in process"), ("Resolved", "completed"), ("Withdrawn", "completed"), ("Waiting Vendor", "")],
)
@pytest.mark.feature("F147")
def test_changed(status: str, stage: str) -> None:
    """A new status is a stage, or none."""
    writes, known = fresh(), More(alerts={7: [(ANN.id, one) for one in alerts.STAGES]})
    moved = ticket(status=status)
    alerts.changed(writes, moved, {"status": ["New", status]}, {7: moved}, known, PEOPLE, NOW)
    assert sent(writes) == ([(ANN.address, 7, stage)] if stage else [])


def test_another_change_is_no_stage() -> None:
    """Even of a ticket that is done."""
    writes, known = fresh(), More(alerts={7: [(ANN.id, "completed")]})
    alerts.changed(writes, ticket(status="Resolved"), {"priority": ["Low", "High"]}, {}, known, PEOPLE, NOW)
    assert sent(writes) == []


@pytest.mark.parametrize("other, told", [("New", False), ("Resolved", True)])
def test_all_tasks_are_complete(other: str, told: bool) -> None:
    """The last child of a parent is done: not before, whether its sister is loaded or not."""
    sisters = [ChildState(8, "T20261123.0007.001", "New"), ChildState(9, "T20261123.0007.002", other)]
    child, parent = ticket(8, "Resolved", 7), ticket(7)
    writes, known = fresh(), More(alerts={7: [(PAT.id, "tasks")]}, children={7: sisters})
    alerts.changed(writes, child, {"status": ["New", "Resolved"]}, {7: parent, 8: child}, known, PEOPLE, NOW)
    assert sent(writes) == ([(PAT.address, 7, "tasks")] if told else [])
