"""What the catalogue brings into letters: the provider's message, what is promised, items to choose from, questions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.catalogue import Catalogue, Item, Service
from desk.request_types import STANDARD, Question, RequestType
from gateway.commands import fields
from postdesk.words import load
from store.database import Database
from store.tables import Site
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, unflowed, visible, words

WORDS = load(Path(__file__).parents[2] / "config" / "words")
FILL_IN = "— To fill in, reply with any of these lines —\n"
HERE = "160 Blackfriars Road"
CATALOGUE = Catalogue(
    services=(Service("Wi-Fi", questions=(Question("Colour", choices=("Black", "White")),)),),
    items=(
        *(Item(f"Phone {n}", "Sample Works", HERE) for n in range(1, 13)),
        Item("Edge router (old)", "Sample Works", "Telehouse"),
        Item("Vault door", "Elsewhere", HERE),
    ),
    types=(*STANDARD, RequestType("Access", fields=("Site", "Type"), questions=(Question("Which floor?", True),))),
)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    world.fill(made)
    yield made
    made.close()


def receipt(base: Database, **context: Any) -> str:
    """The text of a receipt of a desk with a catalogue; its HTML says the same."""
    world.add(base, world.row(50, "received", world.JANE, event_id=world.EVENT, context={"echo": True} | context))
    composer = world.composer(desk=replace(world.FACTS, catalogue=CATALOGUE))
    (letter,) = world.render(base, 50, by=composer)
    text = unflowed(part(letter, "plain"))
    assert words(text) == words(visible(part(letter, "html")))
    return text


def blanks(text: str) -> list[str]:
    """The lines to fill in."""
    return text.partition(FILL_IN)[2].partition("\n\n")[0].splitlines()


@pytest.mark.feature("F83", "mail")
@pytest.mark.parametrize("kind, message", [(one.name, one.message) for one in STANDARD])
def test_the_message_of_the_provider(base: Database, kind: str, message: str) -> None:
    """Each type has its own sentence, below the number, also for somebody whom nobody knows."""
    world.set_ticket(base, type=kind)
    assert f"Its number is T20190409.0967.\n\n{message}\n" in receipt(base, echo=kind != "Query")


def test_a_type_without_a_message(base: Database) -> None:
    """It says nothing there."""
    world.set_ticket(base, type="Access")
    assert "Its number is T20190409.0967.\n\nTo add anything, reply to this mail." in receipt(base)


@pytest.mark.feature("F105")
@pytest.mark.feature("F156", "mail")
def test_the_first_answer(base: Database) -> None:
    """By when it comes, in the text and in its first line; not once it has come."""
    world.set_ticket(base, first_answer_due_at=datetime(2019, 4, 9, 14, 0, tzinfo=UTC))
    text = receipt(base)
    assert "First answer due by 9 Apr 2019, 15:00 BST." in text
    (letter,) = world.render(base, 50)
    assert "We have it. Number T20190409.0967; first answer by 9 Apr 2019, 15:00 BST." in part(letter, "html")


def test_no_first_answer_any_more(base: Database) -> None:
    """Where it was given before the receipt went out, nothing is promised."""
    at = datetime(2019, 4, 9, 14, 0, tzinfo=UTC)
    world.set_ticket(base, first_answer_due_at=at, first_answered_at=at)
    assert "First answer" not in receipt(base)


@pytest.mark.feature("F76", "mail")
def test_items_to_choose_from(base: Database) -> None:
    """Those of the site of the ticket, ten at most; nobody else's; a reply that leaves them says nothing."""
    text = receipt(base)
    line = next(line for line in blanks(text) if line.startswith("Item:"))
    assert line == "Item: (" + ", ".join(f"Phone {n}" for n in range(1, 11)) + " or “not sure”)"
    assert fields.filled(f"> {line}", WORDS) == ()
    assert [one.value for one in fields.filled(f"> {line} Phone 3", WORDS)] == ["Phone 3"]
    assert fields.filled(f"> {line[:60]}\n> {line[60:]}", WORDS) == ()  # as some mail programs break it


def test_items_of_all_sites(base: Database) -> None:
    """Where the site has none, “not sure” is an answer still; where no site is known, all of them are offered."""
    world.add(base, Site(id=900, organisation_id=world.ORGANISATION, name="Telehouse"))
    world.set_ticket(base, site_id=900)
    assert "Item: (Edge router [old] or “not sure”)" in blanks(receipt(base))


def test_no_organisation_no_items(base: Database) -> None:
    """Somebody of no organisation is offered nothing."""
    world.set_ticket(base, organisation_id=None, site_id=None)
    assert "Item: (or “not sure”)" in blanks(receipt(base))


@pytest.mark.feature("F78", "mail")
def test_questions(base: Database) -> None:
    """Those of the type and of the service that are not answered yet, with their choices; answers are noted."""
    world.set_ticket(base, type="Access", service="Wi-Fi", site_id=None)
    assert blanks(receipt(base)) == [
        "Site:",
        "Type: (Incident, Query, Change Request or Access)",
        "Which floor: (needed)",
        "Colour: (Black or White)",
    ]


def test_answers(base: Database) -> None:
    """What was said stands among what was noted, in the receipt and in the letter to staff."""
    world.set_ticket(base, type="Access", service="Wi-Fi", answers={"Which floor": "third"})
    text = receipt(base, said=["Type"])
    assert "Which floor: third" in text.partition("— What we noted —")[2]
    assert blanks(text) == ["Colour: (Black or White)"]
    world.add(base, world.row(51, "new_ticket", world.SAM, event_id=world.EVENT))
    (letter,) = world.render(base, 51)
    assert "Which floor: third" in part(letter, "plain")
