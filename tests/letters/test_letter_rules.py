"""The rules that every letter keeps, in every language: both parts say the same, nothing remote, small, plain form."""

import re
from collections import Counter

import pytest

from gateway.letter_context import KINDS
from postdesk import own_letters
from postdesk.preview.letters import LETTERS
from postdesk.preview.rendering import Preview
from tests.letters import rendered
from tests.letters.reading import Page, unflowed, words

HTML_BYTES, TEXT_BYTES, COLUMNS = 20_480, 10_240, 72
_REMOTE = re.compile(r"<(img|script|link|iframe|object|embed|video|audio|svg)\b|url\(|@import|\b(src|background)=")
_UNFILLED = re.compile(r"\{[{%#\w]|[%}]\}|%\(\w+\)|\bNone\b|\bUndefined\b")


@pytest.fixture(params=rendered.LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language that letters are written in."""
    code: str = request.param
    rendered.need(code)
    return code


@pytest.fixture(params=rendered.NAMES)
def letter(request: pytest.FixtureRequest, language: str) -> Preview:
    """Each letter."""
    return rendered.letters(language)[request.param]


def test_every_letter_is_in_the_table() -> None:
    """Each kind that there is has its row, and each row is a letter; no two are called the same."""
    assert {entry.kind for entry in LETTERS} == KINDS == set(own_letters.kinds())
    ids = dict.fromkeys(entry.id for entry in LETTERS)
    wanted = [*(f"E{n}" for n in range(1, 21)), "E4b", *(f"S{n}" for n in range(1, 7)), "S1b"]
    assert sorted(ids) == sorted(wanted)
    assert max(Counter(rendered.NAMES).values()) == 1


def test_text_and_html_say_the_same(letter: Preview) -> None:
    """The same words in the same order; the text of a link is its address, and the text part has that too."""
    assert words(unflowed(letter.text)) == words(Page(letter.html).shown)


def test_nothing_remote(letter: Preview) -> None:
    """No image, no script, no font, nothing that is loaded; links lead to the portal or to what a person wrote."""
    assert not _REMOTE.search(letter.html)
    for link in Page(letter.html).all("a"):
        assert link["href"].startswith(("https://desk.example.com/", "https://status.example.com/"))


def test_size(letter: Preview) -> None:
    """Within the budgets."""
    assert len(letter.html.encode()) <= HTML_BYTES
    assert len(letter.text.encode()) <= TEXT_BYTES


def test_links_stand_alone(letter: Preview) -> None:
    """Each link of the text on a line of its own, in full; each address that the HTML shows is a link."""
    for line in unflowed(letter.text).splitlines():
        assert "://" not in line or re.fullmatch(r"https://\S+", line)
    page = Page(letter.html)
    assert set(re.findall(r"https://\S+", page.shown)) <= {link["href"] for link in page.all("a")}


def test_preview_line(letter: Preview) -> None:
    """The line beside the subject says something, and it is not the first line again, nor the subject."""
    page = Page(letter.html)
    first = next(line for line in unflowed(letter.text).splitlines() if line.strip())
    assert page.preview.strip() == letter.preheader.strip() != ""
    assert words(letter.preheader) not in (words(first), words(letter.subject))


@pytest.mark.feature("F60", "mail")
@pytest.mark.feature("F119", "mail")
@pytest.mark.feature("F128", "mail")
def test_frame(letter: Preview) -> None:
    """Language, direction, title, colour schemes, print; tables for layout say so; at most 600 pixels wide."""
    page = Page(letter.html)
    assert page.all("html") == [{"lang": letter.language, "dir": "ltr"}]
    assert page.title == letter.subject
    metas = {meta["name"]: meta["content"] for meta in page.all("meta") if "name" in meta}
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "prefers-color-scheme: dark" in page.style
    assert "@media print" in page.style
    tables = page.all("table")
    assert all(table.get("role") == "presentation" for table in tables[:2])
    assert any("max-width: 600px" in table.get("style", "") for table in tables)


def test_no_colour_without_its_ground(letter: Preview) -> None:
    """A program that turns one of the two around would make the text vanish."""
    for declared in Page(letter.html).declarations():
        assert "color" not in declared or "background-color" in declared, declared


def test_text_form(letter: Preview) -> None:
    """Lines of 72 columns, one signature with the reason, the address and the phone, and nothing left unfilled."""
    lines = letter.text.splitlines()
    assert all(len(line.rstrip()) <= COLUMNS for line in lines if "://" not in line)
    body, mark, foot = letter.text.partition("\n-- \n")
    assert mark
    assert "\n-- \n" not in foot
    assert "service@example.com" in foot
    assert "0344 496 0123" in foot
    assert body.strip()
    assert not _UNFILLED.search(letter.text + letter.subject + letter.preheader)
    assert "\n\n\n" not in letter.text


def test_the_mail(letter: Preview) -> None:
    """It is read without a defect, and says in which language it is."""
    assert not letter.message.defects
    assert letter.message["Content-Language"] == letter.language
    assert letter.message.get_content_type() in ("multipart/alternative", "multipart/mixed")


@pytest.mark.parametrize("name", rendered.NAMES)
@pytest.mark.parametrize("language", rendered.LANGUAGES[1:])
def test_another_language_is_another_text(language: str, name: str) -> None:
    """No letter is left in English."""
    rendered.need(language)
    assert rendered.letters(language)[name].text != rendered.letters("en")[name].text
