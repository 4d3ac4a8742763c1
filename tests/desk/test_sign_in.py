"""Signing in: right and wrong, unknown names, rate limits, one-time secrets."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import passwords, tries
from desk.sessions import Lifetimes
from desk.sign_in import Refused, SignedIn, sign_in, sign_in_by_link
from store.tables import Account, LoginTry
from tests.portal.world import PASSWORD, World, build

JANE = "jane@customer.test"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The sample desk; Jane has a password."""
    made = build(tmp_path)
    made.give_password("jane")
    yield made
    made.close()


def enter(world: World, username: str, password: str, peer: str = "192.0.2.1") -> SignedIn | Refused:
    """One try."""
    return sign_in(world.database, username, password, peer, now=world.clock(), lifetimes=Lifetimes())


def test_name_and_password_let_in(world: World) -> None:
    """Capitals and blanks around the name do not matter."""
    for username in (JANE, " Jane@Customer.TEST "):
        result = enter(world, username, PASSWORD)
        assert isinstance(result, SignedIn)
        assert not result.must_change


@pytest.mark.parametrize(
    "username, password",
    [
        (JANE, "wrong"),
        (JANE, ""),
        ("nobody@customer.test", PASSWORD),
        ("", ""),
        ("\0", "\0"),
        ("jane@customer.test\0", PASSWORD),
        ("' or 1=1 --", "x"),
        ("x" * 100_000, "y" * 100_000),
        ("\ud800", "\ud800"),
    ],
)
def test_everything_else_is_refused_alike(world: World, username: str, password: str) -> None:
    """One answer for all, and no failure whatever is typed."""
    assert enter(world, username, password) == Refused("wrong")


def test_an_unknown_name_costs_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known or not, with a password or only a one-time one, switched off: one Argon2 check each."""
    world.issue("ana")
    with world.database.transaction() as session:
        session.add(Account(id=7777, username="off@customer.test", active=False, created_at=world.clock()))
    checks: list[str] = []
    real = passwords.verify

    def counted(password: str, stored: str) -> bool:
        checks.append(stored)
        return real(password, stored)

    monkeypatch.setattr(passwords, "verify", counted)
    for username in (JANE, "ana@customer.test", "off@customer.test", "nobody@customer.test"):
        assert enter(world, username, "wrong") == Refused("wrong")
    assert len(checks) == 4


def test_a_switched_off_account_is_refused_like_a_wrong_password(world: World) -> None:
    """Also with the right password, and also when the person is deactivated."""
    with world.database.transaction() as session:
        world.person(session, "jane").deactivated_at = world.clock()
    assert enter(world, JANE, PASSWORD) == Refused("wrong")


def test_five_tries_a_minute_for_a_name_from_an_address(world: World) -> None:
    """The sixth waits, with the right password too; a minute later there is one try again, and the wait grows."""
    for _ in range(5):
        assert enter(world, JANE, "wrong") == Refused("wrong")
    assert enter(world, JANE, PASSWORD) == Refused("wait", timedelta(minutes=1))
    waits = []
    for _ in range(12):
        refused = enter(world, JANE, "wrong")
        assert isinstance(refused, Refused)
        waits.append(tries.minutes(refused.wait))
        world.clock.now += refused.wait
        assert enter(world, JANE, "wrong") == Refused("wrong")
    assert waits == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 4, 4]


def test_a_stranger_does_not_lock_the_owner_out(world: World) -> None:
    """From another address the right password works at once."""
    for _ in range(5):
        enter(world, JANE, "wrong", peer="198.51.100.7")
    assert isinstance(enter(world, JANE, "wrong", peer="198.51.100.7"), Refused)
    assert isinstance(enter(world, JANE, PASSWORD), SignedIn)


def test_twenty_tries_a_minute_from_an_address(world: World) -> None:
    """One address that goes through many names has to wait; unknown names count like known ones."""
    for number in range(20):
        assert enter(world, f"person{number}@customer.test", "wrong") == Refused("wrong")
    assert enter(world, JANE, PASSWORD) == Refused("wait", timedelta(minutes=1))
    world.clock.forward(seconds=61)
    assert isinstance(enter(world, JANE, PASSWORD), SignedIn)


def test_right_passwords_are_no_tries(world: World) -> None:
    """A whole office behind one address signs in, and mistakes are forgiven with the right password."""
    for _ in range(4):
        enter(world, JANE, "wrong")
    for _ in range(30):
        assert isinstance(enter(world, JANE, PASSWORD), SignedIn)
        world.clock.forward(milliseconds=1)
    world.clock.forward(hours=2)
    enter(world, "nobody@customer.test", "x")
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LoginTry)) == 2  # the last one: its name, its address


def test_a_one_time_password_lets_in_once_and_wants_an_own_one(world: World) -> None:
    """The session may only choose a password; the one-time password and the old own one are used up."""
    secret = world.issue("jane")
    first = enter(world, JANE, secret.lower().replace("-", " "))
    assert isinstance(first, SignedIn)
    assert first.must_change
    assert enter(world, JANE, secret) == Refused("wrong")
    assert enter(world, JANE, PASSWORD) == Refused("wrong")


def test_a_one_time_password_in_a_guide_profile_desk_is_not_an_own_one(world: World) -> None:
    """Until it is used the own password goes on, and does not use it up."""
    secret = world.issue("jane")
    result = enter(world, JANE, PASSWORD)
    assert isinstance(result, SignedIn)
    assert not result.must_change
    assert isinstance(enter(world, JANE, secret), SignedIn)


def test_a_link_lets_in_once(world: World) -> None:
    """Used, empty, made up or run out: refused. Its secret is no password either."""
    secret = world.issue("jane", "link", hours=1)
    assert enter(world, JANE, secret) == Refused("wrong")

    def follow(link: str) -> SignedIn | Refused:
        return sign_in_by_link(world.database, link, "192.0.2.1", now=world.clock(), lifetimes=Lifetimes())

    for wrong in ("", "x" * 40, "\0", secret[:-1]):
        assert follow(wrong) == Refused("wrong")
    world.clock.forward(minutes=59)
    result = follow(secret)
    assert isinstance(result, SignedIn)
    assert result.must_change
    assert follow(secret) == Refused("wrong")
    late = world.issue("jane", "link", hours=1)
    world.clock.forward(minutes=61)
    assert follow(late) == Refused("wrong")
