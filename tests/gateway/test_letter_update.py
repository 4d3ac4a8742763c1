"""Letters that tell customers of changes: solved, withdrawn, open again, approved; not of details of the desk alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.letter import Letter, Unsent
from store.database import Database
from store.tables import Outbox
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, unflowed, visible, words


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with somebody else who takes part."""
    made = world.database(tmp_path)
    world.fill(made)
    world.participate(made, world.KIM)
    yield made
    made.close()


def told(base: Database, changes: dict[str, Any], *, by: int = world.SAM, text: str = "") -> str | Unsent:
    """The text of the letter about one entry, which says the same as its HTML; or why there is none."""
    kind = "note" if text else "change"
    world.add(base, world.event(40, text, by, minutes=5, kind=kind, changes=changes))
    world.add(base, world.row(50, "update", world.KIM, event_id=40))
    with base.reading() as session:
        letter = world.composer().render_many(session, [session.get_one(Outbox, 50)])[50]
    if isinstance(letter, Unsent):
        return letter
    assert isinstance(letter, Letter)
    found = unflowed(part(letter, "plain"))
    assert words(found) == words(visible(part(letter, "html")))
    return found


def test_solved_by_the_customer(base: Database) -> None:
    """Others hear who says so, and that a reply opens it again; nobody claims that the desk did it."""
    solved = {"status": ["In Progress", "Resolved"], "resolution": ["", "A reboot."]}
    text = str(told(base, solved, by=world.JANE))
    assert text.startswith("Jane Doe says that it is solved.\n\nWhat helped:\n\nA reboot.\n\nIf it is not,")
    assert "We think" not in text
    assert "What we did" not in text


def test_withdrawn_with_its_reason(base: Database) -> None:
    """That it is over, why, and how to ask again."""
    text = str(told(base, {"status": ["New", "Withdrawn"], "withdrawal": ["", "Duplicate"]}, by=world.JANE))
    assert text.startswith("This ticket was withdrawn. Reason: Duplicate. To ask again, write a new mail.")


def test_open_again(base: Database) -> None:
    """Below the words that opened it."""
    text = str(told(base, {"status": ["Resolved", "Update Added"]}, by=world.JANE, text="Dead again."))
    assert text.startswith("Jane Doe wrote:\n\nDead again.\n\nThis ticket is open again.\n")


@pytest.mark.feature("F157", "mail")
@pytest.mark.parametrize(
    "approval, sentence",
    [
        ("Requested", "Somebody has to approve this first. We ask them."),
        ("Approved", "This was approved."),
        ("Rejected", "This was rejected."),
    ],
)
def test_an_approval(base: Database, approval: str, sentence: str) -> None:
    """What became of it in one sentence, with the new status."""
    world.set_ticket(base, approval=approval)
    text = str(told(base, {"approval": ["", approval], "status": ["New", "In Progress"]}))
    assert text.startswith(sentence)
    assert "Status: In Progress (was New)" in text


def test_what_was_decided_meanwhile(base: Database) -> None:
    """A letter that waited for company does not ask for it any more."""
    world.set_ticket(base, approval="Approved")
    text = str(told(base, {"approval": ["", "Requested"], "status": ["New", "Waiting Approval"]}))
    assert "has to approve" not in text


def test_details_that_customers_know(base: Database) -> None:
    """As facts, with what they were; the rest of the same entry is for the desk."""
    changes = {
        "site": ["Leeds", "London"],
        "due": ["", "12 Apr 2019, 17:00 BST"],
        "team": ["", "Voice"],
        "time": ["", "5 min"],
    }
    text = str(told(base, changes))
    assert text.startswith("Your ticket changed.")
    assert "Site: London (was Leeds)\nDue: 12 Apr 2019, 17:00 BST\n" in text
    assert "Voice" not in text
    assert "5 min" not in text


@pytest.mark.parametrize(
    "changes",
    [{"team": ["", "Voice"]}, {"time": ["", "5 min"]}, {"priority": ["Low", "High"]}, {"assignee": ["Sam Lee", ""]}],
)
def test_details_of_the_desk_alone(base: Database, changes: dict[str, Any]) -> None:
    """No letter at all."""
    found = told(base, changes)
    assert found == Unsent("there is nothing to tell: what changed is for the desk alone", final=True)
