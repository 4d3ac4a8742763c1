"""A new ticket in a real browser: by a customer, and by somebody who has not signed in; without scripts, and axe."""

from pathlib import Path

import pytest

from tests.desk.opened import furnish, newest, rules
from tests.portal.chrome import RULES, page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


def test_a_ticket_from_the_first_click_to_its_page(world: World, tmp_path: Path) -> None:
    """Type and site, a fault that keeps everything, a file, one primary button; no script runs."""
    furnish(world).give_password("ana")
    (tmp_path / "plan.txt").write_text("plan")
    with (
        serve(world, rules=rules()) as address,
        chromium() as browser,
        page_of(browser, 320, java_script_enabled=False) as page,
    ):
        sign_in(page, address, "ana@customer.test", PASSWORD)
        page.get_by_role("link", name="New ticket").first.click()
        page.get_by_label("Site").select_option(label="Harbour - HB-2")
        page.get_by_label("Incident").check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Description", exact=True).fill("The bell rings by itself.")
        page.get_by_label("Item", exact=True).select_option("Lift telephone")
        page.get_by_label("Customer reference").fill("INC-9")
        page.get_by_role("button", name="Create ticket").click()
        page.get_by_role("link", name="Enter a title").click()
        page.get_by_label("Title").fill("The bell of the lift")
        assert page.get_by_label("Description", exact=True).input_value() == "The bell rings by itself."
        page.get_by_label("Files").set_input_files(tmp_path / "plan.txt")
        page.get_by_role("button", name="Create ticket").click()
        ticket = newest(world)
        assert page.url.startswith(f"{address}/t/{ticket.number}?done=opened")
        assert page.get_by_role("heading", level=1).inner_text() == "The bell of the lift"
        assert page.get_by_role("link", name="plan.txt").first.is_visible()
        assert (ticket.item, ticket.site_id) == ("Lift telephone", world.ids["Harbour"])


@pytest.mark.feature("F79", "page")
@pytest.mark.parametrize("width, scheme", [(320, "dark"), (1280, "light")])
def test_no_accessibility_faults(world: World, width: int, scheme: str) -> None:
    """Every state of the page, signed in and out; nothing is wider than the screen, also at twice the size of text."""
    from axe_playwright_python.sync_playwright import Axe

    furnish(world).give_password("ana")
    found: dict[str, object] = {}
    states = (
        "", "?view=tree", "?view=list", "?view=az&q=list", "?go=1", "?service=Mail+%2F+Distribution+list", "?done=sent",
        "?type=Change+Request&service=Mail+%2F+Distribution+list", "?type=Incident", "?service=Password&type=Query",
    )  # fmt: skip
    with (
        serve(world, rules=rules()) as address,
        chromium() as browser,
        page_of(browser, width, scheme, bypass_csp=True) as page,
    ):
        for who in ("nobody", "ana"):
            if who == "ana":
                sign_in(page, address, "ana@customer.test", PASSWORD)
            for state in states:
                page.goto(f"{address}/tickets/new{state}")
                buttons = page.get_by_role("button", name="Send request" if who == "nobody" else "Create ticket")
                if buttons.count():
                    buttons.click()
                for violation in Axe().run(page, options={"runOnly": RULES}).response["violations"]:
                    found[f"{who}{state}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]
                wide = page.evaluate("document.documentElement.scrollWidth")
                page.add_style_tag(content="html { font-size: 200% !important; }")
                large = page.evaluate("document.documentElement.scrollWidth") if width > 320 else width
                if max(wide, large) > width:
                    found[f"{who}{state}: width"] = (wide, large)
    assert found == {}
