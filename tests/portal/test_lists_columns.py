"""The columns of lists: chosen once for all lists, in one's own order, and priorities for those who may see them."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from desk.levels import Level, Levels
from store.tables import Contact, Participant, Ticket
from tests.portal.client import Browser
from tests.portal.world import START, World

Enter = Callable[[str], Browser]


@pytest.mark.feature("F164", "page")
@pytest.mark.feature("F165", "page")
@pytest.mark.feature("F166", "page")
@pytest.mark.feature("F167", "page")
@pytest.mark.feature("F168", "page")
@pytest.mark.feature("F169", "page")
@pytest.mark.feature("F157", "page")
@pytest.mark.feature("F201", "page")
def test_columns_are_chosen_once_for_all_lists(world: World, signed_in: Enter) -> None:
    """Which, and in which order; the number stays first; files and other lists have the same."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, world.ids["phones"])
        ticket.approval = "Requested"
        session.add(Participant(ticket_id=ticket.id, contact_id=world.ids["ana"], added_at=START))
    browser = signed_in("jane")

    def heads(path: str) -> list[str]:
        return re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<&]+)', browser.get(path).text)

    assert heads("/tickets") == ["Number", "Status", "Title", "Site", "Created"]
    page = browser.get("/tickets?view=open&sort=title").text
    for name in OFFERED:
        assert f"> {name}</label>" in page
    assert "> Number</label>" not in page
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    fields = [("form_token", token[1]), ("back", "/tickets?view=open&sort=title")]
    ticked = {"number": "9", "title": "3", "approval": "2", "people": "x", "assignee": "1", "contact": ""}
    fields += [pair for key, at in ticked.items() for pair in (("use", key), (f"at {key}", at))]
    answer = browser.http.post("/tickets/columns", content=form(fields), headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets?view=open&sort=title&done=columns")
    assert "Your lists have these columns now" in browser.get(answer.headers["location"]).text
    chosen = ["Number", "Approval", "Title", "Contact", "Additional contacts"]
    assert heads("/tickets") == heads("/tickets?view=open") == chosen
    page = browser.get("/tickets?number=0967").text
    assert '<td data-l="Approval">Requested</td>' in page
    assert '<td data-l="Additional contacts"><bdi>Ana Sample</bdi></td>' in page
    assert browser.get("/tickets.csv").text.splitlines()[0].lstrip("\ufeff") == ",".join(chosen)
    with world.database.reading() as session:
        assert session.get_one(Contact, world.ids["jane"]).columns[:2] == ["number", "approval"]
    usual = [("form_token", token[1]), ("back", "//evil.example"), ("usual", "yes")]
    answer = browser.http.post("/tickets/columns", content=form(usual), headers=FORM)
    assert answer.headers["location"] == "/tickets?done=columns"
    assert heads("/tickets") == ["Number", "Status", "Title", "Site", "Created"]


OFFERED = (
    "Status", "Source", "Completed", "Item product", "Item serial number", "Item reference number", "Item", "Opened by",
    "Contact", "Type", "Approval", "Additional contacts", "Our ref", "Needed by",
)  # fmt: skip
FORM = {
    "Origin": "null", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded",
}  # fmt: skip


def form(fields: list[tuple[str, str]]) -> str:
    """As a browser sends it."""
    return urlencode(fields)


@pytest.mark.feature("F170", "page")
def test_priorities_are_for_levels_that_may_see_them(world: World) -> None:
    """Neither as a column nor as a filter, nor by a choice that was made before."""
    world.give_password("jane")
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).columns = ["number", "priority", "title"]
    for level, sees in ((Level("Standard User"), True), (Level("Standard User", priority=False), False)):
        browser = Browser(world.config(levels=Levels((level,))))
        browser.sign_in("jane")
        page = browser.get("/tickets").text
        assert ('data-l="Priority"' in page) == sees
        assert ('value="priority"' in page) == sees
        assert browser.get("/tickets?priority=Low").status_code == (200 if sees else 400)
        assert ("Priority" in browser.get("/tickets.csv").text) == sees
