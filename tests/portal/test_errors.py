"""The page of an error: what it says, to whom, in which language, and that nothing that was typed is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from desk.acting.rules import Rules
from desk.language import Languages
from portal import forms
from store.tables import WebSession
from tests.portal.client import TOKEN, Browser
from tests.portal.world import World

Enter = Callable[[str], Browser]
OURS = {"Origin": "https://desk.example.test"}
WORDS = "Head of everything that has to do with telephones\nand <b>faxes</b>"
SHOWN = "Head of everything that has to do with telephones\nand &lt;b&gt;faxes&lt;/b&gt;"
BOX = '<label for="kept">Your text, to copy</label>'


class German:
    """A catalogue of two messages."""

    def gettext(self, message: str) -> str:
        """The message in German, where it has one."""
        return {"Page not found": "Seite nicht gefunden", "Error: %(heading)s": "Fehler: %(heading)s"}.get(
            message, message
        )

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """English."""
        return singular if n == 1 else plural


def send(browser: Browser, path: str, headers: dict[str, str] | None = None, **fields: str) -> Any:
    """A form with whatever token, from our own page unless said otherwise."""
    return browser.http.post(path, data=fields, headers=OURS if headers is None else headers)


def test_a_visitor_keeps_navigation_and_language(world: World, signed_in: Enter) -> None:
    """Wherever an error is met, also where there is no page at all; strangers see the way Home, in their language."""
    page = signed_in("jane").get("/nothing")
    assert page.status_code == 404
    assert '<a href="/me">Jane Sample</a>' in page.text
    assert 'action="/out"' in page.text
    languages = Languages(lambda code: German() if code == "de" else None)
    out = Browser(world.config(languages=languages)).get("/nothing", headers={"Accept-Language": "de-AT, en"})
    assert "<title>Fehler: Seite nicht gefunden" in out.text
    assert out.headers["content-language"] == "de"
    assert '<a href="/">Home</a>' in out.text
    assert "/me" not in out.text


@pytest.mark.parametrize(
    "path, method, code, words",
    [
        ("/nothing", "GET", 404, "Ask the person who sent you the link, or write to service@example.test."),
        ("/out", "GET", 405, "It is part of a form. Start again from Home."),
        ("/in", "POST", 403, "load the page again and send the form once more, or write to service@example.test."),
    ],
)
def test_what_happened_and_what_to_do(browser: Browser, path: str, method: str, code: int, words: str) -> None:
    """In the words of the design, with the status of the protocol."""
    answer = browser.http.request(method, path, headers=OURS)
    assert answer.status_code == code
    assert words in answer.text
    assert "<title>Error: " in answer.text
    assert BOX not in answer.text


def test_a_form_that_is_out_of_date_gives_its_words_back(signed_in: Enter) -> None:
    """The long ones, as text, in a box to copy; short ones, passwords and tokens do not come back."""
    browser = signed_in("jane")
    secret = "a password of more than forty characters, as some have"
    answer = send(
        browser, "/me", form_token="x" * 50, job_title=WORDS, first_name="Short", password=secret, current=secret
    )
    assert answer.status_code == 403
    assert BOX in answer.text
    assert SHOWN in answer.text
    assert "readonly" in answer.text
    for hidden in ("Short", secret, "x" * 50, "<b>"):
        assert hidden not in answer.text


def test_a_form_of_another_site_is_not_shown(signed_in: Enter) -> None:
    """Or anybody could put words on a page of ours."""
    browser = signed_in("jane")
    answer = send(browser, "/me", {"Origin": "https://evil.example"}, job_title=WORDS)
    assert answer.status_code == 403
    assert "faxes" not in answer.text


def test_a_session_that_ended_meanwhile_loses_no_words(world: World, signed_in: Enter) -> None:
    """It says what happened: with the words where there were some, else on the sign-in page. Nothing was done."""
    browser = signed_in("jane")
    found = TOKEN.search(browser.get("/me").text)
    assert found
    with world.database.transaction() as session:
        session.execute(delete(WebSession))
    answer = send(browser, "/me", form_token=found[1], job_title=WORDS)
    assert answer.status_code == 403
    assert "<h1>You were signed out</h1>" in answer.text
    assert SHOWN in answer.text
    assert '<a href="/in">Sign in</a>' in answer.text
    short = send(browser, "/me", form_token=found[1], job_title="Short")
    assert short.headers["location"] == "/in?done=ended"
    assert "Your session had ended, and nothing was changed. Sign in again." in browser.get("/in?done=ended").text
    foreign = send(browser, "/me", {"Origin": "https://evil.example"}, job_title=WORDS)
    assert foreign.status_code == 303
    never = send(Browser(world.config()), "/me", job_title=WORDS)  # had no session at all
    assert never.headers["location"] == "/in?done=ended"


def test_an_upload_that_is_too_large_gives_the_words_back(signed_in: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fields that came before the files, and how large those can be."""
    monkeypatch.setattr(forms, "MAX_UPLOAD", 200_000)
    browser = signed_in("jane")
    files = {"files": ("film.mov", b"0" * 300_000, "video/quicktime")}
    answer = browser.http.post("/me", data={"job_title": WORDS}, files=files, headers=OURS)
    assert answer.status_code == 413
    assert "Files can be up to 10 MB each." in answer.text
    assert SHOWN in answer.text


def test_an_error_of_ours_gives_the_words_back(world: World, signed_in: Enter) -> None:
    """500: in the visitor's own frame, with what they typed, and nothing of what went wrong inside."""
    signed_in("jane")
    broken: Any = replace(Rules(), levels=None)  # type: ignore[arg-type]  # so that checking a field fails
    browser = Browser(world.config(rules=broken), raise_server_exceptions=False)
    browser.sign_in("jane")
    answer = browser.post("/me", first_name="Jane", last_name="Sample", job_title=WORDS)
    assert answer.status_code == 500
    assert "There is a problem with the service" in answer.text
    assert "You can also write to service@example.test." in answer.text
    assert SHOWN in answer.text
    assert "Jane Sample</a>" in answer.text
    assert "Traceback" not in answer.text
    assert "NoneType" not in answer.text


@pytest.mark.feature("F45", "page")
def test_the_version_stands_at_the_foot(world: World) -> None:
    """For those who run the desk; strangers are not told what to look up."""
    world.give_password("sam")
    browser = Browser(world.config(version="1.2.3"))
    assert "1.2.3" not in browser.get("/").text
    browser.sign_in("sam")
    assert "Postdesk 1.2.3" in browser.get("/me").text


def test_a_session_that_ended_on_a_page_for_everybody_is_named_too(world: World, signed_in: Enter) -> None:
    """A new ticket can be asked for without signing in, where there are public services; its form is kept as well."""
    browser = signed_in("jane")
    found = TOKEN.search(browser.get("/tickets/new?type=Query").text)
    assert found
    with world.database.transaction() as session:
        session.execute(delete(WebSession))
    answer = send(browser, "/tickets/new", form_token=found[1], description=WORDS)
    assert answer.status_code == 403
    assert "<h1>You were signed out</h1>" in answer.text
    assert "faxes" in answer.text
