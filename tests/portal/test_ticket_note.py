"""A note on the page of a ticket: its words and title, its files, whom it reaches, and what is refused of it."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from desk.acting.rules import Rules
from store.tables import Attachment, Event, Outbox, Participant, Ticket
from tests.portal.client import Browser
from tests.portal.sending import PHONES, after, send
from tests.portal.world import PNG, World, add_ticket

Enter = Callable[[str], Browser]
TEXT = ("notes.txt", b"port 4 is down\n", "text/plain")
LARGE = ("handset.mov", b"\0" * (10 * 1024 * 1024 + 1), "video/quicktime")


def newest(world: World, ticket: str = "phones") -> Event:
    """The entry that was written last."""
    with world.database.reading() as session:
        query = select(Event).where(Event.ticket_id == world.ids[ticket]).order_by(Event.id.desc()).limit(1)
        event = session.scalars(query).one()
        session.expunge(event)
    return event


def letters(world: World, kind: str) -> list[str]:
    """To whom letters of a kind wait."""
    with world.database.reading() as session:
        query = select(Outbox.recipient).where(Outbox.kind == kind).order_by(Outbox.recipient)
        return [address.lower() for address in session.scalars(query)]


def files_of(world: World, event: Event) -> list[Attachment]:
    """The files of an entry."""
    with world.database.reading() as session:
        found = list(session.scalars(select(Attachment).where(Attachment.event_id == event.id).order_by(Attachment.id)))
        session.expunge_all()
    return found


@pytest.mark.feature("F113", "page")
@pytest.mark.feature("F119", "page")
@pytest.mark.feature("F131", "page")
@pytest.mark.feature("F136", "page")
@pytest.mark.feature("F137", "page")
@pytest.mark.feature("F138", "page")
@pytest.mark.feature("F141", "page")
@pytest.mark.feature("F142")
@pytest.mark.feature("F143", "page")
def test_a_note_shows_in_the_ticket_at_once(world: World, signed_in: Enter) -> None:
    """With its title above it, at its own address; the desk is told, and so is everybody who takes part."""
    jane = signed_in("jane")
    page = jane.get(PHONES).text
    for words in ("Title of the note (optional)", "More options", "Add note", "Files (optional)"):
        assert words in page
    answer = send(jane, "notes", note_title="Customer update", note="It works\r\nagain.\0", notify="yes")
    event = newest(world)
    assert answer.headers["location"] == f"{PHONES}#n{event.id}"
    assert (event.title, event.text, event.visibility) == ("Customer update", "It works\nagain.", "public")
    page = after(jane, answer)
    assert page.index("Customer update") < page.index("It works\nagain.")
    assert letters(world, "customer_wrote") == ["sam@example.test"]
    # A colleague may write as well: the ticket is shared with the organisation. Jane hears of it.
    ana = signed_in("ana")
    assert "Mine too." in after(ana, send(ana, "notes", note="Mine too."))
    assert letters(world, "update") == ["jane@customer.test"]


@pytest.mark.feature("F133", "page")
def test_the_desk_is_told_unless_the_box_is_cleared(world: World, signed_in: Enter) -> None:
    """Ticked from the start; without it the note is kept all the same."""
    jane = signed_in("jane")
    assert 'name="notify" value="yes" checked' in jane.get(PHONES).text
    send(jane, "notes", note="For the record.")
    assert newest(world).text == "For the record."
    assert letters(world, "customer_wrote") == []


@pytest.mark.feature("F107", "page")
@pytest.mark.feature("F108", "page")
@pytest.mark.feature("F114", "page")
@pytest.mark.feature("F115", "page")
def test_files_come_with_a_note(world: World, signed_in: Enter) -> None:
    """Several at once; told by their content, under names that every file system takes; one may be named anew."""
    jane = signed_in("jane")
    twice = [("..\\up/a:b.png", PNG, "text/html"), ("a:b.png", PNG, "image/png; x=y"), TEXT]
    page = after(jane, send(jane, "notes", *twice, note="See here."))
    kept = files_of(world, newest(world))
    assert [(file.name, file.type, file.size) for file in kept] == [
        ("a_b.png", "image/png", len(PNG)),
        ("a_b-2.png", "image/png", len(PNG)),
        ("notes.txt", "text/plain", 15),
    ]
    assert world.blobs.read(kept[0].digest) == PNG
    assert f'/files/{kept[1].id}"><bdi>a_b-2.png</bdi></a>' in page
    assert jane.get(f"{PHONES}/files/{kept[2].id}").content == TEXT[1]
    # A file alone is a note too.
    send(jane, "notes", ("IMG_0042.JPG", b"\xff\xd8\xff\xe0sample", "image/jpeg"), file_name="photo of the display")
    (file,) = files_of(world, newest(world))
    assert (file.name, file.original_name) == ("photo of the display.JPG", "IMG_0042.JPG")


@pytest.mark.feature("F109", "page")
@pytest.mark.feature("F110", "page")
def test_a_file_that_is_refused_takes_nothing_with_it(world: World, signed_in: Enter) -> None:
    """Too large, of a type that runs, empty: each is named, once; the note and the other files are kept."""
    jane = signed_in("jane")
    answer = send(jane, "notes", LARGE, TEXT, note="Film and notes.")
    page = after(jane, answer)
    assert "handset.mov is larger than 10 MB – the other files were added." in page
    assert [file.name for file in files_of(world, newest(world))] == ["notes.txt"]
    told = answer.headers["location"].partition("#")[0]
    assert "handset.mov" not in jane.get(told.replace("left=", "left=x")).text  # nobody else can make it say so
    assert "handset.mov" not in signed_in("ana").get(told).text
    tool = ("setup.exe", b"MZ\x90\0", "application/octet-stream")
    page = after(jane, send(jane, "notes", tool, ("none.txt", b"", "text/plain"), note="A tool."))
    assert "setup.exe is a type of file we do not accept. none.txt is empty – your note was added." in page
    assert newest(world).text == "A tool."
    before = newest(world).id
    answer = send(jane, "notes", ("none.txt", b"", "text/plain"), note_title="")
    assert answer.status_code == 422
    assert '<a href="#files">The selected file is empty.</a>' in answer.text
    assert newest(world).id == before


def test_what_cannot_be_kept_is_said_and_stands_there_again(world: World, signed_in: Enter) -> None:
    """Nothing written, too long, a title without words: 422, with the input; a name is never a way around a rule."""
    jane = signed_in("jane")
    before = newest(world).id
    for fields, said in [
        ({"note": ""}, "Enter a note, or choose a file."),
        ({"note": "", "note_title": "Update"}, "Enter a note."),
        ({"note": "x" * 8_001}, "Note must be 8,000 characters or fewer (it is 8,001)."),
        ({"note": "y" * 1_001, "quick": "yes"}, "Quick note must be 1,000 characters or fewer."),
        ({"note": "z", "note_title": "t" * 101}, "Title must be 100 characters or fewer."),
        ({"note": "kept words", "copies": "ana@"}, "“ana@” is not a complete e-mail address."),
        ({"note": "kept words", "private": "yes"}, "Private notes are not offered here."),
    ]:
        answer = send(jane, "notes", **fields)
        assert answer.status_code == 422
        assert answer.text.count(said) == 2, said  # in the summary, and at the field
        assert "<title>Error: " in answer.text
        for value in fields.values():
            assert value in answer.text
    answer = send(jane, "notes", TEXT, note="kept words", copies="nobody")
    assert "Choose the files again: nothing was saved." in answer.text
    assert newest(world).id == before
    renamed = ("setup.exe", b"plain words", "text/plain")
    assert send(jane, "notes", renamed, file_name="harmless.txt").status_code == 422


@pytest.mark.feature("F130", "page")
def test_a_quick_note_is_short(world: World, signed_in: Enter) -> None:
    """The same form with one field: at most 1,000 characters, which it says."""
    jane = signed_in("jane")
    page = jane.get(f"{PHONES}?quick").text
    assert "Up to 1,000 characters." in page
    assert 'name="note_title"' not in page
    page = after(jane, send(jane, "notes", note="q" * 1_000, quick="yes"))
    assert newest(world).text == "q" * 1_000
    assert letters(world, "customer_wrote") == ["sam@example.test"]
    assert "Quick note" in page


@pytest.mark.feature("F132", "page")
def test_a_note_can_be_added_to_the_resolution(world: World, signed_in: Enter) -> None:
    """With the name of its author."""
    jane = signed_in("jane")
    page = after(jane, send(jane, "notes", note="Moved to port 5.", append="yes"))
    assert "Moved to port 5.\n(added by Jane Sample)" in page
    with world.database.reading() as session:
        assert session.get_one(Ticket, world.ids["phones"]).resolution == "Moved to port 5.\n(added by Jane Sample)"


@pytest.mark.feature("F134", "page")
@pytest.mark.feature("F135", "page")
@pytest.mark.feature("F139", "page")
def test_a_note_goes_to_others_as_well(world: World, signed_in: Enter) -> None:
    """Addresses between semicolons; they need no access, take no part, and the entry names them."""
    jane = signed_in("jane")
    copies = "Nora New <nora@elsewhere.test>; MAX@customer.test; jane@customer.test"
    page = after(jane, send(jane, "notes", note="Please read.", copies=copies))
    assert letters(world, "copy") == ["max@customer.test", "nora@elsewhere.test"]
    assert "Copied to: nora@elsewhere.test, Max@Customer.Test, Jane@Customer.Test" in page
    with world.database.reading() as session:
        assert session.scalars(select(Participant).where(Participant.ticket_id == world.ids["phones"])).all() == []
    eleven = ";".join(f"p{index}@elsewhere.test" for index in range(11))
    assert "Enter at most 10 addresses. There are 11." in send(jane, "notes", note="x", copies=eleven).text
    assert "is somebody at this desk" in send(jane, "notes", note="x", copies="sam@example.test").text


@pytest.mark.feature("F140", "page")
def test_a_private_note_is_for_the_desk_alone(world: World) -> None:
    """Where that is offered: customers neither see it nor hear of it, staff do."""
    world.give_password("jane")
    world.give_password("sam")
    config = world.config(rules=replace(Rules(), private_notes=True))
    jane, sam = Browser(config), Browser(config)
    jane.sign_in("jane")
    sam.sign_in("sam")
    assert 'name="private"' in jane.get(PHONES).text
    page = after(jane, send(jane, "notes", note="Between us.", private="yes", notify="yes"))
    assert "Between us." not in page
    assert newest(world).visibility == "internal"
    assert "Between us." in sam.get(PHONES).text
    assert letters(world, "update") == []
    assert letters(world, "customer_wrote") == ["sam@example.test"]


@pytest.mark.feature("F152", "page")
def test_a_closed_ticket_takes_no_note(world: World, signed_in: Enter) -> None:
    """The sentence instead of the form; a form that was open before is refused, with its text."""
    jane = signed_in("jane")
    with world.database.transaction() as session:
        ticket = add_ticket(session, world, "closed", "jane", title="Old", status="Complete")
        number = ticket.number
    page = jane.get(f"/t/{number}").text
    assert f"This ticket is closed. Write a new one and mention {number}." in page
    assert "<textarea" not in page
    answer = send(jane, "notes", page=f"/t/{number}", note="One more thing.")
    assert answer.status_code == 422
    assert f"This ticket is closed. Write a new one and mention {number}." in answer.text


def test_nobody_writes_where_they_do_not_see(world: World, signed_in: Enter) -> None:
    """Another organisation's ticket, one that is not shared, one that is not there: the same page, and no file kept."""
    max_ = signed_in("max")
    blobs = len(list(world.blobs.root.glob("??/*")))
    before = newest(world).id
    for page in (PHONES, "/t/T20190409.9999", "/t/T20190409.0967%00"):
        answer = send(max_, "notes", TEXT, page=page, note="Hello.")
        assert answer.status_code == 404
        assert "You do not have access to this ticket." in answer.text
    assert newest(world).id == before
    assert len(list(world.blobs.root.glob("??/*"))) == blobs


def test_the_same_form_twice_is_one_note(world: World, signed_in: Enter) -> None:
    """A second press of the button leads to the first note; with other words, or from a new form, it is another."""
    jane = signed_in("jane")
    mark = re.findall(r'name="once" value="([^"]{20,})"', jane.get(PHONES).text)
    assert len(mark) == 1
    first = send(jane, "notes", note="Line 2 too.", notify="yes", once=mark[0]).headers["location"]
    told = letters(world, "customer_wrote")
    assert send(jane, "notes", note="Line 2 too.", notify="yes", once=mark[0]).headers["location"] == first
    assert letters(world, "customer_wrote") == told
    assert send(jane, "notes", note="Line 3 too.", notify="yes", once=mark[0]).headers["location"] != first
    again = send(jane, "notes", note="Line 2 too.", notify="yes", once="another")
    assert again.headers["location"] != first
    assert after(jane, again).count("Line 2 too.") == 2


def test_a_note_that_is_refused_can_be_sent_again(world: World, signed_in: Enter) -> None:
    """Nothing of it was written, so nothing of it is known."""
    jane = signed_in("jane")
    assert send(jane, "notes", note="See this.", copies="bad@", once="one").status_code == 422
    assert send(jane, "notes", note="See this.", once="one").status_code == 303


def test_a_closed_ticket_offers_no_reply(world: World, signed_in: Enter) -> None:
    """Where a new request is the way, the page does not name a reply as one."""
    with world.database.transaction() as session:
        add_ticket(session, world, "gone", "jane", title="Gone", status="Withdrawn")
    with world.database.reading() as session:
        number = session.get_one(Ticket, world.ids["gone"]).number
    page = signed_in("jane").get(f"/t/{number}").text
    assert "This ticket is closed. Write a new one and mention" in page
    assert "reply to any mail of this ticket" not in page
