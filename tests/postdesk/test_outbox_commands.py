"""Letters on the command line: listed by state, shown try by try, tried again, sent once more, dropped."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.delivery_pace import slow_down
from postdesk import cli_outbox  # noqa: F401 - it adds the commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Delivery, Outbox, Suppression

SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, BOB = "ann@customer.test", "bob@customer.test"


def run(config: Path, *words: str) -> Any:
    """A command of `postdesk outbox`."""
    return CliRunner().invoke(app, ["--config", str(config), "outbox", *words])


@pytest.fixture
def letters(house: House) -> list[int]:
    """One to Ann that is tried again, one to Bob that may have arrived."""
    new, later = house.database.ids.next, datetime.now(UTC) + timedelta(hours=2)
    with house.database.transaction() as session:
        rows = [
            Outbox(id=new(), kind="received", recipient=ANN, recipient_name="Ann", next_at=later, created_at=SINCE,
                   attempts=1, message_id="<1@desk.test>", rendered=b"secret words"),
            Outbox(id=new(), kind="update", recipient=BOB, state="uncertain", next_at=SINCE, created_at=SINCE,
                   done_at=SINCE, attempts=9),
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        for row, result in zip(rows, ("deferred", "uncertain"), strict=True):
            reply = "451 4.3.0 later" if result == "deferred" else "the connection was lost before the reply"
            session.add(Delivery(id=new(), outbox_id=row.id, at=SINCE, result=result, reply=reply, relay="sales"))
        return [row.id for row in rows]


def test_no_letters(config: Path) -> None:
    """An empty list says so; for programs it is empty."""
    assert run(config, "list").output == "There are no letters yet.\n"
    assert run(config, "list", "--state", "deferred").output == "There is no such letter.\n"
    assert run(config, "list", "--json").output == ""


def test_the_list(config: Path, house: House, letters: list[int]) -> None:
    """State, address and what was said last; how many there are, and which domains are slow."""
    with house.database.transaction() as session:
        slow_down(session, {"customer.test": "450 too many"}, datetime.now(UTC))
    lines = run(config, "list").output.splitlines()
    assert any(f"{letters[0]}" in line and "deferred" in line and "“451 4.3.0 later”" in line for line in lines)
    assert "In all: 1 deferred, 1 uncertain." in lines
    assert lines[-1].startswith("customer.test gets one letter in 2 s since ")
    (one,) = [json.loads(line) for line in run(config, "list", "--state", "uncertain", "--json").output.splitlines()]
    assert (one["id"], one["to"], one["done"]) == (letters[1], BOB, True)
    assert run(config, "list", "--state", "lost").exit_code == 64
    assert run(config, "list", "--since", "yesterday").exit_code == 64
    assert "--limit shows more" in run(config, "list", "--limit", "1").output


def test_one(config: Path, letters: list[int]) -> None:
    """What happened, what it means, what one can do; not a word of the letter itself."""
    said = run(config, "show", str(letters[0])).output
    assert f"Letter {letters[0]}: receipt to Ann <{ANN}>" in said
    assert "State:       deferred: not taken yet; it is tried again" in said
    assert "deferred by relay sales" in said
    assert "<1@desk.test>" in said
    assert f"outbox retry {letters[0]}" in said
    assert "secret words" not in said
    assert "it may have arrived or not" in run(config, "show", str(letters[1])).output
    assert json.loads(run(config, "show", str(letters[1]), "--json").output)["attempts"][0]["relay"] == "sales"
    assert run(config, "show", "1").exit_code == 66


def test_retry(config: Path, house: House, letters: list[int]) -> None:
    """By ids, by state, by address; what does not wait is said."""
    assert run(config, "retry").exit_code == 64
    assert run(config, "retry", str(letters[0])).output == f"Letter {letters[0]} is tried now.\n"
    assert run(config, "retry", str(letters[1])).exit_code == 65
    assert run(config, "retry", "1", str(letters[0])).exit_code == 66
    assert run(config, "retry", "--state", "sent").exit_code == 64
    assert run(config, "retry", "--to", ANN).output == "No such letter waits for a later time.\n"
    with house.database.transaction() as session:
        session.get_one(Outbox, letters[0]).next_at = datetime.now(UTC) + timedelta(hours=2)
    assert run(config, "retry", "--to", ANN.upper()).output == "1 letter is tried now.\n"


def test_send_again_and_drop(config: Path, house: House, letters: list[int]) -> None:
    """An uncertain one goes out once more; one that waits is dropped, once one says why."""
    assert run(config, "send-again").exit_code == 64
    assert run(config, "send-again", str(letters[1])).output == f"Letter {letters[1]} goes out again.\n"
    assert run(config, "drop", str(letters[0])).exit_code == 64
    assert run(config, "drop", str(letters[0]), "--why", "a mistake").output == f"Letter {letters[0]} is dropped.\n"
    with house.database.reading() as session:
        assert session.scalars(select(Outbox.state).order_by(Outbox.id)).all() == ["dropped", "waiting"]
    with house.database.transaction() as session:
        session.add(Suppression(id=house.database.ids.next(), address=ANN, reason="gone", since=SINCE))
    again = run(config, "send-again", str(letters[0]))
    assert (again.exit_code, "mail unmute" in again.output) == (65, True)


def test_muting_by_hand(config: Path) -> None:
    """With a reason, which the list shows with who did it; twice says so; it can be lifted."""
    from postdesk import cli_muted  # noqa: F401 - it adds the commands

    def mail(*words: str) -> Any:
        return CliRunner().invoke(app, ["--config", str(config), "mail", *words])

    assert mail("mute", ANN).exit_code == 64
    assert mail("mute", ANN, "--why", "asked for no letters").output.startswith(f"{ANN} is muted: it gets no letters.")
    assert "is muted already" in mail("mute", ANN.upper(), "--why", "again").output
    assert "“asked for no letters (by " in mail("muted").output
    assert mail("unmute", ANN).exit_code == 0


def test_a_state_that_is_none(config: Path) -> None:
    """It is said with those that there are; letters that a restore holds are decided elsewhere."""
    for command in ("list", "retry"):
        said = run(config, command, "--state", "nonsense")
        assert (said.exit_code, "There is no state “nonsense”. Choose from: waiting, " in said.output) == (64, True)
    assert "Decide about them by: postdesk --config" in run(config, "retry", "--state", "held").output
    assert "held" in run(config, "list", "--help").output


def test_sent_once_more(config: Path, house: House, letters: list[int]) -> None:
    """It begins anew: neither waiting for a first try nor put off, and what a person did is no server's word."""
    asked = letters[1]
    run(config, "send-again", str(asked))
    said = run(config, "show", str(asked)).output
    assert "State:       waiting: it goes out once more, and has not been tried since" in said
    (line,) = [line for line in run(config, "list").output.splitlines() if line.startswith(f"{asked:>8}")]
    assert "  (sent again by " in line
    assert "“" not in line
    with house.database.transaction() as session:  # as a process claims it
        row = session.get_one(Outbox, asked)
        row.attempts, row.lease_until = 1, datetime.now(UTC) + timedelta(minutes=5)
    assert "State:       waiting: it is being sent at this moment" in run(config, "show", str(asked)).output
    assert str(asked) in run(config, "list", "--state", "waiting").output
    assert str(asked) not in run(config, "list", "--state", "deferred").output


def test_a_letter_that_a_restore_holds(config: Path, house: House, letters: list[int]) -> None:
    """What it means, and the two commands that decide."""
    with house.database.transaction() as session:
        session.get_one(Outbox, letters[0]).state = "held"
    said = run(config, "show", str(letters[0])).output
    assert "State:       held: a restore put it aside until a person decides" in said
    assert f"restored {letters[0]} --send" in said
