"""What is kept for so many days: letters that have to stay, and bytes that rows name."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from desk import retention
from desk.retention import Gone
from store.database import Database
from store.migrations import upgrade
from store.tables import Attachment, Delivery, Event, Outbox, Pending, ReceivedMail
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NOW

BEFORE = NOW - timedelta(days=30)
OLD = NOW - timedelta(days=300)


def letter(database: Database, done: datetime | None, state: str = "sent") -> int:
    """A letter of long ago, and one attempt to send it."""
    with database.transaction() as session:
        made = Outbox(
            id=database.ids.next(), kind="update", recipient=ANN, state=state, next_at=OLD, created_at=OLD, done_at=done
        )
        session.add(made)
        session.flush()
        session.add(Delivery(id=database.ids.next(), outbox_id=made.id, at=OLD, result="sent"))
        return made.id


def forget(database: Database, mark: str) -> Gone:
    """One step."""
    with database.transaction() as session:
        return retention.letters(session, BEFORE, mark)


def test_letters_that_stay_are_not_in_the_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lowest ids are of letters that wait, or were never done: those behind them go, and later they do too."""
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "LOOKED_AT", 3)
    stay = [letter(database, None, "waiting") for _ in range(4)] + [letter(database, NOW) for _ in range(4)]
    for _ in range(5):
        letter(database, OLD)
    counts, gone = [], Gone(mark="0")
    while gone.mark:
        gone = forget(database, gone.mark)
        counts.append(gone.count)
        assert len(counts) < 20
    assert (sum(counts), max(counts)) == (5, 2)
    with database.transaction() as session:
        assert list(session.scalars(select(Outbox.id).order_by(Outbox.id))) == stay
        assert set(session.scalars(select(Delivery.outbox_id))) == set(stay)
        first = session.get_one(Outbox, stay[0])
        first.state, first.done_at = "refused", OLD
    assert forget(database, gone.mark).count == 1


DIGESTS = [f"{n:064x}" for n in range(6)]


@pytest.fixture
def desk(database: Database) -> Database:
    """Three digests that rows of each sort name, one of a command that was done, and two that nothing names."""
    people, new = sample.fill(database), database.ids.next
    known: dict[str, Any] = {"commands": [], "created_at": NOW, "expires_at": NOW}
    with database.transaction() as session:
        note = Event(id=new(), ticket_id=people.ticket, at=NOW, kind="note", visibility="public", text="Help.")
        session.add(note)
        session.flush()
        session.add_all(
            [
                Attachment(id=new(), ticket_id=people.ticket, event_id=note.id, name="a", type="text/plain", size=5,
                           digest=DIGESTS[0]),
                ReceivedMail(id=new(), received_at=NOW, source="smtp", recipients=[], size=5, blob=DIGESTS[1],
                             waiting=False),
                Pending(id=new(), body={"file": DIGESTS[2]}, **known),
                Pending(id=new(), body={"file": DIGESTS[3]}, done_at=NOW, **known),
            ]
        )  # fmt: skip
    return database


def test_what_rows_name_is_used(desk: Database) -> None:
    """By a file, a mail, a command that waits: all others may go."""
    with desk.reading() as session:
        assert retention.unused(session, DIGESTS) == set(DIGESTS[3:])
        assert retention.unused(session, []) == set()


def test_no_table_is_read_as_a_whole(tmp_path: Path) -> None:
    """SQLite takes the index of mails that have bytes of their own; what waits for a “confirm” is little."""
    database, seen = Database(f"sqlite:///{tmp_path}/desk.db"), list[tuple[str, Any]]()
    upgrade(database)
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, said, words, *_: seen.append((said, words)))
    with database.reading() as session:
        retention.unused(session, DIGESTS)
        asked = [(said, words) for said, words in seen if said.startswith("SELECT") and "FROM pending" not in said]
        plans = [
            row[3]
            for said, words in asked
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", words)
        ]
    database.close()
    assert len(asked) == 2
    assert [step for step in plans if step.startswith("SCAN")] == []
