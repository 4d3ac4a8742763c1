"""`postdesk import`: files, Maildir and mbox, each mail once, however often it is started."""

import mailbox
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.claimed import load
from postdesk.importing import run
from postdesk.settings import load as load_settings
from postdesk.wiring import House
from store.tables import ReceivedMail


def mail(number: int) -> bytes:
    """A mail."""
    return b"From: ann@customer.test\nSubject: %d\n\nwords\n" % number


def kept(house: House) -> list[bytes]:
    """The bytes of what is there, in order of coming."""
    with house.database.reading() as session:
        return [m.raw for m in load(session, house.blobs, session.scalars(select(ReceivedMail.id)).all())]


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """A file, a folder of files, a Maildir and an mbox: nine mails."""
    single, folder = tmp_path / "one.eml", tmp_path / "folder"
    single.write_bytes(mail(1))
    folder.mkdir()
    for number in (2, 3):
        (folder / f"{number}.eml").write_bytes(mail(number))
    maildir = mailbox.Maildir(tmp_path / "Maildir", create=True)
    for number in (4, 5):
        maildir.add(mail(number))
    (tmp_path / "Maildir/cur/seen:2,S").write_bytes(mail(6))
    box = mailbox.mbox(tmp_path / "box.mbox", create=True)
    for number in (7, 8, 9):
        box.add(mail(number))
    box.close()
    return [single, folder, tmp_path / "Maildir", tmp_path / "box.mbox"]


def test_each_once(house: House, sources: list[Path]) -> None:
    """Nine are taken in; a second run takes none, also when flags and place in the mbox have changed."""
    assert run(house, sources) == (9, 0, 0)
    assert sorted(kept(house)) == [mail(number) for number in range(1, 10)]
    (sources[2] / "cur/seen:2,S").rename(sources[2] / "cur/seen:2,RS")
    text = sources[3].read_bytes()
    first = text.index(b"\nFrom ", 10) + 1
    sources[3].write_bytes(text[first:] + text[:first])
    assert run(house, sources) == (0, 9, 0)
    assert len(kept(house)) == 9


def test_it_goes_on_where_it_was(house: House, sources: list[Path]) -> None:
    """Half of it, then all of it."""
    assert run(house, sources[:2]) == (3, 0, 0)
    assert run(house, sources) == (6, 3, 0)


def test_the_mails_share_transactions_and_wait_for_a_worker(house: House, tmp_path: Path) -> None:
    """Two hundred files come in; each waits, from a file."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number:03}.eml").write_bytes(mail(number))
    assert run(house, [folder]) == (200, 0, 0)
    with house.database.reading() as session:
        rows = session.scalars(select(ReceivedMail)).all()
    assert {(row.source, row.waiting) for row in rows} == {("file", True)}


def test_what_cannot_be_taken_stays(config: Path, tmp_path: Path) -> None:
    """A file that is not there, one that is too large: counted, the others are taken."""
    house = House(load_settings(config, {"POSTDESK_MAIL__MAX_MB": "0.001"}))
    good, big = tmp_path / "good.eml", tmp_path / "big.eml"
    good.write_bytes(mail(1))
    big.write_bytes(mail(2) + b"x" * 2000)
    assert run(house, [good, tmp_path / "none.eml", big]) == (1, 0, 2)
    assert kept(house) == [mail(1)]
    assert big.exists()
    house.database.close()
