"""Services, items, sites, announcements, figures: what each says, and what it says when there is nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.catalogue import Catalogue
from store.tables import Announcement, Contact
from tests.gateway.answers.answer_world import FACTS, ask, change
from tests.gateway.desk_world import ANN, NOW, PAT, SAM, People, World

EMPTY = replace(FACTS, catalogue=Catalogue())


@pytest.mark.feature("F79", "mail")
@pytest.mark.feature("F81", "mail")
def test_services(world: World, people: People, tickets: dict[str, int]) -> None:
    """By category: everybody's and one's own organisation's; to people whom nobody knows only the public ones."""
    text = ask(world, people, ANN, "services").text
    assert "Distribution list" in text
    assert "Secret works" in text
    assert "Other works" not in text
    change(world, Contact, people.contacts[ANN], known=False)
    text = ask(world, people, ANN, "services").text
    assert "Password reset" in text
    assert "Distribution list" not in text
    assert "Secret works" not in text
    nothing = ask(world, people, ANN, "services", facts=EMPTY).text
    assert nothing == "No services are listed. Write what you need in your own words."


def test_items(world: World, people: People, tickets: dict[str, int]) -> None:
    """Those of one's own organisation, at the site that any part of its name, code or post code names."""
    text = ask(world, people, ANN, "items").text
    assert "SIP trunk 4" in text
    assert "Edge router" in text
    assert "Theirs" not in text
    for said in ("black", "b/7", "SE1"):
        text = ask(world, people, ANN, "items", said).text
        assert "S-77" in text
        assert "Edge router" not in text
    assert "none of your sites" in ask(world, people, ANN, "items", "Their site").text
    assert "No items are listed" in ask(world, people, ANN, "items", facts=EMPTY).text
    assert "No items are listed" in ask(world, people, PAT, "items", facts=EMPTY).text


def test_sites(world: World, people: People, tickets: dict[str, int]) -> None:
    """Those of one's own organisation."""
    assert "160 Blackfriars Road" in ask(world, people, ANN, "sites").text
    assert "No sites are listed" in ask(world, people, PAT, "sites").text


@pytest.mark.feature("F35", "mail")
@pytest.mark.feature("F36", "mail")
def test_news(world: World, people: People) -> None:
    """What is announced now, with its whole text; nothing that has ended or is still to come."""
    assert ask(world, people, ANN, "news").text == "Nothing is announced."
    new, hour = world.database.ids.next, timedelta(hours=1)
    with world.database.transaction() as session:
        for title, since, until in (
            ("Portal is closed", NOW - hour, NOW + hour),
            ("For ever", NOW - 2 * hour, None),
            ("Long over", NOW - 2 * hour, NOW - hour),
            ("To come", NOW + hour, None),
        ):
            text = f"About: {title}\nhttps://desk.example.com/x"
            session.add(Announcement(id=new(), title=title, text=text, starts_at=since, ends_at=until, created_at=NOW))
    text = ask(world, people, ANN, "news").text
    assert text.index("About: Portal is closed") < text.index("About: For ever")
    assert "until 23 Nov 2026, 13:00 GMT" in text
    assert "Long over" not in text
    assert "To come" not in text


@pytest.mark.feature("F43", "mail")
@pytest.mark.feature("F48", "mail")
@pytest.mark.feature("F49", "mail")
def test_report(world: World, people: People, tickets: dict[str, int]) -> None:
    """Created and completed by month, open by type and by status: of what one may see, in text and as a file."""
    answer = ask(world, people, ANN, "report")
    lines = [" ".join(line.split()) for line in answer.text.splitlines()]
    assert "Nov 2026 6 1" in lines
    assert "Oct 2026 1 1" in lines
    assert "Dec 2025 0 0" in lines
    assert "Incident 1" in lines
    assert "Waiting Customer 1" in lines
    assert b"2026-11,6,1" in answer.files[0].data
    staff = [" ".join(line.split()) for line in ask(world, people, SAM, "report").text.splitlines()]
    assert "Nov 2026 8 1" in staff
    other = ask(world, people, PAT, "report").text
    assert "Incident" not in other
