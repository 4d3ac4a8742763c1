"""The page of access tokens: made with the password, shown once, ended."""

import re
from collections.abc import Callable

import pytest

from tests.portal.client import Browser
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

TOKEN = re.compile(r"<code>(pd_[A-Za-z0-9_-]{43})</code>")


def test_made_shown_once_used_and_ended(world: World, signed_in: Callable[[str], Browser]) -> None:
    """The token works at the API; no other page shows it; after the button it works no more."""
    browser = signed_in("jane")
    assert "No tokens yet." in browser.get("/me/tokens").text
    made = browser.post("/me/tokens", name="Report", kind="read", days="30", current=PASSWORD)
    assert made.status_code == 200
    found = TOKEN.search(made.text)
    assert found is not None
    token = {"Authorization": f"Bearer {found[1]}"}
    assert browser.get("/api/v1/me", headers=token).json()["may_write"] is False
    shown = browser.get("/me/tokens").text
    assert found[1] not in shown
    assert found[1][:8] in shown
    again = browser.post("/me/tokens", name="Report", kind="read", days="30", current=PASSWORD)
    assert again.status_code == 422, "a form that is sent twice makes one"
    path = re.search(r'action="(/me/tokens/\d+/end)"', shown)
    assert path is not None
    other = signed_in("max")
    assert other.post(path[1], page="/me/tokens").status_code == 404
    ended = browser.post(path[1], page="/me/tokens")
    assert ended.headers["location"] == "/me/tokens?done=token-ended"
    assert "The token is ended." in browser.get(ended.headers["location"]).text
    assert browser.get("/api/v1/me", headers=token).status_code == 401


def test_what_is_wrong_with_the_form(signed_in: Callable[[str], Browser]) -> None:
    """Each fault at its field, the input kept, the password never; an open session alone makes no token."""
    browser = signed_in("jane")
    good = {"name": "Report", "kind": "write", "days": "90", "current": PASSWORD}
    for field, value, said in (
        ("current", "wrong", "The current password is not right"),
        ("name", "", "Enter a name for the token"),
        ("kind", "all", "Select what the token may do"),
        ("days", "7", "Select how long the token works"),
    ):
        answer = browser.post("/me/tokens", **{**good, field: value})
        assert answer.status_code == 422
        assert f'<a href="#{field}">{said}</a>' in answer.text
        assert "<title>Error: " in answer.text
        assert PASSWORD not in answer.text
        assert TOKEN.search(answer.text) is None
    for _ in range(6):
        last = browser.post("/me/tokens", **{**good, "current": "wrong"})
    assert last.status_code == 429


@pytest.mark.peer
def test_as_people_see_it(world: World, signed_in: Callable[[str], Browser]) -> None:
    """In a browser, narrow and wide, light and dark: the page fits, before and after a token is made."""
    from tests.portal.serving import serve

    world.give_password("jane")
    with serve(world) as address, chromium() as browser:
        for width, scheme in ((320, "light"), (1280, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{address}/in")
            page.fill("#username", "jane@customer.test")
            page.fill("#password", PASSWORD)
            page.click("main button")
            page.goto(f"{address}/me/tokens")
            page.fill("#name", f"Report {width}")
            page.fill("#current", PASSWORD)
            page.click("text=Make a token")
            assert page.locator("code").first.inner_text().startswith("pd_")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.screenshot(path=str(world.database.file.parent / f"tokens-{width}.png"), full_page=True)  # type: ignore[union-attr]
            page.close()
