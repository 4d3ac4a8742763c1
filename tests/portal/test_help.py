"""Help, announcements in full, and the page about accessibility."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk import statuses
from desk.acting.rules import Rules
from desk.said import say
from portal.guide import Command, Guide
from portal.pages.help import MEANINGS, WAY
from store.tables import Announcement
from tests.portal.client import Browser
from tests.portal.world import START, World

Enter = Callable[[str], Browser]
GUIDE = Guide(
    commands={
        "customer": (
            Command("#resolve", say("Ends the ticket: it is solved."), line=True, subject=False),
            Command("#list my", say("Lists tickets."), line=False, subject=True),
        ),
        "staff": (Command("#take", say("Gives you the ticket."), line=True, subject=False),),
    },
    labels={"customer": ("Site", "Our ref")},
    words={"en": ("resolved", "reopen")},
)


def announce(world: World, title: str, text: str, begins: float, ends: float | None) -> int:
    """One from some days ago, or in some days; its id."""
    with world.database.transaction() as session:
        made = Announcement(
            id=world.database.ids.next(), title=title, text=text, by_mail=False, told_at=None, created_at=START,
            starts_at=START + timedelta(days=begins),
            ends_at=None if ends is None else START + timedelta(days=ends),
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made.id


@pytest.mark.feature("F39", "page")
@pytest.mark.feature("F40", "page")
@pytest.mark.feature("F4", "page")
def test_everything_by_mail_stands_on_one_page(world: World) -> None:
    """How to begin, the commands with what they do, the words of a reply, the lines; from every page by one link."""
    browser = Browser(world.config(guide=lambda: GUIDE))
    for path in ("/", "/in", "/nothing", "/accessibility"):
        assert '<a href="/help">Help</a>' in browser.get(path).text
    page = browser.get("/help").text
    assert '<h2 id="start">Getting started</h2>' in page
    assert "No special browser or setting is needed" in page
    assert '<tr><th scope="row">#resolve</th><td>Ends the ticket: it is solved.</td></tr>' in page
    assert page.index("In a reply") < page.index("#resolve") < page.index("As the subject of") < page.index("#list my")
    assert "One of these words alone is enough as a reply: resolved, reopen." in page
    assert "Site:, Our ref:" in page
    assert 'Our letters come from <a href="mailto:service@example.test">' in page
    assert "phone 0344 496 0000" in page
    assert "#take" not in page


def test_staff_read_of_their_own_commands(world: World) -> None:
    """And of none that they do not have."""
    world.give_password("sam")
    browser = Browser(world.config(guide=lambda: GUIDE))
    browser.sign_in("sam")
    page = browser.get("/help").text
    assert "#take" in page
    assert "#list my" not in page
    assert "Begin it with #note, and it stays internal." in page


@pytest.mark.feature("F38", "page")
def test_useful_links_are_those_of_the_settings(world: World) -> None:
    """In their order, as text; an address that a browser would run is left out."""
    links = (("How to <b>print</b>", "https://help.example.test/print"), ("Evil", "javascript:alert(1)"))
    rules: Any = replace(Rules(), links=links)
    page = Browser(world.config(rules=rules)).get("/help").text
    assert '<a href="https://help.example.test/print" rel="noopener noreferrer">How to &lt;b&gt;print' in page
    assert "javascript:" not in page
    assert "Useful links" not in Browser(world.config()).get("/help").text


@pytest.mark.feature("F151")
def test_every_status_is_explained_and_has_its_way(browser: Browser) -> None:
    """Each one with what it says, in its shape; and how a ticket gets from the first to the last."""
    page = browser.get("/help").text
    assert set(MEANINGS) == set(statuses.ALL)
    for status, meaning in MEANINGS.items():
        assert f"</i>{status}</span></th><td>{meaning}</td>" in page
    assert "<li>From New to In Progress</li>" in page
    assert "<li>From Resolved to Update Added or Complete</li>" in page
    assert "opens again when you answer within 14 days" in page
    reached = {status for _, after in WAY for status in after} | {"New"}
    assert reached == set(statuses.ALL)


@pytest.mark.feature("F35", "page")
@pytest.mark.feature("F36", "page")
@pytest.mark.feature("F37", "page")
def test_the_headline_on_every_page_leads_to_the_whole_text(world: World, signed_in: Enter) -> None:
    """Signed out too; below it stand the others that are live or were of late."""
    old = announce(world, "Long ago", "x", -90, -60)
    over = announce(world, "Last week", "It was short.", -8, -7)
    live = announce(world, "Portal closed on 13 April", "From 22:00.\n\n<b>Mail works.</b>", -1, 4)
    later = announce(world, "In May", "Not yet.", 20, 21)
    for browser in (Browser(world.config()), signed_in("jane")):
        for path in ("/", "/help", "/nothing", f"/announcements/{old}"):
            assert f'<a href="/announcements/{live}">Portal closed on 13 April</a>' in browser.get(path).text
        page = browser.get(f"/announcements/{live}").text
        assert "From 22:00.\n\n&lt;b&gt;Mail works." in page
        assert '<time datetime="2019-04-13T12:07:00Z">13 Apr 2019, 12:07</time>' in page
        others = page[page.index("Other announcements") :]
        assert f'href="/announcements/{over}"' in others
        assert "Long ago" not in others
        assert "In May" not in page
        assert "This is over: it ended on" in browser.get(f"/announcements/{over}").text
        assert browser.get(f"/announcements/{old}").status_code == 200
        for missing in (str(later), "999999999999999999", "x", "9" * 30):
            assert browser.get(f"/announcements/{missing}").status_code == 404


def test_accessibility_is_spoken_of_honestly(browser: Browser) -> None:
    """What was done, how it was tested, what is not known, and where to write."""
    page = browser.get("/accessibility").text
    for words in (
        "WCAG 2.2, level AA",
        "Programs find a part of all faults",
        "What we know of",
        "service@example.test",
    ):
        assert words in page
