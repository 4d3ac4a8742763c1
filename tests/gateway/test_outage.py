"""Faults of the desk itself: they use up no mail's attempts, are made good at once when over, and are logged once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from desk.writes import Writes
from gateway.intake import RACES
from gateway.outage import PAUSES, Outage, is_conflict, is_ours, pause
from gateway.spool import INLINE
from store.database import Database
from store.tables import Contact, Disposition, ReceivedMail
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, World
from tests.gateway.failing import refusing, unanswered
from tests.gateway.test_intake_faults import row

_COLUMNS = ("received_id", "at", "kind", "rule", "reason", "sender", "subject", "evidence")  # of a disposition

FILE = "Content-Disposition: attachment; filename=a.txt\r\nContent-Type: text/plain\r\n"


def with_file(subject: str) -> bytes:
    """A mail whose attachment has to go into the blob store."""
    parts = f"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\n{FILE}\r\n{subject}\r\n--b--\r\n"
    head = f"From: {ANN}\r\nTo: {sample.DESK}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@customer.test>\r\n"
    return f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}'.encode()


def test_a_storage_fault_holds_no_mail(world: World, people: sample.People) -> None:
    """However long the blob store is away, its mails wait, with no attempt used up; others go on, and then all do."""
    incoming = world.blobs.root / "incoming"
    incoming.rename(world.blobs.root / "away")
    ids = [world.send(with_file(f"file-{number}")) for number in range(3)]
    with capture_logs() as lines:
        for seconds in (*PAUSES, 60.0, 60.0):
            world.handle()
            assert {row(world, mail_id).attempts for mail_id in ids} == {0}
            assert {row(world, mail_id).lease_until for mail_id in ids} == {
                world.clock.now + timedelta(seconds=seconds)
            }
            assert "FileNotFoundError" in row(world, ids[0]).last_error
            world.clock.forward(seconds=seconds + 0.001)
        assert world.take(sample.mail(ANN, "No file")).kind == "opened"
        (world.blobs.root / "away").rename(incoming)
        world.clock.forward(seconds=61)
        world.handle()
    assert {world.disposition(mail_id).kind for mail_id in ids} == {"opened"}
    said = [(line["part"], line["event"]) for line in lines if line["log_level"] in ("error", "warning")]
    assert said == [
        ("the storage of mails and tickets", "a part does not work; it is tried again until it does"),
        ("the storage of mails and tickets", "a part works again"),
    ]


def test_a_raw_mail_that_cannot_be_opened_waits(world: World, people: sample.People) -> None:
    """The folder of the raw mails is away, the mail is not lost: it waits as long as that takes."""
    mail_id = world.send(sample.mail(ANN, "Big", "x" * INLINE))
    world.blobs.root.rename(world.blobs.root.parent / "away")
    for _ in range(6):
        world.handle()
        world.clock.forward(seconds=61)
    assert (row(world, mail_id).waiting, row(world, mail_id).attempts) == (True, 0)
    (world.blobs.root.parent / "away").rename(world.blobs.root)
    world.handle()
    assert world.disposition(mail_id).kind == "opened"


@pytest.mark.parametrize("beginning", ["INSERT INTO disposition", "SELECT received_mail.id, received_mail.size"])
def test_what_was_claimed_when_the_database_went_is_done_at_once_when_it_is_back(
    world: World, people: sample.People, beginning: str
) -> None:
    """No lease has to end first, and nobody's attempt was used up."""
    ids = [world.send(sample.mail(ANN, f"{number}")) for number in range(5)]
    give_back = "UPDATE received_mail SET attempts=(received_mail.attempts -"
    with refusing(world.database, beginning), refusing(world.database, give_back) as put:
        # The round fails, and so does every try to put the mails off.
        with pytest.raises(OperationalError):
            world.intake.drain_once()
        for _ in range(3):
            with pytest.raises(OperationalError):
                world.intake.drain_once()
        assert put
    assert {row(world, mail_id).lease_until is None for mail_id in ids} == {False}
    world.handle()
    assert {world.disposition(mail_id).kind for mail_id in ids} == {"opened"}
    assert {row(world, mail_id).attempts for mail_id in ids} == {1}


def test_a_mail_that_waits_though_nobody_was_told_so(world: World, people: sample.People) -> None:
    """The blob store is away, the commit that lets its mail wait is not answered: its attempt is given back once."""
    incoming = world.blobs.root / "incoming"
    incoming.rename(world.blobs.root / "away")
    mail_id = world.send(with_file("file"))
    with unanswered(world.database, "UPDATE received_mail SET attempts=(received_mail.attempts -") as lost:
        with pytest.raises(OperationalError):
            world.intake.drain_once()
        assert len(lost) == 1
    (world.blobs.root / "away").rename(incoming)
    world.handle()
    assert row(world, mail_id).attempts == 0
    world.clock.forward(seconds=61)
    world.handle()
    assert (world.disposition(mail_id).kind, row(world, mail_id).attempts) == ("opened", 1)


def test_two_workers_meet_the_same_new_sender(world: World, people: sample.People) -> None:
    """The slower one reads again, quietly: one contact, two tickets, one attempt each, and nothing in the log."""
    if world.database.is_sqlite:
        return  # it has one writer at a time
    first, second = (world.send(sample.mail("new@elsewhere.test", f"Mail {number}")) for number in (1, 2))
    one, two = world.new_intake(batch=1), world.new_intake(batch=1)
    hooked: list[int] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO number_series") and not hooked:
            hooked.append(1)  # the desk was read, nothing is written: now the other one is quicker
            with ThreadPoolExecutor(1) as other:
                assert other.submit(two.drain_once).result(30) == 1

    event.listen(world.database.engine, "before_cursor_execute", before)
    with capture_logs() as lines:
        assert one.drain_once() == 1
    event.remove(world.database.engine, "before_cursor_execute", before)
    assert hooked
    assert [line for line in lines if line["log_level"] in ("warning", "error")] == []
    assert [world.disposition(mail_id).kind for mail_id in (first, second)] == ["opened", "opened"]
    assert [row(world, mail_id).attempts for mail_id in (first, second)] == [1, 1]
    assert world.all(select(func.count()).select_from(Contact).where(Contact.name == "")) in ([0], [1])
    assert world.all(select(func.count(func.distinct(Disposition.ticket_id)))) == [2]


def test_a_value_that_is_never_taken_is_no_conflict(database: Database) -> None:
    """The same row twice is a race that passes; a NULL where none may be is a fault tied to the mail."""
    with pytest.raises(IntegrityError) as missing, database.transaction() as session:
        session.add(ReceivedMail(id=1, received_at=sample.NOW, source=None, recipients=[], size=0))
    with database.transaction() as session:
        session.add(ReceivedMail(id=1, received_at=sample.NOW, source="smtp", recipients=[], size=0))
    with pytest.raises(IntegrityError) as twice, database.transaction() as session:
        session.add(ReceivedMail(id=1, received_at=sample.NOW, source="smtp", recipients=[], size=0))
    assert (is_conflict(missing.value), is_ours(missing.value)) == (False, False)
    assert (is_conflict(twice.value), is_ours(twice.value)) == (True, True)


def test_what_is_too_much_for_the_database_is_no_outage() -> None:
    """PostgreSQL's driver has it among the faults that pass; this one does not, however often it is tried."""
    too_much = OperationalError("INSERT", {}, psycopg.errors.ProgramLimitExceeded("index row size exceeds the maximum"))
    gone = OperationalError("INSERT", {}, psycopg.errors.AdminShutdown("terminating connection"))
    assert (is_ours(too_much), is_ours(gone)) == (False, True)


def test_a_race_that_is_always_lost_is_a_fault_of_the_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process is quicker once or twice; a mail that hits a row that is there each time goes to a person."""
    mail_id = world.send(sample.mail(ANN, "Again and again"))
    flush = Writes.flush

    def flush_twice(writes: Writes, session: Session) -> None:
        flush(writes, session)
        session.execute(insert(Disposition).from_select(_COLUMNS, select(*(getattr(Disposition, c) for c in _COLUMNS))))

    with monkeypatch.context() as broken:
        broken.setattr(Writes, "flush", flush_twice)
        for _ in range(RACES):
            world.handle()
            assert (row(world, mail_id).attempts, row(world, mail_id).waiting) == (0, True)
            world.clock.forward(seconds=61)
        for _ in range(3):
            world.handle()
            world.clock.forward(seconds=61)
    done = world.disposition(mail_id)
    assert (done.kind, done.rule) == ("held", "failed")


def test_an_outage_is_a_few_lines() -> None:
    """The first fault with its traceback, reminders at growing intervals, and one line at the end."""
    now = [0.0]
    outage = Outage("the disk", clock=lambda: now[0])
    with capture_logs() as lines:
        outage.worked()
        waits = []
        for _ in range(4000):
            waits.append(outage.failed(OSError("gone")))
            now[0] += 1
        outage.worked()
        outage.worked()
    assert waits[:6] == [1, 5, 15, 60, 60, 60]
    assert pause(0) == 1
    assert ["exc_info" in line for line in lines] == [True] + [False] * (len(lines) - 1)
    seconds = [line["seconds"] for line in lines[1:-1]]
    assert seconds == [60, 180, 420, 900, 1860, 3780]
    assert lines[-1]["event"] == "a part works again"
    assert (lines[-1]["faults"], lines[-1]["seconds"]) == (4000, 4000)
