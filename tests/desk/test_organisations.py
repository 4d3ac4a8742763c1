"""Organisations: nested, changed, merged; what cannot be is refused with a reason."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import nesting, organisations
from desk.organisations import Wishes
from desk.people import PeopleError
from store.database import Database
from store.tables import Approver, Contact, ImportRun, Organisation, Site, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
new = itertools.count(1000).__next__


def add(session: Session, name: str, parent: str | None = None, **values: object) -> Organisation:
    """An organisation, below another one."""
    return organisations.add(session, name, Wishes(parent=parent, **values), new, NOW)  # type: ignore[arg-type]


def test_add_and_change(database: Database) -> None:
    """What is wished is kept, what is not named stays, and “usual” is as the settings say."""
    with database.transaction() as session:
        works = add(session, " Sample   Works ", visibility="Sub-Organisations", language="German", approvals="all",
                    copies="no", may_create=False, shares=False)  # fmt: skip
        kept = (works.name, works.visibility, works.language, works.approvals, works.copies)
        assert kept == ("Sample Works", "sub-organisations", "de", "all", "no")
        assert (works.may_create, works.shares) == (False, False)
        organisations.change(session, works, Wishes(approvals="usual", language="usual", shares=True))
        assert (works.language, works.approvals, works.copies, works.shares) == ("", "", "no", True)
        organisations.rename(session, works, "sample works")  # the same in another case
        assert organisations.find(session, "SAMPLE WORKS") is works
        assert add(session, "Plain").visibility == "organisation"


@pytest.mark.parametrize(
    "wishes, said",
    [
        (Wishes(visibility="all"), "Visibility “all” is not known. Choose one of: own, organisation, sub-org"),
        (Wishes(approvals="some"), "Choose one of: any, all, usual"),
        (Wishes(copies="perhaps"), "Choose one of: yes, no, usual"),
        (Wishes(language="Klingonisch"), "There is no language “Klingonisch”. Choose one of: English, Deutsch"),
        (Wishes(parent="Nowhere"), "There is no organisation “Nowhere”"),
    ],
)
def test_refused(database: Database, wishes: Wishes, said: str) -> None:
    """A sentence says why, and what can be chosen."""
    with pytest.raises(PeopleError, match=said.replace("“", ".").replace("”", ".")), database.transaction() as session:
        organisations.add(session, "Works", wishes, new, NOW)
    with database.reading() as session:
        assert organisations.find(session, "Works") is None


@pytest.mark.parametrize("name", ["", "  ", "n" * 201, "None", "grÖSSE"])
def test_names(database: Database, name: str) -> None:
    """Each has a name of its own, in whatever case."""
    with database.transaction() as session:
        add(session, "Größe")
    with pytest.raises(PeopleError), database.transaction() as session:
        add(session, name)


def test_circles_are_refused(database: Database) -> None:
    """Nothing lies below itself, at no depth; and nothing too deep."""
    with database.transaction() as session:
        group, north, york = add(session, "Group"), add(session, "North", "group"), add(session, "York", "North")
        for parent in ("Group", "North", "York"):
            with pytest.raises(PeopleError, match="cannot be put below"):
                organisations.change(session, group, Wishes(parent=parent))
        organisations.change(session, york, Wishes(parent="none"))
        organisations.change(session, group, Wishes(parent="York"))
        assert (york.parent_id, group.parent_id, north.parent_id) == (None, york.id, group.id)
        for n in range(nesting.DEPTH - 2):
            add(session, f"Level {n}", "North" if n == 0 else f"Level {n - 1}")
        with pytest.raises(PeopleError, match="nested 20 deep"):
            add(session, "Too deep", f"Level {nesting.DEPTH - 3}")


def test_tree(database: Database) -> None:
    """Each is followed by those below it, by name; those of a circle made by hand are not lost."""
    with database.transaction() as session:
        for name, parent in (("Zoo", None), ("Group", None), ("South", "Group"), ("North", "Group"), ("York", "North")):
            add(session, name, parent)
        expected = [(0, "Group"), (1, "North"), (2, "York"), (1, "South"), (0, "Zoo")]
        assert [(depth, one.name) for depth, one in organisations.tree(session)] == expected
        organisations.the_one(session, "Zoo").parent_id = organisations.the_one(session, "Zoo").id
        session.flush()
        assert len(organisations.tree(session)) == 5


def test_merge(database: Database) -> None:
    """Contacts, sites, tickets, approvers, imports and what lies below go over; one main site stays."""
    with database.transaction() as session:
        ending, goes_on = add(session, "Old"), add(session, "New")
        below = add(session, "Below", "Old")
        session.add_all([Contact(id=i, organisation_id=ending.id, created_at=NOW) for i in (1, 2)])
        session.add(Contact(id=3, organisation_id=goes_on.id, created_at=NOW))
        session.flush()
        session.add_all([Site(id=n, organisation_id=o.id, name=f"S{n}", main=True) for n, o in
                         ((1, ending), (2, goes_on))])  # fmt: skip
        session.add_all([Approver(organisation_id=o.id, board="cab", contact_id=c) for o, c in
                         ((ending, 1), (ending, 2), (goes_on, 1))])  # fmt: skip
        session.add(ImportRun(id=1, organisation_id=ending.id, file_name="f", at=NOW))
        session.add(Ticket(id=1, number="T1", title="t", letter_subject="t", status="New", desk_address="d",
                           organisation_id=ending.id, requester_id=1, created_at=NOW, updated_at=NOW))  # fmt: skip
        session.flush()
        with pytest.raises(PeopleError, match="lies below"):
            organisations.merge(session, ending, below)
        with pytest.raises(PeopleError, match="one and the same"):
            organisations.merge(session, ending, ending)
        moved = organisations.merge(session, ending, goes_on)
        kept = goes_on.id
    assert (moved.contacts, moved.sites, moved.tickets) == (2, 1, 1)
    with database.reading() as session:
        assert organisations.find(session, "Old") is None
        for table in (Contact, Site, Ticket, ImportRun, Approver):
            assert set(session.scalars(select(table.organisation_id))) == {kept}
        assert session.scalars(select(Approver.contact_id).order_by(Approver.contact_id)).all() == [1, 2]
        assert session.scalars(select(Site.name).where(Site.main)).all() == ["S2"]
        assert session.scalars(select(Organisation.parent_id).where(Organisation.name == "Below")).one() == kept


def test_one_that_is_not_there(database: Database) -> None:
    """The sentence names some that are nearly called that."""
    with database.transaction() as session:
        add(session, "Sample Works")
        with pytest.raises(PeopleError, match="There are: Sample Works"):
            organisations.the_one(session, "Sample Worx")
        with pytest.raises(PeopleError, match="postdesk organisation list"):
            organisations.the_one(session, "Elsewhere")
