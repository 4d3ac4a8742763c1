"""The receipt: what was noted of a mail, what is still to be filled in, and that a reply with it is understood."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.commands import fields
from postdesk.words import load
from store.database import Database
from store.tables import Contact
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, unflowed, visible, words

WORDS = load(Path(__file__).parents[2] / "config" / "words")
FILL_IN = "— To fill in, reply with any of these lines —\n"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with one more contact who was named in Cc."""
    made = world.database(tmp_path)
    world.fill(made)
    world.participate(made, world.KIM)
    yield made
    made.close()


def receipt(base: Database, to: int = world.JANE, **context: Any) -> str:
    """The text of a receipt, which says the same as its HTML."""
    world.add(base, world.row(50, "received", to, event_id=world.EVENT, context={"echo": True} | context))
    (letter,) = world.render(base, 50)
    text = unflowed(part(letter, "plain"))
    assert words(text) == words(visible(part(letter, "html")))
    return text


def asked_for(text: str) -> list[str]:
    """The labels of the lines to fill in."""
    block = text.partition(FILL_IN)[2].partition("\n\n")[0]
    return [line.partition(":")[0] for line in block.splitlines()]


@pytest.mark.feature("F207")
def test_what_was_noted(base: Database) -> None:
    """Each thing that the desk knows on its line; of urgency and impact also that nobody said them."""
    world.set_ticket(
        base, item="SIP trunk 4", service="Voice", customer_reference="INC-4471", needed_by=date(2019, 5, 3)
    )
    text = receipt(base, said=["Impact"])
    noted = text.partition("— What we noted —\n")[2].partition("\n\n")[0].splitlines()
    assert noted == [
        "Title: Phones down at Blackfriars",
        "Type: Incident",
        "Site: 160 Blackfriars Road",
        "Service: Voice",
        "Item: SIP trunk 4",
        "Urgency: Low (nobody said)",
        "Impact: Only Me",
        "Our ref: INC-4471",
        "Needed by: 3 May 2019",
        "Contact: jane@customer.test",
        "Files: switch.jpg (48 KB)",
    ]
    assert asked_for(text) == ["Urgency", "Tried so far", "Error messages"]


@pytest.mark.feature("F87", "mail")
def test_address_and_telephone_are_shown(base: Database) -> None:
    """What the desk would use to reach the requester stands in their receipt."""
    with base.transaction() as session:
        jane = session.get_one(Contact, world.JANE)
        jane.details = {**jane.details, "Phone": "020 7946 0000"}
    assert "Contact: jane@customer.test\nPhone: 020 7946 0000\n" in receipt(base)


@pytest.mark.feature("F78", "mail")
@pytest.mark.parametrize(
    "kind, labels",
    [
        ("Incident", ["Item", "Urgency", "Impact", "Our ref", "Tried so far", "Error messages"]),
        ("Change Request", ["Item", "Needed by", "Our ref"]),
        ("Query", ["Our ref"]),
    ],
)
def test_what_is_asked_for(base: Database, kind: str, labels: list[str]) -> None:
    """Few lines, by type; to the requester alone."""
    world.set_ticket(base, type=kind)
    assert asked_for(receipt(base)) == labels


def test_others_are_asked_for_nothing(base: Database) -> None:
    """Somebody who was named in Cc reads what was noted, and fills in nothing."""
    text = receipt(base, world.KIM)
    assert "Jane Doe asked us for help and named you." in text
    assert "Type: Incident" in text
    assert FILL_IN not in text


def test_the_lines_come_back(base: Database) -> None:
    """Filled in behind our hints, in a quoted copy of the letter, the lines are read; those left alone say nothing."""
    text = receipt(base)
    filled = text.replace("Item: (or “not sure”)", "Item: (or “not sure”) SIP trunk 4").replace(
        "Our ref:", "Our ref: A1"
    )
    quoted = "\n".join(f"> {line}" for line in filled.splitlines())
    asked = {"Item", "Urgency", "Impact", "Our ref"}
    found = [(field.label, field.value) for field in fields.filled(quoted, WORDS, allowed=asked)]
    assert ("Item", "SIP trunk 4") in found
    assert ("Our ref", "A1") in found
    assert not any(value.startswith(("(Low", "(Only")) for _, value in found)


def test_somebody_else_opened_it(base: Database) -> None:
    """The first line says who, and whether after a call."""
    world.set_ticket(base, source="Phone")
    text = receipt(base, opened_by="Sam Lee")
    assert "Sam Lee opened this ticket for you after your call. Its number is T20190409.0967." in text


def test_a_stranger_reads_nothing_of_it(base: Database) -> None:
    """Neither what was noted nor what to fill in, nor who opened it."""
    text = receipt(base, echo=False, opened_by="Sam Lee")
    assert "noted" not in text
    assert FILL_IN not in text
    assert "Sam Lee" not in text
