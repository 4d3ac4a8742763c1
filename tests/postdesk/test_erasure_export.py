"""What is kept of a person, as a file for them: whole, readable, and without the notes of staff."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from postdesk.wiring import House
from store.tables import Event
from tests.gateway.desk_world import NOW, World
from tests.postdesk.erasure_world import ADDRESS, FILE_WORD, OTHER, PHONE, WORD, command, fill, opened


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, World]]:
    """A desk on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh_database()
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


def test_what_cannot_be(desk: tuple[House, World], tmp_path: Path) -> None:
    """Nobody of that address: 66. A file that is there is not written over: 73."""
    house, world = desk
    fill(house, world)
    nobody = command(house, "contact", "export-data", "eve@elsewhere.test", "--out", str(tmp_path / "x.zip"))
    assert nobody.exit_code == 66
    (tmp_path / "there.zip").write_bytes(b"mine")
    assert command(house, "contact", "export-data", ADDRESS, "--out", str(tmp_path / "there.zip")).exit_code == 73
    assert (tmp_path / "there.zip").read_bytes() == b"mine"
