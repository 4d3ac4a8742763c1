"""Letters in a real browser: axe finds nothing in light or dark, and a telephone needs no sideways scrolling."""

from pathlib import Path

import pytest

from postdesk.preview.letters import LETTERS
from tests.letters import rendered
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(300)]
# One of each kind: those of one kind are made of the same pieces.
ONE_EACH = [next(entry.name for entry in LETTERS if entry.kind == kind) for kind in {one.kind: 0 for one in LETTERS}]
# Landmarks are for pages: a letter is shown inside of one.
RULES = {name: {"enabled": False} for name in ("region", "landmark-one-main", "page-has-heading-one")}


def longest() -> str:
    """The language that needs the most room, of those that are translated."""
    filled = [code for code in rendered.LANGUAGES if code != "en" and rendered.is_filled(code)]
    return max(filled, key=lambda code: sum(len(one.text) for one in rendered.letters(code).values()), default="")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["English", "the longest language"])
@pytest.mark.feature("F60", "mail")
def test_letters_are_accessible(which: str, scheme: str, tmp_path: Path) -> None:
    """On a screen of 320 pixels, the narrowest there is."""
    from axe_playwright_python.sync_playwright import Axe

    language = "en" if which == "English" else longest()
    if not language:
        pytest.skip("no catalogue has a translation yet")
    found: dict[str, object] = {}
    with chromium() as browser:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 320, "height": 640})
        for name in ONE_EACH:
            file = tmp_path / f"{name}.html"
            file.write_text(rendered.letters(language)[name].html, encoding="utf-8")
            page.goto(file.as_uri())
            for fault in Axe().run(page, options={"rules": RULES}).response["violations"]:
                found[f"{name}: {fault['id']}"] = [node["html"] for node in fault["nodes"]]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > 320:
                found[f"{name}: width"] = wide
    assert found == {}
