"""What a page or a program does with people and forms that mean harm, or are half gone."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select

from desk import tries
from portal.evening import evened
from portal.pages import tickets_files
from store.tables import Attachment, Contact, ContactAddress, LoginTry, Outbox
from tests.portal.api_world import Program
from tests.portal.client import TOKEN, Browser
from tests.portal.test_new import QUERY, send
from tests.portal.world import World

Enter = Callable[[str], Browser]
OWN = {"Origin": "https://desk.example.test"}
PHONES = "/t/T20190409.0967"


@pytest.mark.parametrize("charset", ["punycode", "utf-16", "idna", "no-such"])
def test_a_form_does_not_choose_its_decoder(signed_in: Enter, charset: str) -> None:
    """Texts are UTF-8 whatever charset a form names: some decoders take minutes for one megabyte."""
    jane = signed_in("jane")
    token = TOKEN.search(jane.get(PHONES).text)
    assert token
    fields = {"form_token": token[1], "note": "Café – still broken"}
    body = "".join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    headers = {**OWN, "Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    assert jane.http.post(f"{PHONES}/notes", content=(body + "--x--\r\n").encode(), headers=headers).status_code == 303
    assert "Café – still broken" in jane.get(PHONES).text


def test_a_contact_without_an_address_is_no_fault_of_ours(world: World, signed_in: Enter) -> None:
    """Their pages are not found, for nobody could write to them; the service goes on."""
    jane, program = signed_in("jane"), Program(world, "jane")
    with world.database.transaction() as session:
        session.execute(delete(ContactAddress).where(ContactAddress.contact_id == world.ids["jane"]))
    for path in (PHONES, "/tickets/new"):
        assert jane.get(path).status_code == 404
    for path in (f"{PHONES}/notes", f"{PHONES}/watch"):
        assert jane.post(path, "/tickets", note="words").status_code == 404
    assert jane.get("/tickets").status_code == jane.get("/").status_code == jane.get("/me").status_code == 200
    assert program("GET", "/tickets").status_code == 200
    assert program("POST", "/tickets/T20190409.0967/notes", json={"text": "words"}).status_code == 404


def test_who_has_not_signed_in_sends_no_files(browser: Browser, signed_in: Enter) -> None:
    """A quarter of a megabyte is read of a form from anybody; files of people who signed in are."""
    token = TOKEN.search(browser.get("/in").text)
    assert token
    fields, file = {"form_token": token[1]}, {"files": ("a.bin", b"x" * 300_000)}
    assert browser.http.post("/in", data=fields, files=file, headers=OWN).status_code == 413
    jane = signed_in("jane")
    token = TOKEN.search(jane.get(PHONES).text)
    assert token
    answer = jane.http.post(f"{PHONES}/notes", data={"form_token": token[1]}, files=file, headers=OWN)
    assert answer.status_code == 303


def test_no_field_takes_a_nul(signed_in: Enter) -> None:
    """No keyboard types one and PostgreSQL refuses it: it becomes a space."""
    jane = signed_in("jane")
    answer = jane.post(f"{PHONES}/withdraw", PHONES, reason="Other", comment="no\0longer", form_extra="\0")
    assert answer.headers["location"] == f"{PHONES}?done=withdrawn"
    assert "Other: no longer" in jane.get(PHONES).text
    assert jane.post("/t/%00/withdraw", PHONES, reason="Other").status_code == 404


def test_a_new_person_tells_nothing_of_other_organisations(world: World, signed_in: Enter) -> None:
    """Whether an address is known is said of the own organisation alone; of others as an import says it."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).level = "Admin User"
    ana = signed_in("ana")
    new = {**QUERY, "first_name": "New", "last_name": "Person"}
    assert "A person with this e-mail address already exists" in send(ana, {**new, "email": "jane@customer.test"}).text
    answer = send(ana, {**new, "email": "max@customer.test"})
    assert answer.status_code == 422
    assert "already exists" not in answer.text
    assert "This address cannot be used here" in answer.text


def test_nobody_is_flooded_by_being_added(world: World, signed_in: Enter) -> None:
    """Whoever had their letters of the day is added to no more tickets, as no copy goes to them."""
    with world.database.transaction() as session:
        for _ in range(40):
            letter = Outbox(id=world.database.ids.next(), kind="shared", recipient="v@elsewhere.test",
                            created_at=world.clock(), next_at=world.clock(), automatic=True)  # fmt: skip
            session.add(letter)
    answer = signed_in("jane").post(f"{PHONES}/people", PHONES, people="v@elsewhere.test")
    assert answer.status_code == 422
    assert "v@elsewhere.test had too many letters from this desk today" in answer.text


def test_an_answer_takes_its_time_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known or not, it comes after the same time; who has to wait anyway is told at once."""
    slept: list[float] = []
    monkeypatch.setattr("portal.evening.time.sleep", slept.append)
    monkeypatch.setattr("portal.evening.time.monotonic", iter((10.0, 10.1, 20.0)).__next__)
    assert evened(0.25, lambda: None) is None
    assert slept == [pytest.approx(0.15)]
    assert evened(0.25, lambda: "wait") == "wait"
    assert len(slept) == 1


def test_tries_that_name_somebody_are_found(world: World, browser: Browser) -> None:
    """At signing in, at asking for a link, for a status: an erasure takes all of them, and nobody else's."""
    for name in ("jane@customer.test", "other.jane@customer.test", "jane@customer.test.evil.test"):
        browser.post("/in", username=name, password="x")
        browser.post("/in/forgotten", username=name)
        browser.post("/", number="T20190409.0967", address=name)
    with world.database.reading() as session:
        count = select(func.count()).select_from(LoginTry)
        mine = session.scalars(select(LoginTry.subject).where(tries.naming(["Jane@Customer.test"]))).all()
        assert len(mine) == 4
        assert all(":" in one and "jane@customer.test" in one and "evil" not in one for one in mine)
        assert (session.scalar(count.where(tries.naming([]))) or 0) == 0


def test_a_resolution_has_an_end(world: World, signed_in: Enter) -> None:
    """Each addition keeps all of it in the history, before and after: without an end few notes fill a disk."""
    jane, note = signed_in("jane"), {"note": "x" * 7900, "append": "yes"}
    for _ in range(5):
        assert jane.post(f"{PHONES}/notes", PHONES, **note).status_code == 303
    answer = jane.post(f"{PHONES}/notes", PHONES, **note)
    assert answer.status_code == 422
    assert "The resolution has no room for more" in answer.text
    assert jane.post(f"{PHONES}/notes", PHONES, note="x").status_code == 303


def test_few_wait_for_a_workbook(signed_in: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is made at a time; who comes when several wait already is sent away, and all other pages go on."""
    jane = signed_in("jane")
    monkeypatch.setattr(tickets_files, "_WAITING", threading.BoundedSemaphore(1))
    assert jane.get("/tickets.xlsx").status_code == jane.get("/tickets.xlsx").status_code == 200
    tickets_files._WAITING.acquire()
    assert jane.get("/tickets.xlsx").status_code == 503
    assert jane.get("/tickets.csv").status_code == 200


@pytest.mark.parametrize("name", ["title", "contact", "site", "status"])
def test_an_address_asks_no_thousand_questions(signed_in: Enter, name: str) -> None:
    """Each value of a filter is a question to the database, which answers a few of them."""
    jane = signed_in("jane")
    address = "/tickets?" + "&".join(f"{name}=a{place}" for place in range(51))
    assert jane.get(address).status_code == 400
    assert "A list can be narrowed by up to 50 filters." in jane.get(address).text
    long = "/tickets?" + "&".join(f"f={name}&o=is&v=a{place}&{name}=b{place}" for place in range(900))
    assert len(jane.get(long).content) < 250_000
    assert jane.get(address.replace("/tickets?", "/tickets.csv?")).status_code == 303


def test_bytes_that_are_not_there(world: World, signed_in: Enter) -> None:
    """A file whose bytes were lost is not found: the operator is told, and the page is no fault of the service."""
    jane = signed_in("jane")
    with world.database.transaction() as session:
        for key in ("log", "photo"):
            session.get_one(Attachment, world.ids[key]).digest = "0" * 64
    for path in (f"files/{world.ids['log']}", f"files/{world.ids['photo']}/picture"):
        assert jane.get(f"{PHONES}/{path}").status_code == 404
