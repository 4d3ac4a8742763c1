"""`postdesk contact approver`: who is on the boards of an organisation."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from desk import people
from desk.writes import Writes
from postdesk import cli_access  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Approver

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KIM, EVE = "kim@customer.test", "eve@elsewhere.test"


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    found = CliRunner().invoke(app, ["--config", str(config), "contact", *arguments])
    return found.exit_code, found.output


@pytest.fixture
def kim(house: House) -> str:
    """The address of a contact with an organisation; Eve has none."""
    new = house.database.ids.next
    with house.database.transaction() as session:
        works = people.organisation(session, "Sample Works", new(), NOW)
        writes = Writes(new)
        people.add_contact(writes, name="Kim", address=KIM, now=NOW, organisation_id=works.id)
        people.add_contact(writes, name="Eve", address=EVE, now=NOW)
        writes.flush(session)
    return KIM


def test_on_and_off(house: House, config: Path, kim: str) -> None:
    """Put on a board, once; taken off it, once."""
    for said in ("is on the board “cab”", "was on the board “cab” already"):
        assert run(config, "approver", kim, "--board", "CAB") == (0, f"{kim} {said}.\n")
    with house.database.reading() as session:
        assert session.scalars(select(Approver.board)).all() == ["cab"]
    for said in ("is off the board “cab”", "was not on the board “cab”"):
        assert run(config, "approver", kim, "--remove") == (0, f"{kim} {said}.\n")


def test_refused(house: House, config: Path, kim: str) -> None:
    """Nobody with that address; somebody without an organisation; a board without a name."""
    code, said = run(config, "approver", "nobody@customer.test")
    assert (code, "no contact with the address" in said) == (66, True)
    code, said = run(config, "approver", EVE)
    assert (code, "belongs to no organisation" in said) == (65, True)
    assert run(config, "approver", kim, "--board", " ")[0] == 65
