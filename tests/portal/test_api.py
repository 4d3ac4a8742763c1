"""The JSON API: tokens, rights, tickets, notes, files, contacts, dispositions, and how faults are said."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk import contacts, tokens
from desk.hooks import INFO, Hook, Hooks
from portal.api.app import OPERATIONS
from store.tables import AccessToken, Contact, Disposition, Event, HookMessage, Outbox, ReceivedMail
from tests.portal.api_world import Program, token_of
from tests.portal.world import START, World

PHONES = "/tickets/T20190409.0967"
RATED = {"type": "Incident", "urgency": "High", "item": "not sure"}


@pytest.fixture
def jane(world: World) -> Program:
    """A customer's program."""
    return Program(world, "jane")


@pytest.fixture
def sam(world: World) -> Program:
    """A program of staff."""
    return Program(world, "sam")


def fields(response: Any) -> set[str]:
    """Which fields a problem is about; it is one as RFC 9457 has them."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    assert body["detail"]
    return {one["field"] for one in body.get("errors", [])}


def test_a_token_is_needed(world: World) -> None:
    """Without one, with one that is none, and in any other way than as a bearer: 401, and how to do it."""
    nobody = Program(world)
    for value in ("", "Basic amFuZTpwYXNz", "Bearer", "Bearer pd_" + "x" * 43):
        response = nobody("GET", "/me", headers={"Authorization": value} if value else {})
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert nobody("GET", f"/me?access_token={token_of(world, 'jane')}").status_code == 401


def test_a_session_is_no_token(world: World, signed_in: Any) -> None:
    """Cookies are not looked at, so no page of another site can use them here."""
    browser = signed_in("jane")
    assert browser.get("/api/v1/me").status_code == 401
    assert browser.http.post("/api/v1/tickets", json={"title": "x", "description": "y"}).status_code == 401


def test_a_token_ends(world: World, jane: Program) -> None:
    """When its time is over, when its owner leaves, and when access is taken away."""
    assert jane.get("/me")["username"] == "jane@customer.test"
    world.clock.forward(days=30)
    assert jane("GET", "/me").status_code == 401
    world.clock.forward(days=-30)
    with world.database.transaction() as session:
        contacts.deactivate(session, session.get_one(Contact, world.ids["jane"]), START)
        assert session.scalars(select(AccessToken)).all() == []
    assert jane("GET", "/me").status_code == 401


def test_who_tries_tokens_is_stopped(world: World, jane: Program) -> None:
    """Sixty that do not work within a minute from one address; one that works is let in, and a minute later all are."""
    codes = [jane("GET", "/me", headers={"Authorization": "Bearer pd_" + "x" * 43}).status_code for _ in range(61)]
    assert codes == [401] * 60 + [429]
    assert jane("GET", "/me").status_code == 200
    world.clock.forward(minutes=1)
    assert jane("GET", "/me", headers={"Authorization": "Bearer pd_" + "x" * 43}).status_code == 401


def test_a_token_may_ask_so_often(world: World) -> None:
    """Above the limit: 429, and when to come back; another token has its own limit."""
    often, other = Program(world, "jane", api_per_minute=3), token_of(world, "jane", called="other")
    assert [often("GET", "/me").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert int(often("GET", "/me").headers["retry-after"]) == 60
    assert often("GET", "/me", headers={"Authorization": f"Bearer {other}"}).status_code == 200


def test_reading_tokens_change_nothing(world: World) -> None:
    """A token that may only read is refused before anything is looked at."""
    reader = Program(world, "jane", may_write=False)
    for one in OPERATIONS:
        if one.writes and one.who == "token":
            path = one.path.replace("{number}", "T20190409.0967")
            assert reader(one.method, path, json={}).status_code == 403


def test_the_last_use_is_noted(world: World, jane: Program) -> None:
    """To the minute."""
    jane.get("/me")
    with world.database.reading() as session:
        assert session.scalars(select(AccessToken.used_at)).one() == START


def test_tokens_are_kept_as_hashes_and_never_logged(
    world: World, jane: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the database nor the log has one."""
    with caplog.at_level(logging.DEBUG):
        jane.get("/tickets")
        jane("GET", "/nothing")
    assert jane.token not in caplog.text
    assert world.database.file is not None
    kept = b"".join(path.read_bytes() for path in world.database.files if path.exists())
    assert jane.token.encode() not in kept


def test_headers(jane: Program) -> None:
    """Nothing is kept by browsers or proxies, nothing is shared with other sites."""
    response = jane("GET", "/me", headers={"Origin": "https://elsewhere.test"})
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert "set-cookie" not in response.headers
    assert jane("OPTIONS", "/me").status_code == 405


def test_list_and_pages(jane: Program) -> None:
    """A customer's tickets, a page at a time, each once, and those of the organisation that are shared."""
    seen: list[str] = []
    path = "/tickets?limit=2&sort=-created"
    while path:
        page = jane.get(path)
        seen += [one["title"] for one in page["items"]]
        path = f"/tickets?limit=2&sort=-created&cursor={page['next']}" if page["next"] else ""
    assert sorted(seen) == ["My pay slip", "New keyboard", "Phones down at Blackfriars"]


def test_filters(world: World, jane: Program, sam: Program) -> None:
    """Views, statuses, words, times; what is for staff is refused to others."""

    def titles(program: Program, query: str) -> set[str]:
        return {one["title"] for one in program.get(f"/tickets?{query}")["items"]}

    assert titles(jane, "status=Resolved&status=Waiting%20Customer") == {"New keyboard", "My pay slip"}
    assert titles(jane, "q=blackfriars") == {"Phones down at Blackfriars"}
    assert titles(jane, "q=secret%20remark") == set()
    assert titles(jane, "updated_from=2019-04-09T12:30:00Z") == {"Phones down at Blackfriars"}
    assert titles(jane, "updated_before=2019-04-07T00:00:00%2B00:00") == {"New keyboard"}
    assert titles(sam, "organisation=Private&assignee=nobody") == set()
    assert "Door card" in titles(sam, "organisation=Private")
    refused = jane("GET", "/tickets?view=queue&organisation=Acme&limit=0&limit=1&foo=1")
    assert refused.status_code == 422
    assert fields(jane("GET", "/tickets?view=queue&organisation=Acme")) == {"view", "organisation"}
    assert fields(jane("GET", "/tickets?limit=1000&foo=1&sort=password_hash")) == {"limit", "foo", "sort"}
    assert fields(jane("GET", "/tickets?cursor=MTItYQ")) == {"cursor"}


def test_what_is_not_there_and_what_is_not_theirs_look_alike(world: World, jane: Program) -> None:
    """404 with the same words, for every operation on a ticket."""
    zoe = Program(world, "zoe")
    answers = set()
    for one in OPERATIONS:
        if "{number}" not in one.path:
            continue
        for number in ("T20190409.0967", "T19990101.0001", "x y", "1 OR 1=1"):
            path = one.path.replace("{number}", number).replace("{id:key}", str(world.ids["log"]))
            sent: dict[str, Any] = {"json": {"text": "x"} if "notes" in path else {"action": "resolve"}}
            if one.files:
                sent = {"content": b"x", "headers": {"Content-Type": "application/octet-stream"}}
            response = zoe(one.method, path, **(sent if one.writes else {}))
            answers.add((response.status_code, response.text))
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_a_ticket_for_whom(world: World, jane: Program, sam: Program) -> None:
    """Customers see neither who looks after it nor times spent; staff do. Priorities go by the level."""
    theirs, ours = jane.get(PHONES), sam.get(PHONES)
    assert (theirs["assignee"], theirs["minutes"], theirs["priority"]) == (None, None, "Low")
    assert ours["assignee"] == {"id": world.ids["sam"], "name": "Sam Sample"}
    assert ours["minutes"] == 0
    assert theirs["updated_at"] == "2019-04-09T12:37:00Z"
    assert theirs["url"] == "https://desk.example.test/t/T20190409.0967"


def test_open_a_ticket(world: World, jane: Program) -> None:
    """It is there, its receipt is on its way, and its place is named."""
    made = jane(
        "POST", "/tickets",
        json={"title": "No sound", "description": "Since noon.\r\nAll phones.", "reference": "A-1"} | RATED,
    )  # fmt: skip
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    assert made.headers["location"] == f"https://desk.example.test/api/v1/tickets/{number}"
    read = jane.get(f"/tickets/{number}")
    assert (read["title"], read["reference"], read["urgency"], read["contact"]["name"]) == (
        "No sound", "A-1", "High", "Jane Sample",
    )  # fmt: skip
    assert jane.get(f"/tickets/{number}/notes")["items"][0]["text"] == "Since noon.\nAll phones."
    with world.database.reading() as session:
        assert "received" in session.scalars(select(Outbox.kind).where(Outbox.contact_id == world.ids["jane"])).all()


@pytest.mark.parametrize(
    "body, wrong",
    [
        ({"title": "x", "description": "y", "role": "admin", "internal": True}, {"role", "internal"}),
        ({"title": "x"}, {"description"}),
        ({"title": 1, "description": ["y"]}, {"title", "description"}),
        ({"title": "x", "description": "y", "source": "Phone"}, {"source"}),
        ({"title": "x" * 300, "description": "", "reference": "r"}, {"title", "description"}),
        ({"title": "x", "description": "y", "reference": "r", "contact": "max@customer.test"}, {"contact"}),
        ({"title": "x", "description": "y", "reference": "r", "site_id": 99}, {"site_id"}),
        ({"title": "x", "description": "y", "reference": "r", "answers": {"Nobody?": "z"}}, {"answers.Nobody?"}),
        ({"title": "x", "description": "y", "needed_by": "soon"}, {"needed_by"}),
        ({"title": "x", "description": "y", "reference": "r", "urgency": "High"}, {"urgency"}),
    ],
)  # fmt: skip
def test_what_cannot_be_a_ticket(jane: Program, body: dict[str, Any], wrong: set[str]) -> None:
    """422, with each field that is wrong, and nothing is opened."""
    response = jane("POST", "/tickets", json=body)
    assert response.status_code == 422
    assert fields(response) == wrong
    assert len(jane.get("/tickets")["items"]) == 3


def test_bodies_that_cannot_be_read(jane: Program) -> None:
    """No JSON, not in UTF-8, of another type, too large."""
    kind = {"Content-Type": "application/json"}
    for text in (b"", b"{", b"[" * 100_000, b'{"title": "\xff"}', b'{"title": "\\ud800"}', b"title=x"):
        assert jane("POST", "/tickets", content=text, headers=kind).status_code == 400, text[:20]
    assert jane("POST", "/tickets", data={"title": "x"}).status_code == 415
    assert jane("POST", "/tickets", content=b"{}" + b" " * (1024 * 1024), headers=kind).status_code == 413
    upload = {"Content-Type": "application/octet-stream"}
    assert jane("POST", f"{PHONES}/attachments", content=b"x" * 11_000_000, headers=upload).status_code == 413


def test_the_same_request_twice(world: World, jane: Program) -> None:
    """With an Idempotency-Key it is done once and answered alike; the key stands for nothing else for a day."""
    body = {"title": "Once", "description": "Only.", "reference": "r"}
    key = {"Idempotency-Key": "7f3c"}
    first, again = (jane("POST", "/tickets", json=body, headers=key) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len(jane.get("/tickets")["items"]) == 4
    assert jane("POST", "/tickets", json=body | {"title": "Other"}, headers=key).status_code == 422
    assert jane("POST", f"{PHONES}/notes", json={"text": "x"}, headers=key).status_code == 422
    assert jane("POST", "/tickets", json=body, headers={"Idempotency-Key": "a b"}).status_code == 400
    sam = Program(world, "sam")
    own = sam("POST", f"{PHONES}/notes", json={"text": "x"}, headers=key)
    assert own.status_code == 201, "keys are each account's own"
    world.clock.forward(hours=25)
    with world.database.transaction() as session:
        tokens.purge(session, world.clock())
    assert jane("POST", "/tickets", json=body, headers=key).status_code == 201
    assert len(jane.get("/tickets")["items"]) == 5


def test_a_refused_request_is_refused_again(jane: Program) -> None:
    """A refusal is an answer too; one that was cut off says so until a person has looked."""
    key = {"Idempotency-Key": "refused"}
    first, again = (jane("POST", "/tickets", json={"title": "", "description": ""}, headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 422
    assert first.json() == again.json()
    assert again.headers["content-type"] == "application/problem+json"


def test_notes(world: World, jane: Program, sam: Program) -> None:
    """Each reads what is theirs; internal ones are written and read by staff alone."""
    world.clock.forward(hours=1)
    assert {one["visibility"] for one in jane.get(f"{PHONES}/notes")["items"]} == {"public"}
    assert {one["visibility"] for one in sam.get(f"{PHONES}/notes")["items"]} == {"public", "internal", "pending"}
    assert fields(jane("POST", f"{PHONES}/notes", json={"text": "x", "visibility": "internal"})) == {"text"}
    assert fields(jane("POST", f"{PHONES}/notes", json={"text": "x", "status": "Complete"})) == {"status"}
    assert fields(jane("POST", f"{PHONES}/notes", json={"text": "x" * 9000})) == {"text"}
    inside = sam("POST", f"{PHONES}/notes", json={"text": "For us.", "visibility": "internal"})
    assert inside.json()["visibility"] == "internal"
    asked = sam(
        "POST", f"{PHONES}/notes", json={"text": "Which floor?", "status": "Waiting Customer", "title": "Floor"}
    )
    assert asked.status_code == 201, asked.text
    last = jane.get(f"{PHONES}/notes")["items"][-1]
    assert (last["title"], last["text"], last["author"], last["by_staff"]) == (
        "Floor",
        "Which floor?",
        "Sam Sample",
        True,
    )
    assert last["changes"] == [{"field": "status", "before": "In Progress", "after": "Waiting Customer"}]
    seen, path = [], f"{PHONES}/notes?limit=1"
    while path:
        page = jane.get(path)
        seen += [one["id"] for one in page["items"]]
        path = f"{PHONES}/notes?limit=1&cursor={page['next']}" if page["next"] else ""
    assert seen == [one["id"] for one in jane.get(f"{PHONES}/notes")["items"]]


def test_files(world: World, jane: Program, sam: Program) -> None:
    """Listed, read byte for byte and only to be kept; added as they are or as a form; refused by the desk's rules."""
    names = {one["name"] for one in jane.get(f"{PHONES}/attachments")["items"]}
    assert names == {"switch log, 9 April.txt", "display.png", "drawing.svg"}
    assert "secret.txt" in {one["name"] for one in sam.get(f"{PHONES}/attachments")["items"]}
    read = jane("GET", f"{PHONES}/attachments/{world.ids['log']}")
    assert read.content == b"port 4 down\n" * 4000
    assert read.headers["content-type"] == "application/octet-stream"
    assert read.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in read.headers["content-security-policy"]
    for gone in ("secret", "gone"):
        assert jane("GET", f"{PHONES}/attachments/{world.ids[gone]}").status_code == 404
    plain = {"Content-Type": "application/octet-stream"}
    added = jane("POST", f"{PHONES}/attachments?name=new%20log.txt", content=b"up again", headers=plain)
    assert added.status_code == 201, added.text
    file = added.json()["attachments"][0]
    assert file["name"] == "new log.txt"
    assert jane.http.get(file["api_url"], headers={"Authorization": f"Bearer {jane.token}"}).content == b"up again"
    form = jane("POST", f"{PHONES}/attachments", files=[("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))])
    assert [one["name"] for one in form.json()["attachments"]] == ["a.txt", "b.txt"]
    for sent in ({"content": b"MZ", "headers": plain}, {"files": {"other": ("a.txt", b"a")}}, {"content": b""}):
        path = f"{PHONES}/attachments?name=setup.exe"
        assert jane("POST", path, **{"headers": plain, **sent}).status_code in (400, 422)  # type: ignore[arg-type]


def test_customers_move_their_tickets(world: World, jane: Program) -> None:
    """Resolved, opened again, withdrawn with a reason of the desk; the fields are for staff."""
    assert jane("PATCH", PHONES, json={"action": "resolve"}).json()["status"] == "Resolved"
    assert jane("PATCH", PHONES, json={"action": "resolve"}).status_code == 422
    assert jane("PATCH", PHONES, json={"action": "reopen"}).json()["status"] == "Update Added"
    assert fields(jane("PATCH", PHONES, json={"action": "withdraw", "reason": "Because"})) == {"reason"}
    gone = jane("PATCH", PHONES, json={"action": "withdraw", "reason": "Duplicate", "comment": "of 0966"})
    assert (gone.json()["status"], gone.json()["withdrawal"]) == ("Withdrawn", "Duplicate: of 0966")
    staff = {"priority": "High", "assignee": "staff:1", "action": "take"}
    assert fields(jane("PATCH", PHONES, json=staff)) == {"action", "assignee", "priority"}
    assert fields(jane("PATCH", PHONES, json={"spam": True})) == {"spam"}
    assert jane("PATCH", PHONES, json={}).status_code == 422


def test_staff_change_tickets(world: World, sam: Program) -> None:
    """All fields in one entry; faults are told at once, and then nothing is changed."""
    changed = sam(
        "PATCH", PHONES,
        json={
            "title": "All phones down", "priority": "High", "type": "Incident", "reference": "A-1", "minutes": 15,
            "due_at": "2019-04-12T15:00:00+02:00", "needed_by": "2019-05-01", "contact": "ana@customer.test",
        },
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    now = changed.json()
    assert (now["title"], now["priority"], now["type"], now["reference"]) == (
        "All phones down",
        "High",
        "Incident",
        "A-1",
    )
    assert (now["due_at"], now["needed_by"], now["minutes"]) == ("2019-04-12T13:00:00Z", "2019-05-01", 15)
    assert now["contact"]["name"] == "Ana Sample"
    with world.database.reading() as session:
        last = session.scalars(select(Event).where(Event.ticket_id == world.ids["phones"]).order_by(Event.id.desc()))
        assert {"title", "priority", "type", "due"} <= set(last.first().changes)  # type: ignore[union-attr]
    assert sam("PATCH", PHONES, json={"due_at": None, "needed_by": None}).json()["due_at"] is None
    wrong = {"title": " ", "site_id": 99, "due_at": "1999-01-01T00:00:00Z", "assignee": "team:99"}
    assert fields(sam("PATCH", PHONES, json=wrong)) == {"title", "site_id", "due_at", "assignee"}
    assert fields(sam("PATCH", PHONES, json={"title": None, "reason": "x"})) == {"title", "reason"}
    assert sam.get(PHONES)["title"] == "All phones down"
    done = sam("PATCH", PHONES, json={"action": "resolve", "resolution": "A cable."})
    assert (done.json()["status"], done.json()["resolution"]) == ("Resolved", "A cable.")
    assert sam("PATCH", PHONES, json={"status": "In Progress"}).json()["completed_at"] is None


def test_nobody_overwrites_what_they_have_not_seen(world: World, sam: Program) -> None:
    """If-Match with an older ETag: 412, and the ticket stays."""
    tag = sam("GET", PHONES).headers["etag"]
    world.clock.forward(minutes=40)
    first = sam("PATCH", PHONES, json={"title": "First"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert sam("PATCH", PHONES, json={"title": "Second"}, headers={"If-Match": tag}).status_code == 412
    assert sam("PATCH", PHONES, json={"title": "Third"}, headers={"If-Match": first.headers["etag"]}).status_code == 200


def make_admin(world: World) -> Program:
    """Ana keeps the people of Acme."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).level = "Admin User"
    return Program(world, "ana")


def test_contacts(world: World, jane: Program, sam: Program) -> None:
    """Admin users keep those of their organisation, staff all; others keep none."""
    ana = make_admin(world)
    assert jane("GET", "/contacts").status_code == 403
    assert {one["name"] for one in ana.get("/contacts")["items"]} == {"Jane Sample", "Ana Sample"}
    assert len(sam.get("/contacts")["items"]) == 5
    assert [one["name"] for one in sam.get("/contacts?q=zoe")["items"]] == ["Zoe Sample"]
    page = sam.get("/contacts?limit=2")
    assert len(sam.get(f"/contacts?limit=100&cursor={page['next']}")["items"]) == 3
    assert ana("GET", f"/contacts/{world.ids['max']}").status_code == 404
    assert ana("PATCH", f"/contacts/{world.ids['max']}", json={"phone": "1"}).status_code == 404
    made = ana("POST", "/contacts", json={"first_name": "Ivo", "last_name": "New", "email": "ivo@customer.test"})
    assert made.status_code == 201, made.text
    path = f"/contacts/{made.json()['id']}"
    changed = ana("PATCH", path, json={"phone": "020 7946 0000", "portal_access": True, "level": "Standard User"})
    assert (changed.json()["phone"], changed.json()["portal_access"]) == ("020 7946 0000", True)
    assert ana("PATCH", path, json={"mobile": "07700 900000"}).json()["portal_access"] is True, "left as it was"
    taken = {"first_name": "Eva", "last_name": "Two", "email": "jane@customer.test"}
    assert fields(ana("POST", "/contacts", json=taken)) == {"email"}
    assert fields(sam("POST", "/contacts", json=taken)) == {"organisation_id"}
    assert fields(ana("PATCH", path, json={"organisation_id": 2, "role": "x"})) == {"organisation_id", "role"}
    assert ana("POST", "/contacts", json=taken | {"organisation_id": world.ids["own"]}).status_code == 422


def test_dispositions(world: World, jane: Program, sam: Program) -> None:
    """Staff see what became of each mail, the newest first; nobody else does."""
    with world.database.transaction() as session:
        for place, kind in enumerate(("opened", "held", "held")):
            mail_id, at = world.database.ids.next(), START + timedelta(minutes=place)
            session.add(ReceivedMail(id=mail_id, received_at=at, source="smtp", recipients=[], size=10, waiting=False))
            session.flush()
            session.add(
                Disposition(
                    received_id=mail_id, at=at, kind=kind, rule="sample", reason="A sample.", sender="x@customer.test",
                    subject=f"Mail {place}", ticket_id=world.ids["phones"] if kind == "opened" else None,
                    evidence={"dkim": "pass"},
                )
            )  # fmt: skip
    assert jane("GET", "/dispositions").status_code == 403
    page = sam.get("/dispositions?limit=2")
    assert [one["subject"] for one in page["items"]] == ["Mail 2", "Mail 1"]
    last = sam.get(f"/dispositions?limit=2&cursor={page['next']}")
    assert (last["items"][0]["ticket"], last["next"]) == ("T20190409.0967", None)
    assert len(sam.get("/dispositions?kind=held")["items"]) == 2
    at = datetime(2019, 4, 9, 12, 8, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    assert len(sam.get(f"/dispositions?before={at}")["items"]) == 1


def test_without_encryption_there_is_no_api(world: World) -> None:
    """A token would travel in the clear."""
    program = Program(world, "jane", base_url="http://desk.example.test")
    assert program("GET", "/me").status_code == 403


def test_every_operation_is_described(jane: Program) -> None:
    """Each with every status that it can answer; the description itself needs no token."""
    described = jane.http.get("/api/v1/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    found = {
        (method.upper(), path): set(one["responses"])
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    }
    assert found == {
        (one.method, one.path.replace(":key", "")): {str(one.status), *map(str, one.problems)} for one in OPERATIONS
    }


def test_what_happens_is_told_to_webhooks(world: World, jane: Program) -> None:
    """A ticket and a note by the API are messages like those by mail, in the same transaction."""
    world.database.info[INFO] = Hooks((Hook("chat"),), "https://desk.example.test")
    made = jane("POST", "/tickets", json={"title": "No sound", "description": "Since noon.", "reference": "A-1"})
    assert jane("POST", f"/tickets/{made.json()['number']}/notes", json={"text": "All phones."}).status_code == 201
    assert jane("POST", f"/tickets/{made.json()['number']}/notes", json={"text": ""}).status_code == 422
    with world.database.reading() as session:
        rows = session.scalars(select(HookMessage).order_by(HookMessage.id)).all()
    assert [row.event for row in rows] == ["ticket.opened", "ticket.noted"]
    assert f'"number":"{made.json()["number"]}"' in rows[0].body
