"""Links to files that were too large for a letter: who gets them, for how long, and how the file comes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from desk import file_links
from desk.file_links import FileLink, Holder
from store.tables import Attachment, Contact, Event, Participant, Staff
from tests.portal.client import Browser
from tests.portal.world import KEYS, START, World

Enter = Callable[[str], Browser]


def path(world: World, file: str, who: str, holder: Holder = "contact", days: int = 30) -> str:
    """The address in a letter of today."""
    until = START + timedelta(days=days)
    return f"/f/{file_links.make(FileLink(world.ids[file], holder, world.ids[who], until), KEYS)}"


def change(world: World, what: Callable[[Session], None]) -> None:
    """Something else happens at the desk."""
    with world.database.transaction() as session:
        what(session)


def test_the_link_leads_to_a_page_and_the_page_to_the_file(world: World, browser: Browser) -> None:
    """Without signing in; looking at the page fetches no file."""
    page = browser.get(path(world, "log", "jane"))
    assert page.status_code == 200
    assert "switch log, 9 April.txt" in page.text
    assert "(48 KB)" in page.text
    assert "9 May 2019" in page.text
    assert "Set-Cookie" not in page.headers
    answer = browser.get(path(world, "log", "jane") + "/file")
    assert answer.content == b"port 4 down\n" * 4000
    assert answer.headers["content-disposition"].startswith('attachment; filename="switch log, 9 April.txt"')
    assert answer.headers["content-length"] == "48000"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "kind, served",
    [
        ("application/pdf", "application/pdf"),
        ("video/quicktime", "video/quicktime"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/plain\r\nX: y", "application/octet-stream"),
    ],
)
def test_the_type_runs_nothing(world: World, browser: Browser, kind: str, served: str) -> None:
    """What a browser could run is bytes, whatever its letter said."""
    with world.database.transaction() as session:
        session.get_one(Attachment, world.ids["log"]).type = kind
    answer = browser.get(path(world, "log", "jane") + "/file")
    assert answer.headers["content-type"] == served
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_link_ends(world: World, browser: Browser, signed_in: Enter) -> None:
    """After its days it says so and how to get the file; who signs in gets it."""
    where = path(world, "log", "jane")
    world.clock.forward(days=30, seconds=-1)
    assert browser.get(where).status_code == 200
    world.clock.forward(seconds=1)
    page = browser.get(where)
    assert page.status_code == 410
    assert "This link has run out" in page.text
    assert f'href="/in?next=/t/T20190409.0967/files/{world.ids["log"]}"' in page.text
    answer = browser.get(where + "/file")
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    jane = signed_in("jane")
    assert jane.get(where).status_code == 200
    assert jane.get(where + "/file").status_code == 200
    assert signed_in("max").get(where).status_code == 410


def test_a_copy_that_ended_offers_no_sign_in(world: World, browser: Browser) -> None:
    """Its reader may have no account."""
    page = browser.get(path(world, "log", "zoe", "given", days=-1))
    assert page.status_code == 410
    assert "Sign in to get" not in page.text
    assert "Answer the letter and ask for it." in page.text


@pytest.mark.parametrize(
    "file, who, holder, status",
    [
        ("log", "jane", "contact", 200),
        ("log", "ana", "contact", 200),  # a colleague
        ("log", "max", "contact", 404),  # sees the ticket no more
        ("log", "max", "given", 200),  # was sent the words, and the file with them
        ("log", "sam", "staff", 200),
        ("secret", "jane", "contact", 404),  # internal
        ("secret", "max", "given", 404),
        ("secret", "sam", "staff", 200),
        ("gone", "jane", "contact", 404),  # taken away
        ("gone", "sam", "staff", 404),
    ],
)
def test_rights_are_those_of_today(
    world: World, browser: Browser, file: str, who: str, holder: Holder, status: int
) -> None:
    """A link outlives the rights it was made with, and opens no more than they do."""
    where = path(world, file, who, holder)
    assert browser.get(where).status_code == status
    assert browser.get(where + "/file").status_code == status
    expired = path(world, file, who, holder, days=-1)
    assert browser.get(expired).status_code == (410 if status == 200 else 404)


def leave_the_desk(session: Session, world: World) -> None:
    """Sam works here no more."""
    session.get_one(Staff, world.ids["sam"]).deactivated_at = START


def deactivate(session: Session, world: World) -> None:
    """Jane is not there any more."""
    session.get_one(Contact, world.ids["jane"]).deactivated_at = START


def make_internal(session: Session, world: World) -> None:
    """The entry is hidden from customers."""
    file = session.get_one(Attachment, world.ids["log"])
    session.get_one(Event, file.event_id).visibility = "internal"


@pytest.mark.parametrize(
    "what, who, holder",
    [
        (leave_the_desk, "sam", "staff"),
        (deactivate, "jane", "contact"),
        (deactivate, "jane", "given"),
        (make_internal, "jane", "contact"),
        (make_internal, "jane", "given"),
    ],
)
def test_a_link_dies_with_the_rights(
    world: World, browser: Browser, what: Callable[[Session, World], None], who: str, holder: Holder
) -> None:
    """From one moment to the next, and the answer is that of a page that never was."""
    where = path(world, "log", who, holder)
    assert browser.get(where).status_code == 200
    change(world, lambda session: what(session, world))
    assert browser.get(where).status_code == 404
    assert browser.get(where).content == browser.get("/f/" + "a" * 40).content


def test_who_takes_part_no_more(world: World, browser: Browser) -> None:
    """A participant who was removed had a link too."""
    with world.database.transaction() as session:
        ticket_id = world.ids["phones"]
        session.add(Participant(ticket_id=ticket_id, contact_id=world.ids["zoe"], added_at=START))
    where = path(world, "log", "zoe")
    assert browser.get(where).status_code == 200
    with world.database.transaction() as session:
        session.query(Participant).filter_by(contact_id=world.ids["zoe"], ticket_id=ticket_id).update(
            {"removed_at": START}
        )
    assert browser.get(where).status_code == 404


def test_altered_tokens_are_nothing(world: World, browser: Browser) -> None:
    """Each character counts, and a token of another purpose is none."""
    token = path(world, "log", "jane").removeprefix("/f/")
    for place in range(len(token) - 1):  # the last character holds unused bits
        altered = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        assert file_links.read(altered, KEYS) is None
    for wrong in ("x", "a" * 30, "%00", "a" * 2000, token[:-4], token + "aaaaaaaa"):
        assert browser.get(f"/f/{wrong}").status_code == 404
        assert browser.get(f"/f/{wrong}/file").status_code == 404


def test_bytes_that_are_not_there(world: World, browser: Browser) -> None:
    """A file whose bytes were lost is not found, and no fault of the page."""
    with world.database.transaction() as session:
        session.get_one(Attachment, world.ids["log"]).digest = "0" * 64
    assert browser.get(path(world, "log", "jane") + "/file").status_code == 404
