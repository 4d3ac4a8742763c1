"""The profile, the forgotten password and help in a real browser, as a person uses them."""

import pytest
from sqlalchemy import select

from store.tables import Contact, Outbox
from tests.portal.chrome import RULES, page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import KEYS, PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


def test_a_forgotten_password_and_a_changed_profile(world: World) -> None:
    """A link is asked for and used, a password chosen, a number changed, another browser signed out; no script runs."""
    world.give_password("jane")
    with (
        serve(world) as address,
        chromium() as browser,
        page_of(browser, java_script_enabled=False) as page,
        page_of(browser) as other,
    ):
        sign_in(other, address, "jane@customer.test", PASSWORD)
        page.goto(f"{address}/tickets?view=open")
        page.get_by_role("link", name="I forgot my password").click()
        page.get_by_label("E-mail address").fill("jane@customer.test")
        page.get_by_role("button", name="Send a link").click()
        assert page.get_by_role("status").is_visible()
        with world.database.reading() as session:
            assert session.scalars(select(Outbox.kind).order_by(Outbox.id.desc())).first() == "sign_in_link"
        letter = world.once_letter("jane", KEYS, world.clock())
        assert letter is not None
        page.goto(f"{address}/in/once/{letter.secret}")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("New password", exact=True).fill("blue kettle sings twice")
        page.get_by_label("New password again").fill("blue kettle sings twice")
        page.get_by_role("button", name="Save password").click()
        sign_in(other, address, "jane@customer.test", "blue kettle sings twice")
        page.get_by_role("link", name="Jane Sample").click()
        page.get_by_label("Last name").fill("Sample")
        page.get_by_label("Mobile").fill("07700 900000")
        page.get_by_role("button", name="Save").first.click()
        assert page.get_by_text("Saved.").is_visible()
        page.get_by_role("button", name="Sign out everywhere else").click()
        assert page.get_by_text("Signed out there.").is_visible()
        other.reload()
        assert other.get_by_role("link", name="Sign in", exact=True).is_visible()
    with world.database.reading() as session:
        assert session.get_one(Contact, world.ids["jane"]).details["Mobile"] == "07700 900000"


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_these_pages_have_no_accessibility_faults(world: World, scheme: str, width: int) -> None:
    """axe-core finds nothing, normal and wrong, and nothing is wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    world.give_password("jane")
    found: dict[str, object] = {}
    with serve(world) as address, chromium() as browser, page_of(browser, width, scheme) as page:

        def look(name: str) -> None:
            for violation in Axe().run(page, options={"runOnly": RULES}).response["violations"]:
                found[f"{name}: {violation['id']}"] = [node["html"] for node in violation["nodes"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found[f"{name}: width"] = wide

        for path in ("/in/forgotten", "/help", "/accessibility"):
            page.goto(address + path)
            look(path)
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.goto(f"{address}/me")
        look("me")
        page.get_by_label("First name").fill("")
        page.get_by_role("button", name="Save").first.click()
        look("me, wrong")
        assert "There is a problem" in page.evaluate("document.activeElement.textContent")
    assert found == {}
