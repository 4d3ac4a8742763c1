"""`postdesk doctor` and a database that is away, damaged, or of a desk that nobody hears: one fault, in words, once."""

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from postdesk import cli
from postdesk.doctor.findings import Finding
from postdesk.doctor.run import examine
from postdesk.wiring import House
from store import damage
from store.tables import JobRun, Outbox, Process, Staff, Suppression

NOW = datetime.now(UTC)
Make = Callable[..., House]
TOPICS = ["database", "queue", "timers", "processes", "clock"]


def of(findings: list[Finding], level: str) -> list[Finding]:
    """Those of one level."""
    return [one for one in findings if one.level == level]


def spoil(config: Path, page: int = 5) -> None:
    """Overwrite pages of the database."""
    with (config.parent / "desk.db").open("r+b") as opened:
        opened.seek(4096 * page)
        opened.write(os.urandom(4096 * 20))


def test_a_server_that_is_away(make: Make) -> None:
    """One error, where the database is looked at; elsewhere that it is why, and nothing raw."""
    house = make(DATABASE__URL="postgresql+psycopg://desk:sample@127.0.0.1:9/desk")
    found = examine(house, TOPICS)
    (error,) = of(found, "error")
    assert (error.topic, error.what.startswith("The database does not answer: ")) == ("database", True)
    others = [one for one in found if one.what == "Not looked at: the database does not answer."]
    assert {one.topic for one in others} >= {"queue", "timers", "processes"}
    assert not any("OperationalError" in one.what for one in found)
    found = examine(house, ["queue", "timers"])
    assert [one.topic for one in of(found, "error")] == ["queue"]


def test_a_damaged_file(make: Make, config: Path) -> None:
    """Its error says so without SQLite's headings, and without an “ok” that it answers."""
    make().database.close()
    spoil(config)
    found = examine(make(), ["database"])
    (error,) = found
    assert error.what.startswith("The database is damaged. SQLite says: ")
    assert "***" not in error.what
    assert error.record == "postdesk restore"


def test_what_a_check_says_in_one_line() -> None:
    """Without its heading."""
    said = "*** in database main ***\nPage 303: btreeInitPage() returns error code 11\nPage 304: never used"
    assert damage.in_words(said) == "Page 303: btreeInitPage() returns error code 11"
    assert damage.in_words("*** in database main ***") == "no more is known"
    assert damage.damage(ValueError("malformed")) == ""


def as_the_program_ends(error: BaseException | None) -> None:
    """What is done with a fault that no command handles."""
    with cli.database_faults(69):
        assert error is not None
        raise error


@pytest.mark.parametrize("command", ["backup", "verify"])
def test_commands_on_a_damaged_file(
    make: Make, config: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault in words and exit code 1; no traceback, and no “does not answer”."""
    make().database.close()
    spoil(config, page=8)
    cli.load_commands()
    more = ["--out", str(tmp_path / "backups")] if command == "backup" else []
    told = CliRunner().invoke(cli.app, ["--config", str(config), command, *more])
    with pytest.raises(SystemExit) as ended:
        as_the_program_ends(told.exception)
    assert ended.value.code == 1
    assert "FAULT database file: SQLite finds it damaged: " in capsys.readouterr().err


@contextlib.contextmanager
def process(house: House, **ago: float) -> Iterator[None]:
    """A process that keeps the timers, begun so long ago."""
    with house.database.transaction() as session:
        row = {"version": "1", "schema": "0004", "started_at": datetime.now(UTC) - timedelta(**ago)}
        session.add(Process(name="a.x:1.1", roles=["schedule"], seen_at=datetime.now(UTC), **row))
    yield
    with house.database.transaction() as session:
        session.delete(session.scalars(select(Process)).one())


def test_timers_of_a_desk_that_has_just_begun(make: Make) -> None:
    """In the first minutes that none ran is no fault; after them it is, also when the desk was off for a day."""
    house = make()
    with process(house, seconds=40):
        found = examine(house, ["timers"])
        assert not of(found, "error")
        assert "The desk has just been started: its timers begin in a moment." in [one.what for one in found]
    with house.database.transaction() as session:
        session.add(JobRun(name="digest", done_for="", at=NOW - timedelta(days=1)))
    with process(house, seconds=40):
        assert not of(examine(house, ["timers"]), "error")
    with process(house, minutes=5):
        assert [one.what for one in of(examine(house, ["timers"]), "error")] == ["No timer has run lately."]


def test_staff_who_get_no_letters(make: Make) -> None:
    """One of several muted: a warning. All: an error with the remedy. That staff know of lost letters is not said."""
    house = make()
    with house.database.transaction() as session:
        staff = session.scalars(select(Staff).where(Staff.deactivated_at.is_(None))).all()
        letter = {"kind": "new_ticket", "next_at": NOW, "created_at": NOW, "done_at": NOW, "state": "refused"}
        session.add(Outbox(id=2, recipient=staff[0].address, staff_id=staff[0].id, **letter))
        addresses = [person.address for person in staff]
    for number, address in enumerate(addresses, 1):
        with house.database.transaction() as session:
            session.add(Suppression(id=10 + number, address=address, reason="550 5.1.1", since=NOW))
        found = examine(house, ["queue"])
        errors = [one for one in of(found, "error") if "No letter reaches any member of staff" in one.what]
        assert bool(errors) == (number == len(addresses))
    assert (errors[0].record, "unmute" in errors[0].do) == ("postdesk mail muted", True)
    (lost,) = [one for one in of(found, "warning") if "1 letter was refused or given up" in one.what]
    assert "1 of them went to staff" in lost.means
    assert "staff were told" not in lost.means


def test_where_to_look_for_a_relay(make: Make, config: Path) -> None:
    """The section and the file."""
    house = make(
        RELAY__MODE="smtp",
        RELAY__HOST="127.0.0.1",
        RELAY__PORT="9",
        RELAY__TLS="none",
        RELAYS="[{name = 'second', host = '127.0.0.1', port = 9, tls = 'none', addresses = ['x@desk.test']}]",
    )
    first, second = of(examine(house, ["relay"]), "error")
    assert f"[relay] in {config} is right" in first.do
    assert f"[[relays]] with the name “second” in {config} is right" in second.do
