"""Every page as a screen reader and a keyboard meet it, without a browser; and the budgets of pages."""

import gzip
import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from portal.render import minified
from tests.portal.client import Browser
from tests.portal.world import START, TEMPLATES, World, add_event, add_ticket

Enter = Callable[[str], Browser]
Attributes = dict[str, str | None]
CSS = (TEMPLATES / "static" / "desk.css").read_text(encoding="utf-8")
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(HTMLParser):
    """The tags of a page in order, the text of its title, and whether tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.open: list[str] = []
        self.wrapped: list[Attributes] = []  # by a label
        self.title = ""
        self.feed(text)
        self.close()
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, dict(attrs)))
        if "label" in self.open:
            self.wrapped.append(self.tags[-1][1])
        assert len(dict(attrs)) == len(attrs), f"{tag} names an attribute twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It must be the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the title."""
        if self.open and self.open[-1] == "title":
            self.title += data

    def all(self, *names: str) -> list[Attributes]:
        """The attributes of all tags of these names."""
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def pages(world: World, signed_in: Enter) -> dict[str, str]:
    """Every page in its states: normal, empty, wrong."""
    out, jane, sam, eva, new = Browser(world.config()), signed_in("jane"), signed_in("sam"), signed_in("eva"), None
    new = Browser(world.config())
    new.sign_in("max", world.issue("max"))
    link = world.issue("zoe", "link")
    return {
        "status": out.get("/").text,
        "sign in": out.get("/in").text,
        "sign in, wrong": out.sign_in("jane", "wrong").text,
        "link": out.get(f"/in/once/{link}").text,
        "link, used": out.get("/in/once/x").text,
        "not found": out.get("/nothing").text,
        "choose a password": new.get("/in/password").text,
        "choose a password, wrong": new.post("/in/password", new_password="x", again="x").text,
        "change the password, wrong": jane.post("/in/password", new_password="x" * 12, again="x").text,
        "home": jane.get("/").text,
        "home, empty": eva.get("/").text,
        "tickets": jane.get("/tickets").text,
        "tickets, open": jane.get("/tickets?view=open").text,
        "tickets, empty": eva.get("/tickets").text,
        "ticket": jane.get("/t/T20190409.0967").text,
        "ticket, staff": sam.get("/t/T20190409.0967").text,
    }


def test_pages_are_well_made(pages: dict[str, str]) -> None:
    """One h1, no heading level skipped, unique ids, language, labels, table headers, nothing that scripts."""
    titles = []
    for name, text in pages.items():
        page = Page(text)
        titles.append(page.title)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), name
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        assert page.all("html")[0]["lang"] == "en", name
        assert ("wrong" in name or name == "not found") == page.title.startswith("Error: "), name
        assert all("scope" in attributes for attributes in page.all("th")), name
        assert page.all("script", "img", "style", "base", "object") == [], name
        for frame in page.all("iframe"):
            assert frame["sandbox"] == "allow-popups allow-popups-to-escape-sandbox", name
            assert str(frame["title"]).startswith("Mail of "), name
            assert str(frame["src"]).startswith("/t/"), name
            assert frame["loading"] == "lazy", name
        for tag, attributes in page.tags:
            assert not any(key.startswith("on") or key == "style" for key in attributes), (name, tag)
            assert (attributes.get("tabindex") or "0") in ("0", "-1"), (name, tag)
            assert (attributes.get("href") or "/").startswith(("/", "#", "mailto:service@example.test")), (name, tag)
        check_fields(page, name)
    assert len(set(titles)) >= len(titles) - 4  # the states of one page may share their title


def check_fields(page: Page, name: str) -> None:
    """Every field has its label, every reference its target, every form its token and its method."""
    ids = {attributes.get("id") for _, attributes in page.tags}
    labelled = {attributes.get("for") for attributes in page.all("label")}
    for attributes in page.all("input"):
        if attributes.get("type") in ("checkbox", "radio"):
            wrapped = attributes in page.wrapped or attributes.get("aria-label")
            assert wrapped or attributes.get("id") in labelled, name
        elif attributes.get("type") != "hidden" and "hidden" not in attributes:
            assert attributes.get("aria-label") or attributes.get("id") in labelled, name
            assert attributes.get("autocomplete") or attributes.get("type") == "file", name
        for described in (attributes.get("aria-describedby") or "").split():
            assert described in ids, name
    for attributes in page.all("a"):
        if (attributes.get("href") or "").startswith("#"):
            assert str(attributes["href"])[1:] in ids, name
    tokens = [field for field in page.all("input") if field.get("name") == "form_token"]
    # A search is sent by GET: its address can be kept, and no token gets into it.
    sent = [form for form in page.all("form") if form.get("role") != "search"]
    assert len(tokens) == len(sent), name
    assert all(form.get("method") == "post" for form in sent), name


def test_pages_speak_plainly(pages: dict[str, str]) -> None:
    """None of the words that say nothing or accuse, and no exclamation."""
    banned = re.compile(r"\b(please|sorry|oops|valid|invalid|kindly|click here)\b|!", re.IGNORECASE)
    for name, text in pages.items():
        words = re.sub(r"<!doctype[^>]*>|<[^>]*>", " ", text)
        assert banned.search(words) is None, name


def test_pages_need_no_second_address(pages: dict[str, str]) -> None:
    """Two requests at first sight: the page and its style sheet; nothing from anywhere else."""
    for name, text in pages.items():
        page = Page(text)
        assert [link.get("rel") for link in page.all("link")] == ["stylesheet"], name
        assert "http:" not in text, name
        own = text.replace("https://desk.example.test/t/", "")  # the link to copy, as text
        assert "https:" not in own, name


def test_big_pages_keep_their_budget(world: World, signed_in: Enter) -> None:
    """50 rows or 100 entries: at most 50 KB, 14 KB packed; the style sheet 8 KB, 3 KB packed."""
    words = "The line to the second floor was measured again today, with the same result as on Tuesday."
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "big", "jane", title="Big")
        for index in range(100):
            event = f"{words} Entry {index}."
            add_event(session, world, ticket, event, at=START + timedelta(minutes=index))
            add_ticket(session, world, f"big{index}", "jane", title=f"{words} {index}"[:80])
        number = ticket.number
    browser = signed_in("jane")
    for path in ("/tickets", f"/t/{number}"):
        page = browser.get(path).content
        assert len(page) <= 50_000, path
        assert len(gzip.compress(page)) <= 14_000, path
    sent = minified(CSS).encode()
    assert len(sent) <= 8192
    assert len(gzip.compress(sent)) <= 3072
    assert len(list(TEMPLATES.glob("*.html"))) <= 10


def scheme(dark: bool) -> dict[str, str]:
    """The colour tokens of the style sheet."""
    light, dark_part = re.findall(r":root \{([^}]*)\}", CSS)[:2]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", dark_part if dark else light))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "front, back, least",
    [
        ("ink", "paper", 7),
        ("soft", "paper", 4.5),
        ("accent", "paper", 4.5),
        ("alarm", "paper", 4.5),
        ("on-accent", "accent", 4.5),
        ("edge", "paper", 3),
    ],
)
def test_colours_have_contrast(dark: bool, front: str, back: str, least: float) -> None:
    """Text 4.5 : 1, field borders and focus 3 : 1, in both schemes alike (WCAG 1.4.3 and 1.4.11)."""
    colours = scheme(dark)
    one, other = sorted((luminance(colours[front]), luminance(colours[back])))
    assert (other + 0.05) / (one + 0.05) >= least


def test_colour_and_background_are_set_together() -> None:
    """A rule that sets the colour of text says on what (inverting clients, user style sheets)."""
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)):
        rules: dict[str, Any] = dict(re.findall(r"(?:^|[;\s])([a-z-]+):\s*([^;]+)", body))
        if "color" in rules and "::" not in selector:
            assert "background" in rules, selector


def test_three_sizes_of_type() -> None:
    """16, 18 and 26 px, as rem so that they grow with the reader's setting."""
    sizes = set(re.findall(r"font(?:-size)?:[^;]*?([\d.]+rem)", CSS))
    assert sizes == {"1rem", "1.125rem", "1.625rem"}
    assert "px/" not in CSS
