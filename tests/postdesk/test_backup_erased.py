"""No restore brings an erased person back in silence, wherever the backups are and whoever it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk.erasing import Wish
from postdesk import backup_erased, erasing_run
from postdesk.backup_erased import Erased
from store.tables import Disposition, Erasure
from tests.gateway.desk_world import DESK
from tests.postdesk.backup_world import Two, both
from tests.postdesk.erasure_world import ADDRESS, MARKS, PHONE, traces

CARL = "carl@nowhere.test"


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A desk to be backed up, on each kind of database; its settings name no folder of backups."""
    postgres = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    with both(tmp_path, monkeypatch, postgres) as made:
        yield made


def erase(two: Two, address: str, wish: Wish | None = None) -> erasing_run.Erased:
    """Without what takes time."""
    return erasing_run.run(two.house, address, wish or Wish(), lambda _: None, vacuum=False, just_now=timedelta())


def test_whoever_is_no_contact_is_erased_again(two: Two) -> None:
    """An answer of a machine is in the ledger only. The list is beside the last backup, wherever that is."""
    away = EmailMessage()
    away["From"], away["To"], away["Subject"] = CARL, DESK, "Out of office"
    away["Date"], away["Message-ID"] = "Mon, 23 Nov 2026 11:59:00 +0000", "<away@nowhere.test>"
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("I am away.")
    two.world.take(away.as_bytes())
    made = two.backup(check=False)
    assert two.house.settings.backup.folder == ""
    done = erase(two, CARL)
    assert any(f"1 of them in {two.out}, hold the data" in line for line in done.told)
    written = backup_erased.written_at(two.out / "erased.json")
    said = two.restore(made)
    assert "1 erasures are newer than the backup: 1 people were erased again." in said
    assert f"The list of erasures is of {written:%Y-%m-%d %H:%M:%S} UTC." in said
    other = two.other()
    with other.database.reading() as session:
        found = session.scalars(select(Disposition.sender).where(Disposition.sender == CARL)).all()
    other.database.close()
    assert found == []


def test_an_erasure_that_had_begun_goes_on(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup was made in between, and there was never a list that knows of its end."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasing_run, "_everywhere", dies)
        with pytest.raises(KeyboardInterrupt):
            erase(two, ADDRESS, Wish(words=True))
    said = two.restore(two.backup(check=False))
    assert "0 erasures are newer than the backup: 1 people were erased again." in said
    other = two.other()
    with other.database.reading() as session:
        assert [row.report["state"] for row in session.scalars(select(Erasure))] == ["done"]
        assert session.scalar(select(func.count()).where(Disposition.sender == ADDRESS)) == 0
    found = {mark: [name for name in names if "/" not in name] for mark, names in traces(other, *MARKS).items()}
    other.database.close()
    assert {mark for mark, names in found.items() if names} <= {PHONE.encode()}


def test_a_list_that_cannot_be_written(two: Two) -> None:
    """The erasure ends all the same, and its report says so."""
    two.backup(check=False)
    (two.out / "erased.json").unlink()
    (two.out / "erased.json").mkdir()
    done = erase(two, ADDRESS)
    assert done.report["state"] == "done"
    assert any(f"beside the backups in {two.out} could not be written" in line for line in done.told)


def test_what_a_backup_does_not_know_to_its_end() -> None:
    """An erasure that began before the backup and ended after it is told of."""
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    before, after = (Erased(moment + timedelta(minutes=m), ("x",), False, False) for m in (-1, 1))
    assert backup_erased.since([before, after], moment) == [after]
