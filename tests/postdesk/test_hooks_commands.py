"""Webhooks in the settings, and on the command line: listed, and sent again."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from desk.hooks import INFO
from postdesk import cli_hooks, hooking  # noqa: F401 - the first adds the commands
from postdesk.cli import app
from postdesk.settings import SettingsError, load
from postdesk.settings_hooks import Webhook
from postdesk.wiring import House
from store.tables import HookMessage

SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BLOCK = '\n[[webhooks]]\nname = "chat"\nurl = "https://hooks.elsewhere.test/desk"\n'


def run(config: Path, *words: str) -> Any:
    """A command of `postdesk hooks`."""
    return CliRunner().invoke(app, ["--config", str(config), "hooks", *words])


def add(config: Path, text: str) -> None:
    """Write something below the settings."""
    config.write_text(config.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_no_webhooks(house: House) -> None:
    """Nobody is told, and nothing is asked of the database for it."""
    assert hooking.hooks(house) is None
    assert INFO not in house.database.info
    assert hooking.steps(house, lambda: False) == []


def test_from_the_settings(config: Path) -> None:
    """The secret comes from its file, which nobody else may read; transactions know the webhook."""
    file = config.parent / "chat.secret"
    file.write_text(SECRET, encoding="utf-8")
    add(config, BLOCK + 'secret_file = "chat.secret"\nevents = ["ticket.opened"]\norganisation = "Acme"\n')
    file.chmod(0o644)
    with pytest.raises(SettingsError, match=r"webhooks\.0\.secret_file.*can be read by others.*chat"):
        load(config, {})
    file.chmod(0o600)
    house = House(load(config, {}))
    (hook,) = house.database.info[INFO].hooks
    assert (hook.name, hook.events, hook.internal, hook.organisation) == ("chat", {"ticket.opened"}, False, "Acme")
    assert [name for name, _ in hooking.steps(house, lambda: False)] == ["webhook chat"]
    assert SECRET not in repr(house.settings)
    house.database.close()


def test_the_secret_in_the_environment(config: Path) -> None:
    """As for mailboxes."""
    add(config, BLOCK)
    found = load(config, {"POSTDESK_WEBHOOKS__0__SECRET": SECRET})
    assert found.settings.webhooks[0].secret.get_secret_value() == SECRET


@pytest.mark.parametrize(
    "lines, said",
    [
        ("", "secret_file: set it, or secret"),
        ('secret = "whsec_short"', "must be like whsec_"),
        (f'secret = "{SECRET}"\nevents = ["ticket.gone"]', "must be one of: ticket.opened"),
        (f'secret = "{SECRET}"\nevents = []', "webhooks.0.events"),
        (f'secret = "{SECRET}"\nurls = "x"', "there is no such setting"),
        (f'secret = "{SECRET}"\n{BLOCK}secret = "{SECRET}"', "names two of them alike"),
        (f'secret = "{SECRET}"\n[[webhooks]]\nname = "b"\nurl = "http://192.0.2.1/"', "must begin with https://"),
    ],
)
def test_what_cannot_be(config: Path, lines: str, said: str) -> None:
    """Each fault is said with its place, and never with the secret."""
    add(config, BLOCK + lines + "\n")
    with pytest.raises(SettingsError) as error:
        load(config, {})
    assert said in str(error.value)
    assert SECRET not in str(error.value)


def test_every_setting_is_in_the_example() -> None:
    """The example in default.toml names every key of a webhook, and can be copied."""
    text = (Path(__file__).parents[2] / "config" / "default.toml").read_text(encoding="utf-8")
    example = text.partition("# [[webhooks]]\n")[2].partition("\n\n")[0]
    (hook,) = tomllib.loads("[[webhooks]]\n" + "\n".join(line[2:] for line in example.splitlines()))["webhooks"]
    assert {*hook, "secret"} == set(Webhook.model_fields)
    Webhook.model_validate(hook)


@pytest.fixture
def messages(house: House) -> list[int]:
    """One that waits after a fault, one that was given up, one that was sent to a webhook of which nothing is set."""
    with house.database.transaction() as session:
        rows = [
            HookMessage(id=house.database.ids.next(), hook=hook, event="ticket.opened", ticket_id=1, body=body,
                        state=state, attempts=2, created_at=SINCE, next_at=SINCE, reply=reply)
            for hook, state, body, reply in (
                ("chat", "waiting", '{"secret": "words"}', "500 Internal Server Error"),
                ("chat", "given up", "{}", "no answer within 10 seconds"),
                ("old", "sent", "", "204 No Content"),
            )
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def test_list(config: Path, messages: list[int]) -> None:
    """Newest first, with why; counted by webhook and state; never with what a message says."""
    text = run(config, "list").output
    assert "chat  ticket.opened  waiting, tried 2 times: 500 Internal Server Error" in text
    assert "old: 1 sent (no webhook of that name is set any more)." in text
    assert "words" not in text
    (line,) = run(config, "list", "--state", "given up", "--json").output.splitlines()
    assert json.loads(line)["id"] == messages[1]
    assert run(config, "list", "--hook", "none").output.startswith("There is no such message.")
    assert run(config, "list", "--state", "lost").exit_code == 64


def test_retry(config: Path, house: House, messages: list[int]) -> None:
    """By id, or all of a webhook; what was sent is not sent again."""
    assert run(config, "retry").exit_code == 64
    assert run(config, "retry", str(messages[2])).exit_code == 66
    assert run(config, "retry", str(messages[1])).output == "1 message is sent now.\n"
    assert run(config, "retry", "--hook", "chat").output == "2 messages are sent now.\n"
    with house.database.reading() as session:
        states = session.scalars(select(HookMessage.state).order_by(HookMessage.id)).all()
        assert states == ["waiting", "waiting", "sent"]


def test_nothing_yet(config: Path) -> None:
    """An empty list says so."""
    assert run(config, "list").output == "There are no messages yet.\n"
