"""Files in letters: an answer's files reach the customer, the customer's files reach staff, within a limit."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import file_links
from desk.file_links import FileLink
from gateway import letter_files
from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import DeskFacts, Letter, Unsent
from gateway.relay import MaildirRelay
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Attachment, Outbox
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, read, unflowed, visible, words

ROOM = letter_files.room(world.FACTS.letter_bytes)  # bytes of files in the largest letter
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with an answer by Sam and a letter that tells Jane."""
    made = world.database(tmp_path)
    world.fill(made)
    world.add(made, world.event(40, "Print this.", world.SAM, minutes=5), world.row(50, "update", event_id=40))
    yield made
    made.close()


def files(letter: Letter) -> dict[str, bytes]:
    """The attachments of a letter by name, as a mail program saves them."""
    found: dict[str, bytes] = {}
    for item in read(letter).iter_attachments():
        assert isinstance(item, EmailMessage)
        assert item.get_content_disposition() == "attachment"
        found[str(item.get_filename())] = item.get_payload(decode=True)  # type: ignore[assignment]
    return found


def test_the_files_of_an_answer_reach_the_customer(base: Database) -> None:
    """As attachments with their bytes, their names and their types; text and HTML say so."""
    world.add(
        base,
        world.file(60, "fix.pdf", PDF, 40, type="application/pdf"),
        world.file(61, "Übersicht 1.eml", b"From: a@b.test\r\n\r\nhello", 40, type="message/rfc822"),
        world.file(62, "logo.png", b"\x89PNG", 40, type="image/png", inline=True),
    )
    letter = world.render(base, 50)[0]
    assert files(letter) == {"fix.pdf": PDF, "Übersicht 1.eml": b"From: a@b.test\r\n\r\nhello"}
    kinds = [item.get_content_type() for item in read(letter).iter_attachments()]
    assert kinds == ["application/pdf", "application/octet-stream"]
    assert "Files: fix.pdf (10 KB), Übersicht 1.eml (1 KB)" in part(letter, "plain")
    assert words(unflowed(part(letter, "plain"))) == words(visible(part(letter, "html")))
    assert letter.bytes.count(b"\n") == letter.bytes.count(b"\r\n")
    assert max(map(len, letter.bytes.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("kind", ["new_ticket", "customer_wrote"])
def test_the_files_of_a_customer_reach_staff(base: Database, kind: str) -> None:
    """Nobody at the desk needs a browser to see the photo."""
    world.add(base, world.row(51, kind, world.SAM, event_id=world.EVENT))
    assert [len(data) for data in files(world.render(base, 51)[0]).values()] == [48_200]


def test_files_that_are_too_large_are_links(base: Database) -> None:
    """What fits goes along; for each of the others the letter has a link, of its reader and with an end."""
    world.add(
        base,
        world.file(60, "video.mov", bytes(ROOM + 1), 40),
        world.file(61, "one.bin", bytes(ROOM), 40),
        world.file(62, "two.bin", b"2", 40),
    )
    letter = world.render(base, 50)[0]
    text = unflowed(part(letter, "plain"))
    assert list(files(letter)) == ["one.bin"]
    assert "Files: one.bin (7.6 MB)" in text
    lines = text.partition("Too large for this letter, here as a link until 9 May 2019:\n")[2].split("\n")
    assert [lines[0], lines[2]] == ["video.mov (7.6 MB)", "two.bin (1 KB)"]
    links = [linked(line) for line in (lines[1], lines[3])]
    assert [link.file_id for link in links] == [60, 62]
    assert {(link.holder, link.person_id, link.until) for link in links} == {
        ("contact", world.JANE, world.NOW + timedelta(days=30))
    }
    assert words(text) == words(visible(part(letter, "html")))
    assert len(letter.bytes) <= 10 * 1024 * 1024
    assert max(map(len, letter.bytes.split(b"\r\n"))) <= 998


def linked(url: str) -> FileLink:
    """What the link in a letter says."""
    found = file_links.read(url.removeprefix("https://desk.example.com/f/"), world.KEYS)
    assert found is not None, url
    return found


@pytest.mark.parametrize("max_mb", [1, 3, 10])
def test_no_letter_is_larger_than_the_settings_say(base: Database, max_mb: int) -> None:
    """Full of files to the last byte that fits, a letter stays within the limit; with one byte more it is small."""
    room = letter_files.room(max_mb * 1024 * 1024)
    sizes = [room - 19 * 50_000 if max_mb > 1 else room - 19 * 10_000, *[50_000 if max_mb > 1 else 10_000] * 19]
    world.add(base, *[world.file(60 + i, "網" * 120 + ".bin", bytes(size), 40) for i, size in enumerate(sizes)])
    world.add(base, world.event(41, "More.", world.SAM, minutes=6), world.file(99, "more.bin", bytes(room + 1), 41))
    world.add(base, world.row(51, "update", event_id=41))
    desk = replace(world.FACTS, letter_bytes=max_mb * 1024 * 1024)
    full, over = world.render(base, 50, 51, by=composer(desk))
    assert len(list(read(full).iter_attachments())) == 20
    assert 0.9 < len(full.bytes) / (max_mb * 1024 * 1024) <= 1
    assert len(over.bytes) < 40_000


def composer(desk: DeskFacts) -> Composer:
    """What renders letters of a desk with other limits."""
    return Composer(world.ADDRESSES, desk, world.TEMPLATES, keys=world.KEYS, blobs=world.BLOBS, clock=lambda: world.NOW)


def test_whom_a_link_is_for(base: Database) -> None:
    """Staff, and who was sent a copy of the words; a queue is nobody, so its letter only names the file."""
    vic: dict[str, Any] = {"recipient": "vic@vendor.test", "recipient_name": "Vic Nguyen", "contact_id": 21}
    queue: dict[str, Any] = {"recipient": "queue@example.com", "recipient_name": "Network", "staff_id": None}
    world.add(
        base,
        world.contact(21, "Vic Nguyen", "vic@vendor.test"),
        world.event(44, "It is the second.", world.JANE, minutes=40),
        world.file(60, "video.mov", bytes(ROOM + 1), 44),
        world.row(51, "customer_wrote", world.SAM, event_id=44),
        world.row(52, "copy", event_id=44, context={"by": "Jane Doe"}, **vic),
        world.row(53, "customer_wrote", world.SAM, event_id=44, **queue),
    )
    texts = [unflowed(part(letter, "plain")) for letter in world.render(base, 51, 52, 53)]
    found = [linked(re.findall(r"https://\S+/f/\S+", text)[0]) for text in texts[:2]]
    assert [(link.holder, link.person_id) for link in found] == [("staff", world.SAM), ("given", 21)]
    assert "/f/" not in texts[2]
    assert "Too large for this letter, to be found on the page below: video.mov (7.6 MB)" in texts[2]


def test_a_file_beside_a_resolution_goes_along(base: Database) -> None:
    """The words of the entry stand as the resolution; its file is named and attached all the same."""
    resolved = {"status": ["In Progress", "Resolved"], "resolution": ["", "See the plan."]}
    world.add(
        base,
        world.event(41, "See the plan.", world.SAM, minutes=6, changes=resolved),
        world.file(60, "plan.pdf", PDF, 41),
        world.row(51, "update", event_id=41),
    )
    letter = world.render(base, 51)[0]
    assert list(files(letter)) == ["plan.pdf"]
    assert part(letter, "plain").count("See the plan.") == part(letter, "plain").count("Files: plan.pdf") == 1
    assert words(unflowed(part(letter, "plain"))) == words(visible(part(letter, "html")))


def test_files_of_internal_notes_and_receipts_stay(base: Database) -> None:
    """A customer gets files of public entries only; a receipt brings nobody their own files back."""
    world.add(
        base,
        world.event(41, "For us.", world.SAM, visibility="internal"),
        world.file(60, "secret.pdf", PDF, 41),
        world.row(51, "update", event_id=40, context={"events": [41]}),
        world.row(52, "received", event_id=world.EVENT, context={"echo": True}),
    )
    assert [files(letter) for letter in world.render(base, 51, 52)] == [{}, {}]


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nBcc: x@y.test.pdf",
        'q"uo\\te;.pdf',
        "=?utf-8?q?a=0D=0ABcc=3A_v?=.pdf",
        "網" * 250 + ".pdf",
        "\u202efdp.exe",
        "",
    ],
)
def test_hostile_names_stay_names(base: Database, name: str) -> None:
    """No field is injected, no line grows beyond what servers take, the bytes arrive."""
    world.add(base, world.file(60, name, PDF, 40))
    letter = world.render(base, 50)[0]
    assert "Bcc" not in read(letter)
    assert list(files(letter).values()) == [PDF]
    assert max(map(len, letter.bytes.split(b"\r\n"))) <= 998
    assert b"\nBcc" not in letter.bytes


def test_a_lost_file_is_a_fault_of_its_letter(base: Database) -> None:
    """The other letters go; the row says why it waits."""
    world.add(base, world.file(60, "gone.pdf", PDF, 40), world.row(51, "received", event_id=world.EVENT))
    with base.transaction() as session:
        session.execute(update(Attachment).where(Attachment.id == 60).values(digest="0" * 64))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, i) for i in (50, 51)])
    assert isinstance(found[50], Unsent)
    assert "FileLost" in found[50].reason
    assert isinstance(found[51], Letter)


def test_a_disk_that_is_away_is_no_fault_of_a_letter(base: Database, tmp_path: Path) -> None:
    """The round fails as a whole, so that no letter is given up for it."""
    world.add(base, world.file(60, "fix.pdf", PDF, 40))
    blobs = FolderBlobs(tmp_path / "away")
    (tmp_path / "away" / "incoming").rmdir()
    composer: Composer = world.composer(blobs=blobs)
    with base.reading() as session, pytest.raises(OSError, match="incoming"):
        composer.render_many(session, [session.get_one(Outbox, 50)])


def test_files_of_many_letters_are_not_in_memory_at_once(base: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much for one round is left for the next; each round sends at least one letter."""
    monkeypatch.setattr(letter_files, "BATCH_BYTES", 2 * len(PDF))
    world.add(base, world.file(60, "fix.pdf", PDF, 40), *[world.row(i, "update", event_id=40) for i in range(51, 55)])
    with base.reading() as session:
        rows = [session.get_one(Outbox, i) for i in range(50, 55)]
        assert list(world.composer().render_many(session, rows)) == [50, 51]
        monkeypatch.setattr(letter_files, "BATCH_BYTES", 1)
        assert list(world.composer().render_many(session, rows[2:])) == [52]


def test_letters_that_were_left_out_go_in_the_next_round(base: Database, tmp_path: Path) -> None:
    """At once, and as a first attempt."""
    world.add(base, world.file(60, "fix.pdf", bytes(ROOM), 40))
    world.add(base, *[world.row(i, "new_ticket", world.SAM, event_id=40) for i in range(51, 59)])
    policy = DeliveryPolicy(connections=1)
    deliverer = Deliverer(
        base, world.composer(), lambda: MaildirRelay(tmp_path / "out"), policy, clock=lambda: world.NOW
    )
    counts = [deliverer.drain_once() for _ in range(4)]
    deliverer.close()
    assert counts == [9, 5, 1, 0]
    with base.reading() as session:
        rows = session.scalars(select(Outbox)).all()
        assert {(row.state, row.attempts) for row in rows} == {("sent", 1)}
    assert len(list((tmp_path / "out" / "new").iterdir())) == 9
