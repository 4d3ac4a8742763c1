"""The page of a ticket in a real browser: a note with a file, options, narrow and dark, without a fault for axe."""

from pathlib import Path

import pytest

from tests.portal.chrome import RULES, page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]
TICKET = "/t/T20190409.0967"


def test_a_note_from_start_to_end(world: World, tmp_path: Path) -> None:
    """Refused once with the words kept, then taken with its file; the browser stands at the new entry."""
    world.give_password("jane")
    world.clock.forward(minutes=40)
    photo = tmp_path / "handset.txt"
    photo.write_text("the display is dark", encoding="utf-8")
    with serve(world) as address, chromium() as browser, page_of(browser, java_script_enabled=False) as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.goto(address + TICKET)
        page.get_by_label("Note", exact=True).fill("It rings again.")
        page.get_by_text("More options").click()
        page.get_by_label("Also send it to (optional)").fill("nobody")
        page.get_by_role("button", name="Add note").click()
        assert page.get_by_role("alert").get_by_text("“nobody” is not a complete e-mail address.").is_visible()
        assert page.get_by_label("Note", exact=True).input_value() == "It rings again."
        assert page.get_by_label("Also send it to (optional)").is_visible()
        page.get_by_label("Also send it to (optional)").fill("")
        page.get_by_label("Files (optional)").set_input_files(photo)
        page.get_by_role("button", name="Add note").click()
        entry = page.locator("ol.entries > li").last
        assert page.url.startswith(f"{address}{TICKET}#n")
        assert page.url.endswith("#" + str(entry.get_attribute("id")))
        assert entry.get_by_text("It rings again.").is_visible()
        assert entry.get_by_role("link", name="handset.txt").is_visible()
        page.get_by_role("button", name="Resolve this issue").click()
        assert page.get_by_role("status").get_by_text("The ticket is resolved.").is_visible()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_faults_on_the_page_of_a_ticket(world: World, scheme: str, width: int) -> None:
    """Normal, folded out, refused, and the page of no access: axe finds nothing, nothing scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    world.give_password("jane")
    found: dict[str, object] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, width, scheme) as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        for name in ("normal", "open", "refused", "quick", "no access"):
            if name == "refused":
                page.get_by_role("button", name="Add note").click()
            else:
                paths = {"quick": f"{TICKET}?quick", "no access": "/t/T20190409.9999"}
                page.goto(address + paths.get(name, TICKET))
            if name == "open":
                page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            result = Axe().run(page, options={"runOnly": RULES})
            for violation in result.response["violations"]:
                found[f"{name}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found[f"{name}: width"] = wide
    assert found == {}
