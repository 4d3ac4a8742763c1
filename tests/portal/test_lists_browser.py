"""The lists in a real browser: search, sort, choose columns, act on several tickets; nothing is too wide."""

from datetime import timedelta

import pytest

from tests.portal.chrome import RULES, page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, START, World, add_ticket
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


@pytest.mark.feature("F60", "page")
@pytest.mark.feature("F166", "page")
@pytest.mark.feature("F175", "page")
def test_a_list_from_the_search_to_the_queue(world: World) -> None:
    """On a telephone, with scripts off; axe-core finds nothing on the way."""
    from axe_playwright_python.sync_playwright import Axe

    world.give_password("jane")
    world.give_password("sam")
    with world.database.transaction() as session:
        for i in range(3):
            add_ticket(session, world, f"door{i}", "jane", title=f"Door {i}", due_at=START - timedelta(hours=i))
    found: dict[str, object] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, 320, java_script_enabled=False) as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.get_by_role("link", name="Tickets", exact=True).click()
        page.get_by_label("Words in titles and notes").fill("door")
        page.get_by_text("More filters").click()
        page.get_by_label("Sort by").select_option("-title")
        page.get_by_role("button", name="Apply the filters").click()
        assert page.url == f"{address}/tickets?q=door&sort=-title"
        assert page.get_by_role("heading", level=1).inner_text() == "Ticket search: “door”"
        assert page.locator("tbody th a").all_inner_texts() == ["Door 2", "Door 1", "Door 0"]
        page.get_by_text("Columns", exact=True).click()
        page.get_by_label("Site", exact=True).last.uncheck()
        page.get_by_label("Place of Title").fill("2")
        page.get_by_label("Place of Status").fill("3")
        page.get_by_role("button", name="Save the columns").click()
        assert page.get_by_role("status").inner_text().startswith("Your lists have these columns now")
        assert page.get_by_role("columnheader").all_inner_texts() == []  # a telephone shows records
        page.get_by_role("button", name="Sign out").click()
        sign_in(page, address, "sam@example.test", PASSWORD)
        page.get_by_role("link", name="Desk", exact=True).click()
        page.get_by_role("checkbox").first.check()
        page.get_by_label("Do with the chosen tickets").select_option("status:Resolved")
        page.get_by_role("button", name="Do it").click()
        assert page.get_by_role("status").inner_text() == "The chosen tickets are changed."
        page.get_by_role("button", name="Take", exact=True).first.click()
        assert page.get_by_role("status").inner_text() == "The ticket is yours."
    with serve(world) as address, chromium() as browser, page_of(browser, 320) as page:
        sign_in(page, address, "sam@example.test", PASSWORD)
        for path in ("/desk?view=open&edit=yes", "/tickets?q=door&edit=yes", "/tickets?sort=x", "/desk?q=nothing"):
            page.goto(address + path)
            for violation in Axe().run(page, options={"runOnly": RULES}).response["violations"]:
                found[f"{path}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > 320:
                found[f"{path}: width"] = wide
    assert found == {}
