"""Sites: their label, whom a part of it means, and the main one of an organisation."""

import itertools
from datetime import UTC, datetime

import pytest

from desk import sites
from desk.people import PeopleError
from desk.sites import NoSite, SiteState
from store.database import Database
from store.tables import Organisation

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NORTH = SiteState(1, 9, "Azzurri Fabric", "W_AZZURR/0007", "Telehouse North (THN)", "E14 2AA", account="M_MAINTEL")
SOUTH = SiteState(2, 9, "Azzurri Süd", "W_AZZURR/0008", "Docklands", "E14 3BB", main=True)
BARE = SiteState(3, 9, "Café")
ALL = [NORTH, SOUTH, BARE]


@pytest.mark.feature("F67", "mail")
def test_label() -> None:
    """Name, code, place, post code and account; parts that are empty are left out."""
    assert sites.label(NORTH) == "Azzurri Fabric - W_AZZURR/0007 - Telehouse North (THN) - E14 2AA - M_MAINTEL"
    assert sites.label(BARE) == "Café"


@pytest.mark.feature("F67", "mail")
@pytest.mark.parametrize(
    "text",
    ["Azzurri Fabric", "azzurri  fabric", "W_AZZURR/0007", "0007", "telehouse north", "E14 2AA", "e142aa", "M_MAINTEL",
     "maintel", sites.label(NORTH), "Telehouse"],
)  # fmt: skip
def test_any_part_names_it(text: str) -> None:
    """In upper or lower case, with or without marks; the whole label too."""
    assert sites.the_one(text, ALL) is NORTH


@pytest.mark.parametrize("text", ["azzurri sud", "AZZURRI SÜD", "docklands"])
def test_accents_make_no_difference(text: str) -> None:
    """However they were typed."""
    assert sites.the_one(text, ALL) is SOUTH
    assert sites.the_one("cafe", ALL) is BARE


@pytest.mark.parametrize(
    "text, said",
    [
        ("E14", "fits several: Azzurri Fabric - W_AZZURR/0007"),
        ("Leeds", "is not known. There are: Azzurri Fabric, Azzurri Süd, Café."),
        ("E1", "is not known"),  # two letters are no part
        ("-", "is not known"),
    ],
)
def test_none_or_several(text: str, said: str) -> None:
    """The sentence names those that it may be."""
    with pytest.raises(NoSite) as caught:
        sites.the_one(text, ALL)
    assert said in caught.value.said
    with pytest.raises(NoSite, match="no sites to choose from"):
        sites.the_one(text, [])


def test_a_whole_part_is_stronger_than_a_piece_of_one() -> None:
    """“London” is the site of that name, also where another one is “London Bridge”."""
    london, bridge = SiteState(4, 9, "London"), SiteState(5, 9, "London Bridge")
    assert sites.the_one("london", [bridge, london]) is london


def test_without_a_name_the_main_one() -> None:
    """Or the first one; None where there are none."""
    assert sites.chosen(ALL, " ") == 2
    assert sites.chosen([NORTH, BARE], "") == 1
    assert sites.chosen([], "") is None
    assert sites.chosen(ALL, "thn") == 1


@pytest.fixture
def works(database: Database) -> int:
    """An organisation."""
    with database.transaction() as session:
        session.add(Organisation(id=9, name="Works", created_at=NOW))
    return 9


def test_kept(database: Database, works: int) -> None:
    """The first is the main one until another becomes it; a name is there once; fields have a length."""
    new = itertools.count(100).__next__
    with database.transaction() as session:
        first = sites.add(session, works, new, name="London", post_code="E14 2AA")
        second = sites.add(session, works, new, name="Leeds", main=True)
        session.refresh(first)
        assert (first.main, second.main) == (False, True)
        sites.change(session, first, main=True, city="London", place="Docks")
        session.refresh(second)
        assert (first.main, second.main) == (True, False)
        for fields in ({"name": "LONDON"}, {"name": " "}, {"name": "x", "code": "c" * 61}):
            with pytest.raises(PeopleError):
                sites.add(session, works, new, **fields)
        with pytest.raises(PeopleError):
            sites.change(session, second, name="london")
        assert sites.address_lines(first) == {"City": "London", "Post code": "E14 2AA"}
        assert sites.address_lines(second) == {}
        assert [site.name for site in sites.of(session, works)] == ["Leeds", "London"]
