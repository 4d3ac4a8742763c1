"""Announcements as letters: to everybody who wants them, once, a batch at a time; and at the top of receipts."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from desk import announcements
from store.tables import Announcement, Contact
from tests.gateway.desk_world import ANN, KIM, NOW, PAT, REM, People, World, mail
from tests.gateway.rendering import letters, text

EVERYBODY = sorted([ANN, PAT, REM, KIM])


def announce(world: World, title: str = "Portal maintenance", **values: Any) -> int:
    """Something that is shown now."""
    known = {"text": "No effect on e-mail.\nAll evening.", "starts_at": NOW, "created_at": NOW} | values
    with world.database.transaction() as session:
        made = Announcement(id=world.database.ids.next(), title=title, **known)
        session.add(made)
        return made.id


def tell(world: World, now: datetime = NOW, at_once: int = 100) -> int:
    """The timer, once."""
    with world.database.transaction() as session:
        return announcements.tell(session, world.database.ids.next, now, at_once=at_once)


def told(world: World) -> list[str]:
    """Who got it."""
    return sorted(row.recipient for row in world.letters("announcement"))


@pytest.mark.feature("F35", "mail")
@pytest.mark.feature("F36", "mail")
def test_everybody_hears_once(world: World, people: People) -> None:
    """The title as the subject, the whole text, and how to get no more of them."""
    announce(world)
    tell(world)
    assert told(world) == EVERYBODY
    assert [tell(world), told(world)] == [0, EVERYBODY]
    letter = letters(world, "announcement", ANN)[0]
    assert letter["Subject"] == "Portal maintenance"
    assert text(letter).replace("\r\n", "\n").startswith("No effect on e-mail.\nAll evening.\n")
    assert "#stop news" in text(letter)


def test_when_it_shows(world: World, people: People) -> None:
    """Not before; and one that has ended is no news."""
    announce(world, starts_at=NOW + timedelta(days=1))
    announce(world, ends_at=NOW - timedelta(hours=1), starts_at=NOW - timedelta(days=1))
    announce(world, by_mail=False)
    assert tell(world) == 0
    assert told(world) == []
    tell(world, NOW + timedelta(days=1))
    assert told(world) == EVERYBODY


@pytest.mark.parametrize("state", [{"news": False}, {"muted": True}, {"known": False}, {"deactivated_at": NOW}])
def test_who_does_not(world: World, people: People, state: dict[str, Any]) -> None:
    """Who left the list, wants no letters, is known to nobody, or is not there any more."""
    with world.database.transaction() as session:
        for name, value in state.items():
            setattr(session.get_one(Contact, people.contacts[KIM]), name, value)
    announce(world)
    tell(world)
    assert told(world) == [address for address in EVERYBODY if address != KIM]


def test_a_batch_after_another(world: World, people: People) -> None:
    """It goes on where it ended, also in another process; one announcement after the other."""
    first, second = announce(world, "One"), announce(world, "Two", starts_at=NOW + timedelta(seconds=1))
    counts = [tell(world, NOW + timedelta(minutes=1), 3) for _ in range(5)]
    assert counts == [3, 1, 3, 1, 0]
    assert [row.context["announcement"] for row in world.letters("announcement")] == [second] * 4 + [first] * 4


def test_one_that_was_ended_meanwhile(world: World, people: People) -> None:
    """The rest do not get it."""
    made = announce(world)
    tell(world, NOW, 2)
    with world.database.transaction() as session:
        session.get_one(Announcement, made).ends_at = NOW + timedelta(seconds=30)
    assert tell(world, NOW + timedelta(minutes=1)) == 0
    assert len(told(world)) == 2


@pytest.mark.feature("F37", "mail")
def test_receipts_begin_with_what_is_live(world: World, people: People) -> None:
    """A line at the top of each, as long as it lasts; also for somebody whom nobody knows."""
    announce(world, "Mail servers are slow", ends_at=NOW + timedelta(hours=1), by_mail=False)
    announce(world, "Planned for June", starts_at=NOW + timedelta(days=30), by_mail=False)
    world.take(mail(ANN, verdict="pass"))
    world.take(mail("new@elsewhere.test"))
    world.clock.forward(hours=2)
    world.take(mail(KIM, "Other", verdict="pass"))
    known, unknown, later = (text(letter) for letter in letters(world, "received"))
    assert known.startswith("Mail servers are slow")
    assert unknown.startswith("Mail servers are slow")
    assert "Mail servers are slow" not in later
    assert "Planned for June" not in known


def test_the_newest_goes_first(world: World, people: People) -> None:
    """An outage does not wait until everybody has heard of next month's maintenance; that goes on afterwards."""
    announce(world, "Maintenance")
    tell(world, at_once=1)
    announce(world, "Outage", created_at=NOW + timedelta(minutes=1))
    for _ in range(9):
        tell(world, NOW + timedelta(minutes=2), at_once=2)
    subjects = [letter["Subject"] for letter in letters(world, "announcement")]
    assert sorted(subjects) == ["Maintenance"] * 4 + ["Outage"] * 4
    with world.database.reading() as session:
        rows = session.query(Announcement).order_by(Announcement.created_at).all()
    assert all(row.told_at for row in rows)
