"""Who reaches what: every route for every kind of visitor, and every ticket for every person."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from desk.access import Person, TicketView, may_see
from portal.app import PAGES
from store.tables import Participant, Ticket
from tests.portal.client import Browser
from tests.portal.world import World

Enter = Callable[[str], Browser]
PHONES, UNKNOWN = "/t/T20190409.0967", "/t/T20190409.9999"
SIGN_IN, ENDED, CHOOSE = "303 /in", "303 /in?done=ended", "303 /in/password"

# Route → what comes of it signed out, with a one-time password only, as a colleague, as a stranger, as staff.
MATRIX = {
    ("GET", "/"): ("200", CHOOSE, "200", "200", "200"),
    ("GET", "/in"): ("200", CHOOSE, "303 /", "303 /", "303 /"),
    ("POST", "/in"): ("422", CHOOSE, "422", "422", "422"),
    ("GET", "/in/once/{secret}"): ("410", CHOOSE, "410", "410", "410"),
    ("POST", "/in/once/{secret}"): ("422", CHOOSE, "422", "422", "422"),
    ("GET", "/in/password"): (SIGN_IN + "?next=/in/password", "200", "200", "200", "200"),
    ("GET", "/in/forgotten"): ("200", CHOOSE, "200", "200", "200"),
    ("POST", "/in/forgotten"): ("422", CHOOSE, "422", "422", "422"),
    ("POST", "/in/password"): (ENDED, "422", "422", "422", "422"),
    ("POST", "/out"): (ENDED, "303 /", "303 /", "303 /", "303 /"),
    ("GET", "/me"): (SIGN_IN + "?next=/me", CHOOSE + "?next=/me", "200", "200", "200"),
    ("POST", "/me"): (ENDED, CHOOSE, "303 /me?done=saved", "303 /me?done=saved", "303 /me?done=saved"),
    ("POST", "/me/address"): (ENDED, CHOOSE, "422", "422", "404"),
    ("POST", "/me/letters"): (ENDED, CHOOSE, "303 /me?done=saved", "303 /me?done=saved", "303 /me?done=saved"),
    ("POST", "/me/followed"): (ENDED, CHOOSE, "404", "404", "404"),
    ("POST", "/me/devices"): (
        ENDED, CHOOSE, "303 /me?done=signed-out", "303 /me?done=signed-out", "303 /me?done=signed-out",
    ),
    ("GET", "/help"): ("200", CHOOSE, "200", "200", "200"),
    ("GET", "/accessibility"): ("200", CHOOSE, "200", "200", "200"),
    ("GET", "/announcements/{id:key}"): ("404", CHOOSE, "404", "404", "404"),
    ("GET", "/tickets"): (SIGN_IN + "?next=/tickets", CHOOSE + "?next=/tickets", "200", "200", "200"),
    ("GET", "/t/{number}"): (SIGN_IN + "?next=" + PHONES, CHOOSE + "?next=" + PHONES, "200", "404", "200"),
    ("GET", "/t/{number}/files/{id:key}"): (
        SIGN_IN + "?next=" + PHONES + "/files/{log}", CHOOSE + "?next=" + PHONES + "/files/{log}", "200", "404", "200",
    ),
    ("GET", "/t/{number}/files/{id:key}/picture"): ("404", CHOOSE, "200", "404", "200"),
    ("GET", "/t/{number}/entries/{id:key}.html"): (
        SIGN_IN + "?next=" + PHONES + "/entries/{first}.html", CHOOSE + "?next=" + PHONES + "/entries/{first}.html",
        "200", "404", "200",
    ),
    ("GET", "/t/{number}/entries/{id:key}.txt"): (
        SIGN_IN + "?next=" + PHONES + "/entries/{first}.txt", CHOOSE + "?next=" + PHONES + "/entries/{first}.txt",
        "200", "404", "200",
    ),
    # Of a token that is not ours; tests/portal/test_file.py has those that are.
    ("GET", "/f/{token}"): ("404", CHOOSE, "404", "404", "404"),
    ("GET", "/f/{token}/file"): ("404", CHOOSE, "404", "404", "404"),
}  # fmt: skip
# What only staff reach, and what comes of it for them; for customers there is nothing there.
STAFF_ONLY = {
    ("GET", "/desk/mail"): "200",
    ("GET", "/desk/mail/letters"): "200",
    ("GET", "/desk/mail/muted"): "200",
    ("GET", "/desk/mail/letters/{id:key}"): "404",  # no letter, and no mail, has the id of an entry
    ("GET", "/desk/mail/{id:key}"): "404",
    ("GET", "/desk/mail/{id:key}/headers"): "404",
    ("GET", "/desk/mail/{id:key}/raw"): "404",
    ("POST", "/desk/mail/decide"): "422",
    ("POST", "/desk/mail/letters/decide"): "422",
    ("POST", "/desk/mail/muted/lift"): "303 /desk/mail/muted?done=not-muted",
    **{
        ("POST", "/t/{number}/desk/" + act): "422"
        for act in ("note", "approval", "merge", "link", "task", "lane", "split")
    },
    **{("POST", "/t/{number}/desk/" + act): f"303 {PHONES}?done=saved" for act in ("take", "edit", "spam")},
}
MATRIX |= {
    (method, path): (
        ENDED if method == "POST" else f"{SIGN_IN}?next={path.replace('id:key', 'first')}",
        CHOOSE if method == "POST" else f"{CHOOSE}?next={path.replace('id:key', 'first')}",
        "404", "404", staff,
    )
    for (method, path), staff in STAFF_ONLY.items()
}  # fmt: skip
WHO = ("signed out", "one-time", "colleague", "stranger", "staff")


@pytest.fixture
def visitors(world: World, signed_in: Enter) -> dict[str, Callable[[], Browser]]:
    """How to become each kind of visitor."""

    def one_time() -> Browser:
        browser = Browser(world.config())
        assert browser.sign_in("jane", world.issue("jane")).headers["location"] == "/in/password"
        return browser

    return {
        "signed out": lambda: Browser(world.config()),
        "one-time": one_time,
        "colleague": lambda: signed_in("ana"),
        "stranger": lambda: signed_in("max"),
        "staff": lambda: signed_in("sam"),
    }


def test_the_matrix_names_every_route() -> None:
    """A new page has to be added here before it passes."""
    assert set(MATRIX) == {(method, path) for path, method, _, _ in PAGES}


@pytest.mark.parametrize("who", WHO)
def test_every_route_for_every_visitor(world: World, visitors: dict[str, Callable[[], Browser]], who: str) -> None:
    """The page, the way to sign in, the way to choose a password, or "not found"."""
    world.ids["first"] = world.ids["log"] - 1
    browser = visitors[who]()
    for (method, route), expected in sorted(MATRIX.items(), key=lambda entry: entry[0] == ("POST", "/out")):
        path = route.replace("{number}", "T20190409.0967").replace("{secret}", "x" * 40)
        path = path.replace("{token}", "a" * 40)
        target = "photo" if "picture" in route else "log" if "files" in route else "first"
        path = path.replace("{id:key}", str(world.ids[target]))
        page = "/in/password" if who != "signed out" else "/in"
        answer = browser.get(path) if method == "GET" else browser.post(path, page)
        came = f"{answer.status_code} {answer.headers.get('location', '')}".strip()
        assert came == expected[WHO.index(who)].format(**world.ids), (method, route)


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
    for path in (
        f"{PHONES}/files/{world.ids['log']}",
        f"{UNKNOWN}/files/1",
        f"{PHONES}/entries/1.txt",
        f"{PHONES}/entries/1.html",
    ):
        assert browser.get(path).content == unknown.content


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
