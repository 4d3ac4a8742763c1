"""What tests in a real browser share: a fresh profile, the sign-in form, and the rules that axe-core goes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def page_of(browser: "Chromium", width: int = 1280, scheme: Any = "light", **options: Any) -> "Iterator[Page]":
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
