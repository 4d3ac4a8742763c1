"""`postdesk mailbox …` and `doctor` at a server that is not what it should be."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from postdesk import cli, cli_mailbox  # noqa: F401 - it adds its commands
from postdesk.wiring import House
from store.tables import MailboxState
from tests.gateway.hostile_imap import DONE, HostileImap, hostile_imap, says

Run = Callable[..., str]
REPEATED = base64.b64encode(b"\0desk\0secret-word")


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with a mailbox at this server; its output."""
    config.parent.chmod(0o700)
    cli.load_commands()

    def command(server: HostileImap | None, *arguments: str) -> str:
        port = server.server_address[1] if server else 9
        box = f"name = 'service', host = '127.0.0.1', port = {port}, user = 'desk', password = 'secret-word'"
        monkeypatch.setenv("POSTDESK_MAILBOX", f"[{{{box}, tls = 'none'}}]")
        return CliRunner().invoke(cli.app, ["--config", str(config), *arguments]).output

    return command


def test_a_trial_signs_in_once(run: Run) -> None:
    """One connection, with a goodbye at its end."""
    with hostile_imap(STATUS=says(b"* STATUS Processed (MESSAGES 0)\r\n" + DONE)) as server:
        assert "It works: 1 mail in INBOX" in run(server, "mailbox", "test", "service")
        said = [line.split()[1] for line in server.seen]
    assert (said.count(b"LOGIN"), said.count(b"LOGOUT")) == (1, 1)


@pytest.mark.parametrize("command", [("mailbox", "test", "service"), ("doctor", "--only", "mailbox")])
def test_a_password_that_is_repeated_is_not_shown(run: Run, command: tuple[str, ...]) -> None:
    """Not as it is, and not as it was sent."""
    answers = {
        "CAPABILITY": says(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + DONE),
        "AUTHENTICATE": says(b"TAG NO secret-word " + REPEATED + b" is wrong\r\n"),
    }
    with hostile_imap(**answers) as server:
        said = run(server, *command)
    assert "… … is wrong" in said
    assert "secret-word" not in said
    assert REPEATED.decode() not in said


def test_mails_that_cannot_be_moved_are_listed(run: Run, house: House) -> None:
    """In words, as JSON, and by the doctor."""
    with house.database.transaction() as session:
        session.add(MailboxState(name="service", seen_at=datetime.now(UTC), unmovable=3))
    assert "Not moved:   3 mails" in run(None, "mailbox", "list")
    assert json.loads(run(None, "mailbox", "list", "--json"))["unmovable"] == 3
    assert "The server of mailbox “service” does not move 3 mails." in run(None, "doctor", "--only", "queue")
