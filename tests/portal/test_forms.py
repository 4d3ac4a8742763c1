"""Forged requests, foreign hosts, headers: what stands around every page."""

import pytest

from portal.app import PAGES
from portal.guard import HEADERS
from tests.portal.client import TOKEN, Browser
from tests.portal.world import PASSWORD, World

OWN = {"Origin": "https://desk.example.test"}
FIELDS = {"username": "jane@customer.test", "password": PASSWORD}


def token_of(browser: Browser, path: str = "/in") -> str:
    """The token on a page."""
    found = TOKEN.search(browser.get(path).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "headers, accepted",
    [
        (OWN, True),
        ({"Origin": "HTTPS://Desk.Example.Test"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://desk.example.test"}, False),
        ({"Origin": "https://desk.example.test.evil.example"}, False),
    ],
)
def test_a_form_comes_from_our_own_page(
    world: World, browser: Browser, headers: dict[str, str], accepted: bool
) -> None:
    """By Origin, or by Sec-Fetch-Site where the browser hides the Origin; neither is a refusal."""
    world.give_password("jane")
    fields = {**FIELDS, "form_token": token_of(browser)}
    answer = browser.http.post("/in", data=fields, headers=headers)
    assert answer.status_code == (303 if accepted else 403)
    assert ("set-cookie" in answer.headers) is accepted


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
def test_a_form_carries_a_token(world: World, browser: Browser, token: str) -> None:
    """Without the page's own token nothing happens."""
    world.give_password("jane")
    token_of(browser)
    assert browser.http.post("/in", data={**FIELDS, "form_token": token}, headers=OWN).status_code == 403


def test_a_token_is_good_in_its_own_browser_only(world: World, browser: Browser) -> None:
    """Signed out it belongs to the form cookie, signed in to the session."""
    world.give_password("jane")
    stolen = token_of(Browser(world.config()))
    token_of(browser)
    assert browser.http.post("/in", data={**FIELDS, "form_token": stolen}, headers=OWN).status_code == 403
    assert browser.sign_in("jane").status_code == 303
    world.give_password("ana")
    other = Browser(world.config())
    other.sign_in("ana")
    answer = browser.http.post("/out", data={"form_token": token_of(other, "/tickets")}, headers=OWN)
    assert answer.status_code == 403
    assert browser.get("/tickets").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"&" * 60,
        b"a=" * 200,
        b"form_token=%zz",
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--",
    ],
)
def test_a_broken_form_is_refused(browser: Browser, body: bytes) -> None:
    """Not a form at all: 400 or 403, never an error of ours."""
    headers = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    assert browser.http.post("/in", content=body, headers=headers).status_code in (400, 403)


def test_a_big_upload_is_refused(browser: Browser) -> None:
    """Forms are small: above 256 KiB the answer is 413."""
    answer = browser.http.post("/in", content=b"a" * 300_000, headers=OWN)
    assert answer.status_code == 413
    assert "too large" in answer.text


@pytest.mark.parametrize(
    "host, answered",
    [
        ("desk.example.test", True),
        ("DESK.example.test:8443", True),
        ("other.example.test", True),
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("[::1]:8080", True),
        ("evil.example", False),
        ("desk.example.test.evil.example", False),
        ("desk.example.test@evil.example", False),
        ("desk.example.test/", False),
        ("", False),
    ],
)
def test_only_our_own_names_are_answered(world: World, host: str, answered: bool) -> None:
    """Host allow-list: base_url, the configured names, loopback; the refusal has all the headers too."""
    browser = Browser(world.config(hosts=("other.example.test",)))
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == (200 if answered else 400)
    assert "evil" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_every_answer_has_the_protective_headers(world: World, browser: Browser) -> None:
    """Pages, redirects, errors, the style sheet, the health check."""
    for path in ("/", "/in", "/tickets", "/nothing", "/healthz", "/in/once/x", browser_css(browser)):
        answer = browser.get(path)
        for name, value in HEADERS.items():
            if not (name == "Cache-Control" and path.endswith(".css")):
                assert answer.headers[name] == value, (path, name)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = Browser(world.config(base_url="http://127.0.0.1:8080"))
    assert "Strict-Transport-Security" not in plain.get("/").headers


def browser_css(browser: Browser) -> str:
    """The address of the style sheet."""
    return browser.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]


def test_the_style_sheet_is_kept_for_ever_under_its_hash(browser: Browser) -> None:
    """Immutable, and one file of at most 8 KB."""
    path = browser_css(browser)
    answer = browser.get(path)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert len(answer.content) <= 8192
    assert browser.get(path.replace(".css", "0.css")).status_code == 404


def test_cookies_are_bound_to_this_host(world: World, browser: Browser) -> None:
    """__Host-, Secure, HttpOnly, SameSite=Lax; on plain http of this machine without what it cannot have."""
    world.give_password("jane")
    set_cookie = browser.sign_in("jane").headers.get_list("set-cookie")[0]
    name, _, attributes = set_cookie.partition("=")
    assert name == "__Host-postdesk-session"
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(attributes.split("; "))
    assert "Domain" not in attributes
    assert "Max-Age" not in attributes  # it ends with the browser
    plain = Browser(world.config(base_url="http://127.0.0.1:8080"))
    set_cookie = plain.sign_in("jane").headers.get_list("set-cookie")[0]
    assert set_cookie.startswith("postdesk-session=")
    assert "Secure" not in set_cookie


def test_passwords_do_not_travel_in_clear_text(world: World) -> None:
    """A portal on plain http under a public name has its status page, and no sign-in."""
    world.give_password("jane")
    browser = Browser(world.config(base_url="http://desk.example.test"))
    assert browser.get("/").status_code == 200
    assert 'name="password"' not in browser.get("/in").text
    token = Browser(world.config()).get("/in")
    assert token.status_code == 200
    assert browser.post("/in", **FIELDS).status_code == 403


def test_no_get_changes_anything(world: World, browser: Browser) -> None:
    """Every address fetched twice, and asked for with HEAD: the database stays as it was, links go on working."""
    secret = world.issue("jane", "link")
    world.give_password("ana")

    def content() -> dict[str, list[str]]:
        raw = world.database.engine.raw_connection()
        try:
            real = "select name from sqlite_master where type = 'table' and sql not like 'CREATE VIRTUAL%'"
            names = [row[0] for row in raw.cursor().execute(real)]
            return {name: sorted(map(str, raw.cursor().execute(f"select * from {name}"))) for name in names}  # noqa: S608 - our own table names
        finally:
            raw.close()

    signed_in = Browser(world.config())
    signed_in.sign_in("ana")
    before = content()
    for path in [path for path, method, _, _ in PAGES if method == "GET"] + ["/healthz", "/nothing"]:
        path = path.replace("{secret}", secret).replace("{number}", "T20190409.0967").replace("{id:int}", "11")
        for visitor in (browser, signed_in):
            visitor.get(path)
            visitor.get(path)
            visitor.http.head(path)
    after = content()
    # What was downloaded is noted, and nothing else.
    noted = set(after.pop("audit")) - set(before.pop("audit"))
    assert all("'export." in row for row in noted), noted
    assert noted
    assert after == before
    assert browser.post(f"/in/once/{secret}").headers["location"] == "/in/password"


@pytest.mark.parametrize("path", ["/out", "/in/once/x", "/in/password"])
def test_a_post_needs_a_form(browser: Browser, path: str) -> None:
    """Nothing is done for a bare POST."""
    assert browser.http.post(path, headers=OWN).status_code in (303, 403)


def test_a_portal_below_a_path_links_below_it(world: World) -> None:
    """base_url may end in a path; pages, links, redirects and forms begin with it."""
    world.give_password("jane")
    browser = Browser(world.config(base_url="https://desk.example.test/help"))
    browser.http.base_url = "https://desk.example.test"
    assert 'href="/help/in"' in browser.get("/help/").text
    assert browser.get("/help").status_code == 200
    assert browser.get(browser_css_below(browser)).status_code == 200
    assert browser.post("/help/in", **FIELDS).headers["location"] == "/help/"
    assert browser.get("/help/tickets").status_code == 200
    assert browser.get("/tickets").status_code == 404
    assert (
        Browser(world.config(base_url="https://desk.example.test/help"))
        .http.get("https://desk.example.test/help/tickets")
        .headers["location"]
        == "/help/in?next=/tickets"
    )


def browser_css_below(browser: Browser) -> str:
    """The address of the style sheet of the portal below /help."""
    return browser.get("/help/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
