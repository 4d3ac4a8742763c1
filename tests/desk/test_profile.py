"""Profiles: what lines change, what they cannot, and what the rows look like afterwards."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk import granting, people, profile, profile_values
from desk.granting import Policy
from desk.keys import Keys
from desk.people import PeopleError
from desk.profile import OWN, PERSON, Profile
from desk.writes import Writes
from store.database import Database
from store.tables import Account, Contact, ContactAddress

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = Keys(((1, bytes(range(32))),))
LEVELS = ("Standard User", "Admin User")


def person() -> Profile:
    """Somebody with a telephone."""
    return Profile(1, "Ann Able", "Ann", "Able", addresses=["ann@customer.test"], details={"Mobile": "1"})


def test_lines_that_say_what_is_there_change_nothing() -> None:
    """In whatever case an address is written; spaces around are none."""
    lines = [("Mobile", " 1 "), ("Email", "ANN@customer.test"), ("First name", "Ann"), ("Fax", "-")]
    assert profile.changes(person(), lines, OWN, LEVELS) == {}


def test_the_last_line_of_a_label_counts() -> None:
    """A hyphen erases; labels that are not allowed are passed over."""
    lines = [("Mobile", "2"), ("Mobile", "-"), ("Level", "Admin User"), ("Suffix", "BA"), ("Suffix", "")]
    assert profile.changes(person(), lines, OWN, LEVELS) == {"Mobile": ("1", "")}


@pytest.mark.parametrize(
    "label, value, why",
    [
        ("Last name", "-", "Last name cannot be empty."),
        ("Email", "-", "Email cannot be empty."),
        ("Level", "-", "Level cannot be empty."),
        ("Level", "King", "There is no security level “King”. Choose one of: Standard User, Admin User."),
        ("Email 2", "ann at home", "Email 2: “ann at home” is not a complete e-mail address."),
        ("Mobile", "1" * 201, "Mobile is longer than 200 characters."),
    ],
)
def test_lines_that_cannot_be(label: str, value: str, why: str) -> None:
    """A sentence for the one who wrote it."""
    with pytest.raises(PeopleError) as caught:
        profile.changes(person(), [(label, value)], PERSON, LEVELS)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "address", ["a@b", "@b.test", "a@b..test", "a b@c.test", "a@b@c.test", "<a@b.test>", "a@b.t\n"]
)
def test_what_is_no_address(address: str) -> None:
    """Incomplete ones, and those that would be two."""
    assert not profile_values.is_address(address)


def test_sentences() -> None:
    """What it is now, and what it was."""
    changed = {"Mobile": ("1", "2"), "Fax": ("", "3"), "Suffix": ("BA", "")}
    assert profile.sentences(changed) == [
        "Mobile is now 2; it was 1.",
        "Fax is now 3; it was empty.",
        "Suffix is now empty; it was BA.",
    ]


def test_a_replaced_address_stays_as_the_second() -> None:
    """Unless the second is named too; one that moves up is not there twice."""
    one = person()
    one.addresses = ["a@x.test", "b@x.test"]
    assert profile.reordered(one, {"Email": "c@x.test"}) == ["c@x.test", "a@x.test", "b@x.test"]
    assert profile.reordered(one, {"Email": "B@x.test"}) == ["B@x.test", "a@x.test"]
    assert profile.reordered(one, {"Email": "c@x.test", "Email 2": ""}) == ["c@x.test"]


def test_changes_in_the_database(database: Database) -> None:
    """Names, details and addresses; the user name follows the primary address, and the details are one JSON value."""
    writes = Writes(database.ids.next)
    states = [people.add_contact(writes, name="Ann", address=f"{n}@customer.test", now=NOW) for n in ("ann", "bob")]
    granting.give(writes, KEYS, Policy(), states[0], None, NOW, by="Sam")
    with database.transaction() as session:
        writes.flush(session)
    with database.transaction() as session:
        found = profile.load(session, Contact.id.in_([state.id for state in states]))
        for number, state in enumerate(states):
            lines = [("First name", "Anna"), ("Last name", "Able"), ("Mobile", f"0{number}"), ("Level", "Admin User")]
            lines += [("Email", f"new{number}@customer.test")]
            one = found[state.id]
            profile.apply(writes, one, profile.changes(one, lines, PERSON, LEVELS))
        writes.flush(session)
    with database.reading() as session:
        after = profile.load(session, Contact.id == states[0].id)[states[0].id]
        assert (after.name, after.value("Mobile"), after.level) == ("Anna Able", "00", "Admin User")
        assert after.addresses == ["new0@customer.test", "ann@customer.test"]
        assert session.scalars(select(Account.username)).all() == ["new0@customer.test"]
        assert after.has_access
        other = profile.load(session, Contact.id == states[1].id)[states[1].id]
        assert (other.details, other.account) == ({"Mobile": "01"}, None)


def test_addresses_that_are_not_wanted_any_more_are_free(database: Database) -> None:
    """Somebody else may have them then."""
    writes = Writes(database.ids.next)
    state = people.add_contact(writes, name="Ann", address="ann@customer.test", now=NOW)
    one = Profile.of(state)
    profile.set_addresses(writes, one, ["new@customer.test", "Ann@customer.test"])
    with database.transaction() as session:
        writes.flush(session)
    profile.set_addresses(writes, one, ["new@customer.test"])
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        assert [row.address for row in session.scalars(select(ContactAddress))] == ["new@customer.test"]
