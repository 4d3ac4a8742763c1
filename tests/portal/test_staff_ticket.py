"""The desk's part of a ticket's page: what staff see there and do, and what customers see of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from store.tables import Event, Ticket
from tests.portal.chrome import page_of, sign_in
from tests.portal.client import TOKEN, Browser
from tests.portal.mail_world import add_letter, add_mail
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

Enter = Callable[[str], Browser]
PHONES = "/t/T20190409.0967"
ACTS = ("note", "take", "edit", "approval", "merge", "link", "task", "spam", "lane", "split")


def act(browser: Browser, name: str, **fields: str) -> Response:
    """Send one of the desk's forms."""
    return browser.post(f"{PHONES}/desk/{name}", PHONES, **{f"desk_{key}": value for key, value in fields.items()})


def faults(answer: Response) -> list[str]:
    """The sentences at the fields, and their summary is the same."""
    found = re.findall(r'class="fault"[^>]*>([^<]*)<', answer.text)
    summary = re.findall(r'<li><a href="#[^"]*">([^<]*)</a></li>', answer.text.partition("<h1")[0])
    assert answer.status_code == 422
    assert found == summary
    assert "<title>Error: " in answer.text
    return found


def newest(world: World) -> Event:
    """The latest entry of the ticket."""
    with world.database.reading() as session:
        mine = select(Event).where(Event.ticket_id == world.ids["phones"]).order_by(Event.id.desc()).limit(1)
        found = session.scalars(mine).one()
        session.expunge(found)
        return found


def waiting(world: World) -> int:
    """The id of the note that waits."""
    with world.database.reading() as session:
        return session.scalars(select(Event.id).where(Event.visibility == "pending")).one()


def upload(browser: Browser, name: str, data: bytes, **fields: str) -> Response:
    """The form for a note, with a file."""
    token = TOKEN.search(browser.get(PHONES).text)
    sent: dict[str, Any] = {f"desk_{key}": value for key, value in fields.items()}
    return browser.http.post(
        f"{PHONES}/desk/note", data={**sent, "form_token": token[1] if token else ""},
        files={"desk_files": (name, data)}, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip


@pytest.mark.feature("F118", "page")
@pytest.mark.feature("F111", "page")
def test_work_and_files_of_the_desk_are_for_everybody_with_access(world: World, signed_in: Enter) -> None:
    """Customer, colleague and staff read a public note and its file; of an internal one customers see nothing."""
    sam, jane, ana, max_ = (signed_in(name) for name in ("sam", "jane", "ana", "max"))
    sent = upload(sam, "report.txt", b"port 4 replaced", note="We replaced port 4.", to="customer", time="15m")
    assert sent.headers["location"] == f"{PHONES}#n{newest(world).id}"
    secret = upload(sam, "inside.txt", b"for the desk", note="The switch is too old.", to="internal")
    assert secret.status_code == 303
    for browser in (jane, ana):
        page = browser.get(PHONES).text
        assert "We replaced port 4." in page
        assert "The switch is too old." not in page
        assert "15 min" not in page
        (file,) = set(re.findall(r'href="([^"]+/files/\d+)"><bdi>report.txt', page))
        assert browser.get(file).content == b"port 4 replaced"
    own = sam.get(PHONES).text
    assert 'class="hidden-internal"' in own
    (inside,) = set(re.findall(r'href="([^"]+/files/\d+)"><bdi>inside.txt', own))
    assert sam.get(inside).content == b"for the desk"
    assert [browser.get(one).status_code for browser in (jane, max_) for one in (inside, file)] == [404, 200, 404, 404]


@pytest.mark.feature("F120", "page")
def test_the_feed_has_comments_status_changes_and_edits(world: World, signed_in: Enter) -> None:
    """What staff write and change stands on the customer's page, each edit as one entry."""
    sam, jane = signed_in("sam"), signed_in("jane")
    act(sam, "note", note="A technician comes at 14:00.", to="customer", after="Waiting Vendor")
    edit = {"title": "No calls on floor 2", "title_was": "Phones down at Blackfriars", "urgency": "High"}
    answer = act(sam, "edit", urgency_was="Low", impact="Only Me", impact_was="Only Me", **edit)
    assert answer.headers["location"] == f"{PHONES}?done=saved"
    assert newest(world).changes.keys() == {"title", "urgency", "priority"}
    page = jane.get(PHONES).text
    for shown in (
        "A technician comes at 14:00.",
        "Status: Waiting Vendor (was In Progress)",
        "Urgency: High (was Low)",
    ):
        assert shown in page
    assert "No calls on floor 2" in page


@pytest.mark.feature("F123", "page")
def test_customers_see_who_at_the_desk_has_read_it(world: World, signed_in: Enter) -> None:
    """Staff who look at the page, or act, with the time; a customer who reads is not watched."""
    jane = signed_in("jane")
    world.clock.forward(hours=3)
    ana, sam = signed_in("ana"), signed_in("sam")
    ana.get(PHONES)
    before = re.sub(r"<[^>]+>", "", jane.get(PHONES).text)
    sam.get(PHONES)
    after = re.sub(r"<[^>]+>", "", jane.get(PHONES).text)
    assert "Read by" in after
    assert ("Sam Sample, 9 Apr 2019, 15:07" in before, "Sam Sample, 9 Apr 2019, 15:07" in after) == (False, True)
    assert "Ana Sample, 9 Apr" not in after


def test_a_form_with_faults_keeps_what_was_typed(world: World, signed_in: Enter) -> None:
    """Every fault at its field and in the summary; nothing is changed; a colleague's change is not undone."""
    sam = signed_in("sam")
    wrong = act(sam, "edit", title=" ", title_was="x", due="1999-01-01T00:00", due_was="", item="a “box”", item_was="")
    assert faults(wrong) == ["Enter a title", "Due must be later than now"]
    assert 'value="a “box”"' in wrong.text
    assert "<details open><summary>Edit" in wrong.text
    assert faults(act(sam, "note", note="", to="customer")) == ["Enter a note, or choose a file."]
    kept = act(sam, "note", note="Kept <words>", to="internal", time="long")
    assert faults(kept) == ["Write a time of at most a day, like 15m or 1h30"]
    assert "Kept &lt;words&gt;</textarea>" in kept.text
    assert 'value="internal" checked' in kept.text
    assert faults(act(sam, "merge", merge="T20190409.9999")) == ["There is no ticket T20190409.9999."]
    assert faults(act(sam, "split", split_title="x")) == ["Select a note"]
    assert faults(act(sam, "approval", approvers="ana@")) == ["“ana@” is not a complete e-mail address"]
    assert newest(world).text.startswith("Hello Jane")
    with world.database.transaction() as session:
        session.get_one(Ticket, world.ids["phones"]).priority = "Critical"  # a colleague was quicker
    act(sam, "edit", priority="Low", priority_was="Low", item="box", item_was="")
    assert newest(world).changes == {"item": ["", "box"]}


def test_notes_that_wait_are_decided_on_the_page(world: World, signed_in: Enter) -> None:
    """One is shown to all; then it stands in the customer's feed, and waits no more."""
    sam, jane, note = signed_in("sam"), signed_in("jane"), waiting(world)
    assert "Show it, and add its author" in sam.get(PHONES).text
    assert act(sam, "lane", entry=str(note), how="join").headers["location"] == f"{PHONES}#n{note}"
    assert "Words of somebody we do not know yet." in jane.get(PHONES).text
    assert "Show it, and add its author" not in sam.get(PHONES).text
    assert act(sam, "lane", entry=str(note), how="join").status_code == 422
    made = act(sam, "split", split_note=str(note), split_title="A matter of Max")
    assert made.headers["location"].startswith("/t/T20190409.")
    assert "A matter of Max" in signed_in("max").get(made.headers["location"]).text
    assert act(sam, "split", split_note="7", split_title="x").status_code == 404


def test_tickets_that_belong_together_are_named(world: World, signed_in: Enter) -> None:
    """Links, tasks and time spent; after a merge the page leads on, and has no forms of the desk any more."""
    sam = signed_in("sam")
    with world.database.reading() as session:
        other = session.get_one(Ticket, world.ids["unshared"]).number
    act(sam, "link", link=other, how="add")
    act(sam, "task", task="Order a switch")
    act(sam, "note", time="1h30")
    page = sam.get(PHONES).text
    for shown in ("Linked tickets", other, "Its tasks", "Order a switch", "Time spent: 90 minutes"):
        assert shown in page
    merged = act(sam, "merge", merge=other)
    assert merged.headers["location"] == f"/t/{other}?done=saved"
    page = sam.get(PHONES).text
    assert f'This ticket goes on in <a class="number" href="/t/{other}">' in page
    assert "/desk/note" not in page
    assert act(sam, "note", note="Too late").status_code == 422


def test_each_entry_tells_where_its_mail_came_from_and_went(world: World, signed_in: Enter) -> None:
    """Verified or not and why, the headers, and each letter with its state: for staff alone."""
    sender = {"sender": {"verdict": "none", "reason": "No signature of customer.test.", "checks": []}}
    with world.database.transaction() as session:
        first = session.get_one(Event, world.ids["log"] - 1)
        mail = add_mail(session, world, "opened", ticket_id=first.ticket_id, evidence=sender)
        first.received_id, first.verified = mail, False
        about = {"ticket_id": first.ticket_id, "event_id": first.id}
        add_letter(session, world, "waiting", ("deferred", "451 later"), recipient="a@customer.test", **about)
        add_letter(session, world, "sent", ("sent", "250 ok"), recipient="b@customer.test", **about)
        add_letter(session, world, "refused", ("sent", "250"), ("bounced", "550"), recipient="c@customer.test", **about)
    sam, jane = signed_in("sam"), signed_in("jane")
    page = re.sub(r"<[^>]+>", "", sam.get(PHONES).text)
    assert "Not verified: No signature of customer.test." in page
    for said in ("a@customer.test: Waiting for another try", "b@customer.test: Sent", "c@customer.test: Came back"):
        assert said in page
    assert f'href="/desk/mail/{mail}/headers"' in sam.get(PHONES).text
    assert sam.get(f"/desk/mail/{mail}/headers").text.startswith("From: Eva Sample <eva@customer.test>\nTo:")
    theirs = jane.get(PHONES).text
    assert "Mail of this entry" not in theirs
    assert "No signature" not in theirs


@pytest.mark.parametrize("who", ["jane", "ana", "max"])
@pytest.mark.feature("F26", "page")
def test_customers_cannot_use_the_forms_of_the_desk(world: World, signed_in: Enter, who: str) -> None:
    """They are not shown, and sent all the same they are not found; nothing is changed."""
    browser, last = signed_in(who), newest(world).id
    assert "For the desk" not in browser.get(PHONES).text
    for name in ACTS:
        fields = {"note": "x", "title": "x", "merge": "T20190409.0967", "task": "x", "entry": str(waiting(world))}
        answer = browser.post(f"{PHONES}/desk/{name}", "/me", **{f"desk_{key}": text for key, text in fields.items()})
        assert answer.status_code == 404, name
    if who == "max":  # nor can somebody without access write a note
        assert browser.post(f"{PHONES}/notes", "/me", note="Let me in").status_code == 404
    assert newest(world).id == last


@pytest.mark.peer
@pytest.mark.timeout(240)
def test_a_member_of_staff_works_on_a_ticket_in_a_browser(world: World) -> None:
    """An internal note and an edit, without scripts; the page fits on a narrow screen with everything open."""
    world.give_password("sam")
    with serve(world) as address, chromium() as browser:
        with page_of(browser, java_script_enabled=False) as page:
            sign_in(page, address, "sam@example.test", PASSWORD)
            page.goto(address + PHONES)
            page.get_by_label("Internal").check()
            page.get_by_label("Note", exact=True).fill("Port 4 again.")
            page.get_by_role("button", name="Add note").click()
            assert "#n" in page.url
            page.get_by_text("Edit", exact=True).click()
            page.get_by_label("Urgency", exact=True).select_option("High")
            page.get_by_role("button", name="Save").click()
            assert page.get_by_text("Urgency: High (was Low)").is_visible()
        with page_of(browser, 320, bypass_csp=True) as page:
            sign_in(page, address, "sam@example.test", PASSWORD)
            page.goto(address + PHONES)
            page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert newest(world).changes == {"urgency": ["Low", "High"], "priority": ["Low", "Medium"]}
