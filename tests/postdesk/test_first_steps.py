"""What a person meets first on the command line: options in the wrong place, tables of another version."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from postdesk import cli_processes  # noqa: F401 - it adds the command
from postdesk.check_words import of_relay
from postdesk.cli import app
from postdesk.preparing import obstacle
from postdesk.settings import SettingsError, load
from postdesk.wiring import House
from store.database import Database
from store.migrations.state import newest


@pytest.mark.parametrize("words", [["init", "--sample"], ["check"], ["serve", "--role", "smtp"]])
@pytest.mark.parametrize("option", ["--config", "-c"])
def test_where_config_stands(words: list[str], option: str) -> None:
    """It is an option of all commands, and says so behind one."""
    said = CliRunner().invoke(app, [*words, option, "desk.toml"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert said.exit_code == 2
    assert "--config stands before the command: postdesk --config FILE COMMAND" in said.output


def test_which_schema_is_there(database: Database) -> None:
    """Both are named, with what to do; no tables at all are another matter."""
    assert obstacle(database) == ""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert obstacle(database) == f"The database is at 0001, this version needs {newest()}. Run: postdesk migrate"
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert obstacle(database) == "The database has no tables yet. For a new desk run: postdesk init"


def test_check_says_a_fault_of_the_database_once(house: House, config: Path) -> None:
    """What needs the tables is not tried with old ones."""
    with house.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    said = CliRunner().invoke(app, ["--config", str(config), "check"])
    assert said.exit_code == 78
    assert said.output.count("The database is at 0001") == 1
    assert "One of these must be mended." in said.output
    assert "?     staff: not tried, for the same reason as database" in said.output


def test_what_to_start_names_the_settings(config: Path) -> None:
    """Without them it would be another desk."""
    said = CliRunner().invoke(app, ["--config", str(config), "processes"])
    assert f"Nothing runs. Start it with: postdesk --config {config} serve" in said.output


@pytest.mark.parametrize(
    "fault, words",
    [
        (
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)",
            'smtp.desk.test:465 does not speak TLS at once. Try tls = "starttls"',
        ),
        ("[Errno -2] Name or service not known", "there is no address of smtp.desk.test in DNS."),
        ("535 5.7.8 no", "smtp.desk.test:465: 535 5.7.8 no"),
    ],
)
def test_a_relay_in_words(config: Path, fault: str, words: str) -> None:
    """Host and port are named, with what to try."""
    server = load(config, {"POSTDESK_RELAY__HOST": "smtp.desk.test", "POSTDESK_RELAY__PORT": "465",
                           "POSTDESK_RELAY__TLS": "tls"}).settings.relay  # fmt: skip
    assert of_relay(server, fault).startswith(words)


def test_a_mailbox_is_known_by_its_name(config: Path) -> None:
    """Its place in the list is for programs."""
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[[mailbox]]\nname = "support"\nhost = "mx.test"\n')
    with pytest.raises(SettingsError, match=r"mailbox\.0\.user: .* \(mailbox “support”\)"):
        load(config, {})
