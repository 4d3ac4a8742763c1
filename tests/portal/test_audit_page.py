"""The audit log on the portal: what forms and programs do is in it, once; staff read it, and nobody else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from desk import audit_log, unsubscribing
from desk.audit_acts import ACTS, OF_MAILS
from desk.unsubscribing import Stop
from portal.api.app import OPERATIONS
from portal.app import PAGES
from portal.pages.audit import KINDS
from store.tables import Approval, Audit, Contact, Participant, Staff
from tests.portal.api_world import Program
from tests.portal.client import Browser
from tests.portal.gallery_world import RULES, furnish
from tests.portal.mail_world import add_letter, add_mail, mute
from tests.portal.sending import send
from tests.portal.test_new import QUERY
from tests.portal.test_new import send as create
from tests.portal.test_people_import import choose, file_of
from tests.portal.test_totp import code, secret_of, setup_token
from tests.portal.world import KEYS, PASSWORD, START, World, add_event, add_ticket

PHONES = "/t/T20190409.0967"
# Forms that are not written down, and why.
NONE = {
    "/": "asks for a letter about a ticket; nothing is changed",
    "/people/import": "a file is tried; taking it in is the act",
    "/tickets/columns": "how somebody sees their own lists",
}


def listed(page: str) -> str:
    """The table of a page, without the filters above it."""
    return page[page.index("<tbody>") : page.index("</tbody>")]


@dataclass
class Acts:
    """Compares what is noted with what was expected, form by form."""

    world: World
    seen: set[str] = field(default_factory=set)

    def rows(self) -> list[Audit]:
        """All of the log."""
        with self.world.database.reading() as session:
            return list(session.scalars(select(Audit).order_by(Audit.at, Audit.id)))

    @contextmanager
    def expect(self, route: str, who: str, *acts: str, way: str = "page") -> Iterator[None]:
        """Inside, exactly these acts of this person are noted, and by this way."""
        before = {row.id for row in self.rows()}
        yield
        new = [row for row in self.rows() if row.id not in before]
        assert sorted(row.act for row in new) == sorted(acts), route
        me = self.world.ids.get(who)
        for row in new:
            assert row.way == way, route
            assert row.peer == "192.0.2.1", route
            assert (row.staff_id if who == "sam" else row.contact_id) == me, route
            assert bool(row.via) == bool(who) or row.act.startswith(("sign-in.done", "sign-in.link")), route
        self.seen.add(route)


@pytest.fixture
def acts(world: World) -> Acts:
    """On a desk with something to do on every page."""
    furnish(world)
    with world.database.transaction() as session:
        session.add(Staff(id=900, name="Tom Sample", address="tom@example.test", admin=False, created_at=START))
        for name in ("jane", "ana"):
            session.get_one(Contact, world.ids[name]).last_name = "Sample"
        add_ticket(session, world, "mine", "jane", title="Mine", number="T20190409.7001")
        add_ticket(session, world, "ours", "ana", title="Ours", number="T20190409.7002")
        busy = add_ticket(session, world, "busy", "jane", title="Busy", number="T20190409.7003")
        add_ticket(session, world, "other", "jane", title="Other", number="T20190409.7004")
        add_ticket(session, world, "noise", "jane", title="Noise", number="T20190409.7005")
        asked = add_ticket(
            session, world, "asked", "jane", number="T20190409.7006", approval="Requested", status="Waiting Approval"
        )
        session.add(Approval(ticket_id=asked.id, contact_id=world.ids["jane"], asked_at=START, answer=""))
        session.add(Participant(ticket_id=asked.id, contact_id=world.ids["ana"], added_at=START, role="added"))
        note = add_event(session, world, busy, "A matter of its own")
        waits = add_event(session, world, busy, "Waiting words", visibility="pending", contact_id=world.ids["ana"])
        world.ids |= {"note": note.id, "waits": waits.id}
        world.ids["held2"] = add_mail(session, world, "held")
        world.ids["letter2"] = add_letter(session, world, "failed", ("failed", "550 no such user"))
        mute(session, world, "gone@customer.test")
    return Acts(world)


def of_customers(acts: Acts, jane: Browser) -> None:
    """What an Admin User does, about themselves, about people, and on tickets."""
    mine, ana = "/t/T20190409.7001", f"/people/{acts.world.ids['ana']}"
    steps = [
        ("/me", ("contact.changed",), "/me", "/me", {"first_name": "Jane", "last_name": "Sample", "fax": "1"}),
        ("/me/address", ("address.asked",), "/me/address", "/me", {"email": "j@new.test", "current": PASSWORD}),
        ("/me/letters", ("letters.chosen",), "/me/letters", "/me", {"news": "yes"}),
        ("/me/tokens", ("token.made",), "/me/tokens", "/me/tokens",
         {"kind": "read", "days": "30", "name": "A", "current": PASSWORD}),
        ("/people/new", ("contact.added", "access.granted"), "/people/new", "/people/new",
         {"first_name": "Nia", "last_name": "New", "email": "n@customer.test", "level": "Standard User",
          "access": "yes"}),
        ("/people/{contact_id:key}", ("contact.changed", "access.taken"), ana, ana,
         {"first_name": "Ana", "last_name": "Sample", "email": "ana@customer.test", "phone": "1"}),
        ("/t/{number}/watch", ("ticket.touched",), "/t/T20190409.7002/watch", "/t/T20190409.7002", {}),
        ("/t/{number}/stop", ("ticket.touched",), "/t/T20190409.7002/stop", "/t/T20190409.7002", {}),
        ("/me/followed", ("ticket.touched",), "/me/followed", "/me", {"number": "T20190409.7002"}),
        ("/t/{number}/people", ("ticket.changed",), f"{mine}/people", mine, {"people": "ana@customer.test"}),
        ("/t/{number}/share", ("ticket.changed",), f"{mine}/share", mine, {"shared": "no"}),
        ("/t/{number}/alerts", ("ticket.touched",), f"{mine}/alerts", mine, {"stages": "completed"}),
        ("/t/{number}/alerts/remove", ("ticket.touched",), f"{mine}/alerts/remove", mine, {"stage": "completed"}),
        ("/t/{number}/resolve", ("ticket.changed",), f"{mine}/resolve", mine, {}),
        ("/t/{number}/reopen", ("ticket.changed",), f"{mine}/reopen", mine, {}),
        ("/t/{number}/withdraw", ("ticket.changed",), f"{mine}/withdraw", mine, {"reason": "No longer needed"}),
        ("/t/{number}/answer", ("ticket.changed",), "/t/T20190409.7006/answer", "/t/T20190409.7006",
         {"answer": "approve"}),
    ]  # fmt: skip
    for route, said, path, page, fields in steps:
        with acts.expect(route, "jane", *said):
            answer = jane.post(path, page, **fields)
            assert answer.status_code in (200, 303), (route, answer.text)
    with acts.expect("/t/{number}/notes", "jane", "ticket.noted"):
        answer = send(jane, "notes", ("a.txt", b"words", "text/plain"), page="/t/T20190409.7003", note="With a file")
    assert answer.status_code == 303
    found = re.search(r'action="(/t/T20190409\.7003/files/\d+/remove)"', jane.get("/t/T20190409.7003").text)
    assert found is not None
    with acts.expect("/t/{number}/files/{id:key}/remove", "jane", "file.removed"):
        assert jane.post(found[1], "/t/T20190409.7003").status_code == 303
    with acts.expect("/tickets/new", "jane", "ticket.opened"):
        assert create(jane, QUERY).status_code == 303
    trial = choose(jane, file_of({"First Name": "Ida", "Last Name": "In", "Email Address": "ida@customer.test"}))
    with acts.expect("/people/import/{id:key}", "jane", "import.begun"):
        assert jane.post(trial.headers["location"]).status_code == 303
    token = max(row.object_id or 0 for row in acts.rows() if row.act == "token.made")
    with acts.expect("/me/tokens/{id:key}/end", "jane", "token.ended"):
        assert jane.post(f"/me/tokens/{token}/end", "/me/tokens").status_code == 303


def of_staff(acts: Acts, sam: Browser) -> None:
    """What staff do on tickets and about mail."""
    ids, busy = acts.world.ids, "/t/T20190409.7003"

    def on_ticket(name: str, *said: str, page: str = busy, **fields: str) -> None:
        with acts.expect(f"/t/{{number}}/desk/{name}", "sam", *said):
            answer = sam.post(f"{page}/desk/{name}", page, **{f"desk_{key}": text for key, text in fields.items()})
            assert answer.status_code == 303, (name, answer.text)

    on_ticket("note", "ticket.noted", to="customer", note="Hello")
    on_ticket("take", "ticket.changed")
    on_ticket("edit", "ticket.changed", title="Busier", title_was="Busy")
    on_ticket("approval", "ticket.changed", approvers="jane@customer.test", page="/t/T20190409.7004")
    on_ticket("link", "ticket.changed", link="T20190409.7004", how="add")
    on_ticket("task", "ticket.opened", "ticket.touched", task="Do it")
    on_ticket("lane", "ticket.touched", entry=str(ids["waits"]), how="silently")
    on_ticket("split", "ticket.opened", "ticket.changed", split_note=str(ids["note"]), split_title="Own matter")
    on_ticket("spam", "ticket.changed", page="/t/T20190409.7005")
    on_ticket("merge", "ticket.changed", "ticket.changed", merge="T20190409.0967", page="/t/T20190409.7004")
    steps = [
        ("/desk", ("ticket.changed",), "/desk", "/desk", {"take": "T20190409.7001"}),
        ("/t/{number}/people/remove", ("ticket.changed",), "/t/T20190409.7006/people/remove", "/t/T20190409.7006",
         {"person": str(ids["ana"])}),
        ("/desk/mail/decide", ("mail.dropped",), "/desk/mail/decide", "/desk/mail?kind=held",
         {"mail": str(ids["held"]), "act": "discard", "from": "list"}),
        ("/desk/mail/decide", ("mail.released",), "/desk/mail/decide", "/desk/mail?kind=held",
         {"mail": str(ids["held2"]), "act": "accept", "from": "list"}),
        ("/desk/mail/letters/decide", ("letter.again",), "/desk/mail/letters/decide", "/desk/mail/letters",
         {"letter": str(ids["letter"]), "act": "again", "from": "list"}),
        ("/desk/mail/letters/decide", ("letter.dropped",), "/desk/mail/letters/decide", "/desk/mail/letters",
         {"letter": str(ids["letter"]), "act": "drop", "why": "old", "from": "list"}),
        ("/desk/mail/muted/lift", ("address.unmuted",), "/desk/mail/muted/lift", "/desk/mail/muted",
         {"address": "gone@customer.test"}),
    ]  # fmt: skip
    for route, said, path, page, fields in steps:
        with acts.expect(route, "sam", *said):
            assert sam.post(path, page, **fields).status_code == 303, route
    for path, act in {
        "/tickets.csv?view=all": "export.tickets", f"/people/people.csv?organisation={ids['acme']}": "export.people",
        f"/people/template.csv?organisation={ids['acme']}": "export.people",
        f"/desk/mail/{ids['opened']}/raw": "export.mail", "/desk/audit.csv": "export.audit",
    }.items():  # fmt: skip
        with acts.expect(path, "sam", act):
            assert sam.get(path).status_code == 200, path


def of_coming_and_going(acts: Acts) -> None:
    """Signing in and out, and all that goes wrong there."""
    world, words = acts.world, "five more plain sample words"
    browser = Browser(world.config(rules=RULES))
    with acts.expect("/in", "", "sign-in.refused"):
        assert browser.sign_in("jane", "not her password").status_code == 422
    with acts.expect("/in", "", "sign-in.refused"):
        assert browser.sign_in("nobody").status_code == 422
    with acts.expect("/in", "jane", "sign-in.done"):
        assert browser.sign_in("jane").status_code == 303
    other = Browser(world.config(rules=RULES))
    other.sign_in("jane")
    with acts.expect("/me/devices", "jane", "session.ended"):
        assert browser.post("/me/devices", "/me", others="yes").status_code == 303
    with acts.expect("/in/password", "jane", "password.refused"):
        assert browser.post("/in/password", current="x", new_password=words, again=words).status_code == 422
    with acts.expect("/out", "jane", "sign-in.out"):
        assert browser.post("/out", "/me").status_code == 303
    with acts.expect("/in/forgotten", "", "sign-in.link"):
        assert browser.post("/in/forgotten", username="max@customer.test").status_code == 303
    secret = world.issue("eva", "link")
    with acts.expect("/in/once/{secret}", "eva", "sign-in.done"):
        assert browser.post(f"/in/once/{secret}").status_code == 303
    with acts.expect("/in/password", "eva", "password.changed"):
        assert browser.post("/in/password", new_password=words, again=words).status_code == 303
    stop = unsubscribing.make(Stop("news", world.ids["ana"]), KEYS)
    with acts.expect("/u/{token}", "", "contact.unsubscribed"):
        assert browser.http.post(f"/u/{stop}").status_code == 200


def of_two_steps(acts: Acts) -> None:
    """A second step is set up, asked for, and switched off; and all that goes wrong there."""
    browser = Browser(acts.world.config(rules=RULES))
    browser.sign_in("max")
    with acts.expect("/me/two-step", "max", "password.refused"):
        assert browser.post("/me/two-step", current="x").status_code == 422
    page = browser.post("/me/two-step", current=PASSWORD).text
    offer, secret = setup_token(page), secret_of(page)
    with acts.expect("/me/two-step/confirm", "max", "second-factor.changed"):
        sent = {"setup_token": offer, "code": code(acts.world, secret)}
        assert browser.post("/me/two-step/confirm", "/me/two-step", **sent).status_code == 200
    browser.post("/out", "/me")
    with acts.expect("/in", "", "sign-in.half"):
        assert browser.sign_in("max").headers["location"] == "/in/code"
    with acts.expect("/in/code", "", "sign-in.refused"):
        assert browser.post("/in/code", code="0").status_code == 422
    with acts.expect("/in/code", "max", "sign-in.done"):
        assert browser.post("/in/code", code=code(acts.world, secret, 1)).status_code == 303
    with acts.expect("/me/two-step/change", "max", "password.refused"):
        assert browser.post("/me/two-step/change", "/me/two-step", current=PASSWORD, code="0").status_code == 422
    acts.world.clock.forward(minutes=2)
    with acts.expect("/me/two-step/change", "max", "second-factor.changed"):
        sent = {"act": "off", "current": PASSWORD, "code": code(acts.world, secret)}
        assert browser.post("/me/two-step/change", "/me/two-step", **sent).status_code == 303


def test_every_form_leaves_its_row(acts: Acts) -> None:
    """With who did it, from where and in which session; a form that leaves none says here why."""
    sam, jane, ana = (Browser(acts.world.config(rules=RULES)) for _ in range(3))
    for name, browser in (("sam", sam), ("jane", jane), ("ana", ana)):
        assert browser.sign_in(name).status_code == 303
    of_staff(acts, sam)
    jane.post("/t/T20190409.7001/people", "/t/T20190409.7001", people="ana@customer.test")
    with acts.expect("/t/{number}/leave", "ana", "ticket.changed"):
        assert ana.post("/t/T20190409.7001/leave", "/t/T20190409.7001").status_code == 303
    of_customers(acts, jane)
    of_coming_and_going(acts)
    of_two_steps(acts)
    forms = {path for path, method, _, _ in PAGES if method == "POST"}
    assert forms - acts.seen == set(NONE), "a new form: note what it does in the audit log, or say here why not"


def test_every_program_leaves_its_row(acts: Acts) -> None:
    """What the API changes is noted with the token by which it was asked."""
    staff, ids, phones = Program(acts.world, "sam", rules=RULES), acts.world.ids, "/tickets/T20190409.0967"
    person = {"first_name": "Pia", "last_name": "Program", "email": "pia@customer.test", "organisation_id": ids["acme"]}
    files = {"file": ("a.txt", b"words", "text/plain")}
    done = {
        ("POST", "/tickets"): ("ticket.opened", "/tickets", {"json": {
            "title": "By program", "description": "Words", "contact": "jane@customer.test"}}),
        ("PATCH", "/tickets/{number}"): ("ticket.changed", phones, {"json": {"priority": "High"}}),
        ("POST", "/tickets/{number}/notes"): ("ticket.noted", f"{phones}/notes", {"json": {"text": "Words"}}),
        ("POST", "/tickets/{number}/attachments"): ("ticket.noted", f"{phones}/attachments", {"files": files}),
        ("POST", "/contacts"): ("contact.added", "/contacts", {"json": person}),
        ("PATCH", "/contacts/{id:key}"): ("contact.changed", f"/contacts/{ids['ana']}", {"json": {"phone": "1"}}),
    }  # fmt: skip
    assert set(done) == {(one.method, one.path) for one in OPERATIONS if one.method != "GET"}
    for (method, path), (act, where, said) in done.items():
        with acts.expect(path, "sam", act, way="api"):
            answer = staff(method, where, **said)
            assert answer.status_code in (200, 201), answer.text


def test_staff_read_it_and_nobody_else(acts: Acts) -> None:
    """Newest first, with names of today; filters, pages of fifty, a file; what cannot be asked for is said."""
    world, sam = acts.world, Browser(acts.world.config(rules=RULES))
    sam.sign_in("sam")
    sam.post(f"{PHONES}/desk/note", PHONES, desk_to="customer", desk_note="Hello")
    page = listed(sam.get("/desk/audit").text)
    assert page.index("Something was written on a ticket") < page.index("Somebody signed in")
    assert re.search(r'href="/t/T20190409\.0967#n\d+"><bdi>T20190409\.0967</bdi>', page)
    assert "<bdi>Sam Sample</bdi>" in page
    assert "192.0.2.1" in page
    assert 'href="/desk/audit"' in sam.get("/desk").text
    only = sam.get("/desk/audit?act=ticket&who=sam@example.test&way=page").text
    assert '<option value="ticket" lang="en" selected>' in only
    assert "Something was written on a ticket" in listed(only)
    assert "Somebody signed in" not in listed(only)
    assert "A mail opened a ticket" in listed(sam.get("/desk/audit?way=mail").text)  # as the ledger says
    assert "Nothing like that is noted." in sam.get("/desk/audit?act=desk.restored").text
    wrong = sam.get("/desk/audit?who=nobody@customer.test")
    assert wrong.status_code == 422
    assert "There is nobody with the address nobody@customer.test." in wrong.text
    rows = sam.get("/desk/audit.csv?act=ticket").text.splitlines()
    assert rows[0].startswith("\ufeffAt,Way,Who,Act")
    assert "ticket.noted" in rows[1]
    for name in ("jane", "eva"):
        browser = Browser(world.config())
        browser.sign_in(name)
        assert browser.get("/desk/audit").status_code == browser.get("/desk/audit.csv").status_code == 404


def test_pages_follow_one_another(acts: Acts) -> None:
    """Each row is on one page, whatever came meanwhile."""
    sam = Browser(acts.world.config(rules=RULES))
    sam.sign_in("sam")
    for _ in range(audit_log.MOST + 5):
        sam.get("/people/template.csv?organisation=" + str(acts.world.ids["acme"]))
    first, said = sam.get("/desk/audit?act=export").text, "A list of people was taken along as a file"
    assert listed(first).count(said) == audit_log.MOST
    older = re.search(r'href="(/desk/audit\?act=export&amp;after=[^"]+)"', first)
    assert older is not None
    assert listed(sam.get(older[1].replace("&amp;", "&")).text).count(said) == 5


def test_acts_are_said_in_words(acts: Acts) -> None:
    """Every act and kind has words on the page, the chosen one stays chosen, and what it is about is named."""
    sam = Browser(acts.world.config(rules=RULES))
    sam.sign_in("sam")
    page = sam.get("/desk/audit?act=sign-in.done").text
    assert '<option value="sign-in.done" selected>Somebody signed in</option>' in page
    assert re.search(r"Account \d+ \(<bdi>sam@example\.test</bdi>\)", listed(page))
    assert set(re.findall(r'<option value="([a-z-]+\.[a-z-]+)"', page)) == {*ACTS, *OF_MAILS}
    noted = {row.kind for row in acts.rows()}
    assert noted <= {"", *KINDS}
