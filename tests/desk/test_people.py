"""People: contacts, staff and teams, made once and found again."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk import people
from desk.people import PeopleError
from desk.writes import Writes
from store.database import Database
from store.tables import Account, Contact, ContactAddress, Team, TeamMember, WebSession

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_contact(database: Database) -> None:
    """Found by the address in any case; the address is kept as written; the name is taken apart."""
    writes = Writes(database.ids.next)
    state = people.add_contact(writes, name=" Ann van der Ode ", address="Ann@Customer.test", now=NOW)
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        found = people.find_contact(session, " ANN@customer.TEST ")
        assert found is not None
        assert (found.id, found.name, found.first_name, found.last_name) == (state.id, "Ann van der Ode", "Ann", "Ode")
        assert (found.address, found.greeting, found.known) == ("Ann@Customer.test", "Ann", False)
        assert people.find_contact(session, "bob@customer.test") is None


def test_a_contact_without_an_address_or_with_a_single_name(database: Database) -> None:
    """Nobody can be written to; one word is a name, not a first name."""
    writes = Writes(database.ids.next)
    people.add_contact(writes, name="Prince", address="", now=NOW)
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        found = session.scalars(select(Contact)).one()
        assert (found.address, found.first_name, found.greeting) == ("", "", "Prince")
        # The empty address is a key like any other: all mail that names nobody is one contact's.
        assert [row.address for row in session.scalars(select(ContactAddress))] == [""]


def test_confirm(database: Database) -> None:
    """Known from then on; nothing is written for one who was."""
    writes = Writes(database.ids.next)
    state = people.add_contact(writes, name="", address="a@b.test", now=NOW)
    people.confirm(writes, state)
    people.confirm(writes, state)
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        assert session.scalars(select(Contact.known)).all() == [True]


def test_organisations_and_teams_are_made_once(database: Database) -> None:
    """By name."""
    with database.transaction() as session:
        assert people.organisation(session, "Works", 1, NOW).id == people.organisation(session, "Works", 2, NOW).id == 1
        assert people.team(session, "Network", 3).id == people.team(session, "Network", 4).id == 3
        assert len(session.scalars(select(Team)).all()) == 1


def test_staff(database: Database) -> None:
    """One for each address, in lower case; in a team once."""
    with database.transaction() as session:
        sam = people.add_staff(session, staff_id=1, name=" Sam ", address=" Sam@Desk.test ", now=NOW)
        assert (sam.name, sam.address) == ("Sam", "sam@desk.test")
        with pytest.raises(PeopleError, match="member of staff already"):
            people.add_staff(session, staff_id=2, name="S", address="SAM@desk.test", now=NOW)
        team = people.team(session, "Network", 3)
        people.join(session, team.id, sam.id)
        people.join(session, team.id, sam.id)
        assert len(session.scalars(select(TeamMember)).all()) == 1


def test_whoever_leaves_is_signed_out_for_good(database: Database) -> None:
    """A browser that was signed in is not so again when they come back within its time."""
    with database.transaction() as session:
        sam = people.add_staff(session, staff_id=database.ids.next(), name="Sam", address="sam@desk.test", now=NOW)
        account = Account(id=database.ids.next(), staff_id=sam.id, username=sam.address, active=True, created_at=NOW)
        session.add(account)
        session.flush()
        session.add(WebSession(key=b"k", account_id=account.id, csrf="c", created_at=NOW, seen_at=NOW, expires_at=NOW))
        session.flush()
        assert people.leave(session, "sam@desk.test", NOW) == 0
    with database.reading() as session:
        assert session.scalars(select(WebSession)).all() == []
