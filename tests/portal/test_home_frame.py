"""What Home shares with every page: the ways in its head, announcements, the version for staff."""

from datetime import timedelta

import pytest

from store.tables import Announcement
from tests.portal.client import Browser
from tests.portal.test_home import SignIn, links
from tests.portal.world import START, World


@pytest.mark.feature("F42")
def test_the_main_ways_are_in_the_head(world: World, signed_in: SignIn) -> None:
    """What others call tabs: home, tickets, reports on Home, people for who keeps them, help."""
    head = signed_in("jane").get("/").text.partition("</header>")[0]
    assert list(links(head))[2:5] == ["Home", "Tickets", "New ticket"]
    assert 'href="/" aria-current="page"' in head


@pytest.mark.feature("F35", "page")
@pytest.mark.feature("F36", "page")
def test_an_announcement_leads_to_its_text(world: World, signed_in: SignIn) -> None:
    """The headline, signed in or out, while it is live."""
    with world.database.transaction() as session:
        for place, (title, starts) in enumerate((("Portal closed on Sunday", -1), ("Next month", 700))):
            starts_at = START + timedelta(hours=starts)
            session.add(Announcement(id=8000 + place, title=title, text="From 20:00.", starts_at=starts_at,
                                     created_at=START))  # fmt: skip
    for browser in (Browser(world.config()), signed_in("jane")):
        page = browser.get("/").text
        assert links(page)["Portal closed on Sunday"] == "/announcements/8000"
        assert "Next month" not in page


@pytest.mark.feature("F37", "page")
def test_an_announcement_is_on_every_page(world: World, signed_in: SignIn) -> None:
    """Also outages."""
    with world.database.transaction() as session:
        session.add(Announcement(id=8000, title="No phones", text="", starts_at=START, created_at=START))
    jane = signed_in("jane")
    for path in ("/", "/tickets", "/help", f"/t/T20190409.{world.ids['done']:04}", "/nothing-there"):
        assert 'class="news"' in jane.get(path).text, path


@pytest.mark.feature("F45", "page")
def test_the_version_is_in_the_foot_of_staff(world: World, signed_in: SignIn) -> None:
    """And for nobody else: it tells which faults to try."""
    world.give_password("sam")
    sam = Browser(world.config(version="9.8.7"))
    sam.sign_in("sam")
    assert "Postdesk 9.8.7" in sam.get("/").text.partition("<footer>")[2]
