"""A disk that is full to the last byte, database or files on it: mail is refused for now, and nothing is lost."""

import contextlib
import os
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select, update

from store.tables import Attachment, WebSession
from tests.attacks.outside import enter
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient
from tests.e2e.world import assert_ledger, mail, outcomes, send
from tests.peers import postgres
from tests.peers.common import missing, short_folder
from tests.peers.desk import STAFF
from tests.portal.client import Visitor
from tests.servers import wait_for


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    with file_system(tmp_path / "disk", 24) as place:
        yield place


@contextlib.contextmanager
def file_system(place: Path, megabytes: int) -> Iterator[Path]:
    """One of its own, in memory, of this size."""
    if os.getuid() != 0:
        missing("a file system of one's own needs root")
    place.mkdir()
    options = f"size={megabytes}m,mode=0755"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=False)
    if done.returncode:
        missing("a file system cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


class OnDisk(Patient):
    """A desk whose database lies on this disk; its settings and blobs do not."""

    def __init__(self, disk: Path) -> None:
        super().__init__(("smtp", "work", "deliver", "portal"), url=f"sqlite:///{disk}/desk.db", settings=FREELY)
        # The database itself is to meet the end of the disk.
        self.environment |= {"POSTDESK_BLOBS__RESERVE_MB": "0", "POSTDESK_DATABASE__RESERVE_FILE_MB": "0"}

    def __enter__(self) -> Self:
        super().__enter__()
        return self


def fill(disk: Path) -> Path:
    """Take all that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                return ballast


TAKEN, FULL_NOW, FAILED_NOW = "250", "452 4.3.1", "451 4.3.0"


def reply(port: int, number: int, size: int = 65_000) -> str:
    """The reply to one mail: TAKEN, or the code and the status of the refusal."""
    try:
        send(port, mail(f"full{number}@customer.test", f"Full {number}", "Sample text.\n" * (size // 13)))
    except smtplib.SMTPResponseException as error:
        told = error.smtp_error.encode() if isinstance(error.smtp_error, str) else error.smtp_error
        return f"{error.smtp_code} {told.split(b' ')[0].decode()}"
    return TAKEN


def until_refused(port: int, size: int = 65_000) -> list[str]:
    """The replies to mails until one is not taken, that one included."""
    replies: list[str] = []

    def refused() -> bool:
        replies.append(reply(port, len(replies) + 1, size))
        return replies[-1] != TAKEN

    wait_for(refused, "a refusal", 60)
    return replies


def signed_in_a_while_ago(desk: Patient) -> Visitor:
    """Somebody of the desk whose next page would have it noted that the session is in use."""
    reader = enter(desk, STAFF)
    with desk.database.transaction() as session:
        session.execute(update(WebSession).values(seen_at=datetime.now(UTC) - timedelta(minutes=10)))
    return reader


@pytest.mark.attack(85)
@pytest.mark.timeout(400)
def test_the_disk_of_the_database_is_full(small_disk: Path) -> None:
    """452 or 451 while there is no room, and all can be read; then what was taken becomes tickets, as does new mail."""
    with OnDisk(small_disk) as desk:
        send(desk.smtp, *(mail(f"before{n}@customer.test", f"Before {n}") for n in range(5)))
        desk.wait_handled(5)
        reader = signed_in_a_while_ago(desk)
        ballast = fill(small_disk)
        replies = until_refused(desk.smtp)
        assert replies[-1] in (FULL_NOW, FAILED_NOW)
        assert shutil.disk_usage(small_disk).free < 1_000_000
        assert "before0@customer.test" in desk.run("mail", "list")
        for number in {number for _, number in outcomes(desk)}:
            page = reader.get(f"/t/{number}")
            assert (page.status_code, "Before" in page.text) == (200, True), page.text
        taken = 5 + replies.count(TAKEN)
        ballast.unlink()
        wait_for(lambda: reply(desk.smtp, 1000) == TAKEN, "room for a mail", 60)
        desk.wait_handled(taken + 1, 120)
        found = outcomes(desk)
        assert [kind for kind, _ in found] == ["opened"] * (taken + 1)
        assert len({number for _, number in found}) == taken + 1
        assert_ledger(desk)


@pytest.mark.attack(85)
def test_below_the_reserve_of_the_database_nothing_is_taken(small_disk: Path) -> None:
    """The disk of the SQLite file counts, though the blobs lie on another one."""
    desk = OnDisk(small_disk)
    desk.environment["POSTDESK_BLOBS__RESERVE_MB"] = "16"
    with desk:
        assert reply(desk.smtp, 0) == TAKEN
        (small_disk / "ballast").write_bytes(bytes(16 * 1024 * 1024))
        assert until_refused(desk.smtp)[-1] == FULL_NOW
        (small_disk / "ballast").unlink()
        wait_for(lambda: reply(desk.smtp, 1000) == TAKEN, "room for a mail", 60)


BIG = 300_000  # bytes of a mail that goes to the blob store as it comes


@pytest.mark.attack(85)
@pytest.mark.timeout(400)
def test_the_disk_of_the_files_is_full(small_disk: Path) -> None:
    """Big mail is refused; a small one with a file is taken, waits for room with it, and then is a ticket with it."""
    settings = {"BLOBS__FOLDER": str(small_disk / "blobs"), "BLOBS__RESERVE_MB": "0"}
    with Patient(("smtp", "work", "deliver", "portal"), settings=FREELY | settings) as desk:
        assert reply(desk.smtp, 0, BIG) == TAKEN
        desk.wait_handled(1)
        ballast = fill(small_disk)
        assert until_refused(desk.smtp, BIG) == [FULL_NOW]
        with_file = mail("file@customer.test", "With a file")
        with_file.add_attachment(b"the plan " * 1000, "application", "octet-stream", filename="plan.bin")
        send(desk.smtp, with_file)
        said = "a part does not work; it is tried again until it does"
        wait_for(lambda: said in desk.log(), "word that files cannot be kept", 60)
        assert len(outcomes(desk)) == 1
        ballast.unlink()
        wait_for(lambda: reply(desk.smtp, 1000, BIG) == TAKEN, "room for a big mail", 60)
        desk.wait_handled(3, 120)
        assert [kind for kind, _ in outcomes(desk)] == ["opened"] * 3
        with desk.database.reading() as session:
            assert session.scalars(select(Attachment.name)).all() == ["plan.bin"]
        assert_ledger(desk)


@pytest.mark.attack(85)
@pytest.mark.timeout(400)
def test_the_disk_of_postgresql_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail is refused for now, and what was taken is one ticket each once there is room."""
    with short_folder("fs.", "/tmp") as folder, file_system(folder / "disk", 200) as disk:
        monkeypatch.setattr(postgres, "quick_root", lambda: str(disk))
        with (
            postgres.Postgres(min_wal_size="32MB", max_wal_size="48MB") as server,
            Patient(("smtp", "work", "deliver", "portal"), url=server.filled_database(), settings=FREELY) as desk,
        ):
            send(desk.smtp, *(mail(f"before{n}@customer.test", f"Before {n}") for n in range(5)))
            desk.wait_handled(5)
            ballast = fill(disk)
            replies = until_refused(desk.smtp)
            assert replies[-1] in (FULL_NOW, FAILED_NOW)
            ballast.unlink()
            server.revive()
            wait_for(lambda: reply(desk.smtp, 1000) == TAKEN, "room for a mail", 90)
            taken = 5 + replies.count(TAKEN) + 1
            desk.wait_handled(taken, 120)
            assert [kind for kind, _ in outcomes(desk)] == ["opened"] * taken
            assert_ledger(desk)


FULL, AGAIN = "the disk of the database is full; mail is refused for now", "the disk of the database has room again"


@pytest.mark.attack(85)
@pytest.mark.timeout(400)
def test_the_reserve_file_is_given_up_for_what_was_taken(small_disk: Path) -> None:
    """Others fill the disk: what waits becomes tickets all the same, new mail gets 452, the operator is told once."""
    desk = OnDisk(small_disk)
    desk.environment["POSTDESK_DATABASE__RESERVE_FILE_MB"] = "6"
    reserve = small_disk / "desk.db-reserve"
    with desk:
        wait_for(reserve.exists, "the reserve file", 60)
        wait_for(lambda: reserve.stat().st_blocks * 512 >= 6 * 1024 * 1024, "all of it", 60)  # it is written in pieces
        assert (reserve.stat().st_blocks * 512, reserve.stat().st_mode & 0o777) == (6 * 1024 * 1024, 0o600)
        desk.stop()
        desk.start("smtp", "portal")  # it takes mail, and nobody handles it
        send(desk.smtp, *(mail(f"taken{n}@customer.test", f"Taken {n}") for n in range(20)))
        ballast = fill(small_disk)
        wait_for(lambda: not reserve.exists(), "the reserve file to be given up", 60)
        desk.stop()
        desk.start("smtp", "work", "deliver", "portal")
        desk.wait_handled(20, 120)
        assert {kind for kind, _ in outcomes(desk)} == {"opened"}
        assert reply(desk.smtp, 1) == FULL_NOW
        assert not reserve.exists()
        wait_for(lambda: desk.log().count(FULL) == 2, "word that it is full", 60)
        ballast.unlink()
        wait_for(lambda: reply(desk.smtp, 1000) == TAKEN, "room for a mail", 60)
        wait_for(reserve.exists, "the reserve file to be made again", 60)
        desk.wait_handled(21, 120)
        assert_ledger(desk)
        wait_for(lambda: AGAIN in desk.log(), "word that there is room", 60)
        assert (desk.log().count(FULL), desk.log().count(AGAIN)) == (2, 1)  # by each of the two services that met it
