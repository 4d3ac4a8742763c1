"""The people of an organisation on their pages: the list, the form of one person, who may see and change what."""

import csv
import gzip
import io
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from desk import credentials, profile
from desk.acting.rules import Rules
from desk.catalogue import Catalogue, Item
from desk.levels import Level, Levels
from desk.profile import PERSON, Profile
from store.tables import Account, Contact, ContactAddress, Outbox, Site
from tests.portal.client import Browser
from tests.portal.test_html import Page, check_fields
from tests.portal.world import KEYS, PASSWORD, START, World

Enter = Callable[[str], Browser]
LOCKED = re.compile(r'<input id="[a-z_0-9]+" name="([a-z_0-9]+)"[^>]* value="([^"]*)"')


@pytest.fixture
def jane(world: World, signed_in: Enter) -> Browser:
    """The Admin user of Acme Sample, signed in."""
    with world.database.transaction() as session:
        for name, level in [("jane", "Admin User"), ("ana", "Standard User")]:
            contact = session.get_one(Contact, world.ids[name])
            contact.level, contact.last_name = level, "Sample"
    return signed_in("jane")


def text_of(response: Response) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.text).split())


def path(world: World, name: str) -> str:
    """The page of somebody."""
    return f"/people/{world.ids[name]}"


def person(world: World, address: str) -> Profile:
    """Whose an address is now."""
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address)
    with world.database.reading() as session:
        return next(iter(profile.load(session, Contact.id.in_(whose)).values()))


def filled(browser: Browser, page: str, **changed: str) -> dict[str, str]:
    """The text fields of a form as they are, with some changed: what a browser would send."""
    return dict(LOCKED.findall(browser.get(page).text)) | changed


def letters(world: World, kind: str) -> list[Outbox]:
    """The letters of a kind."""
    with world.database.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))


@pytest.mark.feature("F177", "page")
def test_the_list(world: World, jane: Browser) -> None:
    """Last name first, level, address, last login, active; sorted and searched by the address of the page."""
    page = jane.get("/people")
    said = text_of(page)
    assert page.status_code == 200
    assert "Name ▲ Security level E-mail address Last login Active" in said
    assert "Sample, Ana Standard User Ana@Customer.Test" in said
    assert "Sample, Jane Admin User Jane@Customer.Test 9 Apr 2019, 12:07 yes" in said
    for words in ("Add a person", "Import", "Import history"):
        assert f">{words}</a>" in page.text
    assert "Max Sample" not in said
    turned = jane.get("/people?sort=-name").text
    assert turned.index("Sample, Jane</a>") < turned.index("Sample, Ana</a>")
    assert 'aria-sort="descending"' in turned
    found = jane.get("/people?q=ANA+customer")
    assert "1 person" in text_of(found)
    none = text_of(jane.get("/people?q=max"))
    assert "No people match “max”. Clear the search" in none


@pytest.mark.feature("F177", "page")
def test_pages_of_fifty(world: World, jane: Browser) -> None:
    """Within the budget of a page; words and order are kept from one to the next."""
    with world.database.transaction() as session:
        for n in range(120):
            address, first = f"ann{n:03}@customer.test", f"Ann {n:03}"
            who = Contact(
                id=9000 + n, name=f"{first} Long-Sample", first_name=first, last_name="Long-Sample",
                organisation_id=world.ids["acme"], known=True, created_at=START,
            )  # fmt: skip
            session.add(who)
            session.flush()
            session.add(ContactAddress(address=address, written=address, contact_id=who.id, position=0))
    top = jane.get("/people?q=ann")
    assert top.text.count("<tr>") == 51
    assert "120 people · Page 1 of 3" in text_of(top)
    assert len(top.content) < 50_000
    assert len(gzip.compress(top.content)) < 14_000
    third = jane.get("/people?q=ann&sort=-name&page=3")
    assert "Long-Sample, Ann 000" in third.text
    assert "Next page" not in third.text
    assert 'href="/people?q=ann&amp;sort=-name&amp;page=2"' in third.text
    assert "Page 3 of 3" in text_of(jane.get("/people?q=ann&page=99"))
    assert jane.get("/people?page=x").status_code == 400
    assert jane.get("/people?sort=id").status_code == jane.get("/people/people.csv?sort=--name").status_code == 400


def test_alone(world: World, jane: Browser) -> None:
    """What can be done is said."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).organisation_id = None
    assert "You are the only person here. Add a person, or import a file." in text_of(jane.get("/people"))


@pytest.mark.feature("F18", "page")
@pytest.mark.feature("F21", "page")
def test_who_may(world: World, jane: Browser, signed_in: Enter) -> None:
    """An Admin user keeps the people of their organisation, staff those of any; for everybody else no page is there."""
    ana, sam, out = signed_in("ana"), signed_in("sam"), Browser(world.config())
    own, foreign = path(world, "ana"), path(world, "max")
    pages = ["/people", "/people/new", own, "/people/people.csv", "/people/template.csv", "/people/import",
             "/people/imports"]  # fmt: skip
    for page in pages:
        assert jane.get(page).status_code == 200, page
        assert ana.get(page).status_code == 404, page
        assert out.get(page).status_code == 303, page
        assert jane.get(f"{page}?organisation={world.ids['own']}").status_code == 404, page
        assert sam.get(f"{page}?organisation={world.ids['acme']}").status_code == 200, page
        assert sam.get(f"{page}?organisation=x").status_code == 404, page
        assert sam.get(f"{page}?organisation=99999999").status_code == 404, page
    for browser in (jane, ana):
        assert browser.get(foreign).status_code == 404
        assert browser.get("/people/123456789").status_code == 404
        assert browser.post(foreign, "/", first_name="Evil").status_code == 404
    assert ana.post(own, "/", first_name="Evil").status_code == 404
    assert sam.get(f"{foreign}?organisation={world.ids['acme']}").status_code == 404
    assert sam.get(foreign).headers["location"] == f"{foreign}?organisation={world.ids['own']}"
    assert sam.get(path(world, "zoe")).status_code == 404
    assert person(world, "max@customer.test").first_name == "Max"
    chosen = sam.get("/people")
    assert f'href="/people?organisation={world.ids["own"]}"' in chosen.text
    assert "Private Sample" not in sam.get("/people?q=acme").text


def test_staff_add_a_person(world: World, signed_in: Enter) -> None:
    """To the organisation that the page names."""
    sam, page = signed_in("sam"), f"/people/new?organisation={world.ids['own']}"
    sent = sam.post(page, first_name="Nia", last_name="New", email="nia@customer.test", do="save")
    assert sent.headers["location"] == f"/people?organisation={world.ids['own']}&done=person_added"
    assert person(world, "nia@customer.test").organisation_id == world.ids["own"]


@pytest.mark.feature("F178", "page")
@pytest.mark.feature("F180", "page")
@pytest.mark.feature("F181", "page")
def test_the_form_of_a_new_person(world: World, jane: Browser) -> None:
    """Every field of the guide, each with its autocomplete; the address is that of the main site; access is off."""
    with world.database.transaction() as session:
        session.add(Site(id=1, organisation_id=world.ids["acme"], name="North", address="1 North Road"))
        session.add(Site(id=2, organisation_id=world.ids["acme"], name="South", address="2 South Road", city="Hull",
                         post_code="HU1 1AA", country="United Kingdom", main=True))  # fmt: skip
    page = jane.get("/people/new")
    found = dict(LOCKED.findall(page.text))
    labels = {label.lower().replace(" ", "_") for label in (*PERSON, "Primary outsourced contact")}
    assert labels - {"level", "language"} <= set(found)
    assert {"language", "site"} <= {str(one["name"]) for one in Page(page.text).all("select")}
    assert (found["address"], found["city"], found["post_code"], found["country"]) == (
        "2 South Road", "Hull", "HU1 1AA", "United Kingdom"
    )  # fmt: skip
    fills = {one["name"]: one.get("autocomplete") for one in Page(page.text).all("input") if one["type"] != "hidden"}
    assert fills["first_name"] == "section-person given-name"
    assert fills["post_code"] == "section-person postal-code"
    assert all(fills[name] for name in labels - {"level", "language"})
    assert "Portal access is off." in page.text
    for button in ("Save and close", "Save and add another"):
        assert f">{button}</button>" in page.text
    assert '<a class="plain" href="/people">Cancel</a>' in page.text


@pytest.mark.feature("F178", "page")
@pytest.mark.feature("F195", "page")
@pytest.mark.feature("F15", "page")
@pytest.mark.feature("F184", "page")
def test_a_new_person_with_access(world: World, jane: Browser) -> None:
    """They get a letter with credentials, whose one-time password lets them in by their address."""
    sent = jane.post(
        "/people/new", first_name="Nia", last_name="New", email="Nia@customer.test", job_title="Buyer", access="yes",
        level="Standard User", do="another",
    )  # fmt: skip
    assert sent.headers["location"] == "/people/new?done=person_added_access"
    assert "gets a letter with credentials" in jane.get(sent.headers["location"]).text
    made = person(world, "nia@customer.test")
    assert (made.value("Job title"), made.level, made.has_access) == ("Buyer", "Standard User", True)
    (letter,) = letters(world, "credentials")[-1:]
    assert (letter.recipient, letter.context["by"]) == ("Nia@customer.test", "Jane Sample")
    with world.database.reading() as session:
        account = session.scalars(select(Account).where(Account.username == "nia@customer.test")).one()
        secret = credentials.for_letter(account, KEYS, START)
    assert secret is not None
    entered = Browser(world.config()).sign_in("nia", secret.secret)
    assert entered.headers["location"].startswith("/in/password")


@pytest.mark.feature("F179", "page")
def test_what_is_missing(world: World, jane: Browser) -> None:
    """Named at the field and above the form, in a title that says so; what was typed stays."""
    sent = jane.post("/people/new", first_name=" ", last_name="", email="nia@", city="York", access="yes", muted="yes")
    page = Page(sent.text)
    assert sent.status_code == 422
    assert page.title.startswith("Error: Add a person")
    for name, words in [("first_name", "Enter a first name."), ("last_name", "Enter a last name."),
                        ("email", "Enter an e-mail address in the correct format, like name@example.com."),
                        ("level", "Select a security level.")]:  # fmt: skip
        assert sent.text.count(words) == 2
        assert f'<a href="#{name}">{words}</a>' in sent.text
    assert dict(LOCKED.findall(sent.text))["city"] == "York"
    assert sum(one.get("name") in ("access", "muted") and "checked" in one for one in page.all("input")) == 2
    there = jane.post("/people/new", first_name="A", last_name="B", email="ana@customer.test")
    assert "A person with this e-mail address already exists." in there.text
    foreign = jane.post("/people/new", first_name="A", last_name="B", email="max@customer.test")
    assert "This address cannot be used here; ask the desk to add it." in foreign.text
    assert "Max" not in text_of(foreign)


@pytest.mark.feature("F182", "page")
def test_a_person_is_changed(world: World, jane: Browser) -> None:
    """By their name in the list; what is needed may change, and not be empty."""
    page = path(world, "ana")
    assert f'<a href="{page}">' in jane.get("/people").text
    sent = jane.post(page, **filled(jane, page, first_name="Anna", last_name="Ode", phone="0344 1"), do="save")
    assert sent.headers["location"] == "/people?done=saved"
    assert 'role="status"' in jane.get("/people?done=saved").text
    ana = person(world, "ana@customer.test")
    assert (ana.name, ana.value("Phone"), ana.level, ana.has_access) == ("Anna Ode", "0344 1", "Standard User", False)
    empty = jane.post(page, **filled(jane, page, last_name=""), do="save")
    assert empty.status_code == 422
    assert "Enter a last name." in empty.text
    assert person(world, "ana@customer.test").name == "Anna Ode"


@pytest.mark.feature("F182", "page")
def test_items_of_the_persons_site(world: World, signed_in: Enter) -> None:
    """To be read; of other sites and other organisations none."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).level = "Admin User"
        session.add(Site(id=1, organisation_id=world.ids["acme"], name="North", code="N1"))
        session.add(Site(id=2, organisation_id=world.ids["acme"], name="South"))
        session.flush()
        session.get_one(Contact, world.ids["ana"]).site_id = 1
    items = (
        Item("SIP trunk 4", "Acme Sample", "N1", "SIP", "S-1", "R-1"), Item("Edge router 2", "Acme Sample", "South"),
        Item("Door", "Private Sample", "North"),
    )  # fmt: skip
    world.give_password("jane")
    browser = Browser(world.config(rules=Rules(catalogue=Catalogue(items=items))))
    browser.sign_in("jane")
    said = text_of(browser.get(path(world, "ana")))
    assert "Configuration items" in said
    assert "SIP trunk 4 SIP S-1 R-1 N1" in said
    assert "Edge router" not in said
    assert "Door" not in said
    assert "Edge router 2" in text_of(browser.get(path(world, "jane")))


@pytest.mark.feature("F183", "page")
@pytest.mark.feature("F185", "page")
@pytest.mark.feature("F184", "page")
def test_access_is_switched(world: World, jane: Browser) -> None:
    """On, with a level and a letter; again; and off, which ends every session at once."""
    page = path(world, "ana")
    shown = jane.get(page)
    assert "Portal access is off." in shown.text
    assert "Ana@Customer.Test" in text_of(shown)
    sent = jane.post(page, **filled(jane, page), access="yes", level="Admin User", do="save")
    assert sent.headers["location"] == "/people?done=access_given"
    assert person(world, "ana@customer.test").level == "Admin User"
    assert [letter.recipient for letter in letters(world, "credentials")][-1] == "Ana@Customer.Test"
    assert "Portal access is on." in jane.get(page).text
    world.give_password("ana")
    ana = Browser(world.config())
    ana.sign_in("ana")
    assert ana.get("/people").status_code == 200
    again = jane.post(page, do="resend")
    assert again.headers["location"] == f"{page}?done=credentials_sent"
    off = jane.post(page, **filled(jane, page), do="save")
    assert off.headers["location"] == "/people?done=access_taken"
    assert ana.get("/people").status_code == 303
    assert ana.sign_in("ana", PASSWORD).status_code == 422
    assert person(world, "ana@customer.test").active


@pytest.mark.feature("F20", "page")
def test_levels_are_those_of_the_settings(world: World, jane: Browser) -> None:
    """Radio buttons: the two usual ones, or whatever the desk has; others are refused."""
    usual = Page(jane.get("/people/new").text).all("input")
    assert [one["value"] for one in usual if one["name"] == "level"] == ["Standard User", "Admin User"]
    assert [one["type"] for one in usual if one["name"] == "level"] == ["radio", "radio"]
    levels = Levels((Level("Basic"), Level("Manager", people=True), Level("Admin User", people=True)))
    browser = Browser(world.config(levels=levels, rules=Rules(levels=levels)))
    browser.sign_in("jane")
    shown = Page(browser.get(path(world, "ana")).text).all("input")
    assert [one["value"] for one in shown if one["name"] == "level"] == ["Basic", "Manager", "Admin User"]
    page = path(world, "ana")
    fields = filled(browser, page)
    assert browser.post(page, **fields, access="yes", level="Emperor").status_code == 422
    assert browser.post(page, **fields, access="yes", level="Manager").status_code == 303
    assert person(world, "ana@customer.test").level == "Manager"


@pytest.mark.feature("F30", "page")
def test_letters_about_tickets_are_stopped_for_somebody(world: World, jane: Browser) -> None:
    """By the one who represents the organisation; and taken back."""
    page = path(world, "ana")
    jane.post(page, **filled(jane, page), muted="yes", do="save")
    assert person(world, "ana@customer.test").muted
    shown = Page(jane.get(page).text).all("input")
    assert any(one["name"] == "muted" and "checked" in one for one in shown)
    jane.post(page, **filled(jane, page), do="save")
    assert not person(world, "ana@customer.test").muted


@pytest.mark.feature("F15", "page")
def test_another_primary_address_is_the_user_name(world: World, jane: Browser) -> None:
    """Both addresses hear of it."""
    world.give_password("ana")
    page = path(world, "ana")
    jane.post(page, **filled(jane, page, email="ode@customer.test"), access="yes", do="save")
    assert [letter.recipient for letter in letters(world, "address_changed")] == [
        "Ana@Customer.Test", "ode@customer.test"
    ]  # fmt: skip
    assert world.account("ode@customer.test") is not None
    assert "User name: ode@customer.test" in text_of(jane.get(page))


def test_ones_own_record(world: World, jane: Browser) -> None:
    """Level, access and addresses are shown and stay; the rest may change."""
    page = path(world, "jane")
    shown = Page(jane.get(page).text).all("input")
    assert not [one for one in shown if one["name"] in ("level", "access")]
    assert all("readonly" in one for one in shown if str(one["name"]).startswith("email"))
    jane.post(page, **filled(jane, page, city="Hull"), do="save")
    own = person(world, "jane@customer.test")
    assert (own.value("City"), own.level, own.has_access) == ("Hull", "Admin User", True)
    for forged in ({"level": "Standard User"}, {"email": "evil@elsewhere.test"}):
        assert jane.post(page, **filled(jane, page, **forged)).status_code == 422
    assert person(world, "jane@customer.test").level == "Admin User"


def test_somebody_deactivated(world: World, jane: Browser) -> None:
    """Shown as such; access is refused with the reason."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).deactivated_at = START
    page = path(world, "ana")
    assert "deactivated" in text_of(jane.get("/people"))
    assert "is deactivated: they see nothing here" in jane.get(page).text
    sent = jane.post(page, **filled(jane, page), access="yes", level="Standard User")
    assert sent.status_code == 422
    assert '<a href="#access">' in sent.text
    assert "Ask us to bring them back." in sent.text


def test_files_of_the_list(world: World, jane: Browser) -> None:
    """CSV without formulas, of those that are searched for; an Excel workbook; nothing of anybody else."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).name = "=HYPERLINK(1)"
    answer = jane.get("/people/people.csv?q=ana")
    rows: list[list[Any]] = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "Name"
    assert [line[0] for line in rows[1:]] == ["'=HYPERLINK(1)"]
    assert answer.headers["content-disposition"] == 'attachment; filename="people.csv"'
    book = jane.get("/people/people.xlsx")
    assert book.content.startswith(b"PK")
    assert b"Max" not in jane.get("/people/people.csv").content
    assert jane.get("/people/people.pdf").status_code == 404


def test_pages_are_well_made(world: World, jane: Browser, signed_in: Enter) -> None:
    """In each state: one h1, no heading skipped, unique ids, labels, heads of columns, plain words."""
    with world.database.transaction() as session:
        session.add(Site(id=1, organisation_id=world.ids["acme"], name="North"))
        session.add(Site(id=2, organisation_id=world.ids["acme"], name="South"))
    own, ana = path(world, "jane"), path(world, "ana")
    shown = {name: jane.get(name) for name in ("/people", "/people?q=x&sort=-login", "/people/new", own, ana,
                                               "/people/import", "/people/imports")}  # fmt: skip
    shown["wrong"] = jane.post("/people/new", first_name="", access="yes")
    shown["no file"] = jane.post("/people/import")
    shown["choose"] = signed_in("sam").get("/people")
    banned = re.compile(r"\b(please|sorry|oops|valid|invalid|kindly|click here)\b|!", re.IGNORECASE)
    for name, answer in shown.items():
        page = Page(answer.text)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), name
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        assert all("scope" in attributes for attributes in page.all("th")), name
        assert page.title.startswith("Error: ") == (answer.status_code == 422), name
        assert banned.search(re.sub(r"<!doctype[^>]*>|<[^>]*>", " ", answer.text)) is None, name
        assert page.all("script", "img", "style", "iframe") == [], name
        check_fields(page, name)
