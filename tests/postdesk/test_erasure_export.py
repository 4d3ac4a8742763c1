"""What is kept of a person, as a file for them: whole, readable, and without the notes of staff."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from postdesk.wiring import House
from store.tables import Attachment, ContactAddress, Event, Ticket
from tests.gateway.desk_world import NOW, World, mail
from tests.postdesk.erasure_world import ADDRESS, FILE_WORD, OTHER, PHONE, WORD, command, fill, opened


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, World]]:
    """A desk on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with opened(tmp_path, url, monkeypatch) as made:
        yield made


def test_the_file(desk: tuple[House, World], tmp_path: Path) -> None:
    """Profile, sign-in, tickets, mails as they came, files; what staff wrote among themselves only if wanted."""
    house, world = desk
    ticket = fill(house, world)
    with house.database.transaction() as session:
        new = house.database.ids.next
        for words, visibility in (("We look at it.", "public"), ("A difficult one.", "internal")):
            session.add(Event(id=new(), ticket_id=ticket, at=NOW, kind="note", visibility=visibility, text=words))
    out = tmp_path / "ann.zip"
    done = command(house, "contact", "export-data", ADDRESS, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert out.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(out) as archive:
        profile = json.loads(archive.read("profile.json"))
        assert profile["addresses"] == [ADDRESS, OTHER]
        assert profile["fields"]["Phone"] == PHONE
        assert json.loads(archive.read("sign-in.json"))["account"]["user_name"] == ADDRESS
        (first, *_) = json.loads(archive.read("tickets.json"))
        assert first["role"] == "requester"
        texts = [entry["text"] for entry in first["entries"]]
        assert any(WORD in words for words in texts)
        assert "We look at it." in texts
        assert "A difficult one." not in texts
        files = [one["file"] for entry in first["entries"] for one in entry["files"]]
        assert archive.read(files[0]) == FILE_WORD * 200
        mails = json.loads(archive.read("mails.json"))
        assert len(mails) == 2
        assert WORD.encode() in archive.read(f"mails/{mails[0]['id']}.eml")
        assert json.loads(archive.read("letters.json"))
        page = archive.read("index.html").decode()
        assert WORD in page
        assert "A difficult one." not in page
    with_notes = tmp_path / "all.zip"
    assert command(house, "contact", "export-data", ADDRESS, "--out", str(with_notes), "--internal").exit_code == 0
    with zipfile.ZipFile(with_notes) as archive:
        assert b"A difficult one." in archive.read("tickets.json")


def test_what_the_portal_hides(desk: tuple[House, World], tmp_path: Path) -> None:
    """Files that staff took away, their own ones aside; the time spent; and what somebody else asked for."""
    house, world = desk
    ticket = fill(house, world)
    other = world.take(mail("Pat <pat@customer.test>", "Pat's secret", "Between us.")).ticket_id
    assert other
    with house.database.transaction() as session:
        new = house.database.ids.next
        ann = session.get_one(ContactAddress, ADDRESS).contact_id
        session.execute(update(Ticket).where(Ticket.id == other).values(customer_reference="PO-77"))
        reply = Event(
            id=new(), ticket_id=ticket, at=NOW, kind="reply", visibility="public", text="Here.", changes={"time": "20"}
        )
        theirs = Event(
            id=new(), ticket_id=other, at=NOW, kind="reply", contact_id=ann, visibility="public", text="Mine."
        )
        session.add_all([reply, theirs])
        session.flush()
        for event, name in ((reply, "shown.txt"), (reply, "hidden.txt"), (theirs, "own.txt")):
            (digest,) = house.blobs.put_many([name.encode()])
            hidden = None if name == "shown.txt" else NOW
            session.add(
                Attachment(
                    id=new(), ticket_id=event.ticket_id, event_id=event.id, name=name, type="text/plain", size=9,
                    digest=digest, hidden_at=hidden,
                )
            )  # fmt: skip
    out = tmp_path / "ann.zip"
    assert command(house, "contact", "export-data", ADDRESS, "--out", str(out)).exit_code == 0
    with zipfile.ZipFile(out) as archive:
        rows = {row["number"]: row for row in json.loads(archive.read("tickets.json"))}
        page = archive.read("index.html").decode()
        files = [name.partition("-")[2] for name in archive.namelist() if name.startswith("files/")]
    asked, took_part = rows[world.ticket(ticket).number], rows[world.ticket(other).number]
    (entry,) = [entry for entry in asked["entries"] if entry["text"] == "Here."]
    assert entry["changes"] == {}
    assert [one["name"] for one in entry["files"]] == ["shown.txt"]
    assert {"shown.txt", "own.txt"} <= set(files)
    assert "hidden.txt" not in files
    assert set(took_part) == {"number", "status", "created_at", "updated_at", "completed_at", "role", "entries"}
    assert [entry["text"] for entry in took_part["entries"]] == ["Mine."]
    assert "secret" not in page


def test_what_cannot_be(desk: tuple[House, World], tmp_path: Path) -> None:
    """Nobody of that address: 66. A file that is there is not written over: 73."""
    house, world = desk
    fill(house, world)
    nobody = command(house, "contact", "export-data", "eve@elsewhere.test", "--out", str(tmp_path / "x.zip"))
    assert nobody.exit_code == 66
    (tmp_path / "there.zip").write_bytes(b"mine")
    assert command(house, "contact", "export-data", ADDRESS, "--out", str(tmp_path / "there.zip")).exit_code == 73
    assert (tmp_path / "there.zip").read_bytes() == b"mine"


def test_where_the_file_lies_unless_it_is_said(
    desk: tuple[House, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder where one is, by the address; with nothing in it, it is counted in words."""
    house, world = desk
    fill(house, world)
    monkeypatch.chdir(tmp_path)
    done = command(house, "contact", "export-data", ADDRESS)
    assert (done.exit_code, (tmp_path / f"{ADDRESS}.zip").is_file()) == (0, True)
    assert done.output.startswith(f"{ADDRESS}.zip: 1 ticket with ")
