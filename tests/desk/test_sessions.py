"""Sessions: who holds one, for how long, and what ends it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk import sessions
from desk.levels import Levels
from desk.sessions import Lifetimes, Visitor
from store.tables import Account, WebSession
from tests.portal.world import World, build

LIFETIMES = Lifetimes()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The sample desk, with accounts of a customer and a member of staff."""
    made = build(tmp_path)
    made.give_password("jane")
    made.give_password("sam")
    yield made
    made.close()


def start(world: World, username: str = "jane@customer.test", *, must_change: bool = False) -> str:
    """Sign in without a password; the cookie."""
    with world.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == username)).one()
        return sessions.start(
            session, account, now=world.clock(), lifetimes=LIFETIMES, must_change=must_change, user_agent="Sample\0 1"
        ).cookie


def resume(world: World, cookie: str) -> Visitor | None:
    """Click."""
    with world.database.transaction() as session:
        visitor = sessions.resume(session, cookie, now=world.clock(), lifetimes=LIFETIMES, levels=Levels())
        if visitor is not None and visitor.stale:
            sessions.touch(session, visitor.key, world.clock())
        return visitor


def test_a_cookie_names_its_owner(world: World) -> None:
    """The visitor has the name, rights and form token of the account."""
    visitor = resume(world, start(world))
    assert visitor is not None
    assert (visitor.username, visitor.name, visitor.is_staff) == ("jane@customer.test", "Jane Sample", False)
    assert visitor.person.contact_id == world.ids["jane"]
    assert (visitor.person.organisation_id, visitor.person.organisations) == (world.ids["acme"], {world.ids["acme"]})
    staff = resume(world, start(world, "sam@example.test"))
    assert staff is not None
    assert staff.is_staff


def test_only_the_hash_is_kept(world: World, tmp_path: Path) -> None:
    """256 random bits in the cookie; the row cannot be turned back into it."""
    cookie = start(world)
    assert len(cookie) == 43
    with world.database.reading() as session:
        row = session.scalars(select(WebSession)).one()
        assert row.key == sessions.key_of(cookie)
        assert row.user_agent == "Sample 1"
    world.database.close()
    assert all(cookie.encode() not in path.read_bytes() for path in tmp_path.glob("desk.db*"))


@pytest.mark.parametrize("cookie", ["", "x", "é" * 40, "\udcff", "0" * 10_000])
def test_a_strange_cookie_is_nobody(world: World, cookie: str) -> None:
    """Whatever a browser sends, an unknown value is a visitor who has not signed in."""
    assert resume(world, cookie) is None


@pytest.mark.parametrize(
    "username, idle", [("jane@customer.test", timedelta(hours=8)), ("sam@example.test", timedelta(minutes=30))]
)
def test_idle_sessions_end(world: World, username: str, idle: timedelta) -> None:
    """8 hours without a click for customers, 30 minutes for staff; each click starts it anew."""
    cookie = start(world, username)
    for _ in range(3):
        world.clock.now += idle - timedelta(seconds=1)
        assert resume(world, cookie) is not None
    world.clock.now += idle
    assert resume(world, cookie) is None


@pytest.mark.parametrize(
    "username, longest", [("jane@customer.test", timedelta(days=30)), ("sam@example.test", timedelta(hours=12))]
)
def test_no_session_lives_for_ever(world: World, username: str, longest: timedelta) -> None:
    """30 days for customers and 12 hours for staff, however much they click."""
    cookie = start(world, username)
    end = world.clock() + longest
    while world.clock() + timedelta(minutes=20) < end:
        world.clock.now += timedelta(minutes=20)
        assert resume(world, cookie) is not None
    world.clock.now = end
    assert resume(world, cookie) is None
    with world.database.transaction() as session:
        sessions.purge(session, world.clock())
        assert session.scalars(select(WebSession)).all() == []


@pytest.mark.parametrize("what", ["account", "person"])
def test_who_loses_access_is_out_at_once(world: World, what: str) -> None:
    """Switching the account off, or deactivating the person, ends what their browsers may do."""
    cookie = start(world)
    with world.database.transaction() as session:
        if what == "account":
            session.scalars(select(Account).where(Account.username == "jane@customer.test")).one().active = False
        else:
            world.person(session, "jane").deactivated_at = world.clock()
    assert resume(world, cookie) is None


def test_signing_out_ends_one_browser_and_a_new_password_all(world: World) -> None:
    """`end` and `end_all`; other people's sessions go on."""
    here, there, sam = start(world), start(world), start(world, "sam@example.test")
    with world.database.transaction() as session:
        sessions.end(session, sessions.key_of(here))
    assert resume(world, here) is None
    assert resume(world, there) is not None
    world.give_password("jane", "another four plain words")
    assert resume(world, there) is None
    assert resume(world, sam) is not None


def test_reading_pages_writes_at_most_once_a_minute(world: World) -> None:
    """A click within a minute of the last does not ask for a write."""
    cookie = start(world)
    world.clock.forward(seconds=59)
    visitor = resume(world, cookie)
    assert visitor is not None
    assert not visitor.stale
    world.clock.forward(seconds=1)
    visitor = resume(world, cookie)
    assert visitor is not None
    assert visitor.stale
