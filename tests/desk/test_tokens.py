"""Access tokens: made, found with the rights of today, ended with the access of their owner; on each database."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import contacts, credentials, granting, people, tokens
from desk.acting.rules import Refused
from desk.levels import Levels
from desk.tokens import Bearer
from desk.writes import Writes
from store.database import Database
from store.tables import AccessToken, Account, Contact, ContactAddress, Organisation, Staff
from tests.portal.world import START

LEVELS = Levels()


class Desk:
    """Jane, who is a contact of Acme, and Sam, who works at the desk; both have accounts."""

    def __init__(self, database: Database) -> None:
        self.database = database
        new = database.ids.next
        self.acme, self.jane, self.sam = new(), new(), new()
        with database.transaction() as session:
            session.add(
                Organisation(id=self.acme, name="Acme Sample", visibility="sub-organisations", created_at=START)
            )
            session.flush()
            session.add(
                Contact(id=self.jane, name="Jane Sample", organisation_id=self.acme, level="Admin User",
                        language="de", created_at=START)
            )  # fmt: skip
            session.add(Staff(id=self.sam, name="Sam Sample", address="sam@example.test", created_at=START))
            session.flush()
            session.add(
                ContactAddress(address="jane@customer.test", written="Jane@customer.test", contact_id=self.jane)
            )  # fmt: skip
            session.add(Account(id=1, username="jane@customer.test", contact_id=self.jane, created_at=START))
            session.add(Account(id=2, username="sam@example.test", staff_id=self.sam, created_at=START))

    def make(self, account_id: int, name: str = "report", days: int = 30, *, may_write: bool = True) -> str:
        """A token."""
        with self.database.transaction() as session:
            return tokens.make(
                session, account_id, name, days, may_write=may_write, now=START, next_id=self.database.ids.next
            )

    def find(self, token: str, after: timedelta = timedelta()) -> Bearer | None:
        """Who holds it."""
        with self.database.reading() as session:
            return tokens.find(session, token, START + after, LEVELS)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """On each kind of database."""
    return Desk(database)  # type: ignore[return-value]


def test_made_and_found(desk: Desk) -> None:
    """256 bits behind a known beginning; with the rights, level and language of its owner."""
    token = desk.make(1)
    assert token.startswith("pd_")
    assert len(token) == 46
    jane, sam = desk.find(token), desk.find(desk.make(2, may_write=False))
    assert jane is not None
    assert sam is not None
    assert (jane.name, jane.username, jane.languages) == ("Jane Sample", "jane@customer.test", ("de",))
    assert jane.person.organisations == {desk.acme}
    assert (jane.may_write, jane.keeps_people, jane.is_staff, jane.stale) == (True, True, False, True)
    assert (sam.may_write, sam.keeps_people, sam.is_staff, sam.sees_priority) == (False, False, True, True)


def test_what_is_no_token(desk: Desk) -> None:
    """Nothing, half of one, another one, one with something behind it, one that has run out."""
    token = desk.make(1)
    for other in ("", "pd_", token[:-1], token + "x", token.upper(), "pd_" + "x" * 43, "pd_" + "\udcff" * 43):
        assert desk.find(other) is None
    assert desk.find(token, timedelta(days=30, seconds=-1)) is not None
    assert desk.find(token, timedelta(days=30)) is None


def test_only_the_hash_is_kept(desk: Desk) -> None:
    """The row has its digest and its first letters."""
    token = desk.make(1)
    with desk.database.reading() as session:
        row = session.scalars(select(AccessToken)).one()
        assert (row.digest, row.hint) == (tokens.digest_of(token), token[:8])


def test_used(desk: Desk) -> None:
    """The last use is noted when a minute has passed."""
    token = desk.make(1)
    found = desk.find(token)
    assert found is not None
    with desk.database.transaction() as session:
        tokens.touch(session, found.token_id, START)
    again, later = desk.find(token, timedelta(seconds=59)), desk.find(token, timedelta(minutes=1))
    assert again is not None
    assert later is not None
    assert (again.stale, later.stale) == (False, True)


@pytest.mark.parametrize("name, days, field", [("", 30, "name"), ("x" * 101, 30, "name"), ("a\u202eb", 30, "name"),
                                               ("report", 31, "days"), ("report", 0, "days")])  # fmt: skip
def test_what_is_refused(desk: Desk, name: str, days: int, field: str) -> None:
    """A name that is none, and a time that is not offered."""
    with pytest.raises(Refused) as refused:
        desk.make(1, name, days)
    assert refused.value.field == field


def test_as_many_as_there_may_be(desk: Desk) -> None:
    """Fifty of one account, each with a name of its own; what has run out counts no more."""
    for place in range(tokens.MOST):
        desk.make(1, f"token {place}")
    for name in ("one more", "token 3"):
        with pytest.raises(Refused):
            desk.make(1, name)
    desk.make(2, "token 3")
    with desk.database.transaction() as session:
        later = START + timedelta(days=31)
        tokens.make(session, 1, "later", 30, may_write=False, now=later, next_id=desk.database.ids.next)
        assert [one.name for one in tokens.of(session, 1, later)] == ["later"]


def test_ended_by_its_owner(desk: Desk) -> None:
    """Nobody else's is ended."""
    token, other = desk.make(1), desk.make(2)
    found = desk.find(token)
    assert found is not None
    with desk.database.transaction() as session:
        assert not tokens.end(session, 2, found.token_id)
        assert tokens.end(session, 1, found.token_id)
        assert not tokens.end(session, 1, found.token_id)
    assert desk.find(token) is None
    assert desk.find(other) is not None


def test_ended_with_access(desk: Desk) -> None:
    """Taken away on the portal, deactivated, gone from the desk: given access again, the old token stays dead."""
    first, staff = desk.make(1), desk.make(2)
    with desk.database.transaction() as session:
        writes = Writes(desk.database.ids.next)
        granting.take(writes, granting.accounts_of(session, [desk.jane])[0])
        writes.flush(session)
        session.get_one(Account, 1).active = True
        people.leave(session, "sam@example.test", START)
        session.get_one(Staff, desk.sam).deactivated_at = None
    assert desk.find(first) is None
    assert desk.find(staff) is None
    second = desk.make(1)
    with desk.database.transaction() as session:
        contacts.deactivate(session, session.get_one(Contact, desk.jane), START)
        session.get_one(Contact, desk.jane).deactivated_at = None
        session.get_one(Account, 1).active = True
    assert desk.find(second) is None


def test_ended_with_the_password(desk: Desk) -> None:
    """Whoever knew the old one may have made a token with it."""
    token = desk.make(1)
    with desk.database.transaction() as session:
        account = session.get_one(Account, 1)
        credentials.set_password(session, account, "hash", now=START, next_id=desk.database.ids.next)
    assert desk.find(token) is None


def test_forgotten(desk: Desk) -> None:
    """What has run out is removed by the timer."""
    desk.make(1)
    with desk.database.transaction() as session:
        tokens.purge(session, START + timedelta(days=29))
        assert len(session.scalars(select(AccessToken)).all()) == 1
        tokens.purge(session, START + timedelta(days=30))
        assert session.scalars(select(AccessToken)).all() == []
