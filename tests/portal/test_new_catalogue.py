"""The services on the page of a new ticket: four ways to look at them, a search, a page for each."""

import re
from html import unescape

import pytest

from desk.catalogue import Catalogue, Service
from tests.desk.opened import furnish, newest, rules
from tests.portal.client import Browser
from tests.portal.test_new import QUERY, heading, send, words
from tests.portal.world import World


@pytest.fixture
def jane(world: World) -> Browser:
    """Jane, signed in."""
    furnish(world)
    world.give_password("jane")
    made = Browser(world.config(rules=rules()))
    made.sign_in("jane")
    return made


def links(page: str) -> list[str]:
    """The names of the services that the page links to, in their order."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return [unescape(name) for name in re.findall(r'<a href="/tickets/new\?service=[^"]*">([^<]*)</a>', main)]


@pytest.mark.feature("F79", "page")
@pytest.mark.feature("F81", "page")
def test_four_ways_to_look_at_the_services(jane: Browser) -> None:
    """Mosaic, tree, list, A–Z: each its own address, the present one marked; no service of another organisation."""
    pages = {mode: jane.get(f"/tickets/new?view={mode}").text for mode in ("mosaic", "tree", "list", "az")}
    by_category = ["Password", "Network", "Mailbox", "Distribution list"]
    assert links(pages["mosaic"]) == links(pages["tree"]) == links(pages["list"]) == by_category
    assert links(pages["az"]) == ["Distribution list", "Mailbox", "Network", "Password"]
    assert "<h3>Mail</h3>" in pages["mosaic"]
    assert "<summary>Mail</summary>" in pages["tree"]
    assert '<th scope="col">What it is</th>' in pages["list"]
    assert re.findall(r"<h3>(.)</h3>", pages["az"]) == ["D", "M", "N", "P"]
    for mode, label in (("mosaic", "Mosaic"), ("tree", "Tree"), ("list", "List"), ("az", "A–Z")):
        assert f'aria-current="true">{label}</a>' in pages[mode]
        assert "Vault" not in pages[mode]
    assert "A list, or a change to one." in pages["mosaic"]


@pytest.mark.feature("F81", "page")
def test_services_are_searched(jane: Browser) -> None:
    """In name, category and text, in any case, in any order of words; what finds nothing says so, with a way back."""
    assert links(jane.get("/tickets/new?q=LIST+mail").text) == ["Distribution list"]
    assert links(jane.get("/tickets/new?q=forgotten&view=az").text) == ["Password"]
    none = jane.get("/tickets/new?q=%3Cb%3E&view=tree").text
    assert "No services match “&lt;b&gt;”." in none
    assert '<a href="/tickets/new?view=tree">See all services</a>' in none
    assert 'value="&lt;b&gt;"' in none


@pytest.mark.feature("F79", "page")
@pytest.mark.feature("F80", "page")
@pytest.mark.feature("F81", "page")
def test_a_service_has_its_page_and_leads_to_its_form(jane: Browser, world: World) -> None:
    """What it is, at which site, “Request this service”; the ticket then names it, with the type that it implies."""
    page = jane.get("/tickets/new?service=Mail+%2F+Distribution+list").text
    assert heading(page) == "Distribution list"
    assert "A list, or a change to one." in page
    assert ">Request this service</button>" in page
    assert '<select id="site"' in page
    assert '<input type="hidden" name="type" value="Change Request">' in page
    form = f"/tickets/new?service=Network&type=Query&site={world.ids['Harbour']}"
    assert "Network" in words(jane.get(form).text)
    assert send(jane, QUERY, page=form).status_code == 303
    ticket = newest(world)
    assert (ticket.service, ticket.site_id) == ("Network", world.ids["Harbour"])
    hidden = jane.get("/tickets/new?service=Vault").text  # another organisation's: as if there were none
    assert heading(hidden) == "New ticket"


def test_more_services_than_a_page_holds(jane: Browser, world: World) -> None:
    """The first ones, and how many more the search would find; within the budget of a page."""
    many = tuple(Service(f"Service {n}", f"Part {n // 50}") for n in range(1000))
    browser = Browser(world.config(rules=rules(catalogue=Catalogue(services=many))))
    browser.sign_in("jane")
    for mode in ("mosaic", "tree", "list", "az"):
        page = browser.get(f"/tickets/new?view={mode}")
        assert len(links(page.text)) == 200
        assert "800 more services are not shown: search for them." in page.text
        assert len(page.content) < 50_000
    assert links(browser.get("/tickets/new?q=999").text) == ["Service 999"]
