"""The HTML of a mail in its frame, and the pictures in it: what is served, to whom, and what is never shown."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from portal import passes
from portal.app import PAGES
from portal.pages.as_sent import with_pictures
from store.tables import Attachment, Event, Ticket
from tests.portal.client import Browser
from tests.portal.world import HTML, KEYS, PASSWORD, PNG, START, World, add_event, add_file

Enter = Callable[[str], Browser]
PHONES = "/t/T20190409.0967"


def entry(world: World, number: int = 0) -> str:
    """The address of the HTML of Jane's first mail, or of the entry so many ids after it."""
    return f"{PHONES}/entries/{world.ids['log'] - 1 + number}.html"


def picture(world: World, name: str = "photo", ticket: str = PHONES) -> str:
    """The address of a file, to be seen as a picture."""
    return f"{ticket}/files/{world.ids[name]}/picture"


def ticket_path(world: World, name: str) -> str:
    """The address of another ticket of the sample desk."""
    with world.database.reading() as session:
        return f"/t/{session.get_one(Ticket, world.ids[name]).number}"


def add_html(world: World, **values: object) -> int:
    """One more entry with HTML on Jane's ticket, with a picture of its own; the id of the entry."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, world.ids["phones"])
        event = add_event(session, world, ticket, "Words.", html='<p>Rich <img src="cid:own@sample"></p>', **values)
        add_file(session, world, event, "own", "own.png", PNG, content_id="own@sample")
        return event.id


def test_the_frame_is_closed_to_all_but_pictures(world: World, signed_in: Enter) -> None:
    """Its headers, to the letter; framed by the portal alone, kept by nobody."""
    answer = signed_in("jane").get(entry(world), headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self'; "
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert '<base target="_blank">' in answer.text
    assert "<details><summary>Show quoted text</summary>" in answer.text


def test_no_other_page_may_be_framed(world: World, signed_in: Enter) -> None:
    """frame-ancestors 'self' stands on the frame's route alone."""
    browser = signed_in("jane")
    for path, method, _, _ in PAGES:
        page = path.replace("{number}", "T20190409.0967").replace("{id:key}", str(world.ids["log"] - 1))
        if method == "GET" and not path.endswith(".html"):
            assert "frame-ancestors 'self'" not in browser.get(page).headers["content-security-policy"], path
    for page in ("/", PHONES, "/nothing", entry(world, 999), picture(world)):
        assert "frame-ancestors 'none'" in browser.get(page).headers["content-security-policy"], page


@pytest.mark.parametrize("kind", ["document", "object", "embed", "empty"])
def test_alone_in_a_tab_it_is_the_ticket(world: World, signed_in: Enter, kind: str) -> None:
    """A mail dressed up as a sign-in page does not stand under the address of the desk."""
    answer = signed_in("jane").get(entry(world), headers={"Sec-Fetch-Dest": kind})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PHONES}#n{world.ids['log'] - 1}")
    assert "Good morning" not in answer.text


def test_pictures_of_the_mail_are_in_it(world: World, signed_in: Enter) -> None:
    """By an address with a pass; a picture that the mail does not hold leaves its words."""
    page = signed_in("jane").get(entry(world)).text
    assert "cid:" not in page
    assert '<img alt="Plan of the floor">' in page
    (address,) = re.findall(r'<img src="([^"]+)" alt="Display of the phone" width="64">', page)
    answer = Browser(world.config()).get(address)  # no cookie, as from a frame without an origin
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'inline; filename="display.png"'
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


URLS = {"a@b": "/1", "A@b": "/2", "x%20y@b": "/3", "z z@b": "/4"}


@pytest.mark.parametrize(
    "html, shown",
    [
        ('<img src="cid:a@b" alt="x">', '<img src="/1" alt="x">'),
        ('<img alt="x" src="cid:A@b">', '<img alt="x" src="/2">'),
        ('<img src="cid:a%40b">', '<img src="/1">'),
        ('<img src="cid:x%20y@b">', '<img src="/3">'),
        ('<img src="cid:z%20z@b">', '<img src="/4">'),
        ('<img src="cid:c@b" alt="x">', '<img alt="x">'),
        ('<img src="cid:%FF%00@b">', "<img>"),
        ('<img src="https://track.test/p.gif" alt="x">', '<img alt="x">'),
        ('<img src="data:image/png;base64,AAAA">', "<img>"),
        ('<p> src="cid:a@b"</p>', '<p> src="cid:a@b"</p>'),
        (
            '<p title="&lt;img src=&quot;cid:a@b&quot;&gt;">x</p>',
            '<p title="&lt;img src=&quot;cid:a@b&quot;&gt;">x</p>',
        ),
        ('<img src="cid:a@b"><img src="cid:a@b">', '<img src="/1"><img src="/1">'),
    ],
)
def test_a_content_id_is_found_as_it_is_written(html: str, shown: str) -> None:
    """Case counts, percent signs are undone (RFC 2392), words are left alone, nothing else is ever loaded."""
    assert with_pictures(html, URLS) == shown


def test_pictures_come_from_the_same_mail_only(world: World, signed_in: Enter) -> None:
    """A Content-ID of another entry, or of a file that was taken away, is as good as none."""
    event_id = add_html(world)
    browser = signed_in("jane")
    assert '<img src="/t/' in browser.get(f"{PHONES}/entries/{event_id}.html").text
    with world.database.transaction() as session:
        session.get_one(Attachment, world.ids["own"]).hidden_at = START
        session.get_one(Attachment, world.ids["photo"]).content_id = "own@sample"
    page = browser.get(f"{PHONES}/entries/{event_id}.html").text
    assert "<p>Rich <img></p>" in page


@pytest.mark.parametrize("visibility", ["internal", "pending"])
def test_what_is_not_for_customers_has_no_frame_for_them(world: World, signed_in: Enter, visibility: str) -> None:
    """Neither the HTML nor its picture, and no hint on the page; staff see both."""
    event_id = add_html(world, visibility=visibility)
    path = f"{PHONES}/entries/{event_id}.html"
    jane, sam = signed_in("jane"), signed_in("sam")
    assert jane.get(path).status_code == jane.get(picture(world, "own")).status_code == 404
    assert path not in jane.get(PHONES).text
    assert sam.get(path).status_code == sam.get(picture(world, "own")).status_code == 200
    assert f'src="{path}"' in sam.get(PHONES).text


@pytest.mark.parametrize("who", ["jane", "sam"])
def test_an_entry_is_reached_through_its_own_ticket_only(world: World, signed_in: Enter, who: str) -> None:
    """A true id under another number, whether one may see that ticket or not; and entries that have no HTML."""
    browser = signed_in(who)
    own, other = ticket_path(world, "done"), ticket_path(world, "joined")
    for ticket in (own, other, "/t/T20190409.9999"):
        assert browser.get(entry(world).replace(PHONES, ticket)).status_code == 404
        assert browser.get(picture(world, ticket=ticket)).status_code == 404
    with world.database.reading() as session:
        plain = [event.id for event in session.query(Event).filter(Event.html == "")]
    answers = [browser.get(f"{PHONES}/entries/{event_id}.html") for event_id in (*plain, 1, 10**30)]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {browser.get("/t/T20190409.9999/entries/1.html").content}


@pytest.mark.parametrize("name", ["svg", "log", "gone", "secret"])
def test_only_pictures_are_shown(world: World, signed_in: Enter, name: str) -> None:
    """No SVG, no file that is beside the mail, none that was taken away, none of an internal note."""
    assert signed_in("jane").get(picture(world, name)).status_code == 404


def test_the_bytes_decide_what_a_picture_is(world: World, signed_in: Enter) -> None:
    """HTML that says it is a PNG is not shown; a JPEG under any name is."""
    with world.database.transaction() as session:
        event = session.get_one(Event, world.ids["log"] - 1)
        add_file(session, world, event, "fake", "x.png", b"<script>1</script>", inline=True, declared_type="image/png")
        add_file(session, world, event, "jpeg", "x.html", b"\xff\xd8\xff\xe0sample", inline=True)
    browser = signed_in("jane")
    assert browser.get(picture(world, "fake")).status_code == 404
    assert browser.get(picture(world, "jpeg")).headers["content-type"] == "image/jpeg"


def test_a_pass_is_for_one_file_and_a_short_time(world: World, signed_in: Enter) -> None:
    """Not for another file, not under another number, not changed, not later, and not for somebody signed in."""
    add_html(world)
    own = file_pass(world, "own")
    out = Browser(world.config())
    assert out.get(picture(world, "own") + own).status_code == 200
    until, _, signature = own.removeprefix("?pass=").partition("-")
    for path in (
        picture(world, "own"),
        picture(world, "photo") + own,
        picture(world, "own", ticket_path(world, "done")) + own,
        f"{picture(world, 'own')}?pass={int(until) + 1}-{signature}",
        f"{picture(world, 'own')}?pass={until}-",
        f"{picture(world, 'own')}?pass={until}-\xe9",
        f"{picture(world, 'own')}?pass=%D9%A1-{signature}",
        f"{picture(world, 'own')}?pass={'9' * 400}-{signature}",
        f"{PHONES}/files/{10**30}/picture?pass={passes.new(10**30, START, KEYS)}",
    ):
        assert out.get(path).status_code == 404, path
    assert signed_in("max").get(picture(world, "own") + own).status_code == 404
    world.clock.forward(seconds=passes.LASTS / timedelta(seconds=1))
    assert out.get(picture(world, "own") + own).status_code == 404


def file_pass(world: World, name: str) -> str:
    """The end of an address that a frame would hold."""
    return f"?pass={passes.new(world.ids[name], world.clock(), KEYS)}"


def test_a_portal_below_a_path(world: World) -> None:
    """Frames and pictures are found there too."""
    world.give_password("jane")
    browser = Browser(world.config(base_url="https://desk.example.test/help"))
    browser.http.base_url = "https://desk.example.test"
    browser.post("/help/in", username="jane@customer.test", password=PASSWORD)
    assert f'src="/help{entry(world)}"' in browser.get("/help" + PHONES).text
    assert f'src="/help{picture(world)}?pass=' in browser.get("/help" + entry(world)).text


def test_the_page_does_not_read_the_html(world: World, signed_in: Enter) -> None:
    """What is read first is the text; the HTML is behind a fold, once for each entry that has some."""
    page = signed_in("jane").get(PHONES).text
    assert page.count("<iframe ") == page.count("<summary>Show as it was sent</summary>") == 1
    assert "Mail of Jane Sample, 9 Apr 2019, 12:07, as it was sent" in page
    assert HTML[:40] not in page
    assert page.index("since 12:30 no phone") < page.index("<iframe ")
