"""The lists of tickets: their tabs, filters, columns and order, page by page, and what an empty one says."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from desk.lists import SORTS
from store.tables import Approval, Contact, Participant, Site, Ticket
from tests.portal.client import Browser
from tests.portal.test_html import Page, check_fields
from tests.portal.world import START, World, add_event, add_ticket

Enter = Callable[[str], Browser]
NUMBER = re.compile(r'<td class="number"><a href="/t/([^"]+)">\1</a></td>')


def numbers(page: str) -> list[str]:
    """The ticket numbers of a list, in order."""
    return NUMBER.findall(page)


def titles(page: str) -> list[str]:
    """The titles of a list, in order."""
    return re.findall(r'<th scope="row" dir="auto"><a href="/t/[^"]+">([^<]*)</a></th>', page)


def heading(page: str) -> str:
    """What the list is called."""
    found = re.search(r"<h1>(.*?)</h1>", page)
    return found[1] if found else ""


def many(world: World, count: int, **values: object) -> list[str]:
    """Tickets of Ana, of which each two were opened at the same moment; newest first."""
    made = []
    with world.database.transaction() as session:
        for index in range(count):
            at = START - timedelta(days=10, minutes=index // 2)
            more = {"title": f"Many {index}", "created_at": at, "updated_at": at} | values
            ticket = add_ticket(session, world, f"many{index}", "ana", **more)
            made.append((at, ticket.id, ticket.number))
    return [number for _, _, number in sorted(made, reverse=True)]


def link(page: str, text: str) -> str:
    """Where a link of this text leads."""
    found = re.search(rf'<a href="([^"]+)"[^>]*>(?:<span class="unseen">[^<]*</span> ?(?:<bdi>)?)?{text}', page)
    assert found, text
    return found[1].replace("&amp;", "&")


@pytest.mark.feature("F103", "page")
def test_lists_are_turned_page_by_page(world: World, signed_in: Enter) -> None:
    """50 to a page, the newest ticket on top; every ticket once, also while the list grows."""
    expected = many(world, 120)
    for who in ("jane", "sam"):
        browser = signed_in(who)
        page = browser.get("/tickets").text
        seen = numbers(page)
        assert len(seen) == 50
        assert "12" in re.search(r"<p>(\d+) tickets.</p>", page)[1]  # type: ignore[index]
        with world.database.transaction() as session:
            at = START + timedelta(hours=1)
            add_ticket(session, world, f"new {who}", "ana", title="Came in meanwhile", created_at=at)
        while 'rel="next"' in page:
            page = browser.get(link(page, "Older tickets")).text
            seen += numbers(page)
        assert [number for number in seen if number in expected] == expected
        assert len(seen) == len(set(seen))
        assert titles(browser.get(link(page, "Newest tickets")).text)[0] == "Came in meanwhile"


@pytest.mark.feature("F22", "page")
@pytest.mark.feature("F24", "page")
@pytest.mark.feature("F54", "page")
@pytest.mark.feature("F144", "page")
@pytest.mark.feature("F145", "page")
@pytest.mark.feature("F146", "page")
@pytest.mark.feature("F155", "page")
@pytest.mark.feature("F158", "page")
@pytest.mark.feature("F159", "page")
@pytest.mark.feature("F160", "page")
@pytest.mark.feature("F161", "page")
@pytest.mark.feature("F162", "page")
@pytest.mark.feature("F176", "page")
def test_the_five_lists(world: World, signed_in: Enter) -> None:
    """My, open, for my approval, lately completed, all: each has its own, and never a ticket one may not see."""
    with world.database.transaction() as session:
        mine = add_ticket(session, world, "with ana", "jane", title="Ana takes part", status="Update Added")
        session.add(Participant(ticket_id=mine.id, contact_id=world.ids["ana"], added_at=START))
        add_ticket(session, world, "buy", "ana", title="By Ana", status="Ready to Procure")
        asked = add_ticket(session, world, "asked", "jane", title="To approve", status="Waiting Approval",
                           approval="Requested")  # fmt: skip
        session.add(Approval(ticket_id=asked.id, contact_id=world.ids["ana"], asked_at=START))
        for name, days in (("lately", 6), ("long ago", 8)):
            at = START - timedelta(days=days)
            add_ticket(session, world, name, "jane", title=name, status="Complete", completed_at=at, updated_at=at)
    ana, eva = signed_in("ana"), signed_in("eva")
    open_ones = {"Ana takes part", "By Ana", "To approve", "Phones down at Blackfriars"}
    expected = {
        "my": {"Ana takes part", "By Ana"}, "open": open_ones, "approval": {"To approve"}, "done": {"lately"},
        "all": {*open_ones, "New keyboard", "lately", "long ago"},
    }  # fmt: skip
    for view, wanted in expected.items():
        page = ana.get(f"/tickets?view={view}").text
        assert set(titles(page)) == wanted, view
        assert page.count('aria-current="true"') == 1
        assert titles(eva.get(f"/tickets?view={view}").text) == []  # her organisation shares nothing
    page = ana.get("/tickets?view=all").text
    for status in ("Update Added", "Ready to Procure", "Complete"):
        assert f"</i>{status}</span>" in page
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).sees = "own"
    assert set(titles(ana.get("/tickets?view=open").text)) == {"Ana takes part", "By Ana"}


@pytest.mark.feature("F47", "page")
@pytest.mark.feature("F52", "page")
@pytest.mark.feature("F163", "page")
@pytest.mark.feature("F171", "page")
@pytest.mark.feature("F172", "page")
@pytest.mark.feature("F175", "page")
def test_searching_and_filtering(world: World, signed_in: Enter) -> None:
    """What was asked stands above the list, each part with a link that takes it away."""
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "mso", "jane", title="Line down", type="Incident", due_at=START)
        add_event(session, world, ticket, "The MSO engineer is on site.")
        add_ticket(session, world, "mso2", "jane", title="MSO contract", status="In Progress")
    browser = signed_in("jane")
    page = browser.get("/tickets?q=mso").text
    assert set(titles(page)) == {"Line down", "MSO contract"}
    assert heading(page) == "Ticket search: “mso”"
    page = browser.get(
        "/tickets?q=mso&status=New&f=title&o=lacks&v=contract&f=due&o=between&v=2019-04-09&w=2019-04-09"
    ).text
    assert titles(page) == ["Line down"]
    without = link(page, "with status New")
    assert "status" not in without
    assert "q=mso" in without
    assert titles(browser.get(link(page, "“mso”")).text) == ["Line down"]
    assert link(page, "Clear the filters") == "/tickets"
    assert "<details open>" in browser.get(link(page, "Edit")).text
    assert '<option value="lacks" selected>' in page
    assert heading(browser.get("/tickets?status=New").text) == "New tickets"
    # Another list keeps what is looked for.
    assert link(browser.get("/tickets?q=mso").text, "Open") == "/tickets?view=open&q=mso"
    # What nobody filled in does not stay in the address.
    sent = browser.get("/tickets?view=open&q=mso&status=&type=&f=&o=contains&v=&w=&sort=")
    assert (sent.status_code, sent.headers["location"]) == (303, "/tickets?view=open&q=mso")


@pytest.mark.feature("F51", "page")
@pytest.mark.feature("F126", "page")
@pytest.mark.feature("F127")
def test_a_number_opens_its_ticket(world: World, signed_in: Enter) -> None:
    """Written in full; a part of it narrows, and of a ticket that one may not see nothing is told."""
    with world.database.reading() as session:
        hidden = session.get_one(Ticket, world.ids["left"]).number
    browser = signed_in("jane")
    assert browser.get("/tickets?number=t20190409.0967").headers["location"] == "/t/T20190409.0967"
    page = browser.get("/tickets?number=0967").text
    assert numbers(page) == ["T20190409.0967"]
    assert '<th scope="row" dir="auto"><a href="/t/T20190409.0967">Phones down at Blackfriars</a>' in page
    hidden_page, nowhere = browser.get(f"/tickets?number={hidden}"), browser.get("/tickets?number=T20190409.9999")
    assert hidden_page.status_code == nowhere.status_code == 200
    assert hidden_page.text.replace(hidden, "") == nowhere.text.replace("T20190409.9999", "")


@pytest.mark.feature("F173", "page")
def test_headers_sort(world: World, signed_in: Enter) -> None:
    """Once the one way, once more the other; what the list is sorted by is told."""
    with world.database.transaction() as session:
        for title in ("Alpha", "Omega"):
            add_ticket(session, world, title, "jane", title=title)
    browser = signed_in("jane")
    page = browser.get("/tickets?view=open").text
    assert page.count("aria-sort") == 1
    up = browser.get(link(page, "Title")).text
    down = browser.get(link(up, "Title")).text
    assert titles(up) == sorted(titles(up)) != titles(down) == sorted(titles(up), reverse=True)
    assert 'aria-sort="ascending"' in up
    assert 'aria-sort="descending"' in down
    for name in SORTS:
        assert browser.get(f"/tickets?sort=-{name}").status_code == 200


def test_sites(world: World, signed_in: Enter) -> None:
    """Those of one's organisation are offered; the list is narrowed to one."""
    with world.database.transaction() as session:
        for key, name, whose in (("s1", "Blackfriars", "acme"), ("s2", "Docklands", "acme"), ("s3", "Else", "own")):
            world.ids[key] = world.database.ids.next()
            session.add(Site(id=world.ids[key], organisation_id=world.ids[whose], name=name))
        session.flush()
        session.get_one(Ticket, world.ids["phones"]).site_id = world.ids["s1"]
    browser = signed_in("jane")
    page = browser.get("/tickets?site=Blackfriars").text
    assert titles(page) == ["Phones down at Blackfriars"]
    assert '<option value="Blackfriars" selected>Blackfriars</option>' in page
    assert "Else" not in page


EMPTY = [
    ("/tickets", "No tickets yet. Write to"),
    ("/tickets?view=open", "There are no open tickets."),
    ("/tickets?view=my", "You have no open tickets. Write to"),
    ("/tickets?view=done", "Nothing was completed in the last 7 days. See all tickets."),
    ("/tickets?view=approval", "Nothing is waiting for your approval."),
    ("/tickets?q=mso&status=New", "No tickets match “mso” with status New. Clear the filters."),
    ("/tickets?before=1-1", "There are no older tickets."),
]


def test_empty_lists_say_what_will_be_there(signed_in: Enter) -> None:
    """And the way on."""
    browser = signed_in("eva")
    for path, said in EMPTY:
        page = browser.get(path).text
        text = " ".join(re.sub(r"<[^>]*>", "", page[page.index("<main") :]).split())
        assert said in text, path
        check_fields(Page(page), path)


@pytest.mark.parametrize("query", ["view=x", "view=open'--", "sort=1;drop", "f=id&o=is&v=1", "before=1-x", "status=x"])
def test_a_changed_address_is_said_to_be_wrong(signed_in: Enter, query: str) -> None:
    """400, what is wrong, no ticket, and the ways on."""
    answer = signed_in("jane").get(f"/tickets?{query}")
    assert answer.status_code == 400
    assert Page(answer.text).title.startswith("Error: ")
    assert numbers(answer.text) == []
    assert link(answer.text, "Open") == "/tickets?view=open"


def test_what_was_typed_is_kept_beside_its_fault(signed_in: Enter) -> None:
    """The same sentence above and at the field."""
    page = signed_in("jane").get("/tickets?q=mso&f=due&o=before&v=soon&from=2019-02-30").text
    assert '<p class="fault" id="from-fault">Date must be a real date, like 2026-04-30.</p>' in page
    assert '<a href="#from">' in page
    for kept in ('value="mso"', 'value="soon"', '<option value="before" selected>'):
        assert kept in page
    check_fields(Page(page), "fault")


def test_a_long_list_keeps_its_budget(world: World, signed_in: Enter) -> None:
    """50 rows with every column: at most 50 KB, 14 KB packed, for customers and on the page of staff."""
    many(world, 60, title="The line to the second floor was measured again today, with the same result", due_at=START)
    for who, path in (("jane", "/tickets?q=line&status=New&sort=-created"), ("sam", "/desk?view=open")):
        browser = signed_in(who)
        page = browser.get(path)
        assert len(numbers(page.text)) == 50
        assert len(page.content) <= 50_000, path
        assert len(gzip.compress(page.content)) <= 14_000, path
        check_fields(Page(page.text), path)
