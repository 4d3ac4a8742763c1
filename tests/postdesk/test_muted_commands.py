"""Muted addresses on the command line: listed with reason and letter, lifted by address, one line each."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from postdesk import cli_muted  # noqa: F401 - it adds the commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Contact, ContactAddress, Delivery, Outbox, Staff, Suppression

SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, GONE = "ann@customer.test", "gone@elsewhere.test"


def run(config: Path, *words: str) -> Result:
    """A command of `postdesk mail`."""
    return CliRunner().invoke(app, ["--config", str(config), "mail", *words])


@pytest.fixture
def mutes(house: House) -> list[str]:
    """Ann, whose letter did not arrive, and somebody whom nobody knows."""
    new = house.database.ids.next
    with house.database.transaction() as session:
        ann = Contact(id=new(), name="Ann", created_at=SINCE, addresses=[ContactAddress(address=ANN, written=ANN)])
        session.add(ann)
        session.flush()
        letter = Outbox(
            id=new(), kind="received", recipient="Ann@customer.test", contact_id=ann.id, state="refused",
            next_at=SINCE, created_at=SINCE, done_at=SINCE,
        )  # fmt: skip
        session.add(letter)
        session.flush()
        session.add(Delivery(id=new(), outbox_id=letter.id, at=SINCE, result="bounced", reply="550 no such user"))
        session.add(Suppression(id=new(), address=ANN, reason="550 5.1.1 no such user", since=SINCE))
        session.add(Suppression(id=new(), address=GONE, reason="550 5.1.2 no such host", since=SINCE))
    return [ANN, GONE]


def test_nobody_is_muted(config: Path) -> None:
    """An empty list says so; for programs it is empty."""
    done = run(config, "muted")
    assert (done.exit_code, done.output) == (0, "No address is muted.\n")
    assert run(config, "muted", "--json").output == ""


def test_the_list(config: Path, mutes: list[str]) -> None:
    """Since when, why, whose, which letter, and how to lift it."""
    done = run(config, "muted")
    assert done.exit_code == 0
    lines = [line.strip() for line in done.output.splitlines()]
    assert "ann@customer.test, Ann, a contact" in lines
    assert "gone@elsewhere.test, nobody whom the desk knows" in lines
    assert "Since:    2026-11-23 12:00 UTC" in lines
    assert "Why:      “550 5.1.1 no such user”" in lines
    assert "Letter:   receipt, written 2026-11-23 12:00 UTC" in lines
    assert f"To lift:  postdesk --config {config} mail unmute {ANN}" in lines


def test_for_programs(config: Path, mutes: list[str]) -> None:
    """One object a line."""
    rows = {row["address"]: row for row in map(json.loads, run(config, "muted", "--json").output.splitlines())}
    assert set(rows) == {ANN, GONE}
    ann = rows[ANN]
    assert (ann["since"], ann["lifted_at"], ann["name"], ann["role"]) == (SINCE.isoformat(), None, "Ann", "contact")
    assert ann["letter"]["kind"] == "received"
    assert (rows[GONE]["role"], rows[GONE]["letter"]) == (None, None)


def test_only_so_many(config: Path, mutes: list[str]) -> None:
    """What is left out is said."""
    assert "Shown are the newest 1" in run(config, "muted", "--limit", "1").output


def test_lifted(config: Path, house: House, mutes: list[str]) -> None:
    """However the address is written; then it is on the list of those that were."""
    done = run(config, "unmute", "<ANN@customer.test>", GONE)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [f"{a} is no longer muted: the next letter goes out." for a in mutes]
    with house.database.reading() as session:
        assert None not in session.scalars(select(Suppression.lifted_at)).all()
    after = run(config, "muted").output
    assert after.startswith("No address is muted.\n2 mutes were lifted. To see them too:")
    assert "Lifted:" in run(config, "muted", "--all").output


def test_not_muted(config: Path, house: House, mutes: list[str]) -> None:
    """A clear sentence and exit code 65; the others are lifted all the same."""
    done = run(config, "unmute", "pat@customer.test", ANN)
    assert done.exit_code == 65
    assert "pat@customer.test is not muted." in done.output
    assert f"{ANN} is no longer muted" in done.output
    again = run(config, "unmute", ANN)
    assert again.exit_code == 65
    assert f"{ANN} is not muted. It was, until " in again.output


@pytest.mark.parametrize("words", [(), ("ann",), (ANN, "@customer.test")])
def test_not_meant_like_this(config: Path, house: House, mutes: list[str], words: tuple[str, ...]) -> None:
    """No address, or no complete one: exit code 64, and nothing is changed."""
    assert run(config, "unmute", *words).exit_code == 64
    with house.database.reading() as session:
        assert len(session.scalars(select(Suppression).where(Suppression.lifted_at.is_(None))).all()) == 2


def test_a_colleague(config: Path, house: House) -> None:
    """A member of staff is named as one."""
    with house.database.transaction() as session:
        staff = session.scalars(select(Staff)).first()
        assert staff
        session.add(Suppression(id=house.database.ids.next(), address=staff.address, reason="no", since=SINCE))
        named = f"{staff.address}, {staff.name}, staff"
    assert named in run(config, "muted").output
