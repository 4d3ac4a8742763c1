"""Every page in a real browser: nothing that axe-core finds, no sideways scrolling, large text, a silent console."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.portal import gallery
from tests.portal.chrome import RULES
from tests.portal.gallery_world import RULES as DESK_RULES
from tests.portal.gallery_world import furnish
from tests.portal.serving import serve
from tests.portal.world import World
from tests.servers import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]
# What axe does not measure (WCAG 2.5.8): links in a sentence, and boxes that lie in their label, are exempt.
SMALL = """() => [...document.querySelectorAll('main button, main select, main input:not([type=hidden]), nav a')]
  .filter(one => one.offsetParent && !one.closest('label'))
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < 24 || box.width < 24).map(([html]) => html)"""


@contextmanager
def pages(world: World, width: int, scheme: Any, **options: Any) -> "Iterator[Iterator[tuple[gallery.Shot, Page]]]":
    """All shots, one after another, in browsers of this width and colour scheme."""
    furnish(world)
    with serve(world, rules=DESK_RULES) as address, chromium() as browser:

        def context() -> Any:
            return browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options)

        yield gallery.visit(context, address, world)


@pytest.mark.feature("F60", "page")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_faults_and_no_sideways_scrolling(world: World, scheme: str) -> None:
    """axe-core finds nothing on any page; nothing is wider than the screen; targets are 24 px; titles differ."""
    found: dict[str, object] = {}
    with pages(world, 1280, scheme) as shots:
        for shot, page in shots:
            for width in (1280, 320):  # there is no script that would look at the width when the page comes
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("window.innerWidth") == width
                found |= {f"{shot.name}, {width}: {what}": fault for what, fault in _faults(page, width).items()}
            if ("error" in shot.name) is not page.title().startswith("Error: ") and "error" in shot.name:
                found[f"{shot.name}: title"] = page.title()
            page.set_viewport_size({"width": 1280, "height": 800})  # as the next page finds it
    assert found == {}


def _faults(page: "Page", width: int) -> dict[str, object]:
    from axe_playwright_python.sync_playwright import Axe

    result = Axe().run(page, options={"runOnly": RULES})
    found: dict[str, object] = {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]]
        for violation in result.response["violations"]
    }
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        found["width"] = wide
    if small := page.evaluate(SMALL):
        found["small"] = small
    return found


def test_text_of_twice_the_size_fits(world: World) -> None:
    """At 200 % text nothing is cut off sideways on a narrow screen (WCAG 1.4.4)."""
    wide: dict[str, int] = {}
    with pages(world, 640, "light", bypass_csp=True) as shots:
        for shot, page in shots:
            page.add_style_tag(content="html { font-size: 200% !important; }")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 640:
                wide[shot.name] = width
    assert wide == {}


def test_everything_works_without_scripts_and_asks_nobody_else(world: World) -> None:
    """Two requests for a first view, one for each later one, all of them ours; nothing on the console."""
    said: list[str] = []
    asked: list[str] = []
    with pages(world, 1280, "light", java_script_enabled=False) as shots:
        before: dict[str, Page] = {}
        for shot, page in shots:
            if shot.who not in before:
                before[shot.who] = page
                page.on("console", lambda message: said.append(message.text))
                page.on("request", lambda request: asked.append(request.url))
            assert page.locator("h1").count() == 1, shot.name
    assert [text for text in said if "status of 4" not in text] == []  # Chromium tells of every answer from 400 on
    assert {url.split("/")[2].partition(":")[0] for url in asked} == {"127.0.0.1"}
    assert not [url for url in asked if url.endswith((".js", ".woff2"))]
