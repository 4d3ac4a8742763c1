"""A file of people on its pages: the template, what would become of each row, the “yes”, the history."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from desk import contact_batches, profile
from desk.acting import people_import
from desk.profile import Profile
from store.tables import Contact, ImportRun, Outbox, Pending, Site
from tests.portal.chrome import page_of, sign_in
from tests.portal.client import TOKEN, Browser
from tests.portal.serving import serve
from tests.portal.test_html import Page
from tests.portal.world import KEYS, PASSWORD, World
from tests.servers import chromium

Enter = Callable[[str], Browser]
COLUMNS = (
    "External ID,Prefix,First Name,Middle Initial,Last Name,Suffix,Title,Primary Outsourced Contact,Address 1,"
    "Address 2,City,Post Code,Country,Additional Address Information,Email Address,Email Address 2,Email Address 3,"
    "Phone,Extension,Alternate Phone,Mobile Phone,Fax,Client Portal Username,Client Portal Password,"
    "Client Portal Security Level"
).split(",")
NIA = {"First Name": "Nia", "Last Name": "New", "Email Address": "nia@customer.test"}


@pytest.fixture
def jane(world: World, signed_in: Enter) -> Browser:
    """The Admin user of Acme Sample, signed in; it has two sites."""
    with world.database.transaction() as session:
        for name, level in [("jane", "Admin User"), ("ana", "Standard User")]:
            contact = session.get_one(Contact, world.ids[name])
            contact.level, contact.last_name = level, "Sample"
        session.add(Site(id=1, organisation_id=world.ids["acme"], name="North", code="N1"))
        session.add(Site(id=2, organisation_id=world.ids["acme"], name="South", main=True))
    return signed_in("jane")


def file_of(*rows: dict[str, str]) -> bytes:
    """A file with these rows, in the columns of the template."""
    out = io.StringIO()
    lines = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    lines.writeheader()
    lines.writerows(rows)
    return out.getvalue().encode()


def choose(browser: Browser, data: bytes | None, where: str = "", **fields: str) -> Response:
    """Choose a file and send the form."""
    page = f"/people/import{where}"
    token = TOKEN.search(browser.get(page).text)
    assert token is not None
    files = {"file": ("people.csv", data, "text/csv")} if data is not None else {"file": ("", b"", "")}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    return browser.http.post(page, data={"form_token": token[1], **fields}, files=files, headers=headers)


def tried(browser: Browser, data: bytes, **fields: str) -> tuple[str, str]:
    """The page that says what would become of a file: its address, and what it says."""
    where = choose(browser, data, **fields).headers["location"]
    return where, said(browser.get(where))


def said(response: Response) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.text).split())


def known(world: World, address: str) -> Profile:
    """Whose an address is."""
    with world.database.reading() as session:
        owner = profile.owners(session, [address])[address]
        return profile.load(session, Contact.id == owner)[owner]


def count(world: World, table: type) -> int:
    """How many rows."""
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.feature("F186", "page")
@pytest.mark.feature("F188", "page")
def test_the_template_comes_back_as_it_is(world: World, jane: Browser) -> None:
    """It holds everybody, in the columns of the guide; imported again with “update” it changes nothing."""
    with world.database.transaction() as session:
        ana = session.get_one(Contact, world.ids["ana"])
        ana.details = {"Job title": "=cmd()", "Post code": "01234", "City": "-", "Phone": "+44 344 1"}
    assert '<a href="/people/template.csv">' in jane.get("/people/import").text
    answer = jane.get("/people/template.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0]) == COLUMNS
    assert [row["Email Address"] for row in rows] == ["Ana@Customer.Test", "Jane@Customer.Test"]
    assert (rows[0]["Title"], rows[0]["Post Code"], rows[0]["Phone"]) == ("'=cmd()", "'01234", "'+44 344 1")
    assert (rows[1]["Client Portal Username"], rows[1]["Client Portal Security Level"]) == (
        "jane@customer.test", "Admin User"
    )  # fmt: skip
    where, text = tried(jane, answer.content, rule="update")
    assert "0 will be added, 2 skipped." in text
    assert "Nothing would change. Choose another file" in text
    assert "Confirm the import" not in text
    assert text.count("Nothing is different.") == 2
    jane.post(where)
    assert dict(known(world, "ana@customer.test").details)["Post code"] == "01234"


@pytest.mark.feature("F187", "page")
@pytest.mark.feature("F189", "page")
@pytest.mark.feature("F191", "page")
@pytest.mark.feature("F192", "page")
@pytest.mark.feature("F194", "page")
def test_a_file_is_tried_and_taken_in(world: World, jane: Browser) -> None:
    """First what would become of each row, then the “yes”; columns W and Y give access, and each gets the letter."""
    assert COLUMNS[ord("W") - ord("A")] == "Client Portal Username"
    bob = {"First Name": "Bob", "Last Name": "Boss", "Email Address": "bob@customer.test", "City": "York",
           "Client Portal Security Level": "Maintel Client Portal Admin User"}  # fmt: skip
    data = file_of(
        NIA | {"Client Portal Username": "nia@customer.test"}, bob,
        {"First Name": "Ana", "Last Name": "Sample", "Email Address": "ana@customer.test", "City": "Hull"},
        {"First Name": "Tom", "Email Address": "tom@customer.test"},
    )  # fmt: skip
    where, text = tried(jane, data, site="1")
    assert "2 will be added, 1 skipped, 1 refused." in text
    assert "2 people will get a letter with credentials." in text
    assert "Who is added belongs to the site North - N1." in text
    assert "2 Nia New, nia@customer.test added" in text
    assert "4 Ana Sample, ana@customer.test skipped Is there already." in text
    assert "5 Tom, tom@customer.test refused Last name must be filled in." in text
    assert count(world, ImportRun) == 0
    sent = jane.post(where)
    done = jane.get(sent.headers["location"])
    assert "The import is done." in done.text
    assert "Added 2 Updated 0 Skipped 1 Refused 1" in said(done)
    assert "0 of 2 welcome letters sent." in said(done)
    nia, boss = known(world, "nia@customer.test"), known(world, "bob@customer.test")
    assert (nia.level, nia.has_access, nia.site_id) == ("Standard User", True, 1)
    assert nia.account is not None
    assert nia.account.username == "nia@customer.test"
    assert (boss.level, boss.has_access, boss.value("City")) == ("Admin User", True, "York")
    assert known(world, "ana@customer.test").value("City") == ""
    with world.database.reading() as session:
        letters = select(Outbox.recipient).where(Outbox.import_id.is_not(None)).order_by(Outbox.next_at)
        assert session.scalars(letters).all() == ["nia@customer.test", "bob@customer.test"]
    assert jane.get(where).headers["location"] == sent.headers["location"].partition("?")[0]


@pytest.mark.feature("F188", "page")
def test_who_is_there_already_is_updated(world: World, jane: Browser) -> None:
    """Where that is chosen: found by user name, or by both names and address; an empty cell changes nothing."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).details = {"Phone": "1"}
    page = Page(jane.get("/people/import").text)
    rules = {one["value"]: "checked" in one for one in page.all("input") if one["name"] == "rule"}
    assert rules == {"keep": True, "update": False}
    data = file_of(
        {"First Name": "Ana", "Last Name": "Sample", "Email Address": "ana@customer.test", "City": "Hull"},
        {"First Name": "Janet", "Last Name": "Ode", "Email Address": "jane@customer.test",
         "Client Portal Username": "jane@customer.test"},
    )  # fmt: skip
    where, text = tried(jane, data, rule="update")
    assert "0 will be added, 2 updated." in text
    jane.post(where)
    ana = known(world, "ana@customer.test")
    assert (ana.value("City"), ana.value("Phone")) == ("Hull", "1")
    assert known(world, "jane@customer.test").name == "Janet Ode"


@pytest.mark.feature("F193", "page")
@pytest.mark.feature("F192", "page")
def test_rows_that_cannot_be(world: World, jane: Browser) -> None:
    """The sentence says what the file must hold; a password is on no page and in no row."""
    data = file_of(
        NIA | {"Client Portal Password": "hunter2"},
        NIA | {"Email Address": "n@customer.test", "Client Portal Security Level": "Emperor"},
    )
    _, text = tried(jane, data)
    assert "Column X must be empty on row 2." in text
    assert "Security level on row 3 must be exactly “Standard User” or “Admin User”." in text
    assert "Nothing would change." in text
    assert "hunter2" not in text
    with world.database.reading() as session:
        assert "hunter2" not in repr([one.body for one in session.scalars(select(Pending))])
    kept = [path for path in Path(world.blobs.root).rglob("*") if path.is_file()]
    assert not any(b"hunter2" in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    "data, words",
    [
        (None, "Select a file."),
        (b"", "The selected file is empty."),
        (b"a,b\n1,2\n", "Download the template, and fill it in."),
        (b"PK\x03\x04", "Save it as CSV, and send that."),
    ],
)
def test_a_file_that_cannot_be_used(world: World, jane: Browser, data: bytes | None, words: str) -> None:
    """Said at the field and above; the choices stay."""
    sent = choose(jane, data, rule="update", site="1")
    assert sent.status_code == 422
    page = Page(sent.text)
    assert page.title.startswith("Error: Import people")
    assert sent.text.count(words) == 2
    assert [one["value"] for one in page.all("input") if one.get("name") == "rule" and "checked" in one] == ["update"]
    assert [one["value"] for one in page.all("option") if "selected" in one] == ["1"]
    assert count(world, Pending) == 0


def test_an_import_is_that_of_one_person(world: World, jane: Browser, signed_in: Enter) -> None:
    """Nobody else sees or confirms it; confirmed twice, it is done once; after a day it is too late."""
    where, _ = tried(jane, file_of(NIA))
    later, _ = tried(jane, file_of(NIA | {"Email Address": "n@customer.test"}))
    ana, sam = signed_in("ana"), signed_in("sam")
    assert ana.get(where).status_code == ana.post(where, "/").status_code == 404
    elsewhere = f"{where}?organisation={world.ids['acme']}"
    assert sam.get(elsewhere).status_code == sam.post(elsewhere, "/").status_code == 404
    first = jane.post(where).headers["location"]
    assert jane.post(where, "/people").headers["location"] == first
    assert count(world, ImportRun) == 1
    assert sam.get(f"/people/imports?organisation={world.ids['own']}").text.count("people.csv") == 0
    run = first.partition("?")[0]
    assert sam.get(f"{run}?organisation={world.ids['own']}").status_code == 404
    assert sam.get(f"{run}?organisation={world.ids['acme']}").status_code == 200
    for _ in range(5):  # a session ends when nobody uses it for some hours
        world.clock.forward(hours=5)
        jane.get("/people")
    late = jane.post(later)
    assert late.status_code == 422
    assert "Select the file again." in late.text
    assert count(world, ImportRun) == 1


@pytest.mark.feature("F190", "page")
def test_the_history(world: World, jane: Browser) -> None:
    """When, which file, who, and what it came to; each with its refused rows. Before the first one it says so."""
    assert "Nobody has imported contacts into your organisation." in jane.get("/people/imports").text
    where, _ = tried(jane, file_of(NIA, {"First Name": "Tom", "Email Address": "tom@customer.test"}))
    run = jane.post(where).headers["location"].partition("?")[0]
    page = jane.get("/people/imports")
    assert "9 Apr 2019, 12:07 people.csv Jane Sample, Jane@Customer.Test 1 0 0 1" in said(page)
    assert f'<a href="{run}">people.csv</a>' in page.text
    assert "3 Last name must be filled in." in said(jane.get(run))
    assert jane.get("/people/imports/99999").status_code == 404


@pytest.mark.feature("F189", "page")
def test_a_long_file(world: World, jane: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand rows: the first hundred that are refused and counts of all; then its page says how far it is."""
    rows = [
        {"First Name": f"A{n}", "Last Name": "Long" if n % 20 else "", "Email Address": f"a{n}@customer.test"}
        for n in range(10_000)
    ]
    where, text = tried(jane, file_of(*rows))
    assert "9,500 will be added, 500 refused." in text
    assert text.count("Last name must be filled in.") == 100
    assert "400 more rows are refused." in text
    assert len(jane.get(where).content) < 50_000
    run = jane.post(where).headers["location"]
    assert "1,000 of 10,000 rows are done. The others follow within minutes." in said(jane.get(run))
    assert "The import is done." not in jane.get(run).text
    assert "under way" in jane.get("/people/imports").text
    people_import.carry_on(world.config().acting, KEYS, world.clock())
    assert "Added 9,500 Updated 0 Skipped 0 Refused 500" in said(jane.get(run))
    assert "The import is done." in jane.get(run).text
    assert contact_batches.PART == 1_000


@pytest.mark.peer
@pytest.mark.timeout(240)
def test_in_a_browser(world: World, tmp_path: Path) -> None:
    """Add a person, import a file, look at the history: as a person does it, without a script."""
    with world.database.transaction() as session:
        jane = session.get_one(Contact, world.ids["jane"])
        jane.level, jane.last_name = "Admin User", "Sample"
    world.give_password("jane")
    file = tmp_path / "people.csv"
    file.write_bytes(file_of(NIA | {"Client Portal Username": "nia@customer.test"}))
    with serve(world) as address, chromium() as browser, page_of(browser, 320, java_script_enabled=False) as page:
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.goto(f"{address}/people")
        page.get_by_role("link", name="Add a person").click()
        page.get_by_role("button", name="Save and close").click()
        page.get_by_label("First name").fill("Bob")
        page.get_by_label("Last name").fill("Boss")
        page.get_by_label("Email", exact=True).fill("bob@customer.test")
        page.get_by_label("Activate portal access").check()
        page.get_by_label("Standard User").check()
        page.get_by_role("button", name="Save and close").click()
        assert page.get_by_role("status").inner_text().startswith("The person was added, and gets a letter")
        page.get_by_role("link", name="Boss, Bob").click()
        assert page.get_by_text("Portal access is on.").is_visible()
        page.goto(f"{address}/people/import")
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("button", name="Check the file").click()
        page.get_by_role("button", name="Confirm the import").click()
        assert page.get_by_role("status").inner_text() == "The import is done."
        page.get_by_role("link", name="Import history").click()
        assert page.get_by_text("people.csv: 0 of 1 welcome letter sent.").is_visible()
