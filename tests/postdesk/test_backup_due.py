"""The daily backup begins at its time, once a day; an old last one is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postdesk import backup_due, schedule
from postdesk.backup_manifest import complete
from postdesk.settings import load
from postdesk.timers import TIMERS
from postdesk.wiring import House
from store.tables import JobRun, Lease
from tests.peers.common import wait_for

NIGHT = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)  # London is on UTC in November


@pytest.fixture
def due(config: Path, tmp_path: Path) -> House:
    """A desk that makes backups."""
    other = tmp_path / "with-backups.toml"
    other.write_text(config.read_text(encoding="utf-8") + '\n[backup]\nfolder = "backups"\n', encoding="utf-8")
    return House(load(other, {}))


def test_when_it_is_due(due: House, house: House) -> None:
    """From backup.at on, by the time of the desk, if it has not begun that day; never without a folder."""
    assert backup_due.due(due, NIGHT - timedelta(minutes=1), "") == ""
    assert backup_due.due(due, NIGHT, "2026-11-22") == "2026-11-23T02:30"
    assert backup_due.due(due, NIGHT + timedelta(hours=9), "") == "2026-11-23T11:30"
    assert backup_due.due(due, NIGHT, "2026-11-23T02:30") == ""
    assert backup_due.due(house, NIGHT, "") == ""
    due.database.close()


def test_one_that_failed_is_tried_again(due: House) -> None:
    """An hour later, and on, until the day has a backup; not while one is being made."""
    begun, later = "2026-11-23T02:30", NIGHT + timedelta(hours=1)
    assert backup_due.due(due, later - timedelta(minutes=1), begun) == ""
    assert backup_due.due(due, later, begun) == "2026-11-23T03:30"
    with due.database.transaction() as session:
        session.add(Lease(name=backup_due.LEASE, holder="elsewhere:1", until=later + timedelta(minutes=5)))
    assert backup_due.due(due, later, begun) == ""
    with due.database.transaction() as session:
        session.get_one(Lease, backup_due.LEASE).until = NIGHT
        session.add(JobRun(name=backup_due.JOB, done_for="yesterday's", at=NIGHT - timedelta(days=1)))
    assert backup_due.due(due, later, begun) == "2026-11-23T03:30"
    with due.database.transaction() as session:
        session.get_one(JobRun, backup_due.JOB).at = later
    assert backup_due.due(due, later + timedelta(hours=3), begun) == ""
    due.database.close()


def test_the_timer_makes_it(due: House) -> None:
    """It runs in a process of its own; a day has one."""
    assert "backup-due" in TIMERS
    assert schedule.run(due, "backup-due", "here:1", NIGHT)
    folder = due.loaded.home / "backups"
    wait_for(lambda: complete(folder), "the backup", 90)
    made = wait_for(lambda: backup_due.last_made(due), "the note of it")
    assert made
    assert made[0] == complete(folder)[0].name
    assert schedule.run_now(due, "backup-due", NIGHT + timedelta(hours=1)).count == 0
    wait_for(lambda: not backup_due.is_running(due, datetime.now(UTC)), "its end")
    due.database.close()


def test_the_age_of_the_last_one(due: House, house: House) -> None:
    """None yet, or one that is too old: a sentence. Where no folder is set nobody waits for one."""
    assert "there is no backup yet" in backup_due.age_fault(due, NIGHT, None)
    assert backup_due.age_fault(due, NIGHT, ("x", NIGHT - timedelta(hours=29))) == ""
    assert "the last backup is 40 hours old" in backup_due.age_fault(due, NIGHT, ("x", NIGHT - timedelta(hours=40)))
    assert backup_due.age_fault(house, NIGHT, None) == ""
    due.database.close()


def test_nothing_is_forgotten_while_one_is_made(due: House) -> None:
    """Bytes that nothing names any more stay until it has copied what it is to copy."""
    from postdesk.timers import _forget_blobs

    (digest,) = due.blobs.put_many([b"nobody's"])
    now = datetime.now(UTC)
    with due.database.transaction() as session:
        session.add(Lease(name=backup_due.LEASE, holder="elsewhere:1", until=now + timedelta(minutes=5)))
        session.add(JobRun(name="sweep", done_for="", at=now))
    _forget_blobs(due, frozenset({digest}), now, timedelta(seconds=-1))
    assert due.blobs.read(digest) == b"nobody's"
    with due.database.transaction() as session:
        session.get_one(Lease, backup_due.LEASE).until = now - timedelta(minutes=1)
    _forget_blobs(due, frozenset({digest}), now + timedelta(seconds=1), timedelta())
    with pytest.raises(FileNotFoundError):
        due.blobs.read(digest)
    due.database.close()
