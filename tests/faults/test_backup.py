"""A backup or a restore is killed in the middle: there is a whole one or none, and nobody works with half a desk."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postdesk import backup_manifest
from postdesk.settings import load
from postdesk.verify import Source, verify
from postdesk.wiring import House
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient
from tests.e2e.world import mail, outcomes, send
from tests.peers.postgres import Postgres

# Ends the process, as kill -9 would, when it comes to this function.
KILLED = """
import os, signal
import {module} as module
def killed(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)
module.{name} = killed
from postdesk.cli import main
main()
"""
IN_BACKUP = (
    ("postdesk.backup_trial", "_faults"),  # the copy is restored for trial
    ("postdesk.backup", "sync_folder"),  # it has its name, and nothing of it is noted yet
)
IN_RESTORE = (
    ("postdesk.restore_place", "blobs"),  # the files are put back
    ("postdesk.restore_after", "adjust"),  # the database is put back, and still as it was
)


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest) -> Iterator[Patient]:
    """A running desk with some tickets."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").fresh_database()
    with Patient(("smtp", "work", "deliver"), url=url, settings=FREELY) as running:
        mails = [mail(f"b{number}@customer.test", f"Backup {number}") for number in range(5)]
        mails[0].add_attachment(bytes(500_000), maintype="application", subtype="x-sample", filename="a.bin")
        send(running.smtp, *mails)
        running.wait_handled(5)
        yield running


def killed_at(desk: Patient, module: str, name: str, *words: str) -> None:
    """A command, up to this function."""
    config = str(desk.folder / "postdesk.toml")
    call = [sys.executable, "-c", KILLED.format(module=module, name=name), "--config", config, *words]
    done = subprocess.run(call, env=desk.environment, capture_output=True, timeout=100, check=False)
    assert done.returncode == -signal.SIGKILL, done


@pytest.mark.attack(90)
@pytest.mark.timeout(400)
def test_killed_in_the_middle(desk: Patient, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What a killed backup leaves is none; a desk whose restore was killed does not start; a second try is whole."""
    out, into = tmp_path / "out", tmp_path / "two"
    for place, (module, name) in enumerate(IN_BACKUP):
        killed_at(desk, module, name, "backup", "--out", str(out))
        assert len(backup_manifest.complete(out)) == (place == len(IN_BACKUP) - 1)
    desk.run("backup", "--out", str(out))
    folder = backup_manifest.complete(out)[-1]
    assert backup_manifest.leftovers(out) == []
    assert desk.stop() == 0
    for module, name in IN_RESTORE:
        _fresh(desk, request)
        again = ["--replace", "--yes"] if into.exists() else []
        killed_at(desk, module, name, "restore", str(folder), "--into", str(into), *again)
        said = _refused(desk, into)
        assert "did not come to its end" in said
    _fresh(desk, request)
    assert "all is well" in desk.run("restore", str(folder), "--into", str(into), "--replace", "--yes")
    _check(desk, into)


def _fresh(desk: Patient, request: pytest.FixtureRequest) -> None:
    """On PostgreSQL an empty database for the restored desk."""
    if not desk.database.is_sqlite:
        server: Postgres = request.getfixturevalue("postgres")
        desk.environment["POSTDESK_DATABASE__URL"] = server.fresh_database()


def _refused(desk: Patient, into: Path) -> str:
    """What `serve` says of the half restored desk; it starts nothing."""
    call = [sys.executable, "-m", "postdesk", "--config", str(into / "postdesk.toml"), "serve"]
    done = subprocess.run(call, env=desk.environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 78, done
    return (done.stdout + done.stderr).decode()


def _check(desk: Patient, into: Path) -> None:
    """All that was accepted before the backup began is there, each with its outcome, and nothing is wrong."""
    environment = {name: value for name, value in desk.environment.items() if name.startswith("POSTDESK_")}
    house = House(load(into / "postdesk.toml", environment))
    try:
        source = Source(house.database.reading, house.database.is_sqlite, house.blobs)
        assert [one.line for one in verify(source, datetime.now(UTC)) if one.faults] == []
        original = desk.database
        desk.database = house.database
        assert [kind for kind, _ in outcomes(desk)] == ["opened"] * 5
        desk.database = original
    finally:
        house.database.close()
