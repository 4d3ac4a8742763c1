"""Home for people who signed in: the service line, figures that lead to their lists, the latest tickets, the year."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import delete, update

from store.tables import Approval, Disposition, Event, ReceivedMail, Site, Ticket
from tests.portal.client import Browser
from tests.portal.serving import serve
from tests.portal.test_status import text_of
from tests.portal.world import PASSWORD, START, World, add_ticket
from tests.servers import chromium

SignIn = Callable[[str], Browser]
DAY = timedelta(days=1)


@pytest.fixture
def busy(world: World) -> World:
    """Sites, and tickets of Jane's and Ana's of three types, open and done, through the year."""
    with world.database.transaction() as session:
        for name in ("Leeds", "160 Blackfriars Road"):
            world.ids[name] = world.database.ids.next()
            session.add(Site(id=world.ids[name], organisation_id=world.ids["acme"], name=name))
        session.flush()
        for place, kind in enumerate(("Incident", "Incident", "Change", "Query")):
            status = ("New", "Waiting Customer", "Waiting Approval", "In Progress")[place]
            add_ticket(session, world, f"open {place}", "jane", title=f"Lamp {place}", type=kind, status=status,
                       created_at=START + timedelta(minutes=place + 1), site_id=world.ids["Leeds"])  # fmt: skip
        add_ticket(session, world, "ana's", "ana", title="Door", type="Query", created_at=START - 40 * DAY)
        add_ticket(session, world, "lately", "jane", title="Chair", status="Complete", created_at=START - 70 * DAY,
                   completed_at=START - DAY, site_id=world.ids["160 Blackfriars Road"])  # fmt: skip
        add_ticket(session, world, "spam", "jane", title="Spam", spam=True)
        session.execute(update(Ticket).where(Ticket.id == world.ids["done"]).values(completed_at=START - 30 * DAY))
        session.add(Approval(ticket_id=world.ids["open 2"], contact_id=world.ids["jane"], asked_at=START))
    return world


def links(page: str) -> dict[str, str]:
    """The addresses of a page by their words; the first of each."""
    found: dict[str, str] = {}
    for address, words in re.findall(r'<a[^>]* href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL):
        found.setdefault(" ".join(re.sub("<[^>]*>", "", words).split()), unescape(address))
    return found


def row(page: str, heading: str) -> list[tuple[str, str]]:
    """Numbers and addresses of the table row with this heading."""
    (line,) = re.findall(rf'<th scope="row"[^>]*>{heading}</th>(.*?)</tr>', page)
    return [(number, unescape(address)) for address, number in re.findall(r'<a href="([^"]*)">([^<]*)</a>', line)]


def listed(browser: Browser, address: str) -> int:
    """How many tickets a list shows."""
    answer = browser.get(address)
    if answer.status_code == 303:  # a form sent fields that nobody filled in
        answer = browser.get(answer.headers["location"])
    assert answer.status_code == 200, address
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0] if 'class="tickets"' in answer.text else ""
    return table.count("<tr>")


@pytest.mark.feature("F46", "page")
def test_signing_in_leads_to_home(world: World, signed_in: SignIn) -> None:
    """The hub: everything begins there."""
    page = signed_in("jane").get("/").text
    assert "<h1>Home</h1>" in page
    assert {"Tickets", "New ticket", "Help"} <= links(page).keys()


@pytest.mark.feature("F47", "page")
@pytest.mark.feature("F54", "page")
def test_each_count_leads_to_exactly_what_it_counts(busy: World, signed_in: SignIn) -> None:
    """Open, my, waiting for you and for your approval, completed lately; the list says which it is."""
    jane = signed_in("jane")
    found = links(jane.get("/").text)
    counts = {
        "Open 7": "/tickets?view=open",
        "My 6": "/tickets?view=my",
        "Waiting for you 2": "/tickets?view=my&status=Waiting+Customer",
        "Waiting for your approval 1": "/tickets?view=approval",
        "Completed in the last 7 days 1": "/tickets?view=done",
    }
    assert {words: found.get(words) for words in counts} == counts
    for words, address in counts.items():
        assert listed(jane, address) == int(words.rsplit(" ", 1)[1]), words
    assert "Waiting Customer tickets</h1>" in jane.get(counts["Waiting for you 2"]).text


@pytest.mark.feature("F48", "page")
def test_every_number_of_the_year_leads_to_its_tickets(busy: World, signed_in: SignIn) -> None:
    """Twelve months, this one last; what was created in each, and what was completed."""
    jane = signed_in("jane")
    page = jane.get("/").text
    months = re.findall(r'<th scope="row" class="number">([^<]*)</th>', page)
    assert (len(months), months[0], months[-1]) == (12, "May 2018", "Apr 2019")
    expected = {"Apr 2019": (7, 1), "Mar 2019": (0, 1), "Feb 2019": (1, 0), "Jan 2019": (1, 0), "May 2018": (0, 0)}
    for month in months:
        shown = row(page, month)
        numbers = tuple(int(number) for number, _ in shown)
        assert numbers == expected.get(month, (0, 0)), month
        if month in expected:
            assert tuple(listed(jane, address) for _, address in shown) == numbers, month


@pytest.mark.feature("F49", "page")
def test_open_tickets_by_type_lead_to_their_list(busy: World, signed_in: SignIn) -> None:
    """Each type that has some."""
    jane = signed_in("jane")
    page = jane.get("/").text
    for kind, count in (("Incident", 2), ("Change", 1), ("Query", 4)):
        ((number, address),) = row(page, kind)
        assert (int(number), listed(jane, address)) == (count, count)


@pytest.mark.feature("F43", "page")
def test_the_report_is_a_file_too(busy: World, signed_in: SignIn) -> None:
    """Months as #report brings them, of the site that is looked at; for nobody who is signed out."""
    jane = signed_in("jane")
    answer = jane.get(links(jane.get("/").text)["The months as a CSV file"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Month,Created,Completed"
    assert lines[-2] == "2019-04,7,1"
    of_site = jane.get(links(jane.get("/?site=Leeds").text)["The months as a CSV file"])
    assert of_site.text.split("\r\n")[-2] == "2019-04,4,0"
    assert Browser(busy.config()).get("/report.csv").headers["location"].startswith("/in")


@pytest.mark.feature("F50", "page")
def test_a_site_narrows_everything(busy: World, signed_in: SignIn) -> None:
    """Counts, latest tickets, months and types, and every list that they lead to."""
    jane = signed_in("jane")
    page = jane.get("/?site=160+Blackfriars+Road").text
    found = links(page)
    assert {"Open 0", "My 0", "Waiting for your approval 0", "Completed in the last 7 days 1"} <= found.keys()
    assert "Nothing is open." in page
    assert [number for number, _ in row(page, "Apr 2019")] == ["0", "1"]
    assert "Lamp" not in page
    assert '<option value="160 Blackfriars Road" selected>' in page
    page = jane.get("/?site=Leeds&show=my").text
    found = links(page)
    assert {"Open 4", "My 4", "See all 4"} <= found.keys()
    for words in ("Open 4", "See all 4"):
        assert listed(jane, found[words]) == 4
    assert listed(jane, row(page, "Apr 2019")[0][1]) == 4
    assert listed(jane, row(page, "Incident")[0][1]) == 2
    assert found["All"] == "/?site=Leeds#latest"
    hidden = re.findall(r'<input type="hidden" name="([fov])" value="([^"]*)">', page)
    assert hidden == [("f", "site"), ("o", "is"), ("v", "Leeds")]
    assert listed(jane, "/tickets?q=lamp&f=site&o=is&v=Leeds") == 4
    assert listed(jane, "/tickets?q=lamp&f=site&o=is&v=160+Blackfriars+Road") == 0


def test_a_site_that_is_not_theirs_shows_nothing(busy: World, signed_in: SignIn) -> None:
    """Whatever an address says, rights come first; strange signs and lengths are no fault."""
    with busy.database.transaction() as session:
        session.add(Site(id=busy.database.ids.next(), organisation_id=busy.ids["own"], name="Secret place"))
    jane = signed_in("jane")
    assert "Secret place" not in jane.get("/").text
    for site in ("Secret+place", "%00%27%22<b>", "x" * 3000, "%25"):
        page = jane.get(f"/?site={site}")
        assert page.status_code == 200
        assert "Open 0" in links(page.text), site
    assert jane.get("/?show=nonsense").status_code == jane.get("/?show=queue").status_code == 400


def test_many_sites_are_typed(busy: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks through hundreds."""
    monkeypatch.setattr("portal.overview.MOST_SITES", 1)
    page = signed_in("jane").get("/?site=Leeds").text
    assert re.search(r'<input id="site" name="site" type="text" value="Leeds"', page)
    assert "Open 4" in links(page)


@pytest.mark.feature("F51", "page")
@pytest.mark.feature("F41", "page")
def test_search_words_and_numbers(busy: World, signed_in: SignIn) -> None:
    """One form with two boxes: words go to the list of what they find, a whole number to its ticket."""
    jane = signed_in("jane")
    page = jane.get("/").text
    form = page.partition('role="search"')[2].partition("</form>")[0]
    assert re.findall(r'name="(\w+)" type="(\w+)"', form) == [("q", "search"), ("number", "text")]
    assert 'action="/tickets"' in page.partition('role="search"')[0].rpartition("<form")[2]
    assert listed(jane, "/tickets?q=LAMP&number=") == 4
    number = f"T20190409.{busy.ids['open 1']:04}"
    answer = jane.get(f"/tickets?number={number.lower()}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{number}")


@pytest.mark.feature("F53", "page")
@pytest.mark.feature("F55", "page")
@pytest.mark.feature("F56", "page")
def test_the_latest_open_tickets(busy: World, signed_in: SignIn) -> None:
    """Six of them, number, title and status, each a link; all, my, waiting for my approval; and the way to the rest."""
    jane = signed_in("jane")
    page = jane.get("/").text
    assert re.findall(r'dir="auto"><a href="/t/[^"]*">([^<]*)</a>', page) == [
        "Lamp 3", "Lamp 2", "Lamp 1", "Lamp 0", "My pay slip", "Phones down at Blackfriars",
    ]  # fmt: skip
    found = links(page)
    assert (found["See all 7"], found["My"], found["Waiting for my approval"]) == (
        "/tickets?view=open", "/?show=my#latest", "/?show=approval#latest",
    )  # fmt: skip
    assert "Waiting Approval" in page
    page = jane.get("/?show=approval").text
    assert re.findall(r'dir="auto"><a href="/t/[^"]*">([^<]*)</a>', page) == ["Lamp 2"]
    assert links(page)["See all 1"] == "/tickets?view=approval"
    assert jane.get(links(page)["Lamp 2"]).status_code == 200


@pytest.mark.feature("F57")
@pytest.mark.feature("F58", "page")
@pytest.mark.feature("F59", "page")
def test_a_button_for_a_new_ticket(world: World, signed_in: SignIn) -> None:
    """On Home, and in the head of every page beside the list of tickets."""
    jane = signed_in("jane")
    page = jane.get("/").text
    assert '<a class="button" href="/tickets/new">New ticket</a>' in page
    for path in ("/", "/help"):
        head = jane.get(path).text.partition("</header>")[0]
        assert {"Home": "/", "Tickets": "/tickets", "New ticket": "/tickets/new"}.items() <= links(head).items()


def test_nothing_yet(world: World, signed_in: SignIn) -> None:
    """What will be there, and both ways to begin."""
    with world.database.transaction() as session:
        session.execute(delete(Event).where(Event.ticket_id.in_([world.ids["left"]])))
    text = text_of(signed_in("eva"))
    assert "No tickets yet. Write to service@example.test or start a new ticket here ." in text
    assert "Created and completed" not in text
    assert "Open 0" in text


def test_staff_see_what_they_see(busy: World, signed_in: SignIn) -> None:
    """All organisations; what waits for customers in their own tickets; the way to the queues; no approvals."""
    with busy.database.transaction() as session:
        taken = [busy.ids["open 1"], busy.ids["open 3"]]
        session.execute(update(Ticket).where(Ticket.id.in_(taken)).values(assignee_id=busy.ids["sam"]))
    sam = signed_in("sam")
    page = sam.get("/").text
    found = links(page)
    assert {"My 3": "/tickets?view=my", "Queues of the desk": "/desk"}.items() <= found.items()
    assert "Waiting for the customer 1" in found
    assert "pproval" not in page.partition("<main")[2].replace("Waiting Approval", "")
    open_ones = next(words for words in found if words.startswith("Open "))
    assert listed(sam, found[open_ones]) == int(open_ones.split()[1])
    assert sam.get("/?show=approval").status_code == 400


def test_the_service_line_is_there_too(world: World, signed_in: SignIn) -> None:
    """In one line, above what one came for."""
    with world.database.transaction() as session:
        session.add(ReceivedMail(id=9000, received_at=START, source="smtp", recipients=[], size=1, waiting=False))
        session.flush()
        session.add(Disposition(received_id=9000, at=START - timedelta(seconds=12), kind="opened", rule="x", reason=""))
    assert "Home All systems working, last mail handled 12 s ago" in text_of(signed_in("jane"))


def test_few_queries_however_many_tickets(busy: World, signed_in: SignIn) -> None:
    """None for each ticket, type or month."""
    from sqlalchemy import event

    jane, counted = signed_in("jane"), list[str]()
    event.listen(busy.database.engine, "before_cursor_execute", lambda *said: counted.append(str(said[2])))
    jane.get("/")
    asked = [said for said in counted if said.lstrip().upper().startswith("SELECT")]
    assert len(asked) < 32, asked


def test_home_in_a_browser(busy: World) -> None:
    """As a person: choose a site, follow a count, come back, search."""
    busy.give_password("jane")
    with serve(busy) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 320, "height": 700})
        page.goto(address + "/in")
        page.fill("#username", "jane@customer.test")
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.select_option("#site", "Leeds")
        page.get_by_role("button", name="Show").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("link", name="Waiting for you 1").click()
        assert page.get_by_role("link", name="Lamp 1").count() == 1
        page.go_back()
        page.fill("#q", "lamp 3")
        page.get_by_role("button", name="Search", exact=True).click()
        assert page.get_by_role("link", name="Lamp 3").is_visible()
        page.close()
