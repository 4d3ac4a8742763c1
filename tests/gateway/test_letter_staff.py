"""Letters to staff: one line on what a reply does, then the person's words, and all else below the rule."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.letter import Letter
from store.database import Database
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, unflowed, visible, words

HINT = "Start with #note to keep your reply internal. #take to take it."
UNCHECKED = "Nobody has checked that this mail is from the address it names."
LANE = "Pat Sample does not take part in this ticket. Customers do not see it."


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    world.fill(made)
    yield made
    made.close()


def plain(letter: Letter) -> str:
    """The text part, which says the same as the HTML part."""
    text = unflowed(part(letter, "plain"))
    assert words(text) == words(visible(part(letter, "html")))
    return text


@pytest.mark.parametrize("kind", ["new_ticket", "customer_wrote"])
def test_the_words_come_second(base: Database, kind: str) -> None:
    """Who reads a reply, then the words; hints, warnings and fields stand below the rule."""
    world.add(
        base,
        world.event(40, "The phones again.", world.JANE, minutes=5, verified=False),
        world.row(50, kind, world.SAM, event_id=40),
    )
    text = plain(world.render(base, 50)[0])
    assert text.startswith("Your reply goes to Jane Doe.\n\nJane Doe wrote:\n\nThe phones again.\n")
    below = text.rpartition("\n—\n")[2]
    for wanted in ("Status: New", UNCHECKED, HINT):
        assert wanted in below
        assert text.count(wanted) == 1


def test_a_letter_whose_reply_stays_internal(base: Database) -> None:
    """It says so first; why is said below, and no #note is asked for."""
    world.add(
        base,
        world.event(40, "I know more.", author="Pat Sample", minutes=5, visibility="pending", verified=False),
        world.row(50, "customer_wrote", world.SAM, event_id=40, context={"lane": LANE}),
    )
    text = plain(world.render(base, 50)[0])
    assert text.startswith("Your reply stays internal.\n\nPat Sample wrote:\n\nI know more.\n")
    assert LANE in text.rpartition("\n—\n")[2]
    assert "#note" not in text


def test_what_was_said_before_and_may_be_quoted(base: Database) -> None:
    """A letter whose reply customers read shows them nothing internal; one that stays inside marks it."""
    for number in range(8):
        secret = world.event(60 + number, "They have not paid.", world.SAM, minutes=3, visibility="internal")
        world.add(base, secret)
    world.add(
        base,
        world.event(40, "Who is there?", author="Pat Sample", minutes=4, visibility="pending"),
        world.event(41, "It is the second floor.", world.JANE, minutes=5),
        world.row(50, "customer_wrote", world.SAM, event_id=41),
        world.event(42, "I know more.", author="Pat Sample", minutes=6, visibility="pending"),
        world.row(51, "customer_wrote", world.SAM, event_id=42),
    )
    public, inside = (plain(letter) for letter in world.render(base, 50, 51))
    assert "not paid" not in public
    assert "Who is there?" not in public
    assert "All phones on the second floor are dead" in public.partition("Before that:")[2]
    assert ", Sam Lee, Internal:\nThey have not paid." in inside
    assert ", Pat Sample, Waiting:\nWho is there?" in inside
    assert ", Jane Doe:\nIt is the second floor." in inside
