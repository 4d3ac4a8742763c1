"""Contacts as operators keep them: fields, addresses, places, and what ends with deactivating."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import contacts, languages, load, organisations, profile, sites
from desk.levels import Levels
from desk.organisations import Wishes
from desk.people import PeopleError
from desk.profile import Profile
from desk.writes import Writes
from store.database import Database
from store.tables import Account, Approver, Contact, ContactAddress, Outbox, Staff, WebSession

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEVELS = Levels()
JANE = "jane@customer.test"
new = itertools.count(1000).__next__


def add(session: Session, address: str = JANE, lines: tuple[tuple[str, str], ...] = (), **values: object) -> Profile:
    """A contact with these lines."""
    writes = Writes(new)
    made = contacts.add(session, writes, address, lines, LEVELS.names, NOW, **values)  # type: ignore[arg-type]
    writes.flush(session)
    return made


def change(session: Session, address: str, *lines: tuple[str, str]) -> profile.Changes:
    """Fill in lines of a contact."""
    person = profile.load(session, Contact.id == contacts.find(session, address).id).popitem()[1]
    writes = Writes(new)
    changed = contacts.change(session, writes, person, lines, LEVELS.names, NOW, ours={"service@desk.test"})
    writes.flush(session)
    return changed


@pytest.mark.feature("F180", "mail")
def test_every_field(database: Database) -> None:
    """All that a profile has, in any case of its label; kept, and read again."""
    lines = tuple((label.upper(), f"{n}") for n, label in enumerate(profile.PERSON)
                  if label not in (*profile.ADDRESSES, "Level", "Language"))  # fmt: skip
    with database.transaction() as session:
        add(session, lines=(*lines, ("Email 2", "j@home.test"), ("Language", "german"), ("Level", "admin user")))
    with database.reading() as session:
        contact = contacts.find(session, "J@HOME.test")
        person = profile.load(session, Contact.id == contact.id)[contact.id]
        for label, value in lines:
            kept = next(one for one in profile.PERSON if one.upper() == label)
            assert person.value(kept) == value, label
        assert (person.value("Language"), contact.language, contact.level) == ("Deutsch", "de", "Admin User")
        assert (person.addresses, contact.known) == ([JANE, "j@home.test"], True)


@pytest.mark.parametrize(
    "lines, said",
    [
        ((("Shoe size", "9"),), "There is no field “Shoe size”. Choose one of: External ID"),
        ((("Level", "Boss"),), "There is no security level"),
        ((("Language", "Klingonisch"),), "There is no language “Klingonisch”"),
        ((("Email", "kim@customer.test"),), "is the address of another contact"),
        ((("Email 2", "sam@desk.test"),), "is an address of the desk or of its staff"),
        ((("Email 2", "service@desk.test"),), "is an address of the desk or of its staff"),
        ((("First name", "-"),), "First name cannot be empty"),
    ],
)
def test_refused(database: Database, lines: tuple[tuple[str, str], ...], said: str) -> None:
    """With a sentence, and nothing is changed."""
    with database.transaction() as session:
        add(session, name="Jane Doe")
        add(session, "kim@customer.test")
        session.add(Staff(id=1, name="Sam", address="sam@desk.test", created_at=NOW))
    with pytest.raises(PeopleError) as caught, database.transaction() as session:
        change(session, JANE, *lines)
    assert said in str(caught.value)


def test_addresses_that_are_taken(database: Database) -> None:
    """Of another contact, of staff, of the desk."""
    with database.transaction() as session:
        add(session)
        session.add(Staff(id=1, name="Sam", address="sam@desk.test", created_at=NOW))
    for address in ("Jane@Customer.test", "sam@desk.test", "service@desk.test"):
        with pytest.raises(PeopleError), database.transaction() as session:
            add(session, address, ours={"service@desk.test"})


@pytest.mark.feature("F34", "mail")
def test_another_address(database: Database) -> None:
    """Old and new one get a letter about it; the old one is still theirs, unless it was taken away."""
    with database.transaction() as session:
        add(session, name="Jane Doe")
        change(session, JANE, ("Email", "jd@customer.test"))
    with database.reading() as session:
        letters = session.scalars(select(Outbox).order_by(Outbox.id)).all()
        assert [(row.kind, row.recipient) for row in letters] == [
            ("address_changed", JANE), ("address_changed", "jd@customer.test"),
        ]  # fmt: skip
        assert letters[0].context == {"old": JANE, "new": "jd@customer.test", "by": "", "kept": True, "portal": False}
        assert not letters[0].automatic
        addresses = select(ContactAddress.address).order_by(ContactAddress.position)
        assert session.scalars(addresses).all() == ["jd@customer.test", JANE]


def test_place_and_rights(database: Database) -> None:
    """A site of their organisation; another organisation leaves site and boards behind."""
    with database.transaction() as session:
        works, other = (organisations.add(session, name, Wishes(), new, NOW) for name in ("Works", "Other"))
        sites.add(session, works.id, new, name="London")
        leeds = sites.add(session, works.id, new, name="Leeds")
        add(session, organisation=works)
        add(session, "free@elsewhere.test")
        jane = contacts.find(session, JANE)
        contacts.place(session, jane, "leeds")
        contacts.sees(jane, "Sub-organisations")
        session.add(Approver(organisation_id=works.id, board="cab", contact_id=jane.id))
        session.flush()
        assert (jane.site_id, jane.sees) == (leeds.id, "sub-organisations")
        for value in ("all", ""):
            with pytest.raises(PeopleError, match="Choose one of: own"):
                contacts.sees(jane, value)
        with pytest.raises(PeopleError, match="belongs to no organisation"):
            contacts.place(session, contacts.find(session, "free@elsewhere.test"), "Leeds")
        contacts.move(session, jane, other)
        assert (jane.organisation_id, jane.site_id) == (other.id, None)
        assert session.scalars(select(Approver)).all() == []
        contacts.move(session, jane, None)
        contacts.sees(jane, "usual")
        assert (jane.organisation_id, jane.sees) == (None, "")


def test_deactivate_and_reactivate(database: Database) -> None:
    """Rights, access and sessions end at once; who comes back has rights, and no access yet."""
    with database.transaction() as session:
        jane = add(session)
        session.add(Account(id=jane.id, contact_id=jane.id, username=JANE, active=True, once_hash="x", created_at=NOW))
        session.flush()
        session.add(WebSession(key=b"k", account_id=jane.id, csrf="c", created_at=NOW, seen_at=NOW, expires_at=NOW))
    with database.transaction() as session:
        assert contacts.deactivate(session, contacts.find(session, JANE), NOW)
        assert not contacts.deactivate(session, contacts.find(session, JANE), NOW)
    with database.reading() as session:
        account = session.get_one(Account, jane.id)
        assert (account.active, account.once_hash, session.scalars(select(WebSession)).all()) == (False, "", [])
        assert not load.contacts_by_address(session, [JANE], LEVELS)[JANE].active
    with database.transaction() as session:
        assert contacts.reactivate(session, contacts.find(session, JANE))
        assert not contacts.reactivate(session, contacts.find(session, JANE))
    with database.reading() as session:
        assert load.contacts_by_address(session, [JANE], LEVELS)[JANE].active
        assert not session.get_one(Account, jane.id).active


@pytest.mark.feature("F75", "mail")
def test_the_site_of_a_contact(database: Database) -> None:
    """Their own one; else the only one of their organisation; of several none is guessed."""
    with database.transaction() as session:
        one, several, none = (
            organisations.add(session, name, Wishes(), new, NOW) for name in ("One", "Many", "None 2")
        )
        only = sites.add(session, one.id, new, name="London")
        for name in ("Leeds", "York"):
            last = sites.add(session, several.id, new, name=name)
        for n, whose in enumerate((one, several, several, none)):
            add(session, f"c{n}@x.test", organisation=whose)
        contacts.place(session, contacts.find(session, "c2@x.test"), "York")
    with database.reading() as session:
        found = load.contacts_by_address(session, [f"c{n}@x.test" for n in range(4)], LEVELS)
        assert [found[f"c{n}@x.test"].site_id for n in range(4)] == [only.id, None, last.id, None]


@pytest.mark.parametrize(
    "text, code",
    [
        ("Deutsch", "de"), ("GERMAN", "de"), ("français", "fr"), ("de_AT", "de-at"), ("it", "it"), ("", None),
        ("nothing at all", None), ("xyz", None),
    ],
)  # fmt: skip
def test_languages(text: str, code: str | None) -> None:
    """By their own name, by another one, or by code."""
    assert languages.code_of(text) == code
    assert languages.shown("de") == "Deutsch"
    assert languages.shown("it") == "it"
