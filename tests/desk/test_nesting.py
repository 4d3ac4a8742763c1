"""Organisations within organisations: what lies below, however the rows are nested, in one query."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select

from desk import load, nesting
from desk.access import TicketView, may_see, visible_tickets
from desk.levels import SEES, Level, Levels
from store.database import Database
from store.tables import Contact, ContactAddress, Organisation, Participant, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
#  1 ── 2 ── 3        5 ⇄ 6 (a circle, made by hand)
#  └─── 4
PARENTS = {1: None, 2: 1, 3: 2, 4: 1, 5: 6, 6: 5, 7: None}


def nest(database: Database, parents: dict[int, int | None]) -> None:
    """Organisations with these ids, below these others."""
    with database.transaction() as session:
        session.add_all([Organisation(id=i, name=f"O{i}", created_at=NOW) for i in parents])
        session.flush()
        for i, parent in parents.items():
            session.get_one(Organisation, i).parent_id = parent


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database while this is open."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_below(database: Database) -> None:
    """At any depth, and for several at once; a circle ends, and an organisation is not below itself."""
    nest(database, PARENTS)
    with database.reading() as session:
        assert nesting.below(session, {1, 2, 5, 7}) == {1: {2, 3, 4}, 2: {3}, 5: {6}, 7: set()}
        assert nesting.below(session, ()) == {}
        assert nesting.above(session, 3) == [3, 2, 1]
        assert nesting.height(session, 1) == 2
        assert set(nesting.above(session, 5)) == {5, 6}


def test_the_depth_is_bounded(database: Database) -> None:
    """Below the deepest level nothing is looked for, whatever the rows say."""
    nest(database, {i: i - 1 if i > 1 else None for i in range(1, 31)})
    with database.reading() as session:
        assert nesting.below(session, {1}) == {1: set(range(2, nesting.DEPTH + 2))}


def add_contact(session: Any, contact_id: int, organisation: int | None, sees: str = "", level: str = "x") -> None:
    """Somebody with an address."""
    address = ContactAddress(address=f"c{contact_id}@x.test", written=f"c{contact_id}@x.test")
    row = Contact(id=contact_id, organisation_id=organisation, sees=sees, level=level, created_at=NOW)
    row.addresses = [address]
    session.add(row)


def test_one_query_for_a_batch_and_none_without_need(database: Database) -> None:
    """Who sees the organisations below is asked for once for all of them; of the others nothing is asked."""
    nest(database, PARENTS)
    with database.transaction() as session:
        for contact_id, organisation in ((10, 1), (11, 2), (12, 7)):
            add_contact(session, contact_id, organisation)
    for sees, asked in (("organisation", 0), ("sub-organisations", 1)):
        levels = Levels((Level("x", sees=sees),))  # type: ignore[arg-type]
        with database.reading() as session, statements(database) as seen:
            found = load.contacts_by_id(session, [10, 11, 12], levels)
            before = len(seen)
            load.see_below(session, found.values())
            assert len(seen) - before == asked
            assert sum("RECURSIVE" in statement for statement in seen) == asked
    assert {i: contact.organisations for i, contact in found.items()} == {10: {1, 2, 3, 4}, 11: {2, 3}, 12: {7}}


@pytest.mark.feature("F23", "mail")
@pytest.mark.feature("F24", "mail")
def test_lists_and_single_tickets_agree_for_every_tree(database: Database) -> None:
    """For trees of many shapes: the condition of a list finds the very tickets that the rule for one allows."""
    rng = random.Random(7)
    organisations = range(1, 31)
    nest(database, dict.fromkeys(organisations))
    with database.transaction() as session:
        for i in organisations:
            add_contact(session, i, i, rng.choice(("", *SEES)))
            session.get_one(Organisation, i).visibility = rng.choice(SEES)
        session.flush()
        for n in range(1, 181):
            session.add(
                Ticket(
                    id=n, number=f"T20261123.{n:04d}", title="t", letter_subject="t", status="New", desk_address="d",
                    organisation_id=rng.choice((*organisations, None)), requester_id=rng.choice(organisations),
                    shared=rng.random() < 0.7, created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        session.flush()
        for n in range(1, 181, 5):
            session.add(Participant(ticket_id=n, contact_id=rng.choice(organisations), added_at=NOW))
    levels = Levels((Level("x"),))
    for _ in range(4):
        with database.transaction() as session:
            for i in organisations:  # any shape, circles too
                session.get_one(Organisation, i).parent_id = rng.choice((None, *organisations))
        with database.reading() as session:
            people = load.contacts_by_id(session, organisations, levels)
            load.see_below(session, people.values())
            tickets: list[TicketView] = [state.view for state in load.tickets(session, range(1, 181)).values()]
            assert len(tickets) == 180
            for contact in people.values():
                listed = set(session.scalars(select(Ticket.id).where(visible_tickets(contact.person))))
                assert listed == {ticket.id for ticket in tickets if may_see(contact.person, ticket)}, contact
