"""Fields of a profile that mean something to the desk: the language of letters, and the address of a site."""

from typing import Any

import pytest

from store.tables import Contact, Site
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands import by_mail
from tests.gateway.desk_world import ANN, KIM, People, World

ADDRESS = ("Address: 160 Blackfriars Road", "Address 2: Floor 3", "City: London", "Post code: SE1 8EZ",
           "Country: United Kingdom", "More address: Ring twice")  # fmt: skip


def ask(world: World, subject: str, body: str = "") -> str:
    """Write as Ann, verified; the newest letter to her, as text."""
    world.take(sample.mail(ANN, subject, body, verdict="pass"))
    return " ".join(rendering.text(rendering.letters(world, recipient=ANN)[-1]).split())


@pytest.mark.feature("F29", "mail")
@pytest.mark.parametrize("line, kept", [("Language: Deutsch", "de"), ("Sprache: de", "de"), ("Language: french", "fr"),
                                        ("Idioma: Español", "es")])  # fmt: skip
def test_language(world: World, people: People, line: str, kept: str) -> None:
    """By name or code, in whatever language it is asked for; the profile shows it by name."""
    ask(world, "Re: #me", line)
    with world.database.reading() as session:
        assert session.get_one(Contact, people.contacts[ANN]).language == kept
    name = {"de": "Deutsch", "fr": "Français", "es": "Español"}[kept]
    world.take(sample.mail(ANN, "#me", "", verdict="pass"))
    assert name in rendering.text(rendering.letters(world, "answer", ANN)[-1])


def test_a_language_that_nobody_speaks(world: World, people: People) -> None:
    """The answer names those that there are; a hyphen takes a choice back."""
    assert "Choose one of: English, Deutsch, Français, Español" in ask(world, "Re: #me", "Language: Klingonisch")
    ask(world, "Re: #me", "Language: Deutsch")
    ask(world, "Re: #me", "Language: -")
    with world.database.reading() as session:
        assert session.get_one(Contact, people.contacts[ANN]).language == ""


@pytest.fixture
def sites(world: World, people: People) -> dict[str, int]:
    """Ann is an Admin user of an organisation with two sites; the second one is the main location."""
    found = by_mail.give_sites(world, ("North", "", "Leeds", "LS1 1AA"), ("Head office", "", "", "SE1 8EZ"))
    values: dict[str, Any] = {"address": "160 Blackfriars Road", "address2": "Floor 3", "city": "London",
                              "country": "United Kingdom", "more_address": "Ring twice", "main": True}  # fmt: skip
    with world.database.transaction() as session:
        session.get_one(Contact, people.contacts[ANN]).level = "Admin User"
        for name, value in values.items():
            setattr(session.get_one(Site, found["Head office"]), name, value)
    return found


@pytest.mark.feature("F181", "mail")
@pytest.mark.parametrize("subject", [f"#people edit {KIM}", "#people add"])
def test_the_address_of_the_main_site(world: World, people: People, sites: dict[str, int], subject: str) -> None:
    """Every line of it is filled in already."""
    text = ask(world, subject)
    for line in ADDRESS:
        assert line in text


@pytest.mark.feature("F181", "mail")
def test_the_address_of_their_own_site(world: World, people: People, sites: dict[str, int]) -> None:
    """Where they have one; what is written of the person counts more than that of any site."""
    with world.database.transaction() as session:
        kim = session.get_one(Contact, people.contacts[KIM])
        kim.site_id = sites["North"]
    text = ask(world, f"#people edit {KIM}")
    assert "City: Leeds" in text
    assert "160 Blackfriars Road" not in text
    with world.database.transaction() as session:
        session.get_one(Contact, people.contacts[KIM]).details = {"City": "York"}
    text = ask(world, f"#people edit {KIM}")
    assert "City: York" in text
    assert "LS1 1AA" not in text
