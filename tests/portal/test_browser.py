"""The portal in a real browser: the first visit, keyboard, focus, print; every page is looked at in test_gallery.py."""

import pytest

from tests.portal.chrome import page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]
FOCUSED = "(focused => [focused.textContent, getComputedStyle(focused).outlineWidth])(document.activeElement)"


def test_the_first_visit(world: World) -> None:
    """One-time password, own password, tickets, a ticket, sign out; no error on the console, scripts off."""
    secret = world.issue("jane")
    with serve(world) as address, chromium() as browser, page_of(browser, java_script_enabled=False) as page:
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/t/T20190409.0967")
        assert asked[-1].endswith(".css")
        page.get_by_label("E-mail address").fill("jane@customer.test")
        page.get_by_label("Password", exact=False).fill(secret)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("New password", exact=True).fill("blue kettle sings twice")
        page.get_by_label("New password again").fill("blue kettle sings twice")
        page.get_by_role("button", name="Save password").click()
        assert page.url == f"{address}/t/T20190409.0967"  # the page that was asked for
        page.get_by_text("Show quoted text").click()
        assert page.get_by_text("Acme Sample, second floor").is_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="switch log, 9 April.txt").first.click()
        assert download.value.suggested_filename == "switch log, 9 April.txt"
        page.get_by_role("button", name="Sign out").click()
        assert page.url == f"{address}/"
        assert said == []
        assert all(url.startswith(address) for url in asked)


def test_the_keyboard_goes_as_the_eye_does(world: World) -> None:
    """Skip link first, then top to bottom; each stop shows a ring of 3 px."""
    world.give_password("jane")
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.goto(f"{address}/t/T20190409.0967")
        stops = []
        for _ in range(12):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(FOCUSED))
        assert [ring for _, ring in stops] == ["3px"] * 12
        assert [text for text, _ in stops] == [
            "Skip to the page", "Example Service Desk", "Home", "Tickets", "New ticket", "Jane Sample",
            "Help", "Sign out",
            "9 Apr 2019, 12:07", "Show quoted text", "Show as it was sent", "switch log, 9 April.txt",
        ]  # fmt: skip


def test_a_wrong_sign_in_puts_the_focus_on_what_is_wrong(world: World) -> None:
    """Without a script; a screen reader begins there."""
    with serve(world) as address, chromium() as browser, page_of(browser) as page:
        sign_in(page, address, "jane@customer.test", "wrong")
        assert "There is a problem" in page.evaluate("document.activeElement.textContent")


@pytest.mark.feature("F128")
def test_a_printed_ticket_is_the_ticket(world: World) -> None:
    """Title, details and conversation; no navigation, no buttons, black on white from a dark screen too."""
    world.give_password("jane")
    with serve(world) as address, chromium() as browser, page_of(browser, scheme="dark") as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.goto(f"{address}/t/T20190409.0967")
        page.emulate_media(media="print")
        for hidden in (page.get_by_role("navigation"), page.get_by_role("contentinfo"), page.get_by_text("Sign out")):
            assert not hidden.is_visible()
        assert page.get_by_role("heading", level=1).is_visible()
        assert page.get_by_text("switch log, 9 April.txt").first.is_visible()
        colours = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
