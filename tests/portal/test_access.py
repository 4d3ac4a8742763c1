"""Who reaches what: every route for every kind of visitor, and every ticket for every person."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from desk.access import Person, TicketView, may_see
from portal.app import PAGES
from store.tables import Participant, Ticket
from tests.portal.client import Browser
from tests.portal.gallery_world import RULES, furnish
from tests.portal.world import World

Enter = Callable[[str], Browser]
PHONES, UNKNOWN = "/t/T20190409.0967", "/t/T20190409.9999"
# Each route, and what comes of it for each kind of visitor. `in` is the way to the sign-in page, `pw` to that where an
# own password is chosen; forms are sent empty. A line was read by a person before it came in here.
TABLE = Path(__file__).with_name("access_matrix.txt")
# In whose name: nobody, with a one-time password, who sees their own tickets only, of another organisation, a Standard
# User and the Admin User of the ticket's organisation, and somebody at the desk.
WHO = {"out": "", "once": "zoe", "own": "eva", "other": "max", "standard": "ana", "admin": "jane", "staff": "sam"}
MATRIX = {
    (method, path): dict(zip(WHO, codes, strict=True))
    for method, path, *codes in (line.split() for line in TABLE.read_text().splitlines() if line and line[0] != "#")
}


@pytest.fixture
def furnished(world: World) -> World:
    """The sample desk with something on every page."""
    return furnish(world)


def browser_of(world: World, who: str) -> Browser:
    """A browser of that kind of visitor."""
    browser = Browser(world.config(rules=RULES))
    if who == "once":
        assert browser.sign_in("zoe", world.issue("zoe")).headers["location"] == "/in/password"
    elif WHO[who]:
        assert browser.sign_in(WHO[who]).headers["location"] == "/"
    return browser


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of every page; what takes something away comes last, and leaving at the very end."""
    ends = ("/merge", "/spam", "/resolve", "/withdraw", "/remove", "/leave", "/me/devices", "/out")
    yield from sorted(MATRIX, key=lambda route: next((i for i, end in enumerate(ends, 1) if route[1].endswith(end)), 0))


def filled(path: str, world: World) -> str:
    """A path with the ids of the sample desk."""
    first = world.ids["log"] - 1
    key = "photo" if "picture" in path else "log" if "/files/" in path else "news" if "announce" in path else ""
    key = key or ("letter" if "letters" in path else "held" if "/desk/mail" in path else "")
    id_ = world.ids[key] if key else first if "/entries/" in path else 999999
    values = {
        "{number}": "T20190409.0967", "{secret}": "x" * 40, "{token}": "a" * 40, "{form}": "csv",
        "{contact_id:key}": str(world.ids["ana"]), "{id:key}": str(id_),
    }  # fmt: skip
    for place, value in values.items():
        path = path.replace(place, value)
    return path


def outcome(browser: Browser, method: str, path: str, page: str) -> str:
    """The status, or where it leads where that is the door."""
    answer = browser.get(path) if method == "GET" else browser.post(path, page)
    location = answer.headers.get("location", "")
    if answer.status_code == 303 and location.startswith("/in/password"):
        return "pw"
    return "in" if answer.status_code == 303 and location.partition("?")[0] == "/in" else str(answer.status_code)


def test_the_matrix_names_every_route() -> None:
    """A new page has to be added here before it passes."""
    assert set(MATRIX) == {(method, path) for path, method, _, _ in PAGES}


@pytest.mark.parametrize("who", WHO)
def test_every_route_for_every_visitor(furnished: World, who: str) -> None:
    """The page, the door, or "not found", as the table says."""
    browser = browser_of(furnished, who)
    page = "/in" if who == "out" else "/in/password"
    came = {route: outcome(browser, route[0], filled(route[1], furnished), page) for route in routes()}
    assert came == {route: row[who] for route, row in MATRIX.items()}


def test_no_form_without_its_token(furnished: World) -> None:
    """Nobody else's page can send one: 403 for each, whoever is signed in, and nothing is changed (CSRF)."""
    browser = browser_of(furnished, "staff")
    own = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    for method, path in routes():
        if method == "POST":
            answer = browser.http.post(filled(path, furnished), data={"form_token": "x"}, headers=own)
            assert answer.status_code == 403, path
            foreign = browser.http.post(filled(path, furnished), data={}, headers={"Origin": "https://evil.example"})
            assert foreign.status_code == 403, path


@pytest.mark.feature("F22")
@pytest.mark.parametrize(
    "who, seen",
    [
        ("jane", {"phones", "unshared", "done"}),  # her own
        ("ana", {"phones", "done"}),  # her organisation's, less what is not shared
        ("max", {"joined", "left"}),
        ("eva", set()),  # of an organisation whose people see their own only
        ("zoe", {"joined"}),  # takes part in one, took part in another
        ("sam", {"phones", "unshared", "done", "joined", "left"}),
    ],
)
def test_who_sees_which_ticket(world: World, signed_in: Enter, who: str, seen: set[str]) -> None:
    """List, ticket page and access rule say the same for each person and each ticket."""
    browser = signed_in(who)
    with world.database.reading() as session:
        tickets = {
            key: session.get_one(Ticket, world.ids[key]) for key in ("phones", "unshared", "done", "joined", "left")
        }
        numbers = {key: ticket.number for key, ticket in tickets.items()}
        rule = {key for key, ticket in tickets.items() if may_see(person_of(world, who), view_of(session, ticket))}
    listed = browser.get("/tickets").text
    assert rule == seen
    assert {key for key, number in numbers.items() if number in listed} == seen
    assert {key for key, number in numbers.items() if browser.get(f"/t/{number}").status_code == 200} == seen


def person_of(world: World, who: str) -> Person:
    """As the access rules see them."""
    if who == "sam":
        return Person(staff_id=world.ids["sam"])
    organisation = {"jane": "acme", "ana": "acme", "max": "own", "eva": "own"}.get(who)
    return Person(
        contact_id=world.ids[who],
        organisation_id=world.ids[organisation] if organisation else None,
        organisations=frozenset({world.ids["acme"]} if organisation == "acme" else ()),
    )


def view_of(session: Session, ticket: Ticket) -> TicketView:
    """A ticket as the access rules see it."""
    taking_part = session.query(Participant).filter_by(ticket_id=ticket.id, removed_at=None)
    return TicketView(
        ticket.id, ticket.requester_id, ticket.organisation_id, ticket.shared,
        frozenset(row.contact_id for row in taking_part),
    )  # fmt: skip


def test_a_foreign_number_and_no_number_look_the_same(world: World, signed_in: Enter) -> None:
    """Nobody learns that a ticket exists: the pages are equal to the byte, and to the header."""
    browser = signed_in("max")
    foreign, unknown = browser.get(PHONES), browser.get(UNKNOWN)
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    assert dict(foreign.headers) == dict(unknown.headers)
    below = browser.get(f"{UNKNOWN}/files/1").content
    for path in (
        f"{PHONES}/files/{world.ids['log']}",
        f"{PHONES}/entries/1.txt",
        f"{PHONES}/entries/1.html",
    ):
        assert browser.get(path).content == below


def test_signed_out_a_number_tells_nothing(browser: Browser) -> None:
    """Both lead to the sign-in page."""
    assert browser.get(PHONES).status_code == browser.get(UNKNOWN).status_code == 303


@pytest.mark.parametrize("key", ["9" * 18, "9" * 19, "9" * 5000, "-1", "１", "1.5", "x"])
@pytest.mark.parametrize("path", ["files/{}", "files/{}/picture", "entries/{}.txt", "entries/{}.html"])
def test_strange_ids_are_not_found(signed_in: Enter, path: str, key: str) -> None:
    """Ids larger than any database takes, and what is no id: 404, never an error."""
    assert signed_in("sam").get(f"{PHONES}/{path.format(key)}").status_code == 404


@pytest.mark.parametrize("number", ["１００１", "9" * 40, "-1", "' or 1=1 --", "%00", "T%", "T20190409.0967%0d%0a"])
def test_strange_numbers_are_not_found(signed_in: Enter, number: str) -> None:
    """Full-width digits, huge and negative numbers, SQL, control characters: 404, never an error."""
    assert signed_in("sam").get(f"/t/{number}").status_code == 404


def test_customers_never_see_what_is_internal_or_pending(world: World, signed_in: Enter) -> None:
    """Neither words nor files nor the raw text, whatever the address."""
    browser = signed_in("jane")
    page = browser.get(PHONES).text
    assert "Secret remark" not in page
    assert "somebody we do not know" not in page
    assert "secret.txt" not in page
    assert browser.get(f"{PHONES}/files/{world.ids['secret']}").status_code == 404
    assert browser.get(f"{PHONES}/entries/{world.ids['secret'] - 1}.txt").status_code == 404
    staff = signed_in("sam")
    page = staff.get(PHONES).text
    assert "Secret remark" in page
    assert "<em>Internal</em>" in page
    assert "<em>Waiting: not shown to the customer yet</em>" in page
    assert "<em>Not verified</em>" in page
    assert staff.get(f"{PHONES}/files/{world.ids['secret']}").content == b"for staff"


def test_a_file_is_reached_through_its_own_ticket_only(world: World, signed_in: Enter) -> None:
    """Another ticket that the visitor may see does not open it; nor does one that was taken away."""
    browser = signed_in("ana")
    with world.database.reading() as session:
        other = session.get_one(Ticket, world.ids["done"]).number
    assert browser.get(f"/t/{other}").status_code == 200
    assert browser.get(f"/t/{other}/files/{world.ids['log']}").status_code == 404
    assert browser.get(f"{PHONES}/files/{world.ids['gone']}").status_code == 404


@pytest.mark.feature("F16")
def test_credentials_give_access_as_often_as_wanted(world: World) -> None:
    """Signing in again and again with the own password works."""
    world.give_password("jane")
    for _ in range(3):
        assert Browser(world.config()).sign_in("jane").status_code == 303
