"""The page of staff: what nobody has taken, what is late, and one act on several tickets."""

import re
from collections.abc import Callable
from datetime import timedelta

from httpx2 import Response
from sqlalchemy import select

from store.tables import Event, Staff, Team, TeamMember, Ticket
from tests.portal.client import TOKEN, Browser
from tests.portal.test_html import Page, check_fields
from tests.portal.test_lists import link, titles
from tests.portal.test_lists_columns import FORM, form
from tests.portal.world import START, World, add_ticket

Enter = Callable[[str], Browser]


NOTHING = {
    "queue": "Nothing waits: every open ticket of your teams is taken.",
    "unassigned": "Nothing waits: every open ticket is taken.",
    "my": "You have taken no open ticket.",
    "waiting": "No ticket waits for its customer.",
    "due": "Nothing is overdue, or due within a day.",
    "overdue": "Nothing is overdue.",
}


def act(browser: Browser, page: str, *fields: tuple[str, str]) -> Response:
    """Send the form of acts that is on a page."""
    token = TOKEN.search(browser.get(page).text)
    assert token is not None
    sent = [("form_token", token[1]), ("back", page), *fields]
    return browser.http.post("/desk", content=form(sent), headers=FORM)


def number(world: World, key: str) -> str:
    """The number of a ticket of the sample desk."""
    with world.database.reading() as session:
        return session.get_one(Ticket, world.ids[key]).number


def prepare(world: World) -> None:
    """Two teams, of which Sam is in one; a colleague; tickets that are late, due soon, and of the other team."""
    with world.database.transaction() as session:
        for key, name in (("network", "Network"), ("phone", "Telephone")):
            world.ids[key] = world.database.ids.next()
            session.add(Team(id=world.ids[key], name=name, desk_address="", queue_address=""))
        world.ids["kim"] = world.database.ids.next()
        session.add(Staff(id=world.ids["kim"], name="Kim Sample", address="kim@example.test", created_at=START))
        session.flush()
        session.add(TeamMember(team_id=world.ids["network"], staff_id=world.ids["sam"]))
        hour = timedelta(hours=1)
        add_ticket(session, world, "late", "jane", title="Late", team_id=world.ids["network"], due_at=START - hour)
        add_ticket(session, world, "soon", "jane", title="Soon", team_id=world.ids["phone"], due_at=START + 3 * hour)
        add_ticket(session, world, "far", "jane", title="Far", due_at=START + 30 * hour, assignee_id=world.ids["kim"])


def test_the_queues(world: World, signed_in: Enter) -> None:
    """Of one's teams and of all, one's own, waiting, late or due soon, of one team; for staff alone."""
    prepare(world)
    sam = signed_in("sam")
    free = {"Late", "Door card", "Old matter", "My pay slip"}
    expected = {
        "/desk": free,
        "/desk?view=unassigned": {*free, "Soon"},
        "/desk?view=my": {"Phones down at Blackfriars"},
        "/desk?view=waiting": {"My pay slip"},
        "/desk?view=due": {"Late", "Soon"},
        "/desk?view=overdue": {"Late"},
        "/desk?view=open": {*free, "Soon", "Far", "Phones down at Blackfriars"},
        "/desk?view=all&team=Telephone": {"Soon"},
    }
    for path, wanted in expected.items():
        assert set(titles(sam.get(path).text)) == wanted, path
    page = sam.get("/desk?view=due").text
    assert titles(page)[0] == "Late"
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>|<span class="unseen">)?([^<&]+)', page)
    assert heads == ["Choose", "Number", "Title", "Organisation", "Status", "Age", "Due", "Assignee", "Take"]
    assert page.count('<strong class="fault"><i></i>Overdue</strong>') == 1
    assert link(page, "Unassigned") == "/desk"
    assert signed_in("jane").get("/desk").status_code == 404
    for path in ("/desk?view=approval", "/desk?view=nothing"):
        assert sam.get(path).status_code == 400
    assert "No ticket waits for its customer." not in page
    with world.database.transaction() as session:
        for ticket in session.scalars(select(Ticket)):
            ticket.status = "Complete"
    for view, said in NOTHING.items():
        assert said in sam.get(f"/desk?view={view}").text


def test_one_act_on_several_tickets(world: World, signed_in: Enter) -> None:
    """Take one by its button; assign, set a status of those that are ticked; what is not done is said by its number."""
    prepare(world)
    sam = signed_in("sam")
    late, soon, merged = number(world, "late"), number(world, "soon"), number(world, "far")
    answer = act(sam, "/desk?view=due&sort=title", ("take", late), ("act", ""))
    assert answer.headers["location"] == "/desk?view=due&sort=title&done=taken"
    assert "The ticket is yours." in sam.get("/desk?view=due&sort=title&done=taken").text
    kim = world.ids["kim"]
    answer = act(sam, "/desk", ("ticket", late), ("ticket", soon), ("act", f"assign:staff:{kim}"))
    assert answer.headers["location"] == "/desk?done=changed"
    with world.database.transaction() as session:
        found = {key: session.get_one(Ticket, world.ids[key]).assignee_id for key in ("late", "soon")}
        session.get_one(Ticket, world.ids["far"]).merged_into_id = world.ids["late"]
    assert found == {"late": kim, "soon": kim}
    chosen = [("ticket", late), ("ticket", merged), ("ticket", "T20190409.9999")]
    answer = act(sam, "/desk?view=open", *chosen, ("act", "take"))
    assert answer.status_code == 422
    page = answer.text
    assert Page(page).title.startswith("Error: ")
    check_fields(Page(page), "not done")
    assert "1 ticket is changed." in page
    assert f"<li>{merged} is not done: This ticket goes on in another one.</li>" in page
    assert "<li>T20190409.9999 is not done: There is no such ticket.</li>" in page
    assert f'value="{merged}" aria-label="{merged}" checked' in page
    assert '<option value="take" selected>' in page
    with world.database.reading() as session:
        assert session.get_one(Ticket, world.ids["late"]).assignee_id == world.ids["sam"]
        changes = session.scalars(select(Event.changes).where(Event.ticket_id == world.ids["late"])).all()
    assert [change["assignee"][1] for change in changes] == ["Sam Sample", "Kim Sample", "Sam Sample"]


def test_acts_that_are_not_chosen(world: World, signed_in: Enter) -> None:
    """What is missing is said at the field; customers have no such page."""
    sam, late = signed_in("sam"), number(world, "phones")
    for fields, said in (
        ([("ticket", late)], "Choose what to do with the tickets."),
        ([("act", "take")], "Choose at least one ticket."),
        ([("act", "x"), ("ticket", late)], "Choose what to do with the tickets."),
    ):
        answer = act(sam, "/desk?view=all", *fields)
        assert answer.status_code == 422
        assert f'<p class="fault" id="act-fault">{said}</p>' in answer.text
    jane = signed_in("jane")
    token = TOKEN.search(jane.get("/tickets").text)
    assert token is not None
    sent = form([("form_token", token[1]), ("act", "take"), ("ticket", late)])
    assert jane.http.post("/desk", content=sent, headers=FORM).status_code == 404
