"""The portal in a real browser: the first visit, accessibility, narrow screens, large text, keyboard, print."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.portal.serving import serve
from tests.portal.world import PASSWORD, START, World, add_ticket
from tests.servers import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOCUSED = "(focused => [focused.textContent, getComputedStyle(focused).outlineWidth])(document.activeElement)"
LONG = "https://intranet.example.test/" + "a-very-long-path-without-any-blank/" * 6


@contextmanager
def page_of(browser: "Chromium", width: int = 1280, scheme: str = "light", **options: object) -> "Iterator[Page]":
    """A fresh profile of this width and colour scheme."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in(page: "Page", address: str, username: str, password: str) -> None:
    """As a person does."""
    page.goto(f"{address}/in")
    page.get_by_label("E-mail address").fill(username)
    page.get_by_label("Password", exact=False).fill(password)
    page.get_by_role("button", name="Sign in").click()


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
            page.get_by_role("link", name="switch log, 9 April.txt").click()
        assert download.value.suggested_filename == "switch log, 9 April.txt"
        page.get_by_role("button", name="Sign out").click()
        assert page.url == f"{address}/"
        assert said == []
        assert all(url.startswith(address) for url in asked)


def states(page: "Page", address: str, world: World) -> "Iterator[str]":
    """Take the page through every template in its states; the name of each."""
    for name, path in [("status", "/"), ("sign in", "/in"), ("not found", "/x"), ("link used", "/in/once/x")]:
        page.goto(address + path)
        yield name
    page.goto(f"{address}/in/once/{world.issue('zoe', 'link')}")
    yield "link"
    sign_in(page, address, "jane@customer.test", "wrong")
    yield "sign in, wrong"
    sign_in(page, address, "jane@customer.test", PASSWORD)
    yield "home"
    for name, path in [("tickets", "/tickets"), ("ticket", "/t/T20190409.0967"), ("password", "/in/password")]:
        page.goto(address + path)
        yield name
    page.get_by_label("New password", exact=True).fill("short")
    page.get_by_role("button", name="Save password").click()
    yield "password, wrong"
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, address, "sam@example.test", PASSWORD)
    page.goto(f"{address}/t/T20190409.0967")
    yield "ticket, staff"
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, address, "eva@customer.test", PASSWORD)
    yield "home, empty"
    page.goto(f"{address}/tickets")
    yield "tickets, empty"


def prepare(world: World) -> None:
    """People with passwords, and a title and a text that do not break by themselves."""
    for name in ("jane", "sam", "eva"):
        world.give_password(name)
    with world.database.transaction() as session:
        add_ticket(session, world, "wide", "jane", title=LONG[:200], status="Waiting Customer", updated_at=START)


@pytest.mark.feature("F60", "page")
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_faults_and_no_sideways_scrolling(world: World, scheme: str, width: int) -> None:
    """axe-core finds nothing on any page; nothing is wider than the screen; targets are 24 px."""
    from axe_playwright_python.sync_playwright import Axe

    prepare(world)
    found: dict[str, object] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, width, scheme) as page:
        for name in states(page, address, world):
            result = Axe().run(page, options={"runOnly": RULES})
            for violation in result.response["violations"]:
                found[f"{name}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found[f"{name}: width"] = wide
    assert found == {}


def test_text_of_twice_the_size_fits(world: World) -> None:
    """At 200 % text nothing is cut off sideways on a narrow screen (WCAG 1.4.4)."""
    prepare(world)
    wide: dict[str, int] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, 640, bypass_csp=True) as page:
        for name in states(page, address, world):
            page.add_style_tag(content="html { font-size: 200% !important; }")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 640:
                wide[name] = width
    assert wide == {}


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
        assert page.get_by_text("switch log, 9 April.txt").is_visible()
        colours = page.evaluate(
            "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
