"""Every route of the running portal and of its API, for every kind of visitor, with things that are not theirs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from desk import tokens
from portal.api.app import OPERATIONS
from store.tables import Contact, Event, Ticket
from tests.attacks.outside import visitor
from tests.peers.desk import Desk
from tests.portal.client import TOKEN, Visitor
from tests.portal.test_access import MATRIX, WHO, filled, routes
from tests.portal.world import World

OWN = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
REFUSED = ("in", "pw", "404")
WORDS = ("Phones down", "second floor", "Secret remark", "switch log", "lift lobby")
ADDRESSES = {who: f"198.51.100.{place}" for place, who in enumerate(WHO, 1)}


class Named:
    """A visitor of one kind, with the token that their forms carry."""

    def __init__(self, desk: Desk, world: World, who: str) -> None:
        self.browser: Visitor = visitor(desk, ADDRESSES[who])
        if who == "once":
            answer = self.browser.sign_in("zoe", world.issue("zoe"))
            assert answer.headers["location"] == "/in/password"
        elif WHO[who]:
            world.give_password(WHO[who])
            assert self.browser.sign_in(WHO[who]).headers["location"] == "/"
        page = self.browser.get("/in" if who == "out" else "/in/password").text
        found = TOKEN.search(page)
        assert found, page
        self.token = found[1]

    def ask(self, method: str, path: str) -> Response:
        """The page, or the answer to an empty form that is ours."""
        if method == "GET":
            return self.browser.get(path)
        return self.browser.http.post(path, data={"form_token": self.token}, headers=OWN)


def outcome(answer: Response) -> str:
    """The status, or where it leads where that is the door."""
    location = answer.headers.get("location", "")
    if answer.status_code == 303 and location.startswith("/in/password"):
        return "pw"
    return "in" if answer.status_code == 303 and location.partition("?")[0] == "/in" else str(answer.status_code)


def entries_of(world: World) -> int:
    """How many entries the tickets of the sample desk have that a person wrote."""
    with world.database.reading() as session:
        people = [world.ids[name] for name in ("jane", "ana", "eva", "max", "zoe")]
        return session.scalar(select(func.count()).where(Event.contact_id.in_(people))) or 0


@pytest.mark.attack(74)
@pytest.mark.parametrize("who", WHO)
def test_every_route_for_every_visitor(guarded: Desk, peopled: World, who: str) -> None:
    """Each page, and each form that is not theirs, is answered as the access matrix says; nothing is written."""
    named, before = Named(guarded, peopled, who), entries_of(peopled)
    expected = {route: row[who] for route, row in MATRIX.items() if route[0] == "GET" or row[who] in REFUSED}
    expected.pop(("POST", "/out"), None)
    if who == "out":
        expected["GET", "/tickets/new"] = "in"  # this desk has no public services
    came, told = {}, []
    for route in routes():
        if route in expected:
            answer = named.ask(route[0], filled(route[1], peopled))
            came[route] = outcome(answer)
            told += [(route, word) for word in WORDS if came[route] in REFUSED and word in answer.text]
    assert came == expected
    assert told == []
    assert entries_of(peopled) == before


@pytest.mark.attack(74)
@pytest.mark.parametrize("who", ["own", "other"])
def test_what_is_foreign_looks_like_what_is_not_there(guarded: Desk, peopled: World, who: str) -> None:
    """Each route below a ticket answers for somebody else's, byte by byte, as for a number that nobody has."""
    named = Named(guarded, peopled, who)
    with peopled.database.reading() as session:
        unshared = session.get_one(Ticket, peopled.ids["unshared"]).number
    numbers = ("T20190409.0967", unshared, "T20190409.9999")
    for method, path in (route for route in MATRIX if "{number}" in route[1]):
        seen = set()
        for number in numbers:
            answer = named.ask(method, filled(path.replace("{number}", number), peopled))
            seen.add((answer.status_code, answer.text.replace(number, "N")))
        assert len(seen) == 1, path
        assert {status for status, _ in seen} == {404}, path


class Program:
    """Asks the API as somebody of the sample desk."""

    def __init__(self, desk: Desk, world: World, name: str) -> None:
        world.give_password(name)
        account = world.account(f"{name}@{'example' if name == 'sam' else 'customer'}.test")
        assert account
        with world.database.transaction() as session:
            self.token = tokens.make(
                session, account.id, "sample", 30, may_write=True, now=world.clock(), next_id=world.database.ids.next
            )
        self.http = visitor(desk).http

    def ask(self, method: str, path: str, **options: Any) -> Response:
        """One request."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **options)


BODIES: dict[str, Any] = {
    "change_ticket": {"action": "resolve"},
    "write_note": {"text": "words"},
    "change_contact": {"first_name": "Evil"},
}


def operations(world: World) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name, method, path and body of each operation on one thing, filled with what belongs to Acme Sample."""
    for one in OPERATIONS:
        if "{" in one.path:
            key = world.ids["ana"] if one.path.startswith("/contacts") else world.ids["log"]
            path = one.path.replace("{number}", "T20190409.0967").replace("{id:key}", str(key))
            files = {"files": {"file": ("a.txt", b"x")}} if one.files else {"json": BODIES.get(one.name, {})}
            yield one.name, one.method, path, files if one.writes else {}


@pytest.mark.attack(74)
@pytest.mark.parametrize("who", ["eva", "max", "zoe"])
def test_every_operation_on_what_is_foreign(guarded: Desk, peopled: World, who: str) -> None:
    """404 as for what is not there, 403 where the operation is not for such people at all; nothing is written."""
    program, before = Program(guarded, peopled, who), entries_of(peopled)
    if who == "max":
        with peopled.database.transaction() as session:
            session.get_one(Contact, peopled.ids["max"]).level = "Admin User"  # of another organisation
    for name, method, path, options in operations(peopled):
        answer = program.ask(method, path, **options)
        assert answer.status_code == (403 if "/contacts" in path and who != "max" else 404), (name, answer.text)
        assert [word for word in (*WORDS, "Ana") if word in answer.text] == []
        if "/tickets/" in path:
            unknown = program.ask(method, path.replace("T20190409.0967", "T20190409.9999"), **options)
            assert (unknown.status_code, unknown.text) == (answer.status_code, answer.text), name
    tickets = program.ask("GET", "/tickets?limit=100")
    assert (tickets.status_code, "T20190409.0967" in tickets.text) == (200, False)
    assert entries_of(peopled) == before
    if who == "max":
        listed = json.loads(program.ask("GET", "/contacts?limit=100").text)
        assert "ana@customer.test" not in str(listed).lower()
        assert "max@customer.test" in str(listed).lower()


@pytest.mark.attack(74)
def test_the_same_operations_for_whom_they_are_for(guarded: Desk, peopled: World) -> None:
    """The control: an Admin User of the organisation reads each of these things."""
    jane = Program(guarded, peopled, "jane")
    for name, method, path, _ in operations(peopled):
        if method == "GET":
            assert jane.ask(method, path).status_code == 200, name
    assert jane.ask("GET", "/dispositions").status_code == 403
