"""The page of a ticket: what is known of it, how its entries are filtered, who may open it, and how it prints."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event

from desk.levels import Level, Levels
from portal.config import PortalConfig
from store.tables import Reading, Site, Ticket, TicketLink
from tests.portal.client import Browser
from tests.portal.sending import PHONES
from tests.portal.world import START, TEMPLATES, World, add_event, add_file, add_ticket

Enter = Callable[[str], Browser]


def entered(config: PortalConfig, name: str) -> Browser:
    """Somebody who has a password already, on another portal."""
    browser = Browser(config)
    browser.sign_in(name)
    return browser


def texts(page: str) -> list[str]:
    """The words of the entries, in order."""
    return re.findall(r'<div class="words" dir="auto">([^<]*)</div>', page.partition('<ol class="entries">')[2])


@pytest.mark.feature("F61", "page")
@pytest.mark.feature("F104", "page")
@pytest.mark.feature("F124", "page")
@pytest.mark.feature("F125", "page")
@pytest.mark.feature("F129", "page")
@pytest.mark.feature("F156", "page")
def test_everything_that_came_with_a_request_is_there(world: World, signed_in: Enter) -> None:
    """Number, fields, answers, times, resolution, who takes part, and the whole link to copy."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        session.add(Site(id=900, organisation_id=world.ids["acme"], name="Blackfriars Road", code="BF"))
        session.flush()
        found.site_id, found.service, found.item = 900, "Telephony / Desk phones", "Edge switch 2"
        found.customer_reference, found.needed_by = "INC-4471", date(2019, 5, 3)
        found.first_answer_due_at, found.due_at = START + timedelta(hours=2), START + timedelta(hours=8)
        found.answers, found.resolution = {"Tried so far": "Off and on again."}, "Moved to port 5."
    page = signed_in("jane").get(PHONES).text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(?:<[^>]+>)*([^<]*)", page))
    assert {
        name: facts[name] for name in ("Type", "Priority", "Contact", "Assigned to", "Service", "Site", "Item")
    } == {
        "Type": "Query",
        "Priority": "Low",
        "Contact": "Jane Sample",
        "Assigned to": "Sam Sample",
        "Service": "Telephony / Desk phones",
        "Site": "Blackfriars Road",
        "Item": "Edge switch 2",
    }
    assert (facts["Urgency"], facts["Impact"], facts["Your reference"]) == ("Low", "Only Me", "INC-4471")
    assert (facts["Needed by"], facts["Due"]) == ("3 May 2019", "9 Apr 2019, 20:07")
    assert (facts["First answer due"], facts["Source"]) == ("9 Apr 2019, 14:07", "E-mail")
    assert facts["Tried so far"] == "Off and on again."
    assert '<p class="number">T20190409.0967</p>' in page
    assert "Moved to port 5." in page
    assert "<p>https://desk.example.test/t/T20190409.0967</p>" in page


def test_priorities_are_for_levels_that_see_them(world: World) -> None:
    """Neither as a field nor as a change of one; the desk always sees them."""
    levels = Levels((Level("Standard User", priority=False), Level("Admin User")))
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        add_event(session, world, found, "Rated.", changes={"priority": ["Low", "High"], "team": ["", "Second line"]})
    world.give_password("jane")
    world.give_password("sam")
    config = world.config(levels=levels)
    theirs, ours = entered(config, "jane").get(PHONES).text, entered(config, "sam").get(PHONES).text
    assert "Priority" not in theirs
    assert "Second line" not in theirs
    assert "Priority: High (was Low)" in ours
    assert "Team: Second line" in ours
    usual = entered(world.config(), "jane").get(PHONES).text
    assert "Priority: High (was Low)" in usual


@pytest.mark.feature("F117", "page")
@pytest.mark.feature("F118", "page")
@pytest.mark.feature("F120", "page")
@pytest.mark.feature("F121", "page")
def test_entries_are_filtered_by_their_kind(world: World, signed_in: Enter) -> None:
    """Notes, status changes, edits, files: check boxes, and the address is the whole state."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        at = START + timedelta(hours=1)
        add_event(session, world, found, "", kind="change", at=at, changes={"site": ["", "Leeds"]})
        filed = add_event(session, world, found, "", at=at)
        add_file(session, world, filed, "plan", "plan.pdf", b"plan")
    jane = signed_in("jane")
    page = jane.get(PHONES).text
    assert page.count('name="show"') == 4
    assert page.count(" checked> ") >= 4

    def shown(query: str) -> str:
        return jane.get(f"{PHONES}?{query}").text.partition('<ol class="entries">')[2].partition("</ol>")[0]

    notes, status, edits, files = (shown(f"show={kind}") for kind in ("notes", "status", "edits", "files"))
    assert ("Good morning," in notes, "In Progress" in notes, "Leeds" in notes, "plan.pdf" in notes) == (1, 0, 0, 0)
    assert ("Good morning," in status, "In Progress" in status, "Leeds" in status) == (False, True, False)
    assert ("In Progress" in edits, "Site: Leeds" in edits, "plan.pdf" in edits) == (False, True, False)
    assert ("Good morning," in files, "plan.pdf" in files, "Leeds" in files) == (True, True, False)
    both = shown("show=status&show=edits")
    assert ("In Progress" in both, "Leeds" in both, "Good morning," in both) == (True, True, False)
    assert "Secret remark" not in shown("show=notes&show=edits&show=files&show=status")
    assert "Secret remark" in signed_in("sam").get(f"{PHONES}?show=notes").text
    assert "Nothing of this kind is here." in jane.get("/t/" + number(world, "unshared") + "?show=files").text
    assert "Good morning," in shown("show=nonsense")


def test_a_filter_looks_behind_the_latest_entries(world: World, signed_in: Enter) -> None:
    """What is asked for is found, however many others came after it; of many the last hundred, and all on request."""
    with world.database.transaction() as session:
        found = add_ticket(session, world, "long", "jane", title="Long")
        for index in range(150):
            add_event(session, world, found, f"Note {index}.", at=START + timedelta(minutes=index + 1))
        add_event(session, world, found, "", kind="change", at=START, changes={"status": ["New", "In Progress"]})
        path = f"/t/{found.number}"
    jane = signed_in("jane")
    assert "Status: In Progress (was New)" in jane.get(f"{path}?show=status").text
    page = jane.get(f"{path}?show=notes").text
    assert "The last 100 of 150 entries." in page
    assert texts(page)[0] == "Note 50."
    everything = re.search(r'href="([^"]+)">Show them all', page)
    assert everything is not None
    assert len(texts(jane.get(everything[1].replace("&amp;", "&")).text)) == 150


@pytest.mark.feature("F116", "page")
@pytest.mark.feature("F122", "page")
def test_titles_of_notes_stand_above_their_words(world: World, signed_in: Enter) -> None:
    """Author, time, title, words; oldest first."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        add_event(session, world, found, "It rings.", title="Customer <update>", at=START + timedelta(hours=1))
    page = signed_in("jane").get(PHONES).text
    order = ["Good morning,", "one port of your switch", "Customer &lt;update&gt;", "It rings."]
    assert [page.index(words) for words in order] == sorted(page.index(words) for words in order)


@pytest.mark.feature("F106", "page")
def test_formatting_is_kept(world: World, signed_in: Enter) -> None:
    """Lines and lists as they were typed; a mail can be seen as it was sent."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        add_event(session, world, found, "Tried:\n  - port 4\n  - port 5", at=START + timedelta(hours=1))
    page = signed_in("jane").get(PHONES).text
    assert '<div class="words" dir="auto">Tried:\n  - port 4\n  - port 5</div>' in page
    assert "Show as it was sent" in page
    assert re.search(r"\.words \{[^}]*white-space: pre-wrap", CSS)


CSS = (TEMPLATES / "static" / "desk.css").read_text(encoding="utf-8")


@pytest.mark.feature("F128", "page")
def test_a_ticket_prints(signed_in: Enter) -> None:
    """Forms and what one can press are left out; entries are not split; the link is there once."""
    printed = CSS.partition("@media print")[2]
    for name in ("form", ".sent", ".reply"):
        assert name in printed
    assert "break-inside: avoid" in printed
    page = signed_in("jane").get(PHONES).text
    assert page.count("https://desk.example.test/t/T20190409.0967") == 1
    buttons = re.sub(r"<form.*?</form>", "", page, flags=re.DOTALL)
    assert "<button" not in buttons


@pytest.mark.feature("F123", "page")
def test_who_of_the_desk_has_read_it(world: World, signed_in: Enter) -> None:
    """Staff who opened the page, with the time; loading it again soon is no new reading; customers are not watched."""
    jane = signed_in("jane")
    world.clock.forward(minutes=40)
    sam = signed_in("sam")
    sam.get(PHONES)
    first = world.clock.now
    world.clock.forward(seconds=30)
    sam.get(PHONES)
    with world.database.reading() as session:
        (read,) = session.query(Reading).all()
        assert (read.staff_id, read.at) == (world.ids["sam"], first)
    page = jane.get(PHONES).text
    assert "Read by" in page
    assert '<li>Sam Sample, <time datetime="2019-04-09T12:47:00Z">' in page
    world.clock.forward(minutes=5)
    sam.get(PHONES)
    with world.database.reading() as session:
        (read,) = session.query(Reading).all()
        assert read.at == world.clock.now


def number(world: World, key: str) -> str:
    """The number of a ticket."""
    with world.database.reading() as session:
        return session.get_one(Ticket, world.ids[key]).number


@pytest.mark.feature("F62", "page")
def test_tickets_that_belong_together_lead_to_each_other(world: World, signed_in: Enter) -> None:
    """Tasks, merged ones, linked ones: as far as the visitor may see them, the others not even by number."""
    with world.database.transaction() as session:
        task = add_ticket(
            session, world, "task", "jane", title="Order a switch", parent_id=world.ids["phones"],
            number="T20190409.0967.001",
        )  # fmt: skip
        hidden = add_ticket(session, world, "hidden", "max", title="Hidden matter", parent_id=world.ids["phones"])
        session.get_one(Ticket, world.ids["done"]).merged_into_id = world.ids["phones"]
        for other in ("unshared", "joined"):
            pair = {"ticket_id": world.ids["phones"], "other_id": world.ids[other]}
            session.add(TicketLink(**pair, kind="related", created_at=START))
        numbers = (task.number, hidden.number)
    jane, ana, sam = signed_in("jane"), signed_in("ana"), signed_in("sam")
    page = jane.get(PHONES).text
    for words in ("Related tickets", numbers[0], "Task of this ticket", "New keyboard", "My pay slip"):
        assert words in page
    assert "Hidden matter" not in page
    assert numbers[1] not in page
    assert "Door card" not in page
    assert "My pay slip" not in ana.get(PHONES).text
    assert "Door card" in sam.get(PHONES).text
    page = jane.get("/t/t20190409.0967.001").text
    assert '<p class="number">T20190409.0967.001</p>' in page
    assert "This ticket is a task of it" in page


def test_a_link_that_somebody_may_not_follow(world: World, signed_in: Enter, browser: Browser) -> None:
    """Sign-in first; then the same page for a hidden ticket and for none at all, with whom to ask."""
    assert browser.get(PHONES).headers["location"] == "/in?next=/t/T20190409.0967"
    max_ = signed_in("max")
    pages = [max_.get(path) for path in (PHONES, "/t/T20190409.0968", "/t/nothing%20%3Cb%3E")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    first, second, third = (page.text for page in pages)
    assert first == second == third
    assert "You do not have access to this ticket. Ask the person who sent you the link, or write to" in first
    assert 'href="mailto:service@example.test">service@example.test</a>.' in first
    assert "<title>Error: " in first


def test_the_number_of_queries_does_not_grow(world: World, signed_in: Enter) -> None:
    """As many for a hundred entries, files, people and tasks as for one."""
    with world.database.transaction() as session:
        found = add_ticket(session, world, "big", "jane", title="Big")
        for index in range(60):
            entry = add_event(session, world, found, f"Words {index}.", at=START + timedelta(minutes=index))
            add_file(session, world, entry, f"file{index}", f"file{index}.txt", b"x")
            add_ticket(session, world, f"task{index}", "jane", title="Task", parent_id=found.id)
        small, big = PHONES, f"/t/{found.number}"
    jane, counted = signed_in("jane"), list[str]()

    def count(*arguments: object) -> None:
        counted.append(str(arguments[2]))

    sqlalchemy_event.listen(world.database.engine, "before_cursor_execute", count)
    counts = []
    for path in (small, big):
        jane.get(path)
        counted.clear()
        assert jane.get(path).status_code == 200
        counts.append(len([text for text in counted if text.lstrip().upper().startswith(("SELECT", "WITH"))]))
    assert counts[1] <= counts[0]
    assert counts[0] <= 22
