"""How pages write dates, times and sites: one way everywhere, that nobody can read as another day."""

from zoneinfo import ZoneInfo

import pytest

from tests.portal.client import Browser
from tests.portal.gallery_world import RULES, furnish
from tests.portal.world import World

STAMP = '<time datetime="2019-04-09T12:07:00Z">9 Apr 2019, 13:07</time>'


@pytest.fixture
def jane(world: World) -> Browser:
    """The Admin user of Acme Sample, at a desk in London."""
    furnish(world)
    browser = Browser(world.config(rules=RULES, zone=ZoneInfo("Europe/London")))
    browser.sign_in("jane")
    return browser


@pytest.mark.feature("F65", "page")
def test_dates_are_written_out(jane: Browser) -> None:
    """“9 Apr 2019, 13:07” in lists, on tickets and at Home; never 09/04 or 04/09."""
    for path in ("/", "/tickets", "/t/T20190409.0967"):
        page = jane.get(path).text
        assert STAMP in page, path
        assert "09/04" not in page, path
        assert "04/09" not in page, path


@pytest.mark.feature("F66", "page")
def test_each_note_has_day_and_time(jane: Browser) -> None:
    """Beside its author, as a link to the note itself, in the desk's zone."""
    page = jane.get("/t/T20190409.0967").text
    assert f'">{STAMP}</a>' in page


@pytest.mark.feature("F67", "page")
def test_sites_have_their_whole_label(jane: Browser, world: World) -> None:
    """Name, code, place, post code and account, wherever one is chosen."""
    page = jane.get("/tickets/new").text + jane.get("/tickets/new?type=Incident").text
    assert "Blackfriars - S-0007 - London - EC4V 6BJ - Sample" in page
