"""`postdesk staff`: who works at the desk, and in which team."""

import gc
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from desk import people
from desk.writes import Writes
from postdesk import cli_staff  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Staff, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUE = "sue@desk.test"


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its files to the end of its process
        found = CliRunner().invoke(app, ["--config", str(config), "staff", *arguments])
        code, output = found.exit_code, found.output
        del found
        gc.collect()
    return code, output


def test_add_and_list(house: House, config: Path) -> None:
    """In the team of the main address, or in the one that is named; twice is told as such."""
    assert run(config, "add", SUE, "--name", "Sue Sample") == (
        0,
        f"Sue Sample <{SUE}> works in the team Service Desk.\n",
    )
    assert run(config, "add", SUE, "--name", "Sue Sample")[0] == 65
    assert run(config, "add", "Tom@Desk.test", "--name", "Tom", "--team", "Network")[0] == 0
    listed = run(config, "list")[1].splitlines()
    assert f"Sue Sample <{SUE}>: Service Desk" in listed
    assert "Tom <tom@desk.test>: Network" in listed


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["add", "sue", "--name", "Sue"], "is not a complete e-mail address"),
        (["add", SUE, "--name", " "], "Enter a name"),
        (["add", "service@desk.test", "--name", "Sue"], "is an address of the desk itself"),
        (["leave", SUE], "Nobody with the address"),
    ],
)
def test_faults_say_what_to_do(house: House, config: Path, arguments: list[str], said: str) -> None:
    """Nobody is made, and the sentence says why."""
    with house.database.reading() as session:
        before = session.scalars(select(Staff.id)).all()
    code, output = run(config, *arguments)
    assert code in (65, 66)
    assert said in " ".join(output.split())
    with house.database.reading() as session:
        assert session.scalars(select(Staff.id)).all() == before


def test_leave_and_come_back(house: House, config: Path) -> None:
    """What they took is for their team again; who comes back is the same person."""
    run(config, "add", SUE, "--name", "Sue Sample")
    new = house.database.ids.next
    with house.database.transaction() as session:
        sue = session.scalars(select(Staff).where(Staff.address == SUE)).one()
        writes = Writes(new)
        ann = people.add_contact(writes, name="Ann", address="ann@customer.test", now=NOW)
        writes.flush(session)
        for n, done in ((1, None), (2, NOW)):
            ticket = Ticket(id=new(), number=f"T20261101.000{n}", title="x", letter_subject="x", status="New",
                            desk_address="service@desk.test", requester_id=ann.id, assignee_id=sue.id, created_at=NOW,
                            updated_at=NOW, completed_at=done)  # fmt: skip
            session.add(ticket)
    assert run(config, "leave", SUE)[1] == f"{SUE} works here no more. 1 open ticket is for the team again.\n"
    assert f"Sue Sample <{SUE}>: left" in run(config, "list")[1]
    with house.database.reading() as session:
        tickets = session.execute(select(Ticket.number, Ticket.assignee_id).order_by(Ticket.number)).all()
    assert [tuple(row) for row in tickets] == [("T20261101.0001", None), ("T20261101.0002", sue.id)]
    assert run(config, "add", SUE, "--name", "Sue Sample")[0] == 0
    with house.database.reading() as session:
        assert session.scalars(select(Staff.id).where(Staff.address == SUE)).all() == [sue.id]
