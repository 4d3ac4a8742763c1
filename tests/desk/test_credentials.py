"""Credentials: what is issued, what is kept, what a letter says, what ends what."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk import credentials, passwords
from desk.keys import Keys
from store.tables import Account, Contact, ContactAddress, Outbox, WebSession
from tests.portal.world import KEYS, PASSWORD, START, World, build

NONCE = bytes(range(16))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The sample desk."""
    made = build(tmp_path)
    yield made
    made.close()


def issue(world: World, name: str, **changes: Any) -> None:
    """As the command line does."""
    values: dict[str, Any] = {"kind": "password", "hours": 72, "now": world.clock(), "by": "Sam Sample"}
    with world.database.transaction() as session:
        credentials.activate(
            session, KEYS, world.person(session, name), **{**values, **changes}, next_id=world.database.ids.next
        )


def letters(world: World, kind: str = "credentials") -> list[tuple[str, str, dict[str, Any]]]:
    """Recipient, state and context of the letters in the outbox."""
    with world.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))
        return [(row.recipient, row.state, row.context) for row in rows]


def test_a_one_time_password_is_short_enough_to_type_and_long_enough_not_to_be_guessed() -> None:
    """Sixteen letters of an alphabet of 32 are 80 bits, in groups of four."""
    secret = credentials.once_secret(NONCE, KEYS, "password")
    assert re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", secret)
    assert len(set(credentials.ALPHABET)) == 32
    assert not set("ILOU") & set(credentials.ALPHABET)


def test_a_link_secret_fits_an_address() -> None:
    """Url-safe, 40 characters, 240 bits."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", credentials.once_secret(NONCE, KEYS, "link"))


def test_secrets_hang_on_nonce_key_and_kind() -> None:
    """The same always; another nonce, key or kind gives another."""
    other = Keys(((1, b"z" * 32),))
    made = {
        credentials.once_secret(nonce, keys, kind)
        for nonce in (NONCE, bytes(16))
        for keys in (KEYS, other)
        for kind in ("password", "link")
    }
    assert len(made) == 8
    assert credentials.once_secret(NONCE, KEYS, "link") == credentials.once_secret(NONCE, KEYS, "link")


@pytest.mark.parametrize(
    "typed", ["4kq7-m2xd-9trw-h3vn", "4KQ7 M2XD 9TRW H3VN", "4KQ7M2XD9TRWH3VN", "4KQ7–M2XD–9TRW–H3VN"]
)
def test_a_one_time_password_is_read_as_people_type_it(typed: str) -> None:
    """Small letters, blanks, no hyphens, or the dashes a mail program made of them."""
    assert credentials.once_hash(typed, "password") == credentials.once_hash("4KQ7-M2XD-9TRW-H3VN", "password")


def test_look_alikes_are_read_as_meant() -> None:
    """O for 0, I and l for 1."""
    assert credentials.once_hash("OOil-0000-0000-0000", "password") == credentials.once_hash(
        "0011-0000-0000-0000", "password"
    )


@pytest.mark.feature("F15")
@pytest.mark.feature("F183")
def test_the_user_name_is_the_primary_address(world: World) -> None:
    """In lower case, filled in by itself."""
    issue(world, "jane")
    account = world.account("jane@customer.test")
    assert account is not None


@pytest.mark.feature("F205")
def test_issuing_writes_one_letter_to_its_owner(world: World) -> None:
    """The outbox row names who gave access, and holds no secret."""
    issue(world, "jane")
    assert letters(world) == [("Jane@Customer.Test", "waiting", {"by": "Sam Sample"})]


def test_nothing_secret_is_stored(world: World, tmp_path: Path) -> None:
    """Neither the one-time password nor the link is anywhere in the files of the database."""
    secrets = [world.issue("jane"), world.issue("ana", "link"), world.issue("sam")]
    world.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("desk.db*"))
    assert b"jane@customer.test" in kept
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret.replace("-", "").encode() not in kept


def test_a_letter_says_the_same_each_time_it_is_rendered(world: World) -> None:
    """A retry of the letter names the same secret, also after a newer key came."""
    secret = world.issue("jane")
    rotated = Keys(((2, b"n" * 32), *KEYS.entries))
    again = world.once_letter("jane", rotated, START)
    assert again is not None
    assert (again.username, again.kind, again.secret) == ("jane@customer.test", "password", secret)
    assert again.expires_at == START + timedelta(hours=72)


def test_a_letter_that_comes_too_late_says_nothing(world: World) -> None:
    """Run out, or its key gone: no letter instead of one that cannot work."""
    world.issue("jane", hours=1)
    assert world.once_letter("jane", KEYS, START + timedelta(hours=1)) is None
    assert world.once_letter("jane", Keys(((9, b"o" * 32),)), START) is None


def test_issuing_again_ends_the_earlier_one(world: World) -> None:
    """Only the newest works, and an earlier letter that still waits is not sent."""
    first = world.issue("jane")
    second = world.issue("jane", "link")
    account = world.account("jane@customer.test")
    assert account is not None
    assert not credentials.once_is_right(account, first, "password", START)
    assert credentials.once_is_right(account, second, "link", START)
    assert [state for _, state, _ in letters(world)] == ["folded", "waiting"]


@pytest.mark.parametrize("late, right", [(timedelta(hours=72), False), (timedelta(hours=71, minutes=59), True)])
def test_a_one_time_password_runs_out(world: World, late: timedelta, right: bool) -> None:
    """After its 72 hours it is refused."""
    secret = world.issue("jane")
    account = world.account("jane@customer.test")
    assert account is not None
    assert credentials.once_is_right(account, secret, "password", START + late) is right


def test_an_own_password_works_until_the_one_time_one_is_used(world: World) -> None:
    """Somebody else asking for a new password does not lock the owner out."""
    world.give_password("jane")
    world.issue("jane")
    account = world.account("jane@customer.test")
    assert account is not None
    assert passwords.verify(PASSWORD, account.password_hash)
    with world.database.transaction() as session:
        assert credentials.use_once(session, session.get_one(Account, account.id))
    account = world.account("jane@customer.test")
    assert account is not None
    assert account.password_hash == ""
    assert account.once_hash == ""


def test_a_one_time_secret_is_used_once_even_by_two_at_the_same_time(world: World) -> None:
    """The second of two that both saw it unused comes away empty."""
    world.issue("jane")
    seen = world.account("jane@customer.test")
    assert seen is not None
    with world.database.transaction() as session:
        assert credentials.use_once(session, session.get_one(Account, seen.id))
    with world.database.transaction() as session:
        stale = Account(id=seen.id, once_hash=seen.once_hash)
        assert not credentials.use_once(session, stale)


@pytest.mark.feature("F11")
def test_a_changed_password_is_told_to_its_owner(world: World) -> None:
    """E3 waits in the outbox; the one-time password and all sessions have ended."""
    world.give_password("jane")
    assert letters(world, "password_changed") == [
        ("Jane@Customer.Test", "waiting", {"at": START.isoformat(), "first": True})
    ]
    assert world.once_letter("jane", KEYS, START) is None
    with world.database.reading() as session:
        assert session.scalars(select(WebSession)).all() == []


def test_a_changed_password_can_be_kept_quiet(world: World) -> None:
    """As the guide has it (A4): the switch is off, and no letter is written."""
    world.issue("jane")
    with world.database.transaction() as session:
        account = session.scalars(select(Account)).one()
        credentials.set_password(session, account, "x", now=START, next_id=world.database.ids.next, tell=False)
    assert letters(world, "password_changed") == []


@pytest.mark.feature("F185")
def test_deactivating_takes_access_away_and_activating_gives_it_back(world: World) -> None:
    """An account that is off gets no new password; activating makes it work again."""
    world.give_password("jane")
    with world.database.transaction() as session:
        credentials.deactivate(session, session.scalars(select(Account)).one())
    with world.database.transaction() as session, pytest.raises(credentials.CredentialsError, match="switched off"):
        credentials.issue(
            session, KEYS, world.person(session, "jane"), kind="link", hours=1, now=START, by="", next_id=lambda: 1
        )
    world.issue("jane")
    account = world.account("jane@customer.test")
    assert account is not None
    assert account.active


def test_access_needs_an_address_of_ones_own(world: World) -> None:
    """Nobody without an address, nobody who left, and no user name for two people."""
    with world.database.transaction() as session:
        session.add(Contact(id=9001, name="No Address", created_at=START))
        session.add(Contact(id=9002, name="Also Sam", created_at=START))
        session.flush()
        twin = ContactAddress(address="sam@example.test", written="sam@example.test", contact_id=9002, position=0)
        session.add(twin)
        world.person(session, "zoe").deactivated_at = START
    world.ids.update(none=9001, twin=9002)
    issue(world, "sam")
    for name, reason in [("none", "needs an e-mail address"), ("zoe", "is deactivated"), ("twin", "somebody else")]:
        with pytest.raises(credentials.CredentialsError, match=reason):
            issue(world, name)


def test_access_makes_a_contact_known(world: World) -> None:
    """Staff who give access vouch for the person."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["zoe"]).known = False
    issue(world, "zoe")
    with world.database.reading() as session:
        assert session.get_one(Contact, world.ids["zoe"]).known


def test_the_first_administrator_gets_a_link_without_a_letter(world: World) -> None:
    """`postdesk init` prints it; nothing is sent."""
    with world.database.transaction() as session:
        account = credentials.issue(
            session, KEYS, world.person(session, "sam"), kind="link", hours=1, now=START, by="init",
            next_id=world.database.ids.next, letter=False,
        )  # fmt: skip
        assert account.once_nonce is not None
        secret = credentials.once_secret(account.once_nonce, KEYS, "link")
    assert letters(world) == []
    with world.database.reading() as session:
        assert credentials.account_of_link(session, secret, START) is not None
