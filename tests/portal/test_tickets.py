"""The list of tickets and the ticket page: what is on them, and how they are turned."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.pages.ticket import disposition, picture_type
from store.tables import Attachment, Ticket
from tests.portal.client import Browser
from tests.portal.world import PNG, START, World, add_event, add_file, add_ticket

Enter = Callable[[str], Browser]
PHONES = "/t/T20190409.0967"


def numbers(page: str) -> list[str]:
    """The ticket numbers of a list, in order."""
    return re.findall(r'<td data-label="Number" class="number">([^<]+)</td>', page)


def many(world: World, count: int, **values: str) -> list[str]:
    """Tickets of Ana, of which each two changed at the same moment; newest first."""
    made = []
    with world.database.transaction() as session:
        for index in range(count):
            at = START - timedelta(days=10, minutes=index // 2)
            ticket = add_ticket(session, world, f"many{index}", "ana", title=f"Many {index}", updated_at=at, **values)
            made.append((at, ticket.id, ticket.number))
    return [number for _, _, number in sorted(made, reverse=True)]


@pytest.mark.feature("F46", "page")
def test_home_has_the_latest_open_tickets(world: World, signed_in: Enter) -> None:
    """Six, the way to all, and the status in short."""
    many(world, 10)
    page = signed_in("jane").get("/").text
    assert len(numbers(page)) == 6
    assert numbers(page) == sorted(numbers(page), reverse=True)  # the newest first
    assert "See all" in page
    assert "All systems working" in page


@pytest.mark.feature("F116", "page")
@pytest.mark.feature("F118", "page")
@pytest.mark.feature("F122", "page")
def test_a_conversation_is_read_from_top_to_bottom(signed_in: Enter) -> None:
    """Who wrote, when, and what changed; oldest first, each entry with its own address."""
    page = signed_in("jane").get(PHONES).text
    order = ["Good morning,", "Status: In Progress (was New)", "one port of your switch has failed"]
    assert sorted(order, key=page.index) == order
    assert '<b dir="auto">Sam Sample</b>, Example Service Desk' in page
    assert '<time datetime="2019-04-09T12:37:00Z">9 Apr 2019, 12:37</time>' in page
    assert re.search(r'<li id="n(\d+)">\s*<p class="by">.*?<a href="#n\1">', page, re.DOTALL)


@pytest.mark.feature("F65")
@pytest.mark.feature("F66")
def test_dates_are_in_the_zone_of_the_desk(world: World) -> None:
    """9 Apr 2019, never 09/04; machines read UTC."""
    from zoneinfo import ZoneInfo

    world.give_password("jane")
    browser = Browser(world.config(zone=ZoneInfo("Europe/London")))
    browser.sign_in("jane")
    assert '<time datetime="2019-04-09T12:07:00Z">9 Apr 2019, 13:07</time>' in browser.get(PHONES).text


def test_quoted_text_is_folded_and_kept(signed_in: Enter) -> None:
    """Behind "Show quoted text", in the page."""
    page = signed_in("jane").get(PHONES).text
    assert "<details><summary>Show quoted text</summary>" in page
    assert "Acme Sample, second floor" in page


def test_words_of_a_mail_are_text(world: World, signed_in: Enter) -> None:
    """Markup in titles, names, notes, files and changes is shown, never run."""
    evil = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "evil", "jane", title=evil)
        event = add_event(session, world, ticket, evil, author=evil, folded=evil * 2, changes={evil: [evil, evil]})
        add_file(session, world, event, "evilfile", evil, b"x")
        number = ticket.number
    browser = signed_in("jane")
    for path in ("/", "/tickets", f"/t/{number}"):
        page = browser.get(path).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "49" not in page.partition("&lt;script")[2][:80]


def test_time_is_for_staff(world: World, signed_in: Enter) -> None:
    """The time that staff noted stands in a public entry, and customers do not see it."""
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "timed", "jane", title="Timed")
        add_event(session, world, ticket, "Done.", changes={"time": ["", "15 min"], "source": ["E-mail", "Phone"]})
        number = ticket.number
    theirs, ours = (signed_in(name).get(f"/t/{number}").text for name in ("jane", "sam"))
    assert "15 min" not in theirs
    assert "Source: Phone" in theirs
    assert "Time: 15 min" in ours


def test_waiting_for_the_customer_is_said_at_the_top(world: World, signed_in: Enter) -> None:
    """To the customer, with what to do."""
    with world.database.reading() as session:
        number = session.get_one(Ticket, world.ids["unshared"]).number
    assert "We need an answer from you." in signed_in("jane").get(f"/t/{number}").text
    assert "We need an answer" not in signed_in("sam").get(f"/t/{number}").text


def test_a_merged_ticket_leads_on_only_where_one_may_go(world: World, signed_in: Enter) -> None:
    """The other number is not told to people who may not see it."""
    with world.database.transaction() as session:
        session.get_one(Ticket, world.ids["done"]).merged_into_id = world.ids["unshared"]
        session.flush()
        number, other = (
            session.get_one(Ticket, world.ids["done"]).number,
            session.get_one(Ticket, world.ids["unshared"]).number,
        )
    assert other in signed_in("jane").get(f"/t/{number}").text
    page = signed_in("ana").get(f"/t/{number}").text
    assert other not in page
    assert "This ticket goes on in another one." in page


def test_long_conversations_and_long_entries_are_cut_and_complete_on_request(world: World, signed_in: Enter) -> None:
    """The last 100 entries, all behind a link; a long text as a file."""
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "long", "jane", title="Long")
        for index in range(130):
            add_event(session, world, ticket, f"Entry number {index}.", at=START + timedelta(minutes=index))
        event = add_event(session, world, ticket, "word " * 50_000, at=START + timedelta(days=1))
        number, event_id = ticket.number, event.id
    browser = signed_in("jane")
    page = browser.get(f"/t/{number}").text
    assert "The last 100 of 131 entries." in page
    assert "Entry number 30." not in page
    assert "Entry number 31." in page
    assert len(page) < 60_000
    assert "Entry number 0." in browser.get(f"/t/{number}?all").text
    whole = browser.get(f"/t/{number}/entries/{event_id}.txt")
    assert whole.text == "word " * 50_000
    assert whole.headers["content-disposition"] == f'attachment; filename="{number}-{event_id}.txt"'


@pytest.mark.feature("F111", "page")
@pytest.mark.feature("F114", "page")
def test_files_are_downloads(world: World, signed_in: Enter) -> None:
    """Bytes as they came, as a download of no known type, never run by a browser."""
    browser = signed_in("jane")
    answer = browser.get(f"{PHONES}/files/{world.ids['log']}")
    assert answer.content == b"port 4 down\n" * 4000
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="switch log, 9 April.txt"'
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == "48000"


def test_only_true_pictures_of_a_mail_are_shown(world: World, signed_in: Enter) -> None:
    """An inline PNG is a picture; an SVG that says it is inline is a download."""
    browser = signed_in("jane")
    picture = browser.get(f"{PHONES}/files/{world.ids['photo']}")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-disposition"] == 'inline; filename="display.png"'
    assert picture.content == PNG
    drawing = browser.get(f"{PHONES}/files/{world.ids['svg']}")
    assert drawing.headers["content-type"] == "application/octet-stream"
    assert drawing.headers["content-disposition"].startswith("attachment;")


def test_head_of_a_file_has_no_body(world: World, signed_in: Enter) -> None:
    """HEAD tells the size."""
    answer = signed_in("jane").http.head(f"{PHONES}/files/{world.ids['log']}")
    assert (answer.status_code, answer.headers["content-length"]) == (200, "48000")


@pytest.mark.parametrize(
    "start, kind",
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", ""),
        (b"<svg xmlns=", ""),
        (b"<!doctype html>", ""),
        (b"", ""),
    ],
)
def test_pictures_are_known_by_their_first_bytes(start: bytes, kind: str) -> None:
    """PNG, JPEG, GIF, WebP; nothing else."""
    assert picture_type(start) == kind


@pytest.mark.parametrize(
    "name, value",
    [
        ("plain.txt", 'attachment; filename="plain.txt"'),
        ('a"b\\c.txt', "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%5Cc.txt"),
        ("grüße.pdf", "attachment; filename=\"gr__e.pdf\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.pdf"),
        ("a\r\nX-Evil: 1", "attachment; filename=\"a__X-Evil: 1\"; filename*=UTF-8''a%0D%0AX-Evil%3A%201"),
        ("\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
    ],
)
def test_file_names_are_safe_in_a_header(name: str, value: str) -> None:
    """RFC 6266, with nothing that ends the header or the quotes."""
    assert disposition(name) == value


def test_a_file_whose_bytes_are_gone_is_not_found(world: World) -> None:
    """404 with the page of that error, and a line in the log; the file stays listed."""
    world.give_password("jane")
    with world.database.transaction() as session:
        digest = session.get_one(Attachment, world.ids["log"]).digest
    world.blobs.path(digest).unlink()
    browser = Browser(world.config(), raise_server_exceptions=False)
    browser.sign_in("jane")
    answer = browser.get(f"{PHONES}/files/{world.ids['log']}")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "switch log" in browser.get(PHONES).text
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert digest not in answer.text
