"""Ways in: who guesses learns nothing and is slowed down, its victim is not; links work once; sessions end."""

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import select, update

from store.tables import Account, LoginTry, Outbox, WebSession
from tests.attacks.outside import enter, letters, settle, visitor
from tests.e2e.world import text_of
from tests.peers.common import wait_for
from tests.peers.desk import Desk
from tests.portal.client import TOKEN, Visitor
from tests.portal.world import PASSWORD, World

NEW = "blue kettle sings twice"
COOKIE = "postdesk-session"
KNOWN, UNKNOWN = "ana@customer.test", "none@customer.test"


def serving(desk: Desk) -> int:
    """The process that answers at the portal's port: it holds the listening socket (proc(5), /proc/net/tcp)."""
    at = f"0100007F:{desk.page:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    (inode,) = [row[9] for row in rows if row[1] == at and row[3] == "0A"]

    def holds(pid: int) -> bool:
        return any(os.readlink(file) == f"socket:[{inode}]" for file in Path(f"/proc/{pid}/fd").iterdir())

    return [pid for pid in desk.processes() if holds(pid)][-1]


def seconds(pid: int) -> float:
    """Processor time of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tried(desk: Desk, path: str, came_from: str, **fields: str) -> Response:
    """One form filled in by a browser that was never here before."""
    return visitor(desk, came_from).post(path, **fields)


def spent(desk: Desk, times: int, ask: Callable[[int], Response]) -> tuple[float, set[int]]:
    """Processor time of the portal for so many tries, several at once; and the codes that came."""
    pid = serving(desk)
    before = seconds(pid)
    with ThreadPoolExecutor(4) as threads:
        codes = {answer.status_code for answer in threads.map(ask, range(times))}
    return seconds(pid) - before, codes


def shown(answer: Response, name: str) -> str:
    """A page without what is another one on each visit, and without the name that was typed."""
    return TOKEN.sub("", answer.text).replace(name, "NAME")


@pytest.mark.attack(68)
@pytest.mark.parametrize("path", ["/in", "/in/forgotten"])
def test_known_and_unknown_names_are_answered_alike(guarded: Desk, peopled: World, path: str) -> None:
    """Somebody with access, somebody without, nobody at all: one code, one text, the same header fields."""
    peopled.give_password("ana")
    without = f"lou{len(path)}@customer.test"  # access
    guarded.run("contact", "add", without, "--no-activate")
    pages = set()
    for place, name in enumerate((KNOWN, UNKNOWN, without)):
        browser = visitor(guarded, f"203.0.113.{place + 1}")
        answer = browser.post(path, username=name, password="wrong")
        if answer.status_code == 303:
            answer = browser.get(answer.headers["location"])
        pages.add((answer.status_code, shown(answer, name), tuple(sorted(set(answer.headers) - {"date"}))))
    assert len(pages) == 1


@pytest.mark.attack(68)
def test_known_and_unknown_names_cost_the_same(guarded: Desk, peopled: World) -> None:
    """Processor time for twenty wrong passwords of each kind: a name that nobody has is no quicker."""
    peopled.give_password("ana")
    cost = {}
    for place, name in enumerate((KNOWN, UNKNOWN)):

        def ask(n: int, place: int = place, name: str = name) -> Response:
            return tried(guarded, "/in", f"10.{place}.{n}.1", username=name, password="wrong")

        ask(255)  # what only the first one costs
        cost[name], codes = spent(guarded, 20, ask)
        assert codes == {422}
    assert 0.5 < cost[KNOWN] / cost[UNKNOWN] < 2.0, cost


@pytest.mark.attack(68)
def test_a_link_that_is_asked_for_costs_the_same(guarded: Desk, peopled: World) -> None:
    """With a letter or without: far less than the time after which the answer comes in any case."""
    names = [f"{who}@customer.test" for who in ("jane", "ana", "max", "eva")] * 3
    cost = {}
    for place, chosen in enumerate((names, [f"none{n}@customer.test" for n in range(12)])):

        def ask(n: int, place: int = place, chosen: list[str] = chosen) -> Response:
            return tried(guarded, "/in/forgotten", f"10.{place + 10}.{n}.1", username=chosen[n])

        cost[place], codes = spent(guarded, 12, ask)
        assert codes == {303}
    assert 1 / 3 < cost[0] / cost[1] < 3, cost
    with guarded.database.reading() as session:
        sent = session.scalars(select(Outbox.recipient).where(Outbox.kind == "sign_in")).all()
    assert not [address for address in sent if address.startswith("none")]


@pytest.mark.attack(69)
def test_guessing_one_name_is_slowed_and_locks_nobody_out(guarded: Desk, peopled: World) -> None:
    """After five wrong tries even the right password waits, from there; its owner signs in and works from elsewhere."""
    browser = enter(guarded, "max@customer.test", "203.0.113.20")
    codes = [
        tried(guarded, "/in", "203.0.113.66", username="max@customer.test", password=f"guess {n}") for n in range(7)
    ]
    assert [answer.status_code for answer in codes] == [422] * 5 + [429] * 2
    assert codes[-1].headers["retry-after"] == "60"
    late = tried(guarded, "/in", "203.0.113.66", username="Max@Customer.test ", password=PASSWORD)
    assert late.status_code == 429
    assert tried(guarded, "/in", "203.0.113.21", username="max@customer.test", password=PASSWORD).status_code == 303
    assert browser.get("/tickets").status_code == 200
    with guarded.database.transaction() as session:  # as minutes would
        session.execute(update(LoginTry).values(at=datetime.now(UTC) - timedelta(minutes=2)))
    assert tried(guarded, "/in", "203.0.113.66", username="max@customer.test", password=PASSWORD).status_code == 303


@pytest.mark.attack(69)
def test_many_names_from_one_address_are_stopped(guarded: Desk, peopled: World) -> None:
    """A list of stolen passwords: twenty a minute, in one go too; people elsewhere are not held up."""

    def one(n: int) -> int:
        return tried(guarded, "/in", "203.0.113.77", username=f"person{n}@other.test", password="x").status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(one, range(19))) == {422}
        with guarded.database.transaction() as session:  # the minute of these does not end, however slow the machine is
            tries = session.scalars(select(LoginTry).where(LoginTry.subject == "peer:203.0.113.77")).all()
            assert len(tries) == 19
            for row in tries:
                row.at = datetime.now(UTC) + timedelta(minutes=5)
        codes = sorted(threads.map(one, range(19, 30)))
    assert codes == [422] + [429] * 10
    peopled.give_password("eva")
    assert tried(guarded, "/in", "203.0.113.78", username="eva@customer.test", password=PASSWORD).status_code == 303


@pytest.mark.attack(69)
@pytest.mark.parametrize("said", ["198.51.100.1, 203.0.113.88", "203.0.113.88"])
def test_an_address_that_is_made_up_is_no_new_one(guarded: Desk, peopled: World, said: str) -> None:
    """What a client itself writes before the proxy's own word is not believed."""
    codes = []
    for n in range(6):
        forged = said.replace("198.51.100.1", f"198.51.100.{n}")
        name = f"made-up{len(said)}@other.test"
        codes.append(tried(guarded, "/in", forged, username=name, password="x").status_code)
    assert codes == [422] * 5 + [429]


def link_of(desk: Desk, address: str, came_from: str) -> str:
    """The path of a sign-in link that somebody asked for."""
    settle(desk)
    had = len(letters(desk, address))
    assert tried(desk, "/in/forgotten", came_from, username=address).status_code == 303
    wait_for(lambda: len(letters(desk, address)) > had, "the letter with the link", 60)
    found = re.search(re.escape(desk.url) + r"(/in/once/[\w-]+)", text_of(letters(desk, address)[-1]))
    assert found, text_of(letters(desk, address)[-1])
    return found[1]


@pytest.mark.attack(71)
def test_a_link_works_once_and_only_by_its_button(guarded: Desk, peopled: World) -> None:
    """Programs that look at it use nothing up; a newer one ends it; used, cut, empty or run out it opens nothing."""
    address = guarded.run("contact", "add", "kim@customer.test") and "kim@customer.test"
    first = link_of(guarded, address, "203.0.113.30")
    second = link_of(guarded, address, "203.0.113.31")
    assert first != second
    browser = visitor(guarded, "203.0.113.32")
    assert browser.get(first).status_code == 410
    for _ in range(3):
        assert browser.get(second).status_code == browser.http.head(second).status_code == 200
        assert browser.http.get(second, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"}).status_code == 200
    assert COOKIE not in browser.http.cookies
    entered = browser.post(second)
    assert (entered.status_code, entered.headers["location"]) == (303, "/in/password")
    late = visitor(guarded, "203.0.113.33")
    for path in (second, first, second[:-1], second + "x", "/in/once/x", "/in/once/%00", "/in/once/" + "a" * 5000):
        assert late.get(path).status_code == 410, path
        assert late.post(path, "/in").status_code in (422, 429), path
    assert late.get("/in/once/").status_code == 404
    assert late.post("/in", username=address, password="").status_code in (422, 429)
    assert late.get("/tickets").status_code == 303


@pytest.mark.attack(71)
@pytest.mark.parametrize("kind", ["link", "password"])
def test_what_has_run_out_opens_nothing(guarded: Desk, peopled: World, kind: str) -> None:
    """A one-time link and a one-time password of yesterday are refused like any other wrong one."""
    secret = peopled.issue("zoe", "link" if kind == "link" else "password")
    with guarded.database.transaction() as session:
        expired = update(Account).where(Account.username == "zoe@customer.test")
        session.execute(expired.values(once_expires_at=datetime.now(UTC) - timedelta(days=1)))
    browser = visitor(guarded, f"203.0.113.4{len(kind)}")
    if kind == "link":
        assert browser.get(f"/in/once/{secret}").status_code == 410
        assert browser.post(f"/in/once/{secret}", "/in").status_code == 422
    else:
        assert browser.sign_in("zoe", secret).status_code == 422
    assert browser.get("/in/password").status_code == 303


def copied(desk: Desk, browser: Visitor) -> Visitor:
    """Another browser with the same cookies: a thief."""
    thief = visitor(desk)
    thief.http.cookies.update(browser.http.cookies)
    assert thief.get("/tickets").status_code == 200
    return thief


@pytest.mark.attack(72)
def test_a_planted_session_is_worth_nothing(guarded: Desk, peopled: World) -> None:
    """Whatever cookie a browser brought, signing in makes another, and the one before is dead."""
    peopled.give_password("max")
    browser = visitor(guarded, "203.0.113.50")
    browser.http.cookies.set(COOKIE, "planted", domain="127.0.0.1")
    assert browser.sign_in("max").status_code == 303
    cookies = [value for name, value in browser.http.cookies.items() if name == COOKIE]
    assert "planted" not in cookies
    planted = visitor(guarded)
    planted.http.cookies.set(COOKIE, "planted", domain="127.0.0.1")
    assert planted.get("/tickets").status_code == 303
    thief = copied(guarded, browser)
    assert browser.post("/in", "/tickets", username="max@customer.test", password=PASSWORD).status_code == 303
    assert thief.get("/tickets").status_code == 303
    assert browser.get("/tickets").status_code == 200


@pytest.mark.attack(72)
@pytest.mark.parametrize("end", ["out", "password", "elsewhere", "deactivated", "idle", "longest"])
def test_a_copied_session_ends_with_the_true_one(guarded: Desk, peopled: World, end: str) -> None:
    """Signing out, another password, signing out elsewhere, an account that is taken away, time: the copy is dead."""
    who = "deb@customer.test" if end == "deactivated" else "max@customer.test"
    if end == "deactivated":
        guarded.run("contact", "add", who, "--no-activate")
    browser = enter(guarded, who, f"203.0.113.6{len(end)}")
    thief = copied(guarded, browser)
    match end:
        case "out":
            assert browser.post("/out", "/tickets").status_code == 303
        case "password":
            answer = browser.post("/in/password", current=PASSWORD, new_password=NEW, again=NEW)
            assert answer.headers["location"] == "/me?done=password"
            assert browser.get("/tickets").status_code == 200
        case "elsewhere":
            assert browser.post("/me/devices", "/me", others="yes").status_code == 303
            copy = visitor(guarded)
            copy.http.cookies.update(browser.http.cookies)
            assert copy.get("/tickets").status_code == 200  # the same cookie is this very browser
            assert enter(guarded, who, "203.0.113.69").get("/tickets").status_code == 200
        case "deactivated":
            guarded.run("contact", "deactivate", who)
        case _:
            now = datetime.now(UTC)
            late = {"seen_at": now - timedelta(hours=9)} if end == "idle" else {"expires_at": now}
            with guarded.database.transaction() as session:
                mine = select(Account.id).where(Account.username == who).scalar_subquery()
                session.execute(update(WebSession).where(WebSession.account_id == mine).values(**late))
    assert thief.get("/tickets").status_code == 303
    assert visitor_is_out(thief)


def visitor_is_out(browser: Visitor) -> bool:
    """True when the portal knows nobody behind these cookies."""
    return browser.get("/me").status_code == browser.get("/desk").status_code == 303
