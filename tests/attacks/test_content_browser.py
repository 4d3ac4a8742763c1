"""What a real browser does with hostile mail: the sanitised HTML by itself, the pages, the printed page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.attacks.batch import Outcome, outcomes
from tests.attacks.hostile_html import LOADS, ROWS, left_of
from tests.attacks.outside import give_password
from tests.attacks.test_content_html import mail_of
from tests.peers.chromium import chromium
from tests.peers.desk import STAFF, Desk
from tests.portal.chrome import page_of, sign_in
from tests.portal.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]
HTML = {name: html for cases in ROWS.values() for name, html in cases.items()}
# What leaves the rest of the mail to be read; the others swallow it, and stand alone.
TOGETHER = "".join(html for name, html in LOADS.items() if "open" not in name)
READ_AGAIN = "html => { document.body.innerHTML = html; return document.body.innerHTML; }"


@pytest.fixture(scope="module")
def sent(attacked: Desk) -> dict[str, Outcome]:
    """Each in a mail of its own, from strangers, and all that load something in one more."""
    mails = {name: (f"b{n}@browser.test", mail_of(f"b{n}@browser.test", f"browser {n}", html))
             for n, (name, html) in enumerate(HTML.items())}  # fmt: skip
    mails["all"] = ("all@browser.test", mail_of("all@browser.test", "browser", TOGETHER))
    return outcomes(attacked, mails)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One for all of them."""
    with chromium() as found:
        yield found


class Watched:
    """What a page asked for and said, and whether anything in it ran."""

    def __init__(self, page: "Page") -> None:
        self.asked: list[str] = []
        self.ran: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", self._said)

    def _said(self, dialog: "Dialog") -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()


@pytest.mark.attack(37, 38, 39, 40)
def test_what_is_kept_is_inert_by_itself(browser: "Browser", sent: dict[str, Outcome]) -> None:
    """With scripts on, no frame and no policy: nothing runs or loads, also when the page's own markup is read again."""
    rich = {name: found.html for name, found in sent.items() if found.html}
    assert len(rich) > len(HTML) // 2
    with page_of(browser) as page:
        watched = Watched(page)
        for name, html in rich.items():
            page.set_content(f"<!doctype html><body>{html}")
            again = html
            for _ in range(3):
                again = page.evaluate(READ_AGAIN, again)
                assert left_of(again) == [], name
            asked = [url for url in watched.asked if not url.startswith("cid:")]  # what its own files are put in for
            assert (asked, watched.ran) == ([], []), name


@pytest.mark.attack(38)
def test_no_request_leaves_the_browser(browser: "Browser", sent: dict[str, Outcome], attacked: Desk) -> None:
    """The ticket with the mail as it was sent, its frame opened and loaded: only this desk is asked."""
    give_password(attacked, STAFF)
    with page_of(browser) as page:
        watched = Watched(page)
        sign_in(page, attacked.url, STAFF, PASSWORD)
        watched.asked.clear()
        for name in ("all", "remote picture", "style that reads fields", "frame", "refresh"):
            found = sent[name]
            page.goto(f"{attacked.url}/t/{found.number}")
            if found.html:
                page.get_by_text("Show as it was sent").click()
                frame = page.frame_locator("iframe")
                frame.get_by_text("Words above.").wait_for()
            page.wait_for_load_state("networkidle")
            strange = [url for url in watched.asked if not url.startswith(f"{attacked.url}/")]
            assert strange == [], name
        paths = {url.removeprefix(attacked.url).partition("?")[0] for url in watched.asked}
        assert all(path.startswith(("/t/", "/static/")) or path.endswith(".css") for path in paths), paths
        assert watched.ran == []


@pytest.mark.attack(46)
def test_the_printed_page_loads_nothing(browser: "Browser", sent: dict[str, Outcome], attacked: Desk) -> None:
    """The ticket page made into a PDF by a browser: only this desk is asked."""
    give_password(attacked, STAFF)
    with page_of(browser) as page:
        watched = Watched(page)
        sign_in(page, attacked.url, STAFF, PASSWORD)
        page.goto(f"{attacked.url}/t/{sent['all'].number}")
        page.emulate_media(media="print")
        assert page.pdf().startswith(b"%PDF-")
        assert all(url.startswith(f"{attacked.url}/") for url in watched.asked)
        assert watched.ran == []
