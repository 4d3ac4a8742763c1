"""Numbers in a form of the desk's own, after a restore and for `postdesk verify`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from desk.numbers import STANDARD, Form, Numbers
from postdesk import restore_after, verify_rows
from store.database import Database
from store.tables import NumberSeries
from tests.gateway import desk_world as sample

NOW, UTC_ZONE = datetime(2026, 11, 23, 12, tzinfo=UTC), ZoneInfo("UTC")
OWN, OTHER = Numbers(Form.read("R-000000")), Numbers(Form.read("INC-00000"))


def take(database: Database, numbers: Numbers, count: int = 1) -> str:
    """The last of so many numbers."""
    with database.transaction() as session:
        return numbers.allocate(session, count, NOW, UTC_ZONE)[-1]


@pytest.mark.feature("F64")
def test_a_restore_leaves_numbers_out(database: Database) -> None:
    """Those of every form that may have gone out since the backup, by far; and they stay numbers."""
    take(database, OWN, 80_000), take(database, OTHER, 7), take(database, STANDARD, 3)
    with database.transaction() as session:
        after = restore_after.adjust(session, NOW, UTC_ZONE, OWN.form, send_waiting=False)
    assert after.number_after == "R-088000"
    assert take(database, OWN) == "R-088001"
    assert take(database, OTHER) == "INC-05008"
    assert take(database, STANDARD) == "T20261123.5004"


def test_a_restore_begins_a_form(database: Database) -> None:
    """The form was set after the backup: its first numbers may have gone out."""
    with database.transaction() as session:
        after = restore_after.adjust(session, NOW, UTC_ZONE, OWN.form, send_waiting=False)
    assert after.number_after == "R-005000"
    assert take(database, OWN) == "R-005001"


@pytest.mark.feature("F64")
@pytest.mark.parametrize("number, right", [("R-000003", True), ("R-000004", False), ("X-000001", False)])
def test_verify_counts_them(database: Database, number: str, right: bool) -> None:
    """A number that its counter has not reached would be given out again; one of no form is none."""
    people = sample.fill(database)
    take(database, OWN, 3)
    with database.transaction() as session:
        session.execute(update(NumberSeries).where(NumberSeries.day == "R-").values(last=3))
        session.add(NumberSeries(day="20261101", last=1))
    sample.add_ticket(database, people.contacts[sample.ANN], number, "<own@customer.test>")
    with database.reading() as session:
        faults = {found.text: found.examples for found in verify_rows.numbers(session, NOW) if found.part == "numbers"}
    wrong = faults.get("1 ticket numbers would be given out again.", ())
    assert wrong == (() if right else (number,)), faults
