"""Signing in: a name that is remembered, a session that is kept, a forgotten password, the way back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import granting
from store.tables import Account, Contact, Outbox
from tests.portal.client import Browser
from tests.portal.world import KEYS, PASSWORD, World

Enter = Callable[[str], Browser]
NEW = "blue kettle sings twice"
SESSION, NAME = "__Host-postdesk-session", "__Host-postdesk-name"


def cookie_line(answer_headers: list[str], name: str) -> str:
    """What sets this cookie; "" for nothing."""
    return next((line for line in answer_headers if line.startswith(f"{name}=")), "")


@pytest.mark.feature("F2", "page")
@pytest.mark.feature("F6", "page")
@pytest.mark.feature("F7", "page")
def test_the_form_has_what_the_guides_have(browser: Browser) -> None:
    """One fixed address; user name, password, both boxes, the forgotten password, the warning, and whom to ask."""
    page = browser.get("/in").text
    for part in (
        '<label for="username">E-mail address</label>',
        '<label for="password">Password, or one-time password</label>',
        "Remember my user name",
        "Keep me logged in on this computer",
        "<button>Sign in</button>",
        '<a href="/in/forgotten">I forgot my password</a>',
        "Unauthorised access is prohibited.",
        "No access yet? Write to",
    ):
        assert part in page
    assert '<a href="/in">Sign in</a>' in browser.get("/").text


@pytest.mark.feature("F8")
@pytest.mark.feature("F14")
def test_a_user_name_is_remembered_and_forgotten(world: World, browser: Browser) -> None:
    """The name alone, in this browser alone; the password is asked in any case, and unticked it is gone."""
    world.give_password("jane")
    wrong = browser.sign_in("jane", "wrong", remember="yes")
    assert cookie_line(wrong.headers.get_list("set-cookie"), NAME) == ""
    assert 'name="remember" value="yes" checked' in wrong.text
    right = browser.sign_in("jane", remember="yes")
    line = cookie_line(right.headers.get_list("set-cookie"), NAME)
    assert line.startswith(f"{NAME}=jane%40customer.test;")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=31536000"} <= set(line.split("; "))
    browser.post("/out", "/me")
    page = browser.get("/in").text
    assert 'value="jane@customer.test"' in page
    assert 'name="remember" value="yes" checked' in page
    assert PASSWORD not in page
    assert 'value="jane@customer.test"' in browser.get("/in/forgotten").text
    gone = browser.sign_in("jane")
    assert "Max-Age=0" in cookie_line(gone.headers.get_list("set-cookie"), NAME)
    browser.post("/out", "/me")
    assert "jane@customer.test" not in browser.get("/in").text


@pytest.mark.parametrize("value", ["%22%3E%3Cscript%3E", "%00", "%0d%0a", "a" * 5000, "%", "%ff"])
def test_a_strange_remembered_name_is_text(browser: Browser, value: str) -> None:
    """A cookie may hold anything."""
    answer = browser.get("/in", headers={"Cookie": f"{NAME}={value}"})
    assert answer.status_code == 200
    assert "<script" not in answer.text


@pytest.mark.feature("F8")
def test_a_kept_session_outlives_the_browser_and_the_night(world: World) -> None:
    """Kept: 30 days for customers, 12 hours for staff, without a click; else a click in 8 hours, or half of one."""
    for name in ("jane", "sam"):
        world.give_password(name)
    spans = {"jane": (timedelta(hours=8), timedelta(days=30)), "sam": (timedelta(minutes=30), timedelta(hours=12))}
    for name, (idle, longest) in spans.items():
        begun, second = world.clock.now, timedelta(seconds=1)
        kept, other = Browser(world.config()), Browser(world.config())
        line = cookie_line(kept.sign_in(name, keep="yes").headers.get_list("set-cookie"), SESSION)
        assert f"Max-Age={int(longest.total_seconds())}" in line
        assert "Max-Age" not in cookie_line(other.sign_in(name).headers.get_list("set-cookie"), SESSION)
        world.clock.now = begun + idle
        assert (kept.get("/help").text.count("/out"), other.get("/help").text.count("/out")) == (1, 0)
        world.clock.now = begun + longest - second
        assert kept.get("/me").status_code == 200
        world.clock.now = begun + longest
        assert kept.get("/me").status_code == 303


def test_a_first_sign_in_can_be_kept_too(world: World, browser: Browser) -> None:
    """The session that begins with the chosen password is kept as the one-time one was asked to be."""
    line = cookie_line(browser.sign_in("jane", world.issue("jane"), keep="yes").headers.get_list("set-cookie"), SESSION)
    assert f"Max-Age={8 * 3600}" in line
    answer = browser.post("/in/password", new_password=NEW, again=NEW)
    assert "Max-Age=2592000" in cookie_line(answer.headers.get_list("set-cookie"), SESSION)


def test_the_whole_address_survives_the_sign_in(world: World, browser: Browser) -> None:
    """Filters and all; also over a first sign-in, and for somebody who is signed in meanwhile."""
    wanted = "/tickets?view=open&status=Waiting%20Customer&sort=-created"
    to = browser.get(wanted).headers["location"]
    assert to == "/in?next=/tickets%3Fview%3Dopen%26status%3DWaiting%2520Customer%26sort%3D-created"
    page = browser.get(to).text
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in page
    choose = browser.sign_in("jane", world.issue("jane"), next=wanted).headers["location"]
    assert choose == to.replace("/in?", "/in/password?")
    assert browser.post("/in/password", new_password=NEW, again=NEW, next=wanted).headers["location"] == wanted
    assert browser.get(to).headers["location"] == wanted


@pytest.mark.feature("F4", "page")
@pytest.mark.feature("F5", "page")
@pytest.mark.feature("F9", "page")
def test_a_forgotten_password(world: World, browser: Browser) -> None:
    """A letter with a link, from an address that is named; a button uses it, and it leads to a new password."""
    world.give_password("jane")
    page = browser.get("/in/forgotten").text
    assert "Our letters come from" in page
    assert "look among the junk mail too" in page
    assert "Nothing has come? Write to that address" in page
    assert browser.post("/in/forgotten", username="").text.count("Enter an e-mail address") == 2
    answer = browser.post("/in/forgotten", username=" JANE@customer.test ")
    assert answer.headers["location"] == "/in?done=link"
    assert "A sign-in link goes to every address that has access to the portal" in browser.get("/in?done=link").text
    with world.database.reading() as session:
        letter = session.scalars(select(Outbox).where(Outbox.kind == "sign_in_link")).one()
        assert (letter.recipient, letter.contact_id) == ("Jane@Customer.Test", world.ids["jane"])
    once = world.once_letter("jane", KEYS, world.clock())
    assert once is not None
    assert once.expires_at == world.clock() + timedelta(hours=1)
    assert browser.sign_in("jane").status_code == 303  # the old password works until the link is used
    fresh = Browser(world.config())
    assert fresh.post(f"/in/once/{once.secret}").headers["location"] == "/in/password"
    assert fresh.post("/in/password", new_password=NEW, again=NEW).status_code == 303
    assert Browser(world.config()).sign_in("jane").status_code == 422
    assert browser.get("/me").status_code == 303  # sessions of before have ended


def sent(world: World) -> int:
    """Letters with sign-in links."""
    with world.database.reading() as session:
        return len(session.scalars(select(Outbox.id).where(Outbox.kind == "sign_in_link")).all())


def test_nobody_learns_who_has_access(world: World) -> None:
    """With access, without, switched off, left, unknown, no address at all: one answer, letters to those who may."""
    world.give_password("jane")
    world.give_password("max")
    with world.database.transaction() as session:
        session.scalars(select(Account).where(Account.contact_id == world.ids["max"])).one().active = False
        session.get_one(Contact, world.ids["eva"]).deactivated_at = world.clock()
        session.get_one(Contact, world.ids["zoe"]).known = False
    answers = set()
    for name in ("jane@customer.test", "ana@customer.test", "sam@example.test", "max@customer.test",
                 "eva@customer.test", "zoe@customer.test", "none@customer.test", "x", "\0x", "é" * 400):  # fmt: skip
        browser = Browser(world.config())
        browser.get("/in/forgotten")
        answer = browser.post("/in/forgotten", username=name)
        headers = {key: value for key, value in answer.headers.items() if key != "set-cookie"}
        answers.add((answer.status_code, answer.text, str(headers)))
    assert len(answers) == 1
    assert sent(world) == 2  # jane has access, ana is known and may have it; sam has no account yet


def test_links_are_limited_by_account_and_by_address(world: World) -> None:
    """Three letters in an hour, whoever asks from where; more tries from one address have to wait, known or not."""
    world.give_password("jane")
    for number in range(5):
        peer = Browser(world.config(), peer=f"192.0.2.{number}")
        assert peer.post("/in/forgotten", username="jane@customer.test").status_code == 303
    assert sent(world) == granting.LINKS_PER_HOUR == 3
    for name in ("jane@customer.test", "none@customer.test"):
        browser = Browser(world.config(), peer="198.51.100.1")
        codes = [browser.post("/in/forgotten", username=name).status_code for _ in range(6)]
        assert codes == [303] * 5 + [429]
    world.clock.forward(hours=1, minutes=1)
    browser.post("/in/forgotten", username="jane@customer.test")
    assert sent(world) == 4
    # Asking for links locks nobody out.
    assert Browser(world.config(), peer="198.51.100.1").sign_in("jane").status_code == 303


def test_staff_are_sent_links_too(world: World, browser: Browser) -> None:
    """To the address by which they work."""
    world.give_password("sam")
    browser.post("/in/forgotten", username="sam@example.test")
    with world.database.reading() as session:
        letter = session.scalars(select(Outbox).where(Outbox.kind == "sign_in_link")).one()
        assert letter.staff_id == world.ids["sam"]


@pytest.mark.feature("F11", "page")
@pytest.mark.parametrize("tells", [True, False])
def test_a_changed_password_is_told_unless_switched_off(world: World, tells: bool) -> None:
    """One letter about it, or the silence of the guides."""
    browser = Browser(world.config(tells_of_passwords=tells))
    browser.sign_in("jane", world.issue("jane"))
    browser.post("/in/password", new_password=NEW, again=NEW)
    with world.database.reading() as session:
        assert len(session.scalars(select(Outbox).where(Outbox.kind == "password_changed")).all()) == int(tells)


@pytest.mark.feature("F13")
def test_the_rule_of_the_guides_is_said_and_kept(world: World) -> None:
    """Five to fifty letters and digits: said at the field, and what breaks it is refused in the same words."""
    browser = Browser(world.config(password_profile="guide"))
    browser.sign_in("jane", world.issue("jane"))
    assert "5 to 50 letters and digits, without spaces." in browser.get("/in/password").text
    for wrong in ("abc1", "two words", "quote's", "a" * 51):
        answer = browser.post("/in/password", new_password=wrong, again=wrong)
        assert answer.text.count("Password must be 5 to 50 letters and digits, without spaces") == 2
    assert browser.post("/in/password", new_password="abc12", again="abc12").status_code == 303


def test_a_plain_connection_sends_no_links(world: World) -> None:
    """Where nobody can sign in, nobody is written to either."""
    browser = Browser(world.config(base_url="http://desk.example.test"))
    assert 'name="username"' not in browser.get("/in/forgotten").text
    assert browser.post("/in/forgotten", "/in", username="jane@customer.test").status_code == 403
    assert sent(world) == 0


def test_a_used_link_offers_a_new_one(world: World, browser: Browser) -> None:
    """Without writing to anybody."""
    page = browser.get("/in/once/x")
    assert page.status_code == 410
    assert '<a href="/in/forgotten">Send a new link</a>' in page.text
