"""A backup is whole or not there, also while the desk works; a desk restored from it is the same desk."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import Result

from postdesk import backup, backup_manifest, backup_trial
from postdesk.backup_due import LEASE, last_made
from postdesk.backup_manifest import BackupError, Manifest
from postdesk.settings import load
from postdesk.wiring import House
from store.identity import name_of
from store.tables import (
    Attachment,
    Lease,
    RawMail,
    ReceivedMail,
)
from store.tables.base import Base
from tests.e2e.world import mail as message
from tests.e2e.world import send
from tests.peers.desk import Desk
from tests.postdesk.backup_world import Two, both, is_well
from tests.postdesk.erasure_world import command

# The audit log has a row about the restore.
CHANGED_BY_A_RESTORE = {
    "lease", "process", "id_block", "number_series", "web_session", "job_run", "outbox", "account", "audit",
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A desk to be backed up, on each kind of database."""
    postgres = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    with both(tmp_path, monkeypatch, postgres) as made:
        yield made


def rows(house: House) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with house.database.reading() as session:
        return {
            table.name: list(session.execute(select(table).order_by(*table.primary_key.columns)))
            for table in Base.metadata.sorted_tables
        }


def test_the_same_desk(two: Two) -> None:
    """Rows, bytes, settings and keys are those of the moment; the manifest tells them."""
    (two.house.loaded.home / "words").mkdir()
    (two.house.loaded.home / "words" / "en.toml").write_text("", encoding="utf-8")
    made = two.backup()
    assert made.faults == ()
    assert "everything in it verified" in made.manifest.checked
    assert made.manifest.tally["accepted"] == 4
    before = rows(two.house)
    said = two.restore(made)
    assert "all is well" in said
    assert "Start it with: postdesk --config " in said
    other = two.other()
    after = rows(other)
    different = {name for name in before if before[name] != after[name]}
    assert different <= CHANGED_BY_A_RESTORE
    assert set(map(str, before["audit"])) < set(map(str, after["audit"]))
    assert other.keys == two.house.keys
    assert (two.into / "words" / "en.toml").is_file()
    is_well(other)
    files = [*made.folder.rglob("*"), *(path for path in two.into.rglob("*") if "blobs" not in path.parts)]
    assert {path.stat().st_mode & 0o077 for path in files if path.is_file()} == {0}
    other.database.close()


def test_only_whole_ones_have_a_name(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is interrupted leaves nothing that looks like a backup; what a crash left goes with the next run."""
    half = two.out / ".half-20200101T000000Z"
    half.mkdir(parents=True)
    (half / "desk.db").write_bytes(b"half")

    def dies(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup_trial, "tried", dies)
        with pytest.raises(OSError, match="No space"):
            two.backup()
    assert backup_manifest.complete(two.out) == []
    assert not half.exists()
    assert last_made(two.house) is None
    made = two.backup()
    assert last_made(two.house) == (made.folder.name, last_made(two.house)[1])  # type: ignore[index]


def test_the_oldest_go(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are shared with the backup before; those that stay are whole when it goes."""
    names = iter(f"20260101T00000{number}Z" for number in range(9))
    monkeypatch.setattr(backup_manifest, "name_of", lambda _: next(names))
    first, second = two.backup(keep=2), two.backup(keep=2)
    assert (first.manifest.linked, second.manifest.linked) == (0, second.manifest.blob_count)
    third = two.backup(keep=2)
    assert third.removed == (first.folder.name,)
    assert [one.name for one in backup_manifest.complete(two.out)] == [second.folder.name, third.folder.name]
    two.restore(third)


def test_damage_in_an_earlier_backup_is_not_handed_on(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob that the disk has changed there is copied anew, and the old backup is refused."""
    names = iter(f"20260101T00000{number}Z" for number in range(9))
    monkeypatch.setattr(backup_manifest, "name_of", lambda _: next(names))
    first = two.backup()
    victim = next(path for path in (first.folder / "blobs").rglob("*") if path.is_file())
    data = victim.read_bytes()
    victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    second = two.backup()
    assert (second.folder / victim.relative_to(first.folder)).read_bytes() == data
    assert "The backup is damaged" in two.restore(first, code=1)
    assert not two.into.exists() or not any(two.into.iterdir())
    two.restore(second)


def test_what_the_desk_has_lost_is_told(two: Two) -> None:
    """There is a backup of all the rest, and an exit code of 1."""
    with two.house.database.reading() as session:
        digest = session.scalars(select(Attachment.digest)).first() or ""
    two.house.blobs.path(digest).unlink()  # type: ignore[attr-defined]
    made = two.backup()
    assert made.manifest.lost == (digest,)
    assert f"FAULT bytes: {digest} was lost before the backup was made." in two.restore(made)


def backup_command(two: Two, monkeypatch: pytest.MonkeyPatch, out: Path) -> Result:
    """As typed, for the desk with a past."""
    if two.url:
        monkeypatch.setenv("POSTDESK_DATABASE__URL", two.house.database.url.render_as_string(hide_password=False))
    return command(two.house, "backup", "--out", str(out))


def test_what_only_an_earlier_backup_has_is_told(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk has lost bytes that a backup of before still has: the new one has them too, and it is said."""
    two.backup()
    with two.house.database.reading() as session:
        digest = session.scalars(select(Attachment.digest)).first() or ""
    two.house.blobs.path(digest).unlink()  # type: ignore[attr-defined]
    monkeypatch.setattr(backup_manifest, "name_of", lambda _: "20990101T000000Z")
    done = backup_command(two, monkeypatch, two.out)
    assert done.exit_code == 1, done.output
    assert "1 is lost in the desk, and in this backup only from an earlier one." in done.output
    assert digest in done.output
    assert "and so has the backup" not in done.output


def test_not_among_the_bytes_of_the_desk(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder inside of that of mails and attachments is refused, and nothing is made there."""
    inside = two.house.blobs.root / "x"  # type: ignore[attr-defined]
    done = backup_command(two, monkeypatch, inside)
    assert (done.exit_code, inside.exists()) == (64, False)
    assert "is inside of the folder of mails and attachments" in done.output


def test_a_backup_that_is_no_backup(two: Two, tmp_path: Path) -> None:
    """No manifest, a file that has changed, a place where something is: nothing is done, and why."""
    assert "is no complete backup" in command(two.house, "restore", str(tmp_path), "--into", str(two.into)).output
    made = two.backup()
    two.into.mkdir()
    (two.into / "secret.key").write_text("mine", encoding="utf-8")
    assert "is there already" in two.restore(made, code=73)
    assert [path.name for path in two.into.iterdir()] == ["secret.key"]
    (two.into / "secret.key").unlink()
    with (made.folder / made.manifest.settings).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert "postdesk.toml" in two.restore(made, code=1)


def test_two_at_once(two: Two) -> None:
    """The second is told so, on this machine and on another one."""
    with backup.held(two.house), pytest.raises(BackupError, match="Another backup is being made"):
        two.backup()
    with backup._alone(two.out), pytest.raises(BackupError, match="is being made right now"):
        two.backup()


def test_one_that_was_killed_keeps_nobody_waiting(two: Two) -> None:
    """Its process is seen to be dead, and so its lease ends."""
    dead = f"{name_of().rpartition(':')[0]}:999999999.1"
    with two.house.database.transaction() as session:
        until = datetime.now(UTC) + backup.TERM
        session.merge(Lease(name=LEASE, holder=f"{dead}.0a1b", until=until))
    with backup.held(two.house), two.house.database.reading() as session:
        assert session.get_one(Lease, LEASE).holder.startswith(f"{name_of()}.")


@pytest.fixture(params=["sqlite", "postgres"])
def busy(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A running desk on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh_database()
    with Desk(url=url) as running:
        yield running


def large(number: int) -> EmailMessage:
    """A mail with a file of its own."""
    made = message("ann@sample.test", f"Number {number}", "Sample.\n" * 50)
    made.add_attachment(f"file {number} ".encode() * 500, maintype="text", subtype="plain", filename="a.txt")
    return made


@pytest.mark.attack(90)
@pytest.mark.timeout(400)
def test_while_mail_comes(busy: Desk, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A backup of a desk at work is of one moment: each row has its bytes, and the desk loses nothing meanwhile."""
    stop, sent = threading.Event(), [0]

    def load_it() -> None:
        while not stop.is_set() and sent[0] < 200:
            send(busy.smtp, large(sent[0]))
            sent[0] += 1

    thread = threading.Thread(target=load_it)
    send(busy.smtp, *(large(number) for number in range(-20, 0)))
    thread.start()
    try:
        out = tmp_path / "out"
        said = busy.run("backup", "--out", str(out))
    finally:
        stop.set()
        thread.join()
    assert "everything in it verified" in said
    busy.wait_handled(sent[0] + 20)
    (folder,) = backup_manifest.complete(out)
    manifest = Manifest.read(folder)
    assert 20 <= manifest.tally["accepted"] <= sent[0] + 20
    if busy.database.is_sqlite is False:
        busy.environment["POSTDESK_DATABASE__URL"] = request.getfixturevalue("postgres").fresh_database()
    assert "all is well" in busy.run("restore", str(folder), "--into", str(tmp_path / "two"))
    house = House(load(tmp_path / "two" / "postdesk.toml", {
        name: value for name, value in busy.environment.items() if name.startswith("POSTDESK_")
    }))  # fmt: skip
    with house.database.reading() as session:
        kept = session.scalar(select(func.count()).select_from(ReceivedMail))
        assert session.scalar(select(func.count()).select_from(RawMail)) == kept == manifest.tally["accepted"]
    is_well(house)
    house.database.close()
