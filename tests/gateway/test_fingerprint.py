"""The same mail twice is one; the same few words of two people are two mails."""

from store.tables import Ticket
from tests.gateway.desk_world import ANN, EVE, PAT, People, World

BARE = b"Subject: Help\r\n\r\nIt does not work.\r\n"


def test_mail_without_from_of_two_people(world: World, people: People) -> None:
    """No From, Date or Message-ID, word for word the same: whose it is says the reverse path."""
    before = world.count(Ticket)
    first = world.take(BARE, reverse_path=EVE)
    second = world.take(BARE, reverse_path="joe@elsewhere.test")
    assert (first.kind, second.kind) == ("opened", "opened")
    assert world.count(Ticket) == before + 2


def test_mail_without_from_that_comes_twice(world: World, people: People) -> None:
    """By the same sender, however the address is written, it is one mail."""
    world.take(BARE, reverse_path=EVE)
    assert world.take(BARE, reverse_path=EVE.upper()).rule == "duplicate"


def test_mail_with_from_by_another_way(world: World, people: People) -> None:
    """A relay that rewrites the reverse path makes no second mail of it."""
    raw = f"From: {ANN}\r\n".encode() + BARE
    world.take(raw, reverse_path=ANN)
    assert world.take(raw, reverse_path=PAT).rule == "duplicate"
