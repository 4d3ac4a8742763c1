"""Forms, addresses and headers that are not what our pages make: refused, or passed over, and never a way to more."""

import re

import pytest
from sqlalchemy import select

from store.tables import Account, Contact, Event, Ticket
from tests.attacks.outside import enter, give, learnt, letters, settle, visitor
from tests.attacks.smtpraw import Raw
from tests.attacks.test_accounts_matrix import OWN, Program
from tests.e2e.world import answer, text_of
from tests.peers.common import wait_for
from tests.peers.desk import Desk
from tests.portal.client import TOKEN, Visitor
from tests.portal.test_access import MATRIX, filled
from tests.portal.world import PASSWORD, World

PHONES = "/t/T20190409.0967"
JANE = "jane@customer.test"


@pytest.fixture
def jane(guarded: Desk, peopled: World) -> Visitor:
    """The Admin User of Acme Sample, signed in."""
    return enter(guarded, JANE, "192.0.2.101")


@pytest.fixture
def max_(guarded: Desk, peopled: World) -> Visitor:
    """A contact of another organisation, signed in."""
    return enter(guarded, "max@customer.test", "192.0.2.102")


def asked(desk: Desk, head: str) -> tuple[str, str]:
    """The status line and all of an answer to a request as it stands, which httpx would mend."""
    with Raw(desk.page, 60) as client:
        client.send(f"{head}\r\nConnection: close\r\n\r\n".encode())
        whole = b"".join(iter(client.line, b"")).decode("utf-8", "replace")
    return whole.partition("\r\n")[0], whole


EVIL = (
    "GET {path} HTTP/1.1\r\nHost: evil.test",
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1.evil.test",
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1@evil.test",
    "GET {path} HTTP/1.1\r\nHost: evil.test:80\r\nX-Forwarded-Host: 127.0.0.1",
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test",
    "GET {path} HTTP/1.1\r\nHost:",
    "GET {path} HTTP/1.0",
    "GET {path} HTTP/1.1\r\nHost: evil.test/127.0.0.1",
)
KEPT = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.test\r\nForwarded: host=evil.test",
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Server: evil.test\r\nX-Original-URL: http://evil.test/",
    "GET http://evil.test{path} HTTP/1.1\r\nHost: {host}",
)


@pytest.mark.attack(70)
@pytest.mark.parametrize("path", ["/", "/in", "/tickets", PHONES, "/in/forgotten", "/api/v1/openapi.json"])
def test_a_foreign_host_is_refused_and_named_nowhere(guarded: Desk, path: str) -> None:
    """400 for a name that is not ours; and whatever else says a host, neither page nor redirect repeats it."""
    for head in EVIL:
        status, whole = asked(guarded, head.format(path=path))
        assert " 400 " in status, head
        assert "evil.test" not in whole, head
    for head in KEPT:
        status, whole = asked(guarded, head.format(path=path, host=f"127.0.0.1:{guarded.page}"))
        assert re.fullmatch(r"HTTP/1.1 (?:200|303|400|404) .*", status), (head, status)
        assert "evil.test" not in whole, head


@pytest.mark.attack(70)
def test_links_in_letters_start_with_the_configured_address(guarded: Desk, peopled: World) -> None:
    """A sign-in link that is asked for by another name of the host leads to our own; by a foreign one, none."""
    address = "ivy@customer.test"
    guarded.run("contact", "add", address)
    settle(guarded)
    had = len(letters(guarded, address))
    browser = visitor(guarded, "192.0.2.110")
    token = TOKEN.search(browser.get("/in/forgotten").text)
    assert token
    fields = {"username": address, "form_token": token[1]}
    evil = {**OWN, "Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    assert browser.http.post("/in/forgotten", data=fields, headers=evil).status_code == 400
    named = {**OWN, "Host": f"localhost:{guarded.page}", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}
    assert browser.http.post("/in/forgotten", data=fields, headers=named).status_code in (303, 403)
    assert browser.post("/in/forgotten", username=address).status_code == 303
    wait_for(lambda: len(letters(guarded, address)) > had, "the letter with the link", 60)
    for letter in letters(guarded, address)[had:]:
        links = re.findall(r"https?://[^\s\"<>]+", letter.as_string() + text_of(letter))
        assert links
        assert [link for link in links if not link.replace("=\n", "").startswith(guarded.url)] == []


@pytest.mark.attack(73)
def test_another_address_is_asked_for_with_the_password_and_confirmed(guarded: Desk, peopled: World) -> None:
    """A session alone does not; the old address is told, the new one has to answer; then all sessions are over."""
    old, new, evil = "amy@customer.test", "amy.new@customer.test", "eve.amy@attacker.test"
    guarded.run("contact", "add", old, "--name", "Amy Sample")
    browser = enter(guarded, old, "192.0.2.120")
    settle(guarded)
    had = len(letters(guarded, old))
    for current in ("", "wrong"):
        assert browser.post("/me/address", "/me", email=evil, current=current).status_code == 422
    assert learnt(guarded, evil) == ""
    assert browser.post("/me/address", "/me", email=new, current=PASSWORD).status_code == 303
    settle(guarded)
    (question,) = letters(guarded, new)
    assert new in text_of(letters(guarded, old)[-1])
    assert len(letters(guarded, old)) == had + 1
    # Neither somebody else nor the old address can say yes for the new one.
    give(guarded, answer(evil, question, "confirm\n"), evil, str(question["Reply-To"]))
    assert username_of(guarded, "Amy Sample") == old
    assert browser.get("/me").status_code == 200
    give(guarded, answer(new, question, "confirm\n"), new, str(question["Reply-To"]))
    assert username_of(guarded, "Amy Sample") == new
    assert browser.get("/me").status_code == 303
    settle(guarded)
    assert len(letters(guarded, old)) == had + 2
    assert visitor(guarded, "192.0.2.121").post("/in", username=old, password=PASSWORD).status_code == 422


def username_of(desk: Desk, name: str) -> str:
    """The user name of somebody, by the name of the person."""
    with desk.database.reading() as session:
        mine = select(Account.username).join(Contact, Contact.id == Account.contact_id).where(Contact.name == name)
        return session.scalars(mine).one()


@pytest.mark.attack(75)
def test_fields_that_are_not_on_a_form_do_nothing(guarded: Desk, peopled: World, max_: Visitor) -> None:
    """Role, level, organisation, visibility, author, number: none of them is taken from whoever sends it."""
    more = {
        "role": "admin", "level": "Admin User", "staff_id": "1", "admin": "1", "organisation": "Acme Sample",
        "organisation_id": str(peopled.ids["acme"]), "contact_id": str(peopled.ids["jane"]), "internal": "1",
        "visibility": "internal", "verified": "1", "author": "Sam Sample", "known": "1", "sees": "organisation",
        "status": "Complete", "assignee": "Sam Sample", "requester": JANE, "email": "evil@attacker.test",
    }  # fmt: skip
    before = whole_of(peopled, "max")
    assert max_.post("/me", first_name="Max", last_name="Sample", **more).status_code in (303, 422)
    assert whole_of(peopled, "max") == before
    with peopled.database.reading() as session:
        number, status = session.execute(
            select(Ticket.number, Ticket.status).where(Ticket.id == peopled.ids["joined"])
        ).one()
    assert max_.post(f"/t/{number}/notes", f"/t/{number}", note="Words of Max", **more).status_code == 303
    with peopled.database.reading() as session:
        entry = session.scalars(select(Event).where(Event.text == "Words of Max")).one()
        assert (entry.visibility, entry.contact_id, entry.staff_id) == ("public", peopled.ids["max"], None)
        assert session.get_one(Ticket, peopled.ids["joined"]).status in (status, "Update Added")
    assert max_.get("/desk").status_code == max_.get("/people").status_code == 404


def whole_of(world: World, name: str) -> tuple[object, ...]:
    """What rights somebody has."""
    with world.database.reading() as session:
        row = session.get_one(Contact, world.ids[name])
        return (row.name, row.level, row.organisation_id, row.sees, row.known, row.address)


@pytest.mark.attack(75)
def test_fields_that_an_operation_does_not_have_are_refused(guarded: Desk, peopled: World) -> None:
    """422 that names the field, and nothing is written; what is for staff is refused to customers."""
    program, before = Program(guarded, peopled, "jane"), whole_of(peopled, "jane")
    for extra in ({"role": "admin"}, {"staff_id": 1}, {"author": "Sam"}, {"verified": True}):
        answer = program.ask("POST", "/tickets/T20190409.0967/notes", json={"text": "words of extra", **extra})
        assert answer.status_code == 422, extra
        assert next(iter(extra)) in answer.text
    hidden = program.ask("POST", "/tickets/T20190409.0967/notes", json={"text": "words of extra", "internal": True})
    assert hidden.status_code in (403, 422)
    for change in ({"status": "Complete"}, {"priority": "P1"}, {"assignee": "sam@example.test"}, {"title": "x"}):
        assert program.ask("PATCH", "/tickets/T20190409.0967", json=change).status_code in (403, 422), change
    with peopled.database.reading() as session:
        assert session.scalars(select(Event).where(Event.text == "words of extra")).all() == []
        assert session.get_one(Ticket, peopled.ids["phones"]).title == "Phones down at Blackfriars"
    assert whole_of(peopled, "jane") == before


@pytest.mark.attack(76)
def test_a_form_of_another_site_is_refused(guarded: Desk, peopled: World, jane: Visitor, max_: Visitor) -> None:
    """Without our token, with somebody else's, from another origin, as a simple request: 403 for every form."""
    tokens = [TOKEN.search(one.get("/me").text) for one in (jane, max_)]
    assert tokens[0]
    assert tokens[1]
    mine, theirs = tokens[0][1], tokens[1][1]
    foreign = ({"Origin": "https://evil.test"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
               {"Origin": f"{guarded.url}.evil.test"}, {"Referer": f"{guarded.url}/me"})  # fmt: skip
    for method, path in MATRIX:
        if method == "POST" and MATRIX[method, path]["admin"] not in ("404", "in"):
            where = filled(path, peopled)
            for token in ("", "x", theirs):
                sent = jane.http.post(where, data={"form_token": token} if token else {}, headers=OWN)
                assert sent.status_code == 403, (path, token)
            for headers in foreign:
                assert jane.http.post(where, data={"form_token": mine}, headers=headers).status_code == 403, (
                    path,
                    headers,
                )
    as_json = {**OWN, "Content-Type": "application/json"}
    assert jane.http.post("/me", content=f'{{"form_token": "{mine}"}}', headers=as_json).status_code in (400, 403)
    assert jane.get("/tickets").status_code == 200


@pytest.mark.attack(76)
def test_every_page_forbids_frames_scripts_and_sniffing(guarded: Desk, peopled: World, jane: Visitor) -> None:
    """Pages, files, redirects and faults alike, signed in or not."""
    paths = [filled(path, peopled) for method, path in MATRIX if method == "GET"]
    for browser in (jane, visitor(guarded)):
        for path in [*paths, "/nothing", "/api/v1/me", "/healthz", "/favicon.ico", "/in/once/" + "x" * 40]:
            headers = browser.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "script-src" not in policy, path
            assert headers["x-content-type-options"] == "nosniff", path
            if policy.startswith("sandbox"):  # a file, or the mail as it was sent, which our own page shows in a frame
                kept = headers.get("content-disposition", "").startswith("attachment")
                assert kept or path.endswith((".html", ".txt", "/picture")), path
            else:
                assert "frame-ancestors 'none'" in policy, path
            assert headers["referrer-policy"] == "no-referrer", path


AFTER = (
    "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "https:evil.test",
    "/%09/evil.test", "/\t/evil.test", "javascript:alert(1)", "data:text/html,x", "//evil.test/tickets",
    "/tickets\r\nLocation: https://evil.test",
    "/t/..//evil.test", "@evil.test", ".evil.test", "/tickets//evil.test", "http://127.0.0.1@evil.test/",
)  # fmt: skip


@pytest.mark.attack(76)
def test_signing_in_leads_nowhere_else(guarded: Desk, peopled: World, max_: Visitor) -> None:
    """Whatever `next` says, in the address or in the form, the way leads to a page of ours."""
    for after in AFTER:
        browser = visitor(guarded, "192.0.2.130")
        shown = browser.get("/in", params={"next": after})
        assert "evil" not in shown.text, after
        entered = browser.post("/in", username="max@customer.test", password=PASSWORD, next=after)
        assert entered.status_code == 303, after
        assert re.fullmatch(r"/[\w/.?=&-]*", entered.headers["location"]), after
        assert "evil" not in entered.headers["location"].partition("?")[0], after
        assert "evil" not in max_.get("/in", params={"next": after}).headers["location"], after


SQL = (
    "id", "created;drop table ticket", "created' or '1'='1", "(select password_hash from account)", "created,id",
    "--created", "1", "created desc", "password_hash", "ticket.id", "created/**/", "１",
)  # fmt: skip


@pytest.mark.attack(77)
@pytest.mark.parametrize("path", ["/tickets", "/people", "/api/v1/tickets", "/api/v1/contacts"])
def test_sql_in_a_sort_order_is_refused(guarded: Desk, peopled: World, jane: Visitor, path: str) -> None:
    """400, or 422 of the API, which names the field; nothing of the database is told."""
    api = Program(guarded, peopled, "jane") if path.startswith("/api") else None
    if api is None:
        jane = enter(guarded, JANE, "192.0.2.103")
    for order in SQL:
        asked_for = api.ask("GET", path.removeprefix("/api/v1"), params={"sort": order}) if api else None
        found = asked_for or jane.get(path, params={"sort": order})
        assert found.status_code == (422 if api else 400), (path, order)
        assert "sqlite" not in found.text.lower()


FILTERS = (
    "view=open'--", "status=Lost' or 1=1", "f=id&o=is&v=1", "f=title&o=like'&v=1", "f=due&o=between&v=x&w=y",
    "from=2026-02-30", "to='; drop table ticket", "before=1-1;drop", "f=title) or (1=1&o=is&v=1",
    "before=9223372036854775808-9223372036854775808", "assignee=' or ''='",
)  # fmt: skip


@pytest.mark.attack(77)
def test_sql_in_filters_is_refused(guarded: Desk, peopled: World, jane: Visitor) -> None:
    """What is no filter of ours is 400 on the page; words that are searched for are words."""
    for said in FILTERS:
        assert jane.get(f"/tickets?{said}").status_code == 400, said
        assert jane.get(f"/tickets.csv?{said}").status_code in (303, 400), said
    words = ("' or 1=1 --", "%", "_", "\\", "%' union select password_hash from account --", "\x00", "*:*", '"')
    for place, said in enumerate((*words, *words)):
        found = jane.get(
            "/tickets", params={"q" if place < len(words) else "priority": said, "view": "all"}, follow_redirects=True
        )
        assert found.status_code == 200, said
        assert "Door card" not in found.text  # of another organisation
        assert "argon2" not in found.text
