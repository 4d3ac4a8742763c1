"""Debian's Chromium, driven by Playwright."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.peers.common import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = [
    # No request of its own: what a page asks for is all that a test sees.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
]


@contextlib.contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser: `with chromium() as browser: page = browser.new_page()`. Not inside a running event loop."""
    program = require("chromium")
    from playwright.sync_api import sync_playwright  # half a second that other tests need not wait for

    flags = [*FLAGS, "--no-sandbox"] if os.getuid() == 0 else FLAGS  # its sandbox refuses root
    with sync_playwright() as playwright, _clicks_are_followed():
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def _clicks_are_followed() -> Iterator[None]:
    """A click waits until the page that it brings has begun to come; within this, until that page is there.

    What is looked at and not waited for, as by is_visible(), would else depend on who is quicker.
    """
    from playwright.sync_api import Locator

    click = Locator.click

    def followed(self: Locator, **options: Any) -> None:
        click(self, **options)
        self.page.wait_for_load_state()

    with patch.object(Locator, "click", followed):
        yield
