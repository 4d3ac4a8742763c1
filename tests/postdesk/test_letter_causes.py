"""What caused a letter stands in its row: the mail, or the timer; and what is counted of letters and held mails."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk import held as taking
from gateway import held
from gateway.envelope import Envelope
from gateway.trouble import Trouble, tell
from postdesk import schedule
from postdesk.settings import load
from postdesk.show_letters import letter_lines
from postdesk.wiring import House
from store.database import Database
from store.migrations import upgrade
from store.tables import Announcement, Counter, Delivery, Outbox
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN

NOW = datetime.now(UTC)


@pytest.fixture
def desk(config: Path, tmp_path: Path) -> Iterator[House]:
    """A desk with people, in a database of its own."""
    made = House(load(config, {"POSTDESK_DATABASE__URL": f"sqlite:///{tmp_path}/empty.db"}), create=True)
    upgrade(made.database)
    sample.fill(made.database)
    yield made
    made.database.close()


def rows(database: Database, kind: str) -> list[Outbox]:
    """Letters of one kind."""
    with database.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)))


def test_a_timer_is_named(desk: House) -> None:
    """No mail caused the letters of a timer; they bear its name."""
    with desk.database.transaction() as session:
        session.add(Announcement(id=desk.database.ids.next(), title="x", starts_at=NOW, created_at=NOW))
    at = NOW + timedelta(days=3)  # past a weekend: announcements go out on working days
    for hours in range(0, 96, 3):
        schedule.run_now(desk, "announce", at + timedelta(hours=hours))
    found = rows(desk.database, "announcement")
    assert found
    assert {(row.timer, row.received_id) for row in found} == {("announce", None)}


def test_trouble_names_the_mail_behind_the_letter(desk: House) -> None:
    """The letter to staff that another one did not arrive has its cause from there."""
    with desk.database.transaction() as session:
        lost = Outbox(
            id=desk.database.ids.next(), kind="received", recipient=ANN, received_id=77, next_at=NOW, created_at=NOW
        )
        session.add(lost)
        session.flush()
        tell(session, [Trouble(lost, "refused")], NOW, desk.database.ids.next)
    found = rows(desk.database, "mail_trouble")
    assert found
    assert {row.received_id for row in found} == {77}


def test_the_attempts_of_a_letter_are_told(desk: House) -> None:
    """Each with its moment, the relay and what it said; of many the latest."""
    with desk.database.transaction() as session:
        next_id, letter = desk.database.ids.next, desk.database.ids.next()
        moments: dict[str, datetime] = {"next_at": NOW, "created_at": NOW}
        session.add(Outbox(id=letter, kind="received", recipient=ANN, received_id=77, attempts=9, **moments))
        session.flush()
        for number in range(9):
            at = NOW + timedelta(minutes=number)
            said = {"result": "deferred", "reply": f"450 no {number}", "relay": "second"}
            session.add(Delivery(id=next_id(), outbox_id=letter, at=at, **said))
    with desk.database.reading() as session:
        lines = letter_lines(session, 77)
        assert letter_lines(session, 78) == []
    assert f"{letter}, received to {ANN}: waiting, tried 9 times, next at" in lines[0]
    assert lines[1].strip() == "3 earlier attempts"
    assert lines[-1].endswith("deferred by second: 450 no 8")
    assert len(lines) == 8


def test_what_is_taken_up_again_is_counted(desk: House) -> None:
    """The ledger takes “held” back; the count of what was held goes on."""
    spool, intake = desk.spool(), desk.intake()
    mail_id = spool.accept(Envelope(ANN, ("service@desk.test",), "smtp"), sample.mail(ANN, "x"))
    spool.close()
    with desk.database.transaction() as session:
        held.hold(session, mail_id, "failed", "x", NOW, desk.database.ids.next)
    assert {row.received_id for row in rows(desk.database, "mail_trouble")} == {mail_id}
    with desk.database.transaction() as session:
        taking.take_up(session, mail_id, "ticket", by="Sam", now=NOW)
    intake.drain_once()
    with desk.database.reading() as session:
        assert {row.name: row.value for row in session.scalars(select(Counter))} == {"undone_held": 1}
