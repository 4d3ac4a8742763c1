"""A ticket's way: a customer's words, opening again and how often, taking back."""

from datetime import UTC, datetime, timedelta

import pytest

from desk import lifecycle, statuses
from desk.state import ContactState, TicketState
from desk.writes import Writes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REASONS = ("No longer needed", "Solved it ourselves", "Duplicate", "Other")


def fresh() -> Writes:
    """Rows of nobody."""
    return Writes(iter(range(1, 100)).__next__)


def ready(status: str, **values: object) -> TicketState:
    """A ticket with a status, completed yesterday when that is one of the last."""
    ticket = TicketState(
        1, "T20261101.0001", "Phones", status, ContactState(2, "Ann", "ann@customer.test"), "d@desk.test"
    )
    ticket.completed_at = NOW - timedelta(days=1) if statuses.is_done(status) else None
    for name, value in values.items():
        setattr(ticket, name, value)
    return ticket


@pytest.mark.parametrize("status", [status for status in statuses.ALL if status != "New"])
@pytest.mark.feature("F151")
def test_a_customers_words_need_a_look(status: str) -> None:
    """Update Added, from whatever it was; a new ticket stays new."""
    ticket = ready(status)
    lifecycle.customer_wrote(fresh(), ticket, NOW)
    assert (ticket.status, ticket.completed_at) == ("Update Added", None)
    assert lifecycle.customer_wrote(fresh(), ready("New"), NOW) == {}


def test_opening_again_is_counted_by_the_day() -> None:
    """So often today; tomorrow it begins anew; a note on an open ticket does not count."""
    ticket = ready("Resolved")
    for n in (1, 2):
        lifecycle.customer_wrote(fresh(), ticket, NOW)
        assert lifecycle.reopened_today(ticket, NOW) == n
        ticket.status = "Resolved"
    assert lifecycle.reopened_today(ticket, NOW + timedelta(days=1)) == 0
    lifecycle.reopen(fresh(), ticket, NOW + timedelta(days=1))
    assert lifecycle.reopened_today(ticket, NOW + timedelta(days=1)) == 1
    lifecycle.customer_wrote(fresh(), ready("In Progress"), NOW)
    assert ticket.reopened == 1


@pytest.mark.parametrize(
    "status, days, may", [("Resolved", 13, True), ("Resolved", 15, False), ("Complete", 1, False), ("New", 0, False)]
)
@pytest.mark.feature("F151")
def test_may_reopen(status: str, days: int, may: bool) -> None:
    """Resolved, and not longer ago than the window."""
    ticket = ready(status, completed_at=NOW - timedelta(days=days) if days else None)
    assert lifecycle.may_reopen(ticket, NOW, 14) is may


@pytest.mark.parametrize(
    "words, found",
    [
        ("no longer needed", ("No longer needed", "")), ("Duplicate of yesterday's", ("Duplicate", "of yesterday's")),
        ("", ("", "")), ("we moved house", ("Other", "we moved house")), ("OTHER: moved", ("Other", "moved")),
    ],
)  # fmt: skip
def test_find_reason(words: str, found: tuple[str, str]) -> None:
    """One of the list, and what is said besides; anything else is “Other”."""
    assert lifecycle.find_reason(words, REASONS) == found


def test_withdraw() -> None:
    """Status, reason, Complete Date; the reason stands in the history."""
    ticket = ready("In Progress")
    changes = lifecycle.withdraw(fresh(), ticket, "Duplicate", NOW)
    assert changes == {"status": ["In Progress", "Withdrawn"], "withdrawal": ["", "Duplicate"]}
    assert (ticket.withdrawal, ticket.completed_at) == ("Duplicate", NOW)
