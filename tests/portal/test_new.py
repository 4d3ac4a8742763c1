"""The page of a new ticket: choose, fill in, create; with everything kept that was typed into a form with faults."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from portal.config import PortalConfig
from store.tables import Attachment, Contact, Event, Organisation
from tests.desk.opened import PLAIN, furnish, letters, newest, rules
from tests.portal.client import TOKEN, Browser
from tests.portal.world import World

INCIDENT = {
    "type": "Incident", "contact": "", "title": "No calls", "description": "Since noon.\r\nAll of us.",
    "urgency": "High", "impact": "Company", "item": "SIP trunk 4", "reference": "INC-2",
}  # fmt: skip
QUERY = {"type": "Query", "title": "Where is the form?", "description": "I cannot find it.", "reference": "INC-1"}


def config(world: World, **changes: Any) -> PortalConfig:
    """A portal with services, items and sites."""
    return world.config(rules=rules(**changes))


@pytest.fixture
def enter(world: World) -> Callable[..., Browser]:
    """A browser of somebody, on the furnished desk."""
    furnish(world)

    def signed_in(name: str, **changes: Any) -> Browser:
        world.give_password(name)
        made = Browser(config(world, **changes))
        assert made.sign_in(name).status_code == 303
        return made

    return signed_in


def send(browser: Browser, fields: dict[str, str], *files: tuple[str, bytes], page: str = "") -> Response:
    """Press a button of the form on `page`, with files if there are any."""
    shown = browser.get(page or f"/tickets/new?type={fields.get('type', 'Query')}").text
    hidden = dict(re.findall(r'type="hidden" name="(form_token|once|site|service)" value="([^"]*)"', shown))
    data = {**{name: unescape(value) for name, value in hidden.items()}, **fields}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    chosen = [("files", (name, data, "text/plain")) for name, data in files] or None
    return browser.http.post("/tickets/new", data=data, files=chosen, headers=headers)


def heading(page: str) -> str:
    """The h1 of a page."""
    found = re.search(r"<h1>(.*?)</h1>", page)
    return unescape(found[1]) if found else ""


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.feature("F57", "page")
@pytest.mark.feature("F59", "page")
@pytest.mark.feature("F70", "page")
@pytest.mark.feature("F75", "page")
@pytest.mark.feature("F82", "page")
def test_step_one_asks_for_site_and_type(enter: Callable[..., Browser]) -> None:
    """The navigation leads there; Continue opens the form of that type at that site; without a type it says so."""
    jane = enter("jane")
    assert '<a href="/tickets/new">New ticket</a>' in jane.get("/").text
    page = jane.get("/tickets/new").text
    assert 'action="/tickets/new"' in page
    for kind in ("Incident", "Query", "Change Request"):
        assert f'type="radio" name="type" value="{kind}"' in page
    assert "Blackfriars - BF-1 - E14 2AA" in page
    missing = jane.get("/tickets/new?go=1&site=24")
    assert missing.status_code == 422
    assert "<title>Error: New ticket" in missing.text
    assert "Select what kind of request it is" in missing.text


@pytest.mark.feature("F75", "page")
def test_one_choice_is_no_question(enter: Callable[..., Browser]) -> None:
    """With one type, no services and one site at most, the form is the first thing to see."""
    assert 'name="description"' in enter("max", catalogue=PLAIN).get("/tickets/new").text


@pytest.mark.feature("F77", "page")
@pytest.mark.feature("F83", "page")
def test_the_form_names_category_and_type_and_brings_the_message(enter: Callable[..., Browser]) -> None:
    """Service Request / Query, with what the provider says of it."""
    jane = enter("jane")
    query = jane.get("/tickets/new?type=Query").text
    assert heading(query) == "Service Request / Query"
    assert "Our team will respond to your query ASAP." in query
    change = jane.get("/tickets/new?type=change").text
    assert heading(change) == "Service Request / Change Request"
    assert "Please provide as much information about your change requirements as possible" in change
    assert "Our support team will respond to your issue ASAP." in jane.get("/tickets/new?type=Incident").text


@pytest.mark.feature("F71", "page")
@pytest.mark.feature("F72", "page")
@pytest.mark.feature("F73", "page")
@pytest.mark.feature("F89", "page")
@pytest.mark.feature("F90", "page")
@pytest.mark.feature("F91", "page")
@pytest.mark.feature("F93", "page")
def test_each_type_has_its_fields(enter: Callable[..., Browser]) -> None:
    """An incident: urgency, impact, item. A query: none of them. A change: item, and the day on which it is wanted."""
    jane = enter("jane")
    pages = {kind: jane.get(f"/tickets/new?type={kind}").text for kind in ("Incident", "Query", "Change Request")}
    has = {
        kind: [name for name in ("urgency", "impact", "item", "needed_by") if f'name="{name}"' in page]
        for kind, page in pages.items()
    }
    assert has == {
        "Incident": ["urgency", "impact", "item"],
        "Query": [],
        "Change Request": ["item", "needed_by"],
    }
    assert 'value="Low" checked' in pages["Incident"]
    assert 'value="Only Me" checked' in pages["Incident"]
    assert 'type="date"' in pages["Change Request"]
    for kind in ("Incident", "Change Request"):  # needed there, and nowhere else
        fault = send(jane, {**INCIDENT, "type": kind, "item": ""}).text
        assert "Select the item affected, or “Not sure”" in fault


@pytest.mark.feature("F76", "page")
@pytest.mark.feature("F91", "page")
def test_the_site_limits_the_items(enter: Callable[..., Browser], world: World) -> None:
    """Those of the chosen site and “Not sure”; those of other sites and organisations are not there."""
    jane = enter("jane")
    here = jane.get(f"/tickets/new?type=Incident&site={world.ids['Blackfriars']}").text
    assert re.findall(r'<option value="([^"]+)"', here.partition('id="item"')[2].partition("</select>")[0]) == [
        "SIP trunk 4", "Edge router 2", "not sure",
    ]  # fmt: skip
    there = jane.get(f"/tickets/new?type=Incident&site={world.ids['Harbour']}").text
    assert "Lift telephone" in there
    assert "SIP trunk 4" not in there
    assert "Harbour - HB-2" in there
    assert "Safe" not in here + there


@pytest.mark.feature("F84", "page")
@pytest.mark.feature("F88", "page")
@pytest.mark.feature("F97", "page")
@pytest.mark.feature("F74", "page")
@pytest.mark.feature("F105", "page")
def test_create_opens_the_ticket_and_says_so_by_mail(enter: Callable[..., Browser], world: World) -> None:
    """Title, words, priority of urgency and impact, the item's team; the receipt is on its way."""
    jane = enter("jane")
    answer = send(jane, {**INCIDENT, "then": "view"})
    ticket = newest(world)
    assert answer.status_code == 303
    assert (ticket.title, ticket.source, ticket.priority) == ("No calls", "Portal", "Critical")
    assert ticket.team_id == world.ids["Network"]
    assert ("received", "jane@customer.test") in [(kind, to) for kind, to, _ in letters(world, ticket)]
    with world.database.reading() as session:
        assert session.scalars(select(Event.text).where(Event.ticket_id == ticket.id)).one() == (
            "Since noon.\nAll of us."
        )
    send(jane, {**QUERY, "item": "SIP trunk 4"})  # no field of a query: it is triaged first
    assert newest(world).team_id == world.ids["Service Desk"]


@pytest.mark.feature("F98", "page")
@pytest.mark.feature("F99", "page")
@pytest.mark.feature("F100", "page")
@pytest.mark.feature("F101", "page")
@pytest.mark.feature("F103", "page")
@pytest.mark.feature("F104", "page")
def test_four_buttons_lead_to_four_places(enter: Callable[..., Browser], world: World) -> None:
    """Its page, Home, another form, its files; each says which ticket it was. Cancel is a link that sends nothing."""
    jane = enter("jane")
    form = jane.get("/tickets/new?type=Query").text
    for button in ("Create ticket", "Create and close", "Create and start another", "Create and attach files"):
        assert f">{button}</button>" in form
    assert '<a class="plain" href="/">Cancel</a>' in form
    places = {
        then: send(jane, {**QUERY, "then": then}).headers["location"] for then in ("view", "home", "another", "files")
    }
    number = newest(world).number
    assert re.fullmatch(r"/t/T20190409\.\d{4}\?done=opened&ticket=T20190409\.\d{4}", places["view"])
    assert places["home"].startswith("/?done=opened&ticket=T20190409.")
    assert places["another"].startswith("/tickets/new?done=opened&ticket=")
    assert places["files"] == f"/t/{number}?done=opened&ticket={number}#files"
    page = jane.get(places["view"]).text
    assert "is open. We sent it to you by e-mail, with a link to its page." in page
    assert "Where is the form?" in page
    assert re.search(r"T20190409\.\d{4}", page)
    another = jane.get(places["another"]).text
    assert "is open. We sent it to you by e-mail, with a link to its page." in another
    assert re.search(r'<a class="number" href="/t/T20190409\.\d{4}">', another)
    assert 'value="Where is the form?"' not in another
    assert f"/t/{number}" in jane.get("/tickets").text.partition("<tbody>")[2].partition("</tr>")[0]  # on top


@pytest.mark.feature("F78", "page")
@pytest.mark.feature("F94", "page")
@pytest.mark.feature("F95", "page")
@pytest.mark.feature("F96", "page")
@pytest.mark.feature("F92", "page")
def test_what_else_a_type_and_a_service_ask(enter: Callable[..., Browser], world: World) -> None:
    """Steps taken, error messages, the system in words, the customer's own number; and questions of a service."""
    jane = enter("jane")
    extra = {"item": "not sure", "system": "the box in the lobby", "answer0": "Off and on", "answer1": "E 42"}
    assert send(jane, {**INCIDENT, **extra}).status_code == 303
    ticket = newest(world)
    assert ticket.answers == {"Tried so far": "Off and on", "Error messages": "E 42"}
    assert (ticket.item, ticket.customer_reference) == ("not sure, the box in the lobby", "INC-2")
    asked = "/tickets/new?type=Change+Request&service=Mail+%2F+Distribution+list"
    page = jane.get(asked).text
    assert "Address of the list" in page
    assert '<option value="Everybody">' in page
    assert "Tried so far" not in page
    fields = {**QUERY, "type": "Change Request", "item": "not sure", "needed_by": "2019-05-03", "answer1": "Everybody"}
    assert "Enter an answer to “Address of the list”" in send(jane, fields, page=asked).text
    assert send(jane, {**fields, "answer0": "choir@customer.test"}, page=asked).status_code == 303
    assert newest(world).answers["Who may write to it"] == "Everybody"


@pytest.mark.feature("F92", "page")
def test_the_customers_own_number_is_asked_for_or_not(enter: Callable[..., Browser]) -> None:
    """Needed, unless the settings say otherwise."""
    jane = enter("jane")
    assert "Enter your reference" in send(jane, {**QUERY, "reference": ""}).text
    relaxed = enter("jane", needs_reference=False)
    assert "Customer reference (optional)" in relaxed.get("/tickets/new?type=Query").text
    assert send(relaxed, {**QUERY, "reference": ""}).status_code == 303


@pytest.mark.feature("F85", "page")
@pytest.mark.feature("F87", "page")
def test_the_contact_is_oneself_or_a_colleague(enter: Callable[..., Browser], world: World) -> None:
    """Oneself at first; e-mail and telephone are shown; a colleague is proposed, and can be named."""
    jane = enter("jane")
    page = jane.get("/tickets/new?type=Query").text
    assert re.search(r'<input id="contact" name="contact" type="email" value="Jane@Customer.Test"', page)
    assert '<option value="Ana@Customer.Test">Ana Sample, 020 7946 0000</option>' in page
    assert "Max" not in page
    wrong = send(jane, {**QUERY, "contact": "ana@customer.test", "title": ""}).text
    assert "Ana Sample · Ana@Customer.Test · 020 7946 0000" in wrong
    place = send(jane, {**QUERY, "contact": "ana@customer.test"}).headers["location"]
    assert "done=opened-for" in place
    assert newest(world).requester_id == world.ids["ana"]
    outsider = send(jane, {**QUERY, "contact": "max@customer.test"})
    assert outsider.status_code == 422
    assert "this person is not known here" in outsider.text
    assert "Max Sample" not in outsider.text


@pytest.mark.feature("F86", "page")
def test_an_admin_user_adds_a_person_right_there(enter: Callable[..., Browser], world: World) -> None:
    """Folded away until wanted; a Standard user has no such fields, and sending them does nothing."""
    new = {"first_name": "Rosa", "last_name": "New", "email": "rosa@customer.test"}
    jane, ana = enter("jane"), enter("ana")
    assert "Add a new person" not in jane.get("/tickets/new?type=Query").text
    assert send(jane, {**QUERY, **new}).status_code == 422
    assert "Add a new person as the contact" in ana.get("/tickets/new?type=Query").text
    wrong = send(ana, {**QUERY, **new, "last_name": ""})
    assert "Enter a last name" in wrong.text
    assert '<details class="field" open>' in wrong.text
    assert send(ana, {**QUERY, **new}).status_code == 303
    with world.database.reading() as session:
        assert session.get_one(Contact, newest(world).requester_id).last_name == "New"


@pytest.mark.feature("F88", "page")
def test_everything_typed_is_kept(enter: Callable[..., Browser]) -> None:
    """With all faults above and at their fields, an “Error: ” in the title; files have to be chosen again."""
    jane = enter("jane")
    typed = {**INCIDENT, "title": "<b>'Title'</b>", "description": "x" * 8214, "people": "ana@", "system": "a box"}
    answer = send(jane, {**typed, "answer0": "Off & on"}, ("plan.txt", b"plan"))
    assert answer.status_code == 422
    page = answer.text
    assert "<title>Error: New ticket: Incident" in page
    assert page.count("Description must be 8,000 characters or fewer (it is 8,214)") == 2
    assert '<a href="#people">“ana@” is not a complete e-mail address</a>' in page
    assert "Choose the files again: the page cannot keep them" in page
    for kept in (
        "&lt;b&gt;&#39;Title&#39;&lt;/b&gt;",
        "x" * 8214,
        ">\nana@</textarea>",
        'value="a box"',
        "Off &amp; on",
    ):
        assert kept in page
    assert 'value="High" checked' in page
    assert "Up to 8,000 characters." in page


@pytest.mark.feature("F102", "page")
@pytest.mark.feature("F110", "page")
def test_files_come_in_the_same_form(enter: Callable[..., Browser], world: World) -> None:
    """Several at once; a type that is not accepted stays out, and the page says that one is missing."""
    jane = enter("jane")
    assert 'type="file" multiple' in jane.get("/tickets/new?type=Query").text
    place = send(jane, QUERY, ("plan.txt", b"plan"), ("setup.exe", b"MZ")).headers["location"]
    assert "done=opened-less" in place
    with world.database.reading() as session:
        found = session.scalars(select(Attachment.name).where(Attachment.ticket_id == newest(world).id)).all()
    assert list(found) == ["plan.txt"]
    assert "Not all files were added" in send_another(jane)


def send_another(browser: Browser) -> str:
    """The next form, with the sentence about a ticket whose files were not all added."""
    fields = {**QUERY, "title": "With a program", "then": "another"}
    return browser.get(send(browser, fields, ("a.txt", b"a"), ("setup.exe", b"MZ")).headers["location"]).text


def test_pressed_twice_it_is_one_ticket(enter: Callable[..., Browser], world: World) -> None:
    """The second press leads to the ticket of the first."""
    jane = enter("jane")
    token = TOKEN.search(jane.get("/tickets/new?type=Query").text)
    assert token is not None
    fields = {**QUERY, "once": "a-random-word", "form_token": token[1]}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    places = {jane.http.post("/tickets/new", data=fields, headers=headers).headers["location"] for _ in range(2)}
    assert len(places) == 1
    assert places.pop().startswith(f"/t/{newest(world).number}?")


@pytest.mark.feature("F25", "page")
def test_some_leave_new_tickets_to_others(enter: Callable[..., Browser], world: World) -> None:
    """Where the organisation says so the page has no form, and a form that was open does nothing."""
    jane = enter("jane")
    with world.database.transaction() as session:
        session.get_one(Organisation, world.ids["acme"]).may_create = False
    page = jane.get("/tickets/new")
    assert page.status_code == 403
    assert "New tickets are left to others of your organisation." in page.text
    assert "<form" not in page.text.partition("<main")[2]
    before = newest(world).id
    token = TOKEN.search(page.text)
    fields = {**QUERY, "form_token": token[1] if token else ""}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert jane.http.post("/tickets/new", data=fields, headers=headers).status_code == 403
    assert newest(world).id == before


def test_staff_open_a_ticket_for_a_customer(enter: Callable[..., Browser], world: World) -> None:
    """First whose it is, and at which of several sites; then the form, with how it reached them."""
    sam = enter("sam")
    assert "Enter an e-mail address" in sam.get("/tickets/new?go=1&type=Query").text
    ours = sam.get("/tickets/new?go=1&type=Query&for=service@example.test").text
    assert "is an address of the desk" in ours
    assert '<select id="site"' in sam.get("/tickets/new?go=1&type=Query&for=jane@customer.test").text
    page = f"/tickets/new?go=1&type=Incident&for=jane@customer.test&site={world.ids['Harbour']}"
    form = sam.get(page).text
    assert "Lift telephone" in form
    assert "Jane Sample · Jane@Customer.Test" in form
    fields = {**INCIDENT, "item": "Lift telephone", "reference": "", "contact": "jane@customer.test", "source": "Phone"}
    assert send(sam, {**fields, "title": ""}, page=page).status_code == 422
    assert "done=opened-for" in send(sam, fields, page=page).headers["location"]
    ticket = newest(world)
    assert (ticket.source, ticket.site_id, ticket.requester_id) == ("Phone", world.ids["Harbour"], world.ids["jane"])
    stranger = sam.get("/tickets/new?go=1&type=Query&for=tom@elsewhere.test").text
    assert "Nobody has this address here yet." in stranger


def test_a_customer_finds_no_customer_field(enter: Callable[..., Browser]) -> None:
    """What is for staff does nothing for others: whom `for` names, and where it came from."""
    jane = enter("jane")
    page = jane.get("/tickets/new?type=Query&for=max@customer.test").text
    assert "Max Sample" not in page
    assert 'name="source"' not in page


@pytest.mark.parametrize(
    "path", ["/tickets/new?site=x", "/tickets/new?site=" + "9" * 19, "/tickets/new?type=%00&for=%00"]
)
def test_an_address_that_makes_no_sense_is_no_error(enter: Callable[..., Browser], path: str) -> None:
    """What is not understood counts as not said."""
    assert enter("jane").get(path).status_code == 200
