"""Announcements on the command line: made, listed, ended; times are those of the desk."""

import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from postdesk import cli_news  # noqa: F401 - it adds the commands
from postdesk.cli import app


def run(config: Path, *words: str) -> Result:
    """A command of `postdesk announce`."""
    return CliRunner().invoke(app, ["--config", str(config), "announce", *words])


def test_nothing_is_announced(config: Path) -> None:
    """An empty list says so; for programs it is empty."""
    assert run(config, "list").output == "Nothing is announced.\n"
    assert run(config, "list", "--json").output == ""


def test_announced_listed_ended(config: Path) -> None:
    """From the first word to the end of it; what has ended is shown with --all alone."""
    made = run(config, "add", "Portal is closed", "--text", "All evening.", "--until", "2099-06-01 23:00")
    assert made.exit_code == 0
    number = re.search(r"Announced as (\d+)", made.output)
    assert number
    listed = run(config, "list").output
    assert "shown" in listed
    assert "until 2099-06-01 23:00 BST  Portal is closed" in listed
    row = json.loads(run(config, "list", "--json").output)
    assert (row["title"], row["text"], row["until"]) == (
        "Portal is closed",
        "All evening.",
        "2099-06-01T22:00:00+00:00",
    )
    assert run(config, "end", number[1]).output == "Ended: Portal is closed\n"
    assert run(config, "end", number[1]).exit_code == 65
    assert run(config, "list").output == "Nothing is announced.\n"
    assert "ended" in run(config, "list", "--all").output


def test_to_come(config: Path) -> None:
    """One that begins later is planned."""
    run(config, "add", "Maintenance", "--from", "2099-06-01")
    assert "planned  from 2099-06-01 00:00 BST  Maintenance" in run(config, "list").output


@pytest.mark.parametrize(
    "words, code",
    [
        (("add", " "), 64),
        (("add", "x" * 201), 64),
        (("add", "Soon", "--from", "soon"), 64),
        (("add", "Over", "--until", "2019-01-01"), 64),
        (("end", "7"), 66),
    ],
)
def test_what_cannot_be_done(config: Path, words: tuple[str, ...], code: int) -> None:
    """It says why, and nothing is announced."""
    assert run(config, *words).exit_code == code
    assert run(config, "list", "--all").output == "Nothing is announced.\n"
