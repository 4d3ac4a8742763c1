"""What stands behind "Show quoted text": the rest of the mail, not the whole of it once more."""

from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NUMBER, People, World

QUOTE = "On Mon, 23 Nov 2026 at 11:00, Desk <service@desk.test> wrote:\n> Did it help?"


def test_only_what_was_folded(world: World, people: People) -> None:
    """The new words stand once."""
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", f"It works.\n\n{QUOTE}", verdict="pass"))
    (entry,) = world.events(people.ticket)
    assert (entry.text, entry.folded) == ("It works.", QUOTE)


def test_nothing_was_folded(world: World, people: People) -> None:
    """A mail that is all new has nothing behind it."""
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "It works.", verdict="pass"))
    (entry,) = world.events(people.ticket)
    assert (entry.text, entry.folded) == ("It works.", "")
