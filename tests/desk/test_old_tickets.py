"""Closed tickets are forgotten: beside those who write to them at that moment, and past those that have to stay."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk import old_tickets
from desk.retention import Gone
from store.database import Database
from store.tables import Event, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NOW, People
from tests.gateway.test_two_workers import someone_waits
from tests.peers.common import wait_for
from tests.servers import Postgres

BEFORE = NOW - timedelta(days=30)
OLD = NOW - timedelta(days=300)


@pytest.fixture
def many_writers(postgres: Postgres) -> Iterator[Database]:
    """PostgreSQL: on SQLite there is one writer at a time anyway."""
    with postgres.migrated_database() as url:
        found = Database(url)
        yield found
        found.close()


def closed(database: Database, people: People, number: str, **values: int) -> int:
    """A ticket that was closed long ago."""
    made = sample.add_ticket(database, people.contacts[ANN], number, f"<{number}@customer.test>", **values)
    close(database, made)
    return made


def close(database: Database, *tickets: int) -> None:
    """They were closed long ago."""
    with database.transaction() as session:
        change = update(Ticket).where(Ticket.id.in_(tickets))
        session.execute(change.values(status="Complete", completed_at=OLD, updated_at=OLD))


def forget(database: Database, mark: str = "") -> Gone:
    """One step, as the timer has it."""
    with database.transaction() as session:
        return old_tickets.forget(session, BEFORE, mark, lock=not database.is_sqlite)


def tickets(database: Database) -> set[int]:
    """Those that there are."""
    with database.reading() as session:
        return set(session.scalars(select(Ticket.id)))


def reopened(session: Session, database: Database, people: People) -> None:
    """A mail opens the ticket again."""
    session.execute(update(Ticket).where(Ticket.id == people.ticket).values(status="In Progress", updated_at=NOW))


def merged(session: Session, database: Database, people: People) -> None:
    """The last one of its family is opened again, and it is that which the others wait for."""
    session.execute(update(Ticket).where(Ticket.number == "T20200101.0002").values(status="New", updated_at=NOW))


@pytest.mark.parametrize("change", [reopened, merged])
def test_one_that_is_opened_again_meanwhile_stays(many_writers: Database, change: object) -> None:
    """Whoever was first has written: the whole family stays, with the words that opened it again."""
    database = many_writers
    people = sample.fill(database)
    close(database, people.ticket)
    family = {people.ticket, closed(database, people, "T20200101.0002", merged_into_id=people.ticket)}
    other = closed(database, people, "T20200101.0003")
    words = database.ids.next()
    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            change(session, database, people)  # type: ignore[operator]
            session.add(Event(id=words, ticket_id=people.ticket, at=NOW, kind="note", visibility="public", text="Oh."))
            session.flush()
            step = threads.submit(forget, database)
            wait_for(lambda: step.done() or someone_waits(database), "the step that forgets")
        assert step.result(30).count == 1
    assert tickets(database) == family
    assert other not in family
    with database.reading() as session:
        assert session.get(Event, words) is not None


def test_a_new_task_keeps_its_ticket(many_writers: Database) -> None:
    """It is written while the step that forgets waits for the ticket that it belongs to."""
    database = many_writers
    people = sample.fill(database)
    close(database, people.ticket)
    with ThreadPoolExecutor(1) as threads:
        with database.transaction() as session:
            parent = session.get_one(Ticket, people.ticket)
            task = Ticket(
                id=database.ids.next(),
                number=f"{parent.number}.001",
                title="Look at it",
                letter_subject="Look at it",
                status="New",
                desk_address=parent.desk_address,
                requester_id=parent.requester_id,
                parent_id=parent.id,
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(task)
            session.flush()
            step = threads.submit(forget, database)
            wait_for(lambda: step.done() or someone_waits(database), "the step that forgets")
        assert step.result(30).count == 0
    assert tickets(database) == {people.ticket, task.id}


def test_those_that_stay_are_not_in_the_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many old tickets live on in a young one: those behind them have their turn, and so do they later."""
    monkeypatch.setattr(old_tickets, "AT_ONCE", 2)
    monkeypatch.setattr(old_tickets, "LOOKED_AT", 4)
    people = sample.fill(database)
    survivor = closed(database, people, "T20200101.0001", merged_into_id=people.ticket)
    stay = {closed(database, people, f"T20200101.001{n}", merged_into_id=survivor) for n in range(7)}
    go = {closed(database, people, f"T20200101.002{n}") for n in range(3)}
    with database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id.in_(go)).values(updated_at=OLD + timedelta(days=100)))
    counts, mark = one_round(database)
    assert sum(counts) == 3
    assert len(counts) < 10
    assert tickets(database) == {people.ticket, survivor, *stay}
    close(database, people.ticket)
    assert sum(one_round(database)[0]) == 9
    assert (tickets(database), mark) == (set(), "")


def one_round(database: Database) -> tuple[list[int], str]:
    """Steps until they begin anew: how many went in each."""
    gone = forget(database)
    counts = [gone.count]
    while gone.mark:
        assert len(gone.mark) <= 40  # what a timer can note
        gone = forget(database, gone.mark)
        counts.append(gone.count)
        assert len(counts) < 50
    return counts, gone.mark


def test_of_each_status_in_turn(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Complete and Withdrawn ones go together, the oldest first; those of one moment by their ids."""
    monkeypatch.setattr(old_tickets, "AT_ONCE", 2)
    people = sample.fill(database)
    made = [closed(database, people, f"T20200101.000{n}") for n in range(6)]
    with database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id.in_(made[::2])).values(status="Withdrawn"))
    left, mark = [], ""
    for _ in range(3):
        mark = forget(database, mark).mark
        left.append(sorted(tickets(database) & set(made)))
    assert left == [made[2:], made[4:], []]
