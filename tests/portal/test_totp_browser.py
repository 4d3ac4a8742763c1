"""Two-step sign-in in a real browser, as a person uses it: set up, used at the next sign-in, and by a recovery code."""

import base64

import pytest

from desk import totp
from tests.portal.chrome import page_of, sign_in
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


def test_setting_up_and_signing_in(world: World) -> None:
    """Somebody who must have it sets it up, and comes in by a code and by a recovery code; no script runs."""
    world.give_password("sam")
    with (
        serve(world, two_step="staff") as address,
        chromium() as browser,
        page_of(browser, 320, java_script_enabled=False) as page,
    ):

        def code(beside: int) -> str:
            return totp.code(secret, totp.step_at(world.clock()) + beside)

        sign_in(page, address, "sam@example.test", PASSWORD)
        page.goto(f"{address}/desk")
        page.get_by_label("Current password").fill(PASSWORD)
        page.get_by_role("button", name="Set it up").click()
        secret = base64.b32decode(page.locator("main p > code").inner_text().replace(" ", ""))
        picture = page.get_by_role("img", name="QR code with the key that stands below").locator("svg").bounding_box()
        assert picture is not None
        assert 200 < picture["width"] <= 288
        page.get_by_label("Code", exact=True).fill(code(0))
        page.get_by_role("button", name="Switch on").click()
        kept = page.locator("main li code").all_inner_texts()
        page.get_by_role("link", name="I have kept them").click()
        assert page.url == f"{address}/desk"
        for typed in (code(1), kept[0]):
            page.get_by_role("button", name="Sign out").click()
            page.goto(f"{address}/desk/mail")
            page.get_by_label("E-mail address").fill("sam@example.test")
            page.get_by_label("Password", exact=False).first.fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            if typed == kept[0]:
                page.get_by_role("link", name="Use a recovery code").click()
            page.get_by_role("textbox").fill("000000")
            page.get_by_role("button", name="Sign in", exact=True).click()
            assert page.title().startswith("Error: ")
            page.get_by_role("textbox").fill(typed)
            page.get_by_role("button", name="Sign in", exact=True).click()
            assert page.url == f"{address}/desk/mail"
        page.goto(f"{address}/me/two-step")
        assert page.get_by_text("9 recovery codes are left.").is_visible()
