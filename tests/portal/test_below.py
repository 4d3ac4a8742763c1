"""The portal for those who see the organisations below their own: the session's rights, and the list of tickets."""

from datetime import UTC, datetime, timedelta

import pytest

from desk import list_pages, sessions
from desk.access import Person
from desk.columns import BY_KEY
from desk.levels import Level, Levels
from desk.lists import Query
from desk.sessions import Lifetimes
from store.database import Database
from store.tables import Account, Contact, Organisation, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BELOW = 5  # organisations below the first one; the last organisation is elsewhere


@pytest.fixture
def desk(database: Database) -> Database:
    """A chain of organisations, with a contact and three tickets in each: shared, not shared, and shared again."""
    with database.transaction() as session:
        for i in range(1, BELOW + 3):
            parent = i - 1 if 1 < i < BELOW + 2 else None
            visibility = "sub-organisations" if i == 1 else "organisation"
            session.add(Organisation(id=i, name=f"O{i}", parent_id=parent, visibility=visibility, created_at=NOW))
            session.flush()
            session.add(Contact(id=i, organisation_id=i, name=f"C{i}", level="Standard User", created_at=NOW))
            session.flush()
            for n in range(3):
                at = NOW - timedelta(minutes=10 * n + i)
                session.add(
                    Ticket(
                        id=10 * i + n, number=f"T{10 * i + n}", title="t", letter_subject="t", status="New",
                        desk_address="d", organisation_id=i, requester_id=i, shared=n != 1, created_at=at,
                        updated_at=at,
                    )
                )  # fmt: skip
    return database


@pytest.mark.feature("F23", "page")
def test_the_rights_of_a_session(desk: Database) -> None:
    """Those of today: a level's rule, or the person's own, counts with the next click."""
    with desk.transaction() as session:
        account = Account(id=1, contact_id=1, username="c1", active=True, created_at=NOW)
        session.add(account)
        session.flush()
        cookie = sessions.start(session, account, now=NOW, lifetimes=Lifetimes()).cookie

    def seen(levels: Levels) -> frozenset[int]:
        with desk.reading() as session:
            visitor = sessions.resume(session, cookie, now=NOW, lifetimes=Lifetimes(), levels=levels)
        assert visitor is not None
        return visitor.person.organisations

    assert seen(Levels()) == set(range(1, BELOW + 2))
    assert seen(Levels((Level("Standard User", sees="own"),))) == frozenset()
    with desk.transaction() as session:
        session.get_one(Contact, 1).sees = "organisation"
    assert seen(Levels((Level("Standard User", sees="own"),))) == {1}


@pytest.mark.feature("F23", "page")
@pytest.mark.parametrize("most", [list_pages.MOST_WAYS, 2])
def test_the_list(desk: Database, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first over all organisations, page by page, whether they are looked into one by one or together."""
    monkeypatch.setattr(list_pages, "MOST_WAYS", most)
    person = Person(contact_id=1, organisation_id=1, organisations=frozenset(range(1, BELOW + 2)))
    expected = [f"T{10 * i + n}" for n in (0, 1, 2) for i in range(1, BELOW + 2) if n != 1 or i == 1]
    found, after = [], None
    with desk.reading() as session:
        while True:
            page = list_pages.page(session, Query("all"), person, (BY_KEY["number"],), NOW, after=after, limit=4)
            found += [row["number"] for row in page.rows]
            if (after := page.older) is None:
                break
    assert found == expected
