"""Due times: by priority, type and desk address; moved on by waiting and by another rating, and set anew."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk import due, fields, targets, tickets
from desk.hours import MINUTES, Amount, Hours, office
from desk.state import ContactState, StaffState, TicketState
from desk.targets import Target, Targets, Times
from desk.tickets import Note
from desk.writes import Writes
from store.tables import Ticket

NOW = datetime(2019, 4, 8, 10, 0, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
ALWAYS = Hours(ZoneInfo("UTC"), (((0, MINUTES),),) * 7)
PROMISED = Targets(
    {"": office(ZoneInfo("UTC")), "night@desk.test": ALWAYS},
    (
        Target("Low", Amount(minutes=240), Amount(days=2)),
        Target("High", Amount(minutes=60), Amount(minutes=240)),
        Target("High", None, Amount(minutes=60), "Incident"),
    ),
)


def ready(**values: Any) -> TicketState:
    """A ticket that was opened now, with its times."""
    ann = ContactState(2, "Ann", "ann@customer.test")
    ticket = TicketState(1, "T1", "t", "New", ann, "service@desk.test", created_at=NOW, **values)
    ticket.first_answer_due_at, ticket.due_at = targets.opened(PROMISED, ticket, NOW)
    return ticket


def fresh() -> Writes:
    """Rows that go nowhere, with targets."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids), PROMISED)


def test_opened() -> None:
    """By priority and desk address; a target of the type is the one that counts; without a target nothing is due."""
    assert targets.opened(PROMISED, ready(), NOW) == Times(NOW + 4 * HOUR, datetime(2019, 4, 10, 10, tzinfo=UTC))
    assert targets.opened(PROMISED, ready(priority="High", type="Incident"), NOW) == Times(None, NOW + HOUR)
    assert ready(priority="Medium").due_at is None
    night = ready()
    night.desk_address = "night@desk.test"
    assert targets.opened(PROMISED, night, NOW).due_at == NOW + 48 * HOUR
    assert targets.opened(targets.NONE, ready(priority="Medium"), NOW) == Times(None, None)


@pytest.mark.parametrize("hours, counted", [(1, 1.0), (20, 7.5), (0, 0.0)])
def test_waiting(hours: int, counted: float) -> None:
    """Working time alone moves the times on: of twenty hours from ten o'clock seven and a half."""
    ticket, writes = ready(), fresh()
    tickets.set_status(writes, ticket, "Waiting Customer", NOW)
    assert (ticket.waiting_since, ticket.due_at) == (NOW, ready().due_at)
    ticket.reminded = 2
    tickets.set_status(writes, ticket, "In Progress", NOW + timedelta(hours=hours))
    assert ticket.waiting_since is None
    before = ready().due_at
    assert before is not None
    assert ticket.due_at == office(ZoneInfo("UTC")).add(before, timedelta(hours=counted))
    tickets.set_status(writes, ticket, "Waiting Customer", NOW + timedelta(days=2))
    assert ticket.reminded == 0


def test_another_rating_keeps_what_was_added() -> None:
    """Two hours of waiting count for nothing under the new priority as well."""
    ticket, writes = ready(), fresh()
    tickets.set_status(writes, ticket, "Waiting Customer", NOW)
    tickets.set_status(writes, ticket, "In Progress", NOW + 2 * HOUR)
    ticket.due_told = "slo"
    fields.set_priority(writes, ticket, "High", NOW + 2 * HOUR)
    assert ticket.due_at == NOW + 6 * HOUR
    assert ticket.due_told == "sl"  # staff hear of the new time as well; they heard of the first answer
    fields.set_text(writes, ticket, "type", "Incident", NOW + 2 * HOUR)
    assert (ticket.first_answer_due_at, ticket.due_at) == (None, NOW + 3 * HOUR)


def test_by_hand() -> None:
    """What somebody set by hand, also “none”, is moved by nothing, until the ticket is opened again after it."""
    ticket, writes = ready(), fresh()
    fields.set_due(writes, ticket, NOW + HOUR, ZoneInfo("UTC"), NOW)
    fields.set_priority(writes, ticket, "High", NOW)
    tickets.set_status(writes, ticket, "Waiting Customer", NOW)
    tickets.set_status(writes, ticket, "Resolved", NOW + 3 * HOUR)
    assert (ticket.due_at, ticket.due_fixed) == (NOW + HOUR, True)
    tickets.set_status(writes, ticket, "Update Added", NOW + 3 * HOUR)
    assert (ticket.due_at, ticket.due_fixed) == (office(ZoneInfo("UTC")).add(NOW + 3 * HOUR, 4 * HOUR), False)
    fields.set_due(writes, ticket, None, ZoneInfo("UTC"), NOW)
    tickets.set_status(writes, ticket, "Resolved", NOW)
    tickets.set_status(writes, ticket, "Update Added", NOW + 9 * HOUR)
    assert (ticket.due_at, ticket.due_fixed) == (None, True)


def test_done_is_done() -> None:
    """A priority that is set after the end changes no time."""
    ticket, writes = ready(), fresh()
    tickets.set_status(writes, ticket, "Resolved", NOW)
    fields.set_priority(writes, ticket, "High", NOW)
    assert ticket.due_at == ready().due_at


def test_the_first_answer() -> None:
    """The first public words of staff after the opening; a customer's, an internal note and a change are none."""
    ticket, writes, sam = ready(), fresh(), StaffState(3, "Sam", "sam@desk.test")
    for note in (
        Note(sam, "opened for Ann", NOW),
        Note(ticket.requester, "hello", NOW + HOUR),
        Note(sam, "inside", NOW + HOUR, visibility="internal"),
        Note(sam, "", NOW + HOUR, kind="change"),
    ):
        tickets.note(writes, ticket, note)
        assert ticket.first_answered_at is None
    tickets.note(writes, ticket, Note(sam, "we look", NOW + 2 * HOUR))
    tickets.note(writes, ticket, Note(sam, "done", NOW + 3 * HOUR))
    assert ticket.first_answered_at == NOW + 2 * HOUR
    due.answered(writes, ticket, NOW + 4 * HOUR)
    assert ticket.first_answered_at == NOW + 2 * HOUR


def test_a_new_ticket_has_its_times_in_its_row() -> None:
    """The row that is inserted holds them."""
    writes = fresh()
    ann = ContactState(2, "Ann", "ann@customer.test")
    tickets.open_ticket(
        writes, requester=ann, title="t", kind="Query", desk_address="d", team=None, now=NOW, priority="High"
    )
    (row,) = writes.added(Ticket)
    assert (row["priority"], row["due_at"]) == ("High", NOW + 4 * HOUR)
