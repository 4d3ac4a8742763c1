"""Letters in the order of time: each process gives ids of its own, so a later row may have a lower id."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.letter import Letter, Unsent
from store.database import Database
from store.tables import Outbox
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, read


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    world.fill(made)
    yield made
    made.close()


def test_entries_of_one_letter(base: Database) -> None:
    """The earlier words first, and the status from what it was to what it is."""
    world.add(
        base,
        world.event(900, "We look.", world.SAM, changes={"status": ["New", "In Progress"]}),
        world.event(40, "It works.", world.ANA, minutes=5, changes={"status": ["In Progress", "Resolved"]}),
        world.row(50, "update", event_id=40, context={"events": [900]}),
    )
    text = part(world.render(base, 50)[0], "plain")
    assert text.index("We look.") < text.index("It works.")
    assert "Status: Resolved (was New)" in text


def test_what_was_said_before(base: Database) -> None:
    """The last words before these are shown, whatever id they have, and no later ones."""
    world.add(
        base,
        world.event(900, "Is it the second floor?", world.SAM, minutes=1),
        world.event(40, "It is.", world.JANE, minutes=2),
        world.event(30, "Said afterwards.", world.SAM, minutes=3),
        world.row(50, "customer_wrote", world.SAM, event_id=40),
    )
    text = part(world.render(base, 50)[0], "plain")
    assert "Is it the second floor?" in text
    assert "Said afterwards." not in text


@pytest.mark.parametrize("together", [True, False])
def test_a_letter_answers_the_one_before(base: Database, together: bool) -> None:
    """In-Reply-To names the letter that was written before, in one batch and in two."""
    world.add(
        base,
        world.row(900, "received", event_id=world.EVENT, context={"echo": True}),
        world.row(50, "update", event_id=world.EVENT, created_at=world.NOW + timedelta(minutes=5)),
    )
    if together:
        second, first = world.render(base, 50, 900)
    else:
        (first,) = world.render(base, 900)
        with base.transaction() as session:
            session.get_one(Outbox, 900).message_id = first.message_id
        (second,) = world.render(base, 50)
    assert read(second)["In-Reply-To"] == first.message_id
    assert read(first)["In-Reply-To"] != second.message_id


def test_the_newest_one_time_password_is_sent(base: Database) -> None:
    """The later of two letters goes out, though its id is the lower one."""
    old = world.credentials_row(base, world.JANE, "password")
    with base.transaction() as session:
        letter = session.get_one(Outbox, old)
        known = {"recipient": letter.recipient, "contact_id": world.JANE, "context": {}, "next_at": world.NOW}
        session.add(Outbox(id=60, kind="credentials", created_at=world.NOW + timedelta(minutes=1), **known))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, i) for i in (old, 60)])
    assert isinstance(found[60], Letter)
    assert isinstance(found[old], Unsent)
