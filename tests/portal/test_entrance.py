"""Signing in and out on the pages: what people see and where it leads."""

import pytest

from tests.portal.client import Browser
from tests.portal.world import PASSWORD, World

NEW = "blue kettle sings twice"


@pytest.mark.feature("F3")
@pytest.mark.feature("F12", "page")
def test_a_one_time_password_leads_to_an_own_one_and_to_the_tickets(world: World, browser: Browser) -> None:
    """The whole first visit; afterwards the own password works, and the one-time one does not."""
    secret = world.issue("jane")
    assert browser.sign_in("jane", secret).headers["location"] == "/in/password"
    assert browser.get("/").headers["location"] == "/in/password"
    for path in ("/tickets", "/t/T20190409.0967"):
        assert browser.get(path).headers["location"] == f"/in/password?next={path}"
    assert 'name="current"' not in browser.get("/in/password").text
    first_cookie = dict(browser.http.cookies)
    assert browser.post("/in/password", new_password=NEW, again=NEW).headers["location"] == "/"  # the hub
    assert dict(browser.http.cookies) != first_cookie
    assert "Phones down at Blackfriars" in browser.get("/tickets").text
    again = Browser(world.config())
    assert again.sign_in("jane", secret).status_code == 422
    assert again.sign_in("jane", NEW).headers["location"] == "/"


def test_a_one_time_session_can_sign_out(world: World, browser: Browser) -> None:
    """The other thing that is open to it."""
    browser.sign_in("jane", world.issue("jane"))
    assert browser.post("/out", "/in/password").headers["location"] == "/"
    assert browser.get("/in/password").headers["location"].startswith("/in?")


def test_a_link_shows_a_button_and_works_once(world: World, browser: Browser) -> None:
    """GET and HEAD use nothing up; the button does; after that the page says so."""
    path = "/in/once/" + world.issue("jane", "link")
    for _ in range(2):
        assert "<button>Sign in</button>" in browser.get(path).text
        assert browser.http.head(path).status_code == 200
    assert browser.post(path).headers["location"] == "/in/password"
    late = Browser(world.config())
    assert late.get(path).status_code == 410
    assert "This link has been used or has run out. We can send a new one" in late.get(path).text
    assert late.post(path, "/in").status_code == 422


def test_the_same_words_for_every_wrong_sign_in(world: World) -> None:
    """An unknown name, a wrong password, no access: one page, but for the name that was typed."""
    world.give_password("jane")
    pages = set()
    for name in ("jane", "eva", "none"):
        browser = Browser(world.config())
        answer = browser.sign_in(name, "wrong")
        assert answer.status_code == 422
        pages.add(answer.text.replace(f"{name}@", "x@").partition("form_token")[0])
        assert "The e-mail address or password is not right" in answer.text
        assert f'value="{name}@customer.test"' in answer.text
        assert "<title>Error: Sign in" in answer.text
    assert len(pages) == 1


def test_too_many_tries_say_how_long_to_wait(world: World, browser: Browser) -> None:
    """429 with Retry-After, in the words of the page."""
    for _ in range(5):
        browser.sign_in("jane", "wrong")
    answer = browser.sign_in("jane", "wrong")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"
    assert "Too many tries. Wait 1 minute, or write to service@example.test" in answer.text


def test_tries_are_counted_by_the_address_behind_a_trusted_proxy(world: World) -> None:
    """X-Forwarded-For is believed from listed proxies only."""
    world.give_password("jane")
    proxied = Browser(world.config(trusted_proxies=("192.0.2.0/24",)))
    direct = Browser(world.config())
    for browser in (proxied, direct):
        browser.http.headers["X-Forwarded-For"] = "198.51.100.9"
        for _ in range(5):
            browser.sign_in("jane", "wrong")
        browser.http.headers["X-Forwarded-For"] = "198.51.100.10"
    assert proxied.sign_in("jane").status_code == 303
    assert direct.sign_in("jane").status_code == 429


def test_an_old_session_does_not_survive_a_new_sign_in(world: World, browser: Browser) -> None:
    """Fixation: a cookie from before sign-in is worth nothing, and a sign-in over another ends that one."""
    world.give_password("jane")
    world.give_password("ana")
    browser.http.cookies.set("__Host-postdesk-session", "planted", domain="desk.example.test")
    browser.sign_in("jane")
    jane = browser.http.cookies.get("__Host-postdesk-session", domain="desk.example.test")
    assert jane != "planted"
    assert browser.post("/in", "/tickets", username="ana@customer.test", password=PASSWORD).status_code == 303
    thief = Browser(world.config())
    thief.http.cookies.set("__Host-postdesk-session", str(jane))
    assert thief.get("/tickets").status_code == 303


def test_signing_out_ends_the_session_on_the_server(world: World, browser: Browser) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    world.give_password("jane")
    browser.sign_in("jane")
    copy = Browser(world.config())
    copy.http.cookies.update(browser.http.cookies)
    assert copy.get("/tickets").status_code == 200
    assert browser.post("/out", "/tickets").headers["location"] == "/"
    assert copy.get("/tickets").status_code == 303


@pytest.mark.feature("F10", "page")
def test_changing_the_password_asks_for_the_current_one(world: World, browser: Browser) -> None:
    """And signs out everywhere else."""
    world.give_password("jane")
    browser.sign_in("jane")
    other = Browser(world.config())
    other.sign_in("jane")
    wrong = browser.post("/in/password", current="wrong", new_password=NEW, again=NEW)
    assert (wrong.status_code, "The current password is not right" in wrong.text) == (422, True)
    right = browser.post("/in/password", current=PASSWORD, new_password=NEW, again=NEW)
    assert right.headers["location"] == "/me?done=password"
    assert "you are signed out everywhere else" in browser.get("/me?done=password").text
    assert other.get("/tickets").status_code == 303


def test_guesses_at_the_current_password_are_limited(world: World, browser: Browser) -> None:
    """An unattended browser is no way around the rate limits."""
    world.give_password("jane")
    browser.sign_in("jane")
    answers = [browser.post("/in/password", current="wrong", new_password=NEW, again=NEW).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


@pytest.mark.parametrize(
    "new_password, again, error",
    [
        ("", "", "Enter a new password"),
        ("short", "short", "Password must be 12 to 128 characters"),
        ("password12345", "password12345", "This password is too easy to guess"),
        (NEW, NEW + "x", "The two new passwords are not the same"),
    ],
)
def test_what_is_wrong_with_a_new_password_is_said(
    world: World, browser: Browser, new_password: str, again: str, error: str
) -> None:
    """In the summary and at the field, with "Error:" in the title; the session may try again."""
    browser.sign_in("jane", world.issue("jane"))
    answer = browser.post("/in/password", new_password=new_password, again=again)
    assert answer.status_code == 422
    assert answer.text.count(error) == 2
    assert "<title>Error: Choose a password" in answer.text
    assert new_password == "" or new_password not in answer.text
    assert browser.post("/in/password", new_password=NEW, again=NEW).status_code == 303


def test_the_guide_profile_reaches_the_form(world: World) -> None:
    """With `credentials.profile = "guide"` five letters will do."""
    browser = Browser(world.config(password_profile="guide"))
    browser.sign_in("jane", world.issue("jane"))
    assert "5 to 50 letters and digits" in browser.get("/in/password").text
    assert browser.post("/in/password", new_password="abc12", again="abc12").status_code == 303


@pytest.mark.parametrize(
    "after, led",
    [
        ("/t/T20190409.0967", "/t/T20190409.0967"),
        ("/tickets", "/tickets"),
        ("/tickets?view=open&status=New&sort=-created", "/tickets?view=open&status=New&sort=-created"),
        ("/tickets?q=a%20b%26c&next=//evil.example", "/tickets?q=a%20b%26c&next=//evil.example"),
        ("/tickets/new?site=3", "/tickets/new?site=3"),
        ("//evil.example", "/"),
        ("//evil.example?a=/tickets", "/"),
        ("/tickets//evil.example", "/"),
        ("/tickets?a=\r\nX-Evil: 1", "/"),
        ("/tickets#x", "/"),
        ("/" + "a" * 3000, "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/t/..//evil.example", "/"),
        ("/tickets\r\nX-Evil: 1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_back_to_our_own_pages_only(world: World, browser: Browser, after: str, led: str) -> None:
    """A link to a ticket survives the sign-in; a foreign address does not."""
    world.give_password("jane")
    assert browser.sign_in("jane", next=after).headers["location"] == led


@pytest.mark.parametrize("after, led", [("/t/T20190409.0967", "/t/T20190409.0967"), ("//evil.example", "/"), ("", "/")])
def test_choosing_a_password_leads_on_to_the_page_one_asked_for(
    world: World, browser: Browser, after: str, led: str
) -> None:
    """Also when the first choice was not taken; a foreign address leads nowhere, wherever it is put."""
    choosing = browser.sign_in("jane", world.issue("jane"), next=after).headers["location"]
    assert choosing == ("/in/password?next=" + after if after.startswith("/t/") else "/in/password")
    asked = browser.get(choosing).text
    assert f'name="next" value="{after if after.startswith("/t/") else "/"}"' in asked
    assert "evil" not in browser.get("/in/password?next=//evil.example").text
    refused = browser.post("/in/password", new_password="short", again="short", next=after)
    assert f'name="next" value="{after if after.startswith("/t/") else "/"}"' in refused.text
    assert browser.post("/in/password", new_password=NEW, again=NEW, next=after).headers["location"] == led


def test_fields_that_are_not_on_the_form_do_nothing(world: World, browser: Browser) -> None:
    """`role`, `staff_id`, `must_change` in a form are passed over."""
    browser.sign_in("jane", world.issue("jane"), must_change="0", staff_id="1", role="admin")
    assert browser.get("/tickets").headers["location"] == "/in/password?next=/tickets"


def test_form_fields_are_escaped(browser: Browser) -> None:
    """What was typed comes back as text."""
    answer = browser.post("/in", username='"><script>alert(1)</script>', password="x")
    assert "<script" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text
