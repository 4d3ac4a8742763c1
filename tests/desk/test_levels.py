"""Security levels: what each may do, and what counts where person, level and organisation say different things."""

import itertools

import pytest

from desk import access
from desk.levels import SEES, Level, Levels

BASIC = Level("Basic", priority=False, create=False, sees="own")


def test_by_name() -> None:
    """The rights of the settings; the first is the usual one."""
    levels = Levels((Level("Standard User"), Level("Admin User", people=True), BASIC))
    assert levels.names == ("Standard User", "Admin User", "Basic")
    assert levels.usual.name == "Standard User"
    assert levels.of("Admin User").people
    assert levels.of("Basic") is BASIC


@pytest.mark.parametrize("name", ["", "Manager", "admin user"])
def test_a_level_that_is_there_no_more(name: str) -> None:
    """Its people have the rights of the usual level, and never those of managing people."""
    found = Levels((Level("Boss", people=True, sees="sub-organisations"),)).of(name)
    assert (found.name, found.people, found.sees) == (name, False, "sub-organisations")


@pytest.mark.feature("F23", "mail")
@pytest.mark.parametrize("own, level, organisation", list(itertools.product(("", *SEES), ("", *SEES), (None, *SEES))))
def test_the_nearest_rule_counts(own: str, level: str, organisation: str | None) -> None:
    """That of the person, else of their level, else of their organisation; without any they see their own tickets."""
    expected = own or level or organisation or "own"
    assert access.sees(own, Level("x", sees=level), organisation) == expected  # type: ignore[arg-type]


def test_a_rule_that_nobody_knows_gives_nothing() -> None:
    """A word that a later version wrote into a row opens no tickets."""
    assert access.sees("everything", Level("x"), "organisation") == "own"


def test_of_which_organisations() -> None:
    """Their own one, with those below it, or none; who belongs to none sees none."""
    assert access.organisations(5, "own", [6]) == frozenset()
    assert access.organisations(5, "organisation", [6]) == {5}
    assert access.organisations(5, "sub-organisations", [6, 7]) == {5, 6, 7}
    assert access.organisations(None, "sub-organisations") == frozenset()
