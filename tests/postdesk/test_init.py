"""`postdesk init`: everything a desk needs, and nothing of an earlier one is touched."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from postdesk.cli import app
from postdesk.init import Answers, InitError, run
from postdesk.settings import load
from postdesk.wiring import House
from store.migrations import is_current
from store.tables import Account, Organisation, Staff, Team, TeamMember
from tests.servers import Postgres


def test_a_desk_is_ready(house: House, config: Path) -> None:
    """Settings, a key that only the owner can read, tables, the first member of staff in the team."""
    key = house.settings.secrets.key_file
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert house.keys.newest == 1
    assert is_current(house.database)
    with house.database.reading() as session:
        assert session.scalars(select(Organisation.name)).all() == ["Sample Organisation"]
        staff = session.scalars(select(Staff)).one()
        team = session.scalars(select(Team)).one()
        assert (staff.name, staff.address, staff.admin, team.name) == (
            "Sam Sample",
            "sam@desk.test",
            True,
            "Service Desk",
        )
        assert session.scalars(select(TeamMember.staff_id)).all() == [staff.id]
        account = session.scalars(select(Account)).one()
    assert account.staff_id == staff.id
    assert house.addresses.main.address == "service@desk.test"


def test_the_link_is_told_once(tmp_path: Path) -> None:
    """It is printed, and neither the settings nor the database hold it."""
    said = run(tmp_path / "postdesk.toml", Answers.sample())
    link = next(word for word in said.split() if word.startswith("http"))
    secret = link.rpartition("/")[2]
    assert len(secret) >= 16
    for path in tmp_path.iterdir():
        if path.is_file():
            assert secret.encode() not in path.read_bytes()


def test_an_earlier_desk_is_left_alone(config: Path) -> None:
    """A second init stops, and not a byte is changed."""
    files = {path: path.read_bytes() for path in (config, config.parent / "secret.key")}
    with pytest.raises(InitError, match="is there already"):
        run(config, Answers.sample())
    assert files == {path: path.read_bytes() for path in files}


def test_an_earlier_key_is_kept(tmp_path: Path) -> None:
    """The settings were lost, the key was not: letters of before can still be answered."""
    run(tmp_path / "postdesk.toml", Answers.sample())
    key = (tmp_path / "secret.key").read_bytes()
    (tmp_path / "postdesk.toml").unlink()
    (tmp_path / "desk.db").unlink()
    run(tmp_path / "postdesk.toml", Answers.sample())
    assert (tmp_path / "secret.key").read_bytes() == key


@pytest.mark.parametrize(
    "answers, words",
    [
        (Answers("Works", "service", "Sam", "sam@desk.test"), "'service' is not a mail address"),
        (Answers("Works", "a@b.test", "Sam", "A@b.test"), "different addresses"),
        (Answers(" ", "a@b.test", "Sam", "s@b.test"), "need a name"),
        (Answers("Works", "a@b.test", "", "s@b.test"), "need a name"),
    ],
)
def test_answers_that_cannot_be_right(tmp_path: Path, answers: Answers, words: str) -> None:
    """Told before anything is written."""
    with pytest.raises(InitError, match=words):
        run(tmp_path / "postdesk.toml", answers)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ['The "Works" & \\ Sons', "Ünïcode 打印机", "[desk]"])
def test_any_name(tmp_path: Path, name: str) -> None:
    """Quotes and backslashes of a name do not break the file."""
    run(tmp_path / "postdesk.toml", Answers(name, "service@desk.test", "Sam", "sam@desk.test"))
    house = House(load(tmp_path / "postdesk.toml", {}))
    assert house.settings.desk.name == f"{name} Service Desk"


def test_the_command_asks_for_what_is_not_given(tmp_path: Path) -> None:
    """Two given, two asked; a faulty answer ends with 73 (EX_CANTCREAT)."""
    command = [
        "--config",
        str(tmp_path / "a.toml"),
        "init",
        "--organisation",
        "Works",
        "--address",
        "service@desk.test",
    ]
    done = CliRunner().invoke(app, command, input="Sam\nsam@desk.test\n")
    assert done.exit_code == 0, done.output
    assert "Sam can sign in, once, within 72 hours" in done.output
    assert CliRunner().invoke(app, command, input="Sam\nsam@desk.test\n").exit_code == 73


def test_settings_that_were_written_before(tmp_path: Path, postgres: Postgres) -> None:
    """A file that names a database gets a desk there; what it says stays, and a second time nothing is changed."""
    url, file = postgres.fresh_database(), tmp_path / "postdesk.toml"
    text = f'# ours\n[desk] # here\ntime_zone = "Asia/Tokyo"\n\n[database]\nurl = "{url}"  # the big one\n'
    file.write_text(text, encoding="utf-8")
    file.chmod(0o640)

    def command(*words: str) -> Result:
        return CliRunner().invoke(app, ["--config", str(file), *words])

    assert "no tables yet. For a new desk run: postdesk init" in (checked := command("check").output)
    assert "UndefinedTable" not in checked
    assert "?     staff: not tried, for the same reason as database" in checked
    done = command("init", "--organisation", "Works", "--address", "a@desk.test", "--staff-name", "Sam",
                   "--staff-address", "sam@desk.test")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"Start with: postdesk --config {file} serve" in done.output
    after = file.read_text(encoding="utf-8")
    assert set(text.splitlines()) <= set(after.splitlines())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    house = House(load(file, {}))
    assert (house.settings.desk.name, house.settings.desk.time_zone) == ("Works Service Desk", "Asia/Tokyo")
    assert house.addresses.main.address == "a@desk.test"
    with house.database.reading() as session:
        assert session.scalars(select(Staff.name)).all() == ["Sam"]
    house.database.close()
    assert "All is well." in command("check").output
    again = command("init", "--sample")
    assert (again.exit_code, "is there already, and so is its desk" in again.output) == (73, True)
    assert file.read_text(encoding="utf-8") == after


def test_an_address_that_is_there_is_not_asked(tmp_path: Path) -> None:
    """The file names it: the desk has that one, and no other."""
    file = tmp_path / "postdesk.toml"
    file.write_text('[desk]\naddresses = [{ address = "help@works.test" }]\n', encoding="utf-8")
    with pytest.raises(InitError, match=r"names help@works\.test as the address of the desk"):
        run(file, Answers.sample())
    done = CliRunner().invoke(app, ["--config", str(file), "init"], input="Works\nSam\nsam@desk.test\n")
    assert done.exit_code == 0, done.output
    assert [one.address for one in load(file, {}).settings.desk.addresses] == ["help@works.test"]


@pytest.mark.parametrize(
    "text, words",
    [
        ('desk.phone = "1"\n', r"Add to the section \[desk\]"),
        ("[desk\n", "is not TOML"),
        ("[desk]\nnmae = 1\n", "there is no such setting"),
    ],
)
def test_a_file_that_cannot_be_completed(tmp_path: Path, text: str, words: str) -> None:
    """It is left as it is, and what to do is said."""
    file = tmp_path / "postdesk.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InitError, match=words):
        run(file, Answers.sample())
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == [text]


def test_a_lost_key_is_not_replaced(config: Path) -> None:
    """The desk has given out tokens with it: another would make its letters unanswerable."""
    (config.parent / "secret.key").unlink()
    with pytest.raises(InitError, match=r"bring .*secret\.key back from a backup"):
        run(config, Answers.sample())
