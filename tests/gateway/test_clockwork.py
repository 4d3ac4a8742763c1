"""The clock: resolved tickets become Complete, alerts about due times go out once, old questions are forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import clockwork
from store.tables import Alert, Event, Outbox, Pending, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NOW, PAT, People, World

DAYS = timedelta(days=14)


def at(world: World, job: str, now: object = NOW, **more: object) -> object:
    """One job, in a transaction of its own."""
    with world.database.transaction() as session:
        return getattr(clockwork, job)(session, world.database.ids.next, now, **more)


def change(world: World, ticket_id: int, **values: object) -> None:
    """A ticket as the test needs it."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, ticket_id)
        for name, value in values.items():
            setattr(ticket, name, value)


@pytest.mark.parametrize(
    "status, days, then",
    [("Resolved", 15, "Complete"), ("Resolved", 13, "Resolved"), ("Withdrawn", 30, "Withdrawn"),
     ("In Progress", None, "In Progress")],
)  # fmt: skip
def test_resolved_becomes_complete(world: World, people: People, status: str, days: int | None, then: str) -> None:
    """After 14 days, and only what was resolved; the Complete Date stays that of the resolution; no letter."""
    completed = NOW - timedelta(days=days) if days else None
    change(world, people.ticket, status=status, completed_at=completed)
    for _ in range(2):  # a second look finds nothing more to do
        at(world, "complete", after=DAYS, lock=not world.database.is_sqlite)
    ticket = world.ticket(people.ticket)
    assert (ticket.status, ticket.completed_at) == (then, completed)
    changes = [event.changes for event in world.events(people.ticket)]
    assert changes == ([{"status": ["Resolved", "Complete"]}] if then == "Complete" else [])
    assert world.letters() == []


def test_at_most_so_many_at_once(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that was switched off for a month catches up in several transactions."""
    monkeypatch.setattr(clockwork, "AT_ONCE", 2)
    for n in range(3):
        sample.add_ticket(
            world.database, people.contacts[ANN], f"T20260801.000{n}", f"<o{n}@customer.test>", status="Resolved",
            completed_at=NOW - timedelta(days=40),
        )  # fmt: skip
    done = [at(world, "complete", after=DAYS, lock=not world.database.is_sqlite) for _ in range(3)]
    assert done == [2, 1, 0]
    assert world.all(select(Ticket.status).where(Ticket.status == "Resolved")) == []


@pytest.mark.feature("F202", "mail")
def test_alerts_about_due_times(world: World, people: People) -> None:
    """“due” half an hour before, “overdue” after; each once, and only to who asked."""
    change(world, people.ticket, due_at=NOW + timedelta(minutes=20))
    with world.database.transaction() as session:
        for person, stage in ((ANN, "due"), (ANN, "overdue"), (PAT, "overdue"), (PAT, "completed")):
            contact = people.contacts[person]
            session.add(Alert(ticket_id=people.ticket, contact_id=contact, stage=stage, sent_at=None))
    said = []
    for minutes in (-60, 0, 10, 25, 30):
        at(world, "tell_of_due", NOW + timedelta(minutes=minutes))
        said.append([(row.recipient, row.context["stage"]) for row in world.letters("alert")])
    assert said[:3] == [[], [(ANN, "due")], [(ANN, "due")]]
    assert sorted(said[3]) == sorted(said[4]) == sorted([(ANN, "due"), (ANN, "overdue"), (PAT, "overdue")])


def test_time_stands_still_while_the_customer_is_asked(world: World, people: People) -> None:
    """A ticket that waits for its customer is not overdue; once it goes on, it may be."""
    change(world, people.ticket, due_at=NOW - timedelta(hours=1), waiting_since=NOW - timedelta(hours=2))
    with world.database.transaction() as session:
        session.add(Alert(ticket_id=people.ticket, contact_id=people.contacts[ANN], stage="overdue", sent_at=None))
    at(world, "tell_of_due")
    assert world.letters("alert") == []
    change(world, people.ticket, waiting_since=None)
    at(world, "tell_of_due")
    assert len(world.letters("alert")) == 1


def test_no_alert_about_what_is_done(world: World, people: People) -> None:
    """A ticket that was resolved is neither due nor overdue."""
    change(world, people.ticket, due_at=NOW - timedelta(hours=1), status="Resolved", completed_at=NOW)
    with world.database.transaction() as session:
        session.add(Alert(ticket_id=people.ticket, contact_id=people.contacts[ANN], stage="overdue", sent_at=None))
    at(world, "tell_of_due")
    assert world.all(select(Outbox.id)) == []


def test_questions_are_forgotten(world: World, people: People) -> None:
    """What nobody confirmed is deleted a week after it ran out, with what it holds of people."""
    with world.database.transaction() as session:
        for n, days in enumerate((1, 9), 1):
            asked = NOW - timedelta(days=days)
            session.add(
                Pending(
                    id=n,
                    contact_id=people.contacts[ANN],
                    commands=[],
                    body={"rows": []},
                    created_at=asked,
                    expires_at=asked + timedelta(days=1),
                )
            )
    with world.database.transaction() as session:
        clockwork.forget_questions(session, NOW)
    assert world.all(select(Pending.id)) == [1]
    assert world.all(select(Event.id)) == []
