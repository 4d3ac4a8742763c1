"""Staff hear of due times: before and after, of the first answer and of the whole; once each."""

from datetime import timedelta

import pytest

from desk import due_letters
from store.tables import Staff, Ticket
from tests.gateway.desk_world import NOW, SAM, SUE, People, World
from tests.gateway.rendering import letters, text

HOUR = timedelta(hours=1)


def at(world: World, minutes: float) -> list[tuple[str, str]]:
    """The timer so many minutes later; who has been told what so far."""
    with world.database.transaction() as session:
        now = NOW + timedelta(minutes=minutes)
        due_letters.tell(session, world.database.ids.next, now, lock=not world.database.is_sqlite)
    return [(row.recipient, row.context["stage"]) for row in world.letters("due")]


def change(world: World, ticket_id: int, **values: object) -> None:
    """A ticket as the test needs it."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, ticket_id)
        for name, value in values.items():
            setattr(ticket, name, value)


def test_before_and_after_once_each(world: World, people: People) -> None:
    """Half an hour before, and when it is missed; however often the timer looks."""
    change(world, people.ticket, due_at=NOW + HOUR)
    assert at(world, 29) == []
    assert at(world, 30) == at(world, 31) == at(world, 59) == [(SAM, "due")]
    assert at(world, 60) == at(world, 61) == at(world, 9999) == [(SAM, "due"), (SAM, "overdue")]


def test_after_a_night_switched_off(world: World, people: People) -> None:
    """What is missed already is told once, late; that it would come is not."""
    change(world, people.ticket, due_at=NOW - 12 * HOUR)
    assert at(world, 0) == at(world, 1) == [(SAM, "overdue")]


def test_whoever_has_it(world: World, people: People) -> None:
    """The assignee alone, else the team."""
    change(world, people.ticket, due_at=NOW, assignee_id=people.staff[SUE])
    assert at(world, 0) == [(SUE, "overdue")]
    with world.database.transaction() as session:
        session.get_one(Staff, people.staff[SUE]).deactivated_at = NOW
    change(world, people.ticket, due_told="")
    assert at(world, 1) == [(SUE, "overdue"), (SAM, "overdue")]


def test_the_first_answer_too(world: World, people: People) -> None:
    """Until it is given; each of the two times has its own letters."""
    change(world, people.ticket, first_answer_due_at=NOW + HOUR / 3, due_at=NOW + HOUR)
    assert at(world, 0) == [(SAM, "answer due")]
    assert at(world, 20) == [(SAM, "answer due"), (SAM, "answer overdue")]
    assert at(world, 40) == [(SAM, "answer due"), (SAM, "answer overdue"), (SAM, "due")]
    first, second, third = (text(letter) for letter in letters(world, "due"))
    assert "First answer due in 20 minutes." in first
    assert "First answer overdue since 23 Nov 2026, 12:20 GMT." in second
    assert "Due in 20 minutes." in third
    change(world, people.ticket, first_answered_at=NOW, due_told="")
    assert at(world, 41)[3:] == [(SAM, "due")]


@pytest.mark.parametrize(
    "state",
    [
        {"waiting_since": NOW, "status": "Waiting Customer"},
        {"completed_at": NOW, "status": "Resolved"},
        {"spam": True},
        {"due_at": None},
        {"due_at": NOW + 2 * HOUR},
    ],
)
def test_nothing_to_be_told(world: World, people: People, state: dict[str, object]) -> None:
    """Time stands still while the customer is asked; what is done, spam, or due some other day is no matter."""
    change(world, people.ticket, due_at=NOW - HOUR)
    change(world, people.ticket, **state)
    assert at(world, 0) == []


def test_a_time_that_moves_is_told_again(world: World, people: People) -> None:
    """By #due: staff hear of the new time as of any other."""
    change(world, people.ticket, due_at=NOW)
    assert at(world, 0) == [(SAM, "overdue")]
    change(world, people.ticket, due_at=NOW + 3 * HOUR, due_told="")  # what desk/due.py and desk/fields.py do
    assert at(world, 1) == [(SAM, "overdue")]
    assert at(world, 170) == [(SAM, "overdue"), (SAM, "due")]


def test_a_time_that_was_near_from_the_start(world: World, people: People) -> None:
    """Whoever was told of the new ticket just now is not told that its answer is due in half an hour."""
    change(world, people.ticket, created_at=NOW, first_answer_due_at=NOW + HOUR / 2)
    assert at(world, 1) == []
    assert at(world, 30) == [(SAM, "answer overdue")]
