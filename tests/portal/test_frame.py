"""The frame of a mail in a real browser: what is seen in it, what leaves it, and that nothing in it runs."""

import socket
from typing import TYPE_CHECKING

import pytest

from store.tables import Event
from tests.portal.chrome import RULES, page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import HTML, PASSWORD, World
from tests.servers import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]
TICKET = "/t/T20190409.0967"
# What the sanitiser would never let through, so that the walls behind it are seen to stand by themselves. Frames are
# not among it: Chromium connects to where a forbidden one leads, though it then asks for nothing.
EVIL = (
    "<script>document.title = 'run'; parent.document.title = 'run'</script><img src='x' onerror='document.title=1'>"
    '<img src="TRACKER/pixel.gif"><link rel="stylesheet" href="TRACKER/x.css">'
    '<p style="background: url(TRACKER/y.png)">Words</p><meta http-equiv="refresh" content="0; '
    'url=TRACKER/">'
    '<form action="TRACKER/" target="_self"><button>Send</button></form>'
)


def opened(page: "Page", address: str, number: int = 0) -> "Frame":
    """Jane signs in and unfolds her mail; the frame, as soon as it is there."""
    sign_in(page, address, "jane@customer.test", PASSWORD)
    page.goto(address + TICKET)
    with page.expect_response(lambda answer: answer.url.endswith(".html")):
        page.get_by_text("Show as it was sent").nth(number).click()
    frame = page.frames[-1]
    frame.wait_for_load_state()
    return frame


def test_the_frame_shows_words_and_pictures_and_asks_nobody_else(world: World) -> None:
    """The picture of the mail is loaded from us, without a script and without an error; all else stays away."""
    world.give_password("jane")
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        frame = opened(page, address)
        assert frame.get_by_text("second floor", exact=True).is_visible()
        assert frame.evaluate("[...document.images].map(image => image.naturalWidth)") == [64, 0]
        assert frame.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert frame.evaluate("origin") == "null"
        assert all(url.startswith(address) for url in asked)
        assert said == []


def test_nothing_runs_or_leaves_even_past_the_sanitiser(world: World) -> None:
    """Scripts, trackers, style sheets, refreshes, frames and forms, put straight into the database."""
    world.give_password("jane")
    tracker = socket.create_server(("127.0.0.1", 0))
    with world.database.transaction() as session:
        address = f"http://127.0.0.1:{tracker.getsockname()[1]}"
        session.get_one(Event, world.ids["log"] - 1).html = HTML + EVIL.replace("TRACKER", address)
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        frame = opened(page, address)
        frame.get_by_role("button", name="Send").click()
        assert "run" not in (page.title(), frame.title())
        assert frame.get_by_text("Good morning").is_visible()
    tracker.settimeout(0.5)
    with tracker, pytest.raises(TimeoutError):
        tracker.accept()  # nobody was there


def test_a_link_opens_a_tab_of_its_own(world: World) -> None:
    """One click, a tab that cannot reach back and works as ever; the frame and the page stay where they are."""
    world.give_password("jane")
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        page.context.route("https://intranet.example.test/**", lambda route: route.fulfill(
            content_type="text/html", body="<title>ours</title><script>document.title = String(window.opener)</script>"
        ))  # fmt: skip
        frame = opened(page, address)
        with page.context.expect_page() as tab:
            frame.get_by_role("link", name="on our page").click()
        tab.value.wait_for_load_state()
        assert tab.value.title() == "null"  # its script runs, and there is no way back
        assert tab.value.url == "https://intranet.example.test/phones"
        assert page.url == address + TICKET
        assert frame.get_by_text("Good morning").is_visible()


def test_alone_the_frame_is_the_ticket(world: World) -> None:
    """Opened in a tab, its address leads to the entry on the ticket page."""
    world.give_password("jane")
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        frame = opened(page, address)
        page.goto(frame.url)
        assert page.url == f"{address}{TICKET}#n{world.ids['log'] - 1}"


def faults(page: "Page", where: str, rules: list[str], found: dict[str, object]) -> None:
    """What axe-core says about the page as it is."""
    from axe_playwright_python.sync_playwright import Axe

    for violation in Axe().run(page, options={"runOnly": rules}).response["violations"]:
        found[f"{where}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_unfolded_mail_has_no_accessibility_faults(world: World, scheme: str, width: int) -> None:
    """axe-core finds nothing on the page nor inside of the frame, nothing scrolls sideways, print leaves it out."""
    world.give_password("jane")
    found: dict[str, object] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, width, scheme) as page:
        frame = opened(page, address)
        # In the frame itself axe cannot run: nothing can. So what is in it is looked at on a page of its own.
        inside = page.request.get(frame.url, headers={"Sec-Fetch-Dest": "iframe"}).text()
        faults(page, "page", RULES, found)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found["width"] = wide
        assert page.locator("iframe").evaluate("frame => frame.clientHeight") >= 320
        page.emulate_media(media="print")
        assert not page.locator("iframe").is_visible()
        page.emulate_media(media="screen")
        page.goto("about:blank")
        page.set_content(inside)
        faults(page, "frame", RULES[:-1], found)  # headings and landmarks are for whole pages
    assert found == {}
