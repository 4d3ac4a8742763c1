"""Teams: who is in which, where letters to the queue go, and what becomes of the tickets of one that ends."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk import load, notices, teams
from desk.people import PeopleError
from desk.state import ContactState, QueueState, TicketState
from store.database import Database
from store.tables import Contact, Staff, TeamMember, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
new = itertools.count(1000).__next__


@pytest.fixture
def desk(database: Database) -> Database:
    """Two at work, one who left; two teams, with a ticket in the queue of the first, open or not."""
    with database.transaction() as session:
        session.add_all([Staff(id=i, name=n, address=f"{n}@desk.test", created_at=NOW, deactivated_at=left)
                         for i, n, left in ((1, "sam", None), (2, "sue", None), (3, "left", NOW))])  # fmt: skip
        session.add(Contact(id=9, created_at=NOW))
        session.flush()
        network, post = teams.add(session, "Network", new), teams.add(session, "Post", new)
        for team, address in ((network, "sam@desk.test"), (post, "sue@desk.test")):
            assert teams.join(session, team, teams.member(session, address))
        for n, done in ((1, None), (2, NOW)):
            session.add(Ticket(id=n, number=f"T{n}", title="t", letter_subject="t", status="New", desk_address="d",
                               requester_id=9, team_id=network.id, created_at=NOW, updated_at=NOW,
                               completed_at=done))  # fmt: skip
    return database


def test_join_and_leave(desk: Database) -> None:
    """Once in, once out; only who works here."""
    with desk.transaction() as session:
        network, sue = teams.find(session, " network "), teams.member(session, "SUE@desk.test")
        assert teams.join(session, network, sue)
        assert not teams.join(session, network, sue)
        assert teams.leave(session, network, sue)
        assert not teams.leave(session, network, sue)
        for address in ("left@desk.test", "nobody@desk.test"):
            with pytest.raises(PeopleError, match="postdesk staff add"):
                teams.member(session, address)
        with pytest.raises(PeopleError, match="There are: Network, Post"):
            teams.find(session, "Telephones")


def test_names_and_queues(desk: Database) -> None:
    """A name is there once; a queue is an address."""
    with desk.transaction() as session:
        network = teams.find(session, "Network")
        for name in ("", "POST", "n" * 101):
            with pytest.raises(PeopleError):
                teams.rename(session, network, name)
        teams.rename(session, network, "NETWORK")
        with pytest.raises(PeopleError, match="not a complete e-mail address"):
            teams.set_queue(network, "queue")
        teams.set_queue(network, "queue@desk.test")
        listed = teams.all_of(session)
    assert [(t.name, t.queue_address, t.members, t.open_tickets) for t in listed] == [
        ("NETWORK", "queue@desk.test", ("sam@desk.test",), 1), ("Post", "", ("sue@desk.test",), 0),
    ]  # fmt: skip


def test_remove(desk: Database) -> None:
    """Open tickets need another queue, and then all of them go there."""
    with desk.transaction() as session:
        network, post = teams.find(session, "Network"), teams.find(session, "Post")
        with pytest.raises(PeopleError, match="1 open ticket is in the queue of “Network”"):
            teams.remove(session, network, None)
        with pytest.raises(PeopleError, match="another team"):
            teams.remove(session, network, network)
        assert teams.remove(session, network, post) == 2
        assert set(session.scalars(select(Ticket.team_id))) == {post.id}
        assert len(session.scalars(select(TeamMember)).all()) == 1


@pytest.mark.feature("F133", "mail")
def test_letters_to_a_queue(desk: Database) -> None:
    """The team's address where nobody took the ticket (features.md A30); who took it gets them themselves."""
    with desk.transaction() as session:
        teams.set_queue(teams.find(session, "Network"), "queue@desk.test")
    with desk.reading() as session:
        staff = load.staff(session)
        known = load.teams(session, staff)
    ticket = TicketState(1, "T1", "t", "New", ContactState(9, "", ""), "d", team_id=known["Network"].id)
    assert notices.staff_of(ticket, known, staff) == [QueueState("Network", "queue@desk.test")]
    ticket.assignee_id = 2
    assert notices.staff_of(ticket, known, staff) == [staff[2]]
    ticket.assignee_id, ticket.team_id = None, known["Post"].id
    assert notices.staff_of(ticket, known, staff) == [staff[2]]
