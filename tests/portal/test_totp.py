"""Two-step sign-in on pages: setting it up, the second page, what is open half-way, who must have it."""

import base64
import html
import re
from collections.abc import Callable

import pytest
import segno
from sqlalchemy import func, select

from desk import totp, two_step
from desk.tries import codes_of
from portal import qr
from portal.app import PAGES
from store.tables import Account, Contact, HalfSignIn, LoginTry, Outbox, WebSession
from tests.portal.client import Browser
from tests.portal.world import KEYS, PASSWORD, World

Enter = Callable[[str], Browser]
SET_UP = "/me/two-step"
SECRET = b"a sample secret of 20"[:20]
_OFFER = re.compile(r'name="setup_token" value="([^"]+)"')
_ADDRESS = re.compile(r'href="otpauth://totp/[^"]*secret=([A-Z2-7]+)')
_CODES = re.compile(r"<li><code>([0-9A-Z-]+)</code></li>")


def code(world: World, secret: bytes = SECRET, beside: int = 0) -> str:
    """What an app shows."""
    return totp.code(secret, totp.step_at(world.clock()) + beside)


def switch_on(world: World, username: str = "jane@customer.test") -> list[str]:
    """As after setting it up; the recovery codes."""
    with world.database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == username)).one()
        return two_step.switch_on(session, account, SECRET, 0, KEYS, world.clock(), world.database.ids.next)


def secret_of(page: str) -> bytes:
    """The secret that the page shows, out of the address; the text and the picture are tested to say the same."""
    found = _ADDRESS.search(html.unescape(page))
    assert found is not None
    return base64.b32decode(found[1])


def setup_token(page: str) -> str:
    """What the form with the first code carries."""
    found = _OFFER.search(page)
    assert found is not None
    return found[1]


def kinds(world: World) -> list[str]:
    """What letters about two-step sign-in say."""
    with world.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == "two_step").order_by(Outbox.id))
        return [row.context["what"] for row in rows]


def cookies(browser: Browser) -> set[str]:
    """What the browser keeps, less what every page sets."""
    return {cookie.name.rpartition("-")[2] for cookie in browser.http.cookies.jar} - {"form"}


def test_setting_it_up(world: World, signed_in: Enter) -> None:
    """With the password and a first code; the secret is on one page and kept sealed; other browsers are signed out."""
    jane, other = signed_in("jane"), Browser(world.config())
    other.sign_in("jane")
    assert 'href="/me/two-step"' in jane.get("/me").text
    assert "setup_token" not in jane.get(SET_UP).text
    wrong = jane.post(SET_UP, current="x")
    assert wrong.status_code == 422
    assert "The current password is not right" in wrong.text
    assert "otpauth" not in wrong.text
    page = jane.post(SET_UP, current=PASSWORD)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    secret = secret_of(page.text)
    assert f"<code>{totp.written(secret)}</code>" in page.text
    assert "<svg" in page.text
    offer = _OFFER.search(page.text)
    assert offer is not None
    again = jane.post(f"{SET_UP}/confirm", SET_UP, setup_token=offer[1], code="000000")
    assert again.status_code == 422
    assert secret_of(again.text) == secret
    done = jane.post(f"{SET_UP}/confirm", SET_UP, setup_token=offer[1], code=code(world, secret))
    assert len(_CODES.findall(done.text)) == two_step.CODES
    assert "otpauth" not in done.text
    shown = jane.get(SET_UP).text
    assert "10 recovery codes are left." in shown
    assert not _CODES.search(shown)
    assert totp.written(secret) not in shown
    assert other.get("/me").headers["location"].startswith("/in?")
    assert jane.post(f"{SET_UP}/confirm", SET_UP, setup_token=offer[1], code=code(world, secret, 1)).status_code == 303
    assert jane.post(SET_UP, current=PASSWORD).headers["location"] == SET_UP  # is on: no second secret
    account = world.account("jane@customer.test")
    assert account is not None
    assert account.totp_secret is not None
    assert secret not in account.totp_secret
    assert kinds(world) == ["on"]
    # The first code was used up by setting it up.
    fresh = Browser(world.config())
    assert fresh.sign_in("jane").headers["location"] == "/in/code"
    assert fresh.post("/in/code", code=code(world, secret)).status_code == 422
    assert fresh.post("/in/code", code=code(world, secret, 1)).headers["location"] == "/"


def test_an_offer_of_somebody_else(world: World, signed_in: Enter) -> None:
    """A secret that another session was offered, or that is too old, is not taken."""
    jane, other = signed_in("jane"), Browser(world.config())
    other.sign_in("jane")
    page = jane.post(SET_UP, current=PASSWORD).text
    offer, secret = _OFFER.search(page), secret_of(page)
    assert offer is not None
    taken = {"setup_token": offer[1]}
    for browser, wrong in ((other, taken), (jane, {"setup_token": "x"}), (jane, {})):
        answer = browser.post(f"{SET_UP}/confirm", SET_UP, code=code(world, secret), **wrong)
        assert answer.status_code == 422
        assert "Too much time has passed" in answer.text
    world.clock.forward(minutes=16)
    late = jane.post(f"{SET_UP}/confirm", SET_UP, code=code(world, secret), **taken)
    assert (late.status_code, kinds(world)) == (422, [])


def test_the_picture_says_what_the_text_says(world: World) -> None:
    """A QR code whose lines are those of the address, with a name and a quiet zone, inside of the page."""
    address = totp.address(SECRET, "Example Service Desk", "jane@customer.test")
    svg = qr.picture(address)
    wanted = segno.make(address, error="m", micro=False)
    side = wanted.symbol_size(scale=5, border=4)[0]
    assert f'width="{side}"' in svg
    assert side <= 288  # fits a page of 320 px
    dark = sum(int(run) for run in re.findall(r"h(\d+)", svg.partition('stroke="#000"')[2]))
    assert dark == sum(map(sum, wanted.matrix))
    assert not re.search(r"style=|<script|href|jane|secret", svg)


def test_the_second_page(world: World, signed_in: Enter) -> None:
    """A right password leads there, with the page that was wanted; a wrong code is said, a right one goes on."""
    signed_in("jane")
    switch_on(world)
    browser = Browser(world.config())
    answer = browser.post("/in", "/in?next=/tickets", username="jane@customer.test", password=PASSWORD, next="/tickets")
    assert answer.headers["location"] == "/in/code?next=/tickets"
    assert cookies(browser) == {"half"}
    page = browser.get("/in/code?next=/tickets")
    assert 'autocomplete="one-time-code"' in page.text
    assert "/in/code?next=/tickets&amp;recovery=yes" in page.text
    wrong = browser.post("/in/code", next="/tickets", code="000000")
    assert wrong.status_code == 422
    assert "The code is not right" in wrong.text
    right = browser.post("/in/code", next="/tickets", code=code(world))
    assert right.headers["location"] == "/tickets"
    assert cookies(browser) == {"session"}
    assert browser.get("/tickets").status_code == 200
    assert browser.get("/in/code").headers["location"] == "/in"  # nothing is half any more


def test_an_evil_way_back(world: World, signed_in: Enter) -> None:
    """Only pages of ours."""
    signed_in("jane")
    switch_on(world)
    browser = Browser(world.config())
    browser.sign_in("jane")
    assert "evil" not in browser.get("/in/code?next=//evil.example").text
    assert browser.post("/in/code", next="//evil.example", code=code(world)).headers["location"] == "/"


def test_half_a_sign_in_opens_nothing(world: World, signed_in: Enter) -> None:
    """Every page answers as it does to somebody who is signed out, and its cookie is no session."""
    signed_in("jane")
    switch_on(world)
    half, out = Browser(world.config()), Browser(world.config())
    half.sign_in("jane")
    value = next(cookie.value for cookie in half.http.cookies.jar if cookie.name.endswith("half"))
    paths = sorted({path for path, method, _, _ in PAGES if method == "GET" and path != "/in/code"})
    assert len(paths) > 40
    for path in paths:
        path = re.sub(r"\{[^}]*\}", "7", path)
        first, second = half.get(path), out.get(path)
        assert (first.status_code, first.headers.get("location")) == (
            second.status_code,
            second.headers.get("location"),
        )
    for name in ("__Host-postdesk-session", "postdesk-session"):
        half.http.cookies.set(name, str(value), domain="desk.example.test", path="/")
    assert half.get("/me").headers["location"].startswith("/in")
    assert half.http.get("/api/v1/tickets", headers={"Authorization": f"Bearer {value}"}).status_code == 401
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(HalfSignIn)) == 1


def test_another_browser_cannot_go_on(world: World, signed_in: Enter) -> None:
    """The right code from a browser without the cookie of the first step begins anew."""
    signed_in("jane")
    switch_on(world)
    Browser(world.config()).sign_in("jane")
    other = Browser(world.config())
    assert other.get("/in/code").headers["location"] == "/in"
    assert other.post("/in/code", "/in", code=code(world)).headers["location"] == "/in?done=half"
    late = other.post("/in/code", "/in", code=code(world), next="/tickets?view=all")
    assert late.headers["location"] == "/in?done=half&next=/tickets%3Fview%3Dall"
    assert 'name="next" value="/tickets?view=all"' in other.get(late.headers["location"]).text
    assert "took too long" in other.get("/in?done=half").text


def test_links_and_one_time_passwords_ask_for_the_code(world: World, signed_in: Enter) -> None:
    """Whichever way somebody comes in: then an own password is chosen, in a session that has passed."""
    signed_in("jane")
    switch_on(world)
    link = world.issue("jane", "link")
    for beside in (0, 1):
        browser = Browser(world.config())
        came = browser.post(f"/in/once/{link}") if beside == 0 else browser.sign_in("jane", world.issue("jane"))
        assert came.headers["location"] == "/in/code"
        assert browser.get("/in/password").headers["location"].startswith("/in?")
        assert browser.post("/in/password", "/in/code", new_password="blue kettle sings twice").status_code == 303
        assert browser.post("/in/code", code=code(world, beside=beside)).headers["location"] == "/in/password"
        assert browser.get("/in/password").status_code == 200
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).where(WebSession.account_id.is_not(None))) == 1


def test_a_recovery_code(world: World, signed_in: Enter) -> None:
    """From a page of its own, once; with a letter."""
    signed_in("jane")
    codes = switch_on(world)
    browser = Browser(world.config())
    browser.sign_in("jane")
    assert "It works once." in browser.get("/in/code?recovery=yes").text
    wrong = browser.post("/in/code", code="AAAA-BBBB", recovery="yes")
    assert wrong.status_code == 422
    assert 'name="recovery"' in wrong.text
    assert browser.post("/in/code", code=codes[3], recovery="yes").headers["location"] == "/"
    assert "9 recovery codes are left." in browser.get(SET_UP).text
    again = Browser(world.config())
    again.sign_in("jane")
    assert again.post("/in/code", code=codes[3], recovery="yes").status_code == 422
    assert kinds(world) == ["on", "recovery"]


def test_too_many_codes(world: World, signed_in: Enter) -> None:
    """The sixth waits, also the right one: 429 with how long; a minute later it works."""
    signed_in("jane")
    switch_on(world)
    browser = Browser(world.config())
    browser.sign_in("jane")
    assert {browser.post("/in/code", code="000000").status_code for _ in range(5)} == {422}
    waits = browser.post("/in/code", code=code(world))
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "60")
    world.clock.forward(minutes=1)
    assert browser.post("/in/code", code=code(world)).headers["location"] == "/"
    assert kinds(world) == ["on", "tried"]


def test_a_long_wait_is_said_in_hours(world: World, signed_in: Enter) -> None:
    """After many wrong codes; a recovery code works meanwhile."""
    signed_in("jane")
    codes = switch_on(world)
    account = world.account("jane@customer.test")
    assert account is not None
    with world.database.transaction() as session:
        for _ in range(45):
            session.add(LoginTry(id=world.database.ids.next(), subject=codes_of(account.id), at=world.clock()))
    browser = Browser(world.config())
    browser.sign_in("jane")
    waits = browser.post("/in/code", code=code(world))
    assert (waits.status_code, waits.headers["retry-after"]) == (429, str(256 * 60))
    assert "Wait 5 hours, or write to" in waits.text
    assert browser.post("/in/code", code=codes[0]).headers["location"] == "/"


def test_changing_it(world: World, signed_in: Enter) -> None:
    """New recovery codes and switching off need the password and a code; neither alone does."""
    jane = signed_in("jane")
    old = switch_on(world)
    wrong = {"current": {"current": "x", "code": code(world)}, "code": {"current": PASSWORD, "code": "0"}}
    for field, fields in wrong.items():
        for act in ("codes", "off"):
            answer = jane.post(f"{SET_UP}/change", SET_UP, act=act, **fields)
            assert answer.status_code == 422
            assert f'id="{field}-fault"' in answer.text
    made = jane.post(f"{SET_UP}/change", SET_UP, act="codes", current=PASSWORD, code=code(world))
    new = _CODES.findall(made.text)
    assert len(new) == two_step.CODES
    assert not set(new) & set(old)
    off = jane.post(f"{SET_UP}/change", SET_UP, act="off", current=PASSWORD, code=new[0])
    assert off.headers["location"] == f"{SET_UP}?done=two-step-off"
    assert "Two-step sign-in is off." in jane.get(f"{SET_UP}?done=two-step-off").text
    assert jane.post(f"{SET_UP}/change", SET_UP, act="off", current=PASSWORD, code=new[1]).headers["location"] == SET_UP
    assert Browser(world.config()).sign_in("jane").headers["location"] == "/"
    assert kinds(world) == ["on", "codes", "recovery", "off"]


@pytest.mark.parametrize("policy, must", [("staff", "sam"), ("admins", "sam jane"), ("everybody", "sam jane ana")])
def test_who_must_sets_it_up_first(world: World, signed_in: Enter, policy: str, must: str) -> None:
    """At the next click, before anything else; whoever need not goes on as before."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).level = "Admin User"
    for name in ("sam", "jane", "ana"):
        signed_in(name)
        browser = Browser(world.config(two_step=policy))
        browser.sign_in(name)
        tickets = browser.get("/tickets?view=all")
        if name not in must.split():
            assert tickets.status_code == 200
            continue
        assert tickets.headers["location"] == f"{SET_UP}?next=/tickets%3Fview%3Dall"
        for path, method, door, _ in PAGES:
            if method == "GET" and door not in ("choosing", "setting_up"):
                assert browser.get(re.sub(r"\{[^}]*\}", "7", path)).headers["location"].startswith(SET_UP)
        assert browser.post("/me/tokens", SET_UP, name="x", kind="read", days="30", current=PASSWORD).status_code == 303
        assert "This desk asks you for two-step sign-in." in browser.get(tickets.headers["location"]).text
        page = browser.post(SET_UP, current=PASSWORD, next="/tickets").text
        offer = _OFFER.search(page)
        assert offer is not None
        sent = {"setup_token": offer[1], "code": code(world, secret_of(page)), "next": "/tickets"}
        assert 'href="/tickets"' in browser.post(f"{SET_UP}/confirm", SET_UP, **sent).text
        assert browser.get("/tickets").status_code == 200
        assert browser.post("/out", SET_UP).headers["location"] == "/"


def test_an_own_password_comes_first(world: World) -> None:
    """With a one-time password somebody chooses their own, and then sets two-step sign-in up, before anything else."""
    browser = Browser(world.config(two_step="everybody"))
    assert browser.sign_in("ana", world.issue("ana")).headers["location"] == "/in/password"
    assert browser.get(SET_UP).headers["location"].startswith("/in/password")
    words = "blue kettle sings twice"
    assert browser.post("/in/password", new_password=words, again=words).headers["location"] == "/"
    assert browser.get("/").headers["location"] == SET_UP


def test_off_for_the_whole_desk(world: World, signed_in: Enter) -> None:
    """Nobody is asked for a code, and there is no page about it."""
    signed_in("jane")
    switch_on(world)
    browser = Browser(world.config(two_step="off"))
    assert browser.sign_in("jane").headers["location"] == "/"
    assert SET_UP not in browser.get("/me").text
    for path in (SET_UP, f"{SET_UP}/confirm", f"{SET_UP}/change"):
        answer = browser.get(path) if path == SET_UP else browser.post(path, "/me")
        assert answer.status_code == 404


def test_tokens_come_from_sessions_that_passed(world: World, signed_in: Enter) -> None:
    """Half a sign-in makes none; a session that passed does."""
    signed_in("jane")
    switch_on(world)
    browser = Browser(world.config())
    browser.sign_in("jane")
    wish = {"name": "report", "kind": "read", "days": "30", "current": PASSWORD}
    assert browser.post("/me/tokens", "/in/code", **wish).headers["location"].startswith("/in")
    browser.post("/in/code", code=code(world))
    assert "pd_" in browser.post("/me/tokens", **wish).text


def test_a_name_tells_nothing(world: World, signed_in: Enter) -> None:
    """With a wrong password the first page is the same, letter by letter, whether somebody has a second step or not."""
    signed_in("jane")
    signed_in("ana")
    switch_on(world)
    said = set()
    for name in ("jane", "ana", "nobody"):
        answer = Browser(world.config()).sign_in(name, "wrong")
        text = re.sub(r'form_token" value="[^"]*"', "", answer.text).replace(f"{name}@", "x@")
        said.add((answer.status_code, text, tuple(sorted(set(answer.headers) - {"set-cookie"}))))
    assert len(said) == 1
