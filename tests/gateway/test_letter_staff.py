"""Letters to staff: one line on what a reply does, then the person's words, and all else below the rule."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.letter import Letter, Unsent
from store.database import Database
from store.tables import Outbox
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


def test_a_note_that_waits_names_what_can_be_done(base: Database) -> None:
    """The last line names the commands for it, and whom they let in."""
    world.add(
        base,
        world.event(40, "I know more.", author="Pat Sample", minutes=5, visibility="pending", verified=False),
        world.row(50, "customer_wrote", world.SAM, event_id=40, context={"lane": LANE}),
    )
    text = plain(world.render(base, 50)[0])
    assert "#approve adds Pat Sample and shows the note to everybody." in text
    assert "#approve silently shows it without adding. #split makes a ticket of its own." in text


@pytest.mark.parametrize(
    "status, sentence",
    [
        (["In Progress", "Resolved"], "Jane Doe says that it is solved."),
        (["New", "Withdrawn"], "Jane Doe withdrew the request."),
        (["Resolved", "Update Added"], "Jane Doe opened it again."),
        (["New", "In Progress"], "Jane Doe changed this: status In Progress (was New)."),
    ],
)
def test_a_customer_who_wrote_nothing(base: Database, status: list[str], sentence: str) -> None:
    """One word by mail is no note: the letter says what it did."""
    changed = world.event(40, "", world.JANE, minutes=5, kind="change", changes={"status": status})
    world.add(base, changed, world.row(50, "customer_wrote", world.SAM, event_id=40))
    text = plain(world.render(base, 50)[0])
    assert text.startswith(f"Your reply goes to Jane Doe.\n\n{sentence}\n")
    assert "wrote:" not in text.partition("Before that")[0]


@pytest.mark.parametrize("inside", [False, True])
def test_a_ticket_that_was_handed_over(base: Database, inside: bool) -> None:
    """The last entries; internal ones only where the reply stays internal, else it says that there are some."""
    world.set_ticket(base, assignee_id=world.SAM)
    word = world.event(41, "Call them.", world.ANA, minutes=6, visibility="internal" if inside else "public")
    world.add(
        base,
        world.event(40, "They have not paid.", world.ANA, minutes=5, visibility="internal"),
        word,
        world.row(50, "assigned", world.SAM, event_id=41, context={"by": "Ana Ruiz"}),
    )
    text = plain(world.render(base, 50)[0])
    first = "Your reply stays internal." if inside else "Your reply goes to Jane Doe."
    assert text.startswith(f"{first}\n\nAssigned by Ana Ruiz: this ticket is yours.\n\nJane Doe wrote:\n\nAll phones")
    assert "Call them." in text
    assert ("not paid" in text) is inside
    assert ("Internal notes stand on the page" in text) is not inside
    assert "#take" not in text
    assert "You get this because T20190409.0967 is yours." in text


def test_a_ticket_that_went_on_to_somebody_else(base: Database) -> None:
    """The letter to the one before is not sent."""
    world.set_ticket(base, assignee_id=world.ANA)
    world.add(base, world.row(50, "assigned", world.SAM, context={"by": "Ana Ruiz"}))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, 50)])[50]
    assert found == Unsent("the ticket is somebody else's by now", final=True)


@pytest.mark.parametrize(
    "minutes, sentence",
    [
        (30, "Due in 30 minutes."),
        (1, "Due in 1 minute."),
        (150, "Due in 2 hours."),
        (4320, "Due in 3 days."),
        (-7, "Overdue since 9 Apr 2019, 13:00 BST."),
    ],
)
def test_a_ticket_that_is_due(base: Database, minutes: int, sentence: str) -> None:
    """From the time at which the letter was written, however late it is sent."""
    world.set_ticket(base, due_at=world.NOW + timedelta(minutes=minutes))
    world.add(base, world.row(50, "due", world.SAM))
    (letter,) = world.render(base, 50, by=world.composer(clock=lambda: world.NOW + timedelta(hours=1)))
    assert plain(letter).startswith(f"Your reply goes to Jane Doe.\n\n{sentence}\n")
