"""What PostgreSQL needs beside it: programs as new as the server, and a right for the full trial."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from postdesk import backup_database, backup_manifest, backup_trial
from postdesk.backup_manifest import BackupError
from tests.peers.common import wait_for
from tests.peers.postgres import Postgres
from tests.postdesk.backup_world import Two, both, is_well


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Postgres) -> Iterator[Two]:
    """A desk on PostgreSQL."""
    with both(tmp_path, monkeypatch, postgres) as made:
        yield made


def program(folder: Path, name: str, version: str) -> None:
    """A program that knows its version, and nothing else."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n', encoding="utf-8")
    (folder / name).chmod(0o755)


def test_programs_that_are_missing_or_old(two: Two, tmp_path: Path) -> None:
    """It is said which package is wanted, and where to name another folder; no half of a backup is left."""
    for folder, words in (
        (tmp_path / "none", "There is no pg_dump in"),
        (tmp_path / "old", "is of version 9, and the"),
    ):
        program(tmp_path / "old", "pg_dump", "9.6.24")
        settings = two.house.settings
        named = settings.backup.model_copy(update={"pg_bin": str(folder)})
        two.house.settings = settings.model_copy(update={"backup": named})
        with pytest.raises(BackupError, match=words) as told:
            two.backup()
        assert "postgresql-client-" in str(told.value)
        assert told.value.code == 69
    assert backup_manifest.complete(two.out) == []
    assert backup_manifest.leftovers(two.out) == []


def test_the_newest_program_that_is_there(two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old one that is found first is passed over for the server's own."""
    program(tmp_path / "old", "pg_dump", "9.6.24")
    monkeypatch.setenv("PATH", str(tmp_path / "old"), prepend=":")
    try:
        found = backup_database.program("pg_dump", two.house.database, "")
    except BackupError as error:  # where PostgreSQL is not Debian's
        pytest.skip(str(error))
    assert found != str(tmp_path / "old" / "pg_dump")


def test_a_user_who_may_not_make_databases(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is read through, and the backup says that no more was done, and how to allow more."""
    url = two.house.database.url
    admin = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'sample'")
        connection.execute("GRANT pg_read_all_data, pg_write_all_data TO plain")
    try:
        plain = url.set(username="plain", password="sample").render_as_string(hide_password=False)
        settings = two.house.settings
        changed = settings.database.model_copy(update={"url": plain})
        two.house.settings = settings.model_copy(update={"database": changed})
        two.house.database.close()
        del two.house.database
        made = two.backup()
        assert "its archive was read through, and not restored" in made.manifest.checked
        assert "ALTER ROLE plain CREATEDB" in made.manifest.checked
        assert "sample" not in (made.folder / "manifest.json").read_text(encoding="utf-8")
        assert "all is well" in two.restore(made)
        other = two.other()
        is_well(other)
        other.database.close()
    finally:
        two.house.database.close()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP OWNED BY plain")
            connection.execute("DROP ROLE plain")


def databases(two: Two) -> set[str]:
    """Those of trials, on the whole server."""
    admin = two.house.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
    return {name for name in names if name.startswith("postdesk_trial")}


def test_a_backup_that_is_ended(two: Two, tmp_path: Path) -> None:
    """SIGTERM in the middle of the trial leaves no copy of the data behind."""
    folder = tmp_path / "bin"
    program(folder, "pg_restore", "99.0")
    (folder / "pg_restore").write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exec echo "pg_restore (PostgreSQL) 99.0"\nexec sleep 600\n',
        encoding="utf-8",
    )
    (folder / "pg_dump").symlink_to(backup_database.program("pg_dump", two.house.database, ""))
    environment = {
        **os.environ,
        "POSTDESK_DATABASE__URL": two.house.settings.database.url,
        "POSTDESK_BACKUP__PG_BIN": str(folder),
    }
    command = [sys.executable, "-m", "postdesk", "--config", str(two.house.loaded.file), "backup"]
    process = subprocess.Popen([*command, "--out", str(two.out)], env=environment)
    try:
        wait_for(lambda: databases(two), "the database of the trial", 60)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert databases(two) == set()
    assert backup_manifest.leftovers(two.out) == []


def test_what_a_killed_backup_left(two: Two) -> None:
    """The next one removes the database of its trial; those of another desk on the server stay."""
    url = two.house.database.url
    left, other = f"{backup_trial._name(url)}0123", f"{backup_trial._name(url.set(database='other'))}0123"
    with backup_trial._beside(url) as connection:
        for name in (left, other):
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
    try:
        two.backup()
        assert databases(two) == {other}
    finally:
        with backup_trial._beside(url) as connection:
            connection.execute(f'DROP DATABASE "{other}"'.encode())


def test_no_trial_is_left_behind(two: Two) -> None:
    """The database of the trial is gone when the backup is made."""
    two.backup()
    assert databases(two) == set()
