"""No statement on the way of a mail may read a whole table that grows: asked of SQLite's own planner."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from desk import clockwork, digests, due_letters, reminders
from desk.files import FilePolicy
from desk.keys import Keys
from desk.status import snapshot
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.envelope import Envelope
from gateway.intake import Intake
from gateway.rules import Rules
from gateway.spool import Spool
from store.blobs import FolderBlobs
from store.database import Database
from store.migrations import upgrade
from tests.gateway.desk_world import WORDS

SMALL = ("staff", "team", "team_member", "tally", "id_block", "number_series", "process")
MAIL = (
    b"From: Jane <jane%d@customer.test>\r\nTo: service@desk.test\r\nSubject: Trouble %d [T20190409.0967]\r\n"
    b"Message-ID: <%d@customer.test>\r\nIn-Reply-To: <other@customer.test>\r\n\r\nHello\r\n"
)


@pytest.fixture
def statements(tmp_path: Path) -> dict[str, object]:
    """Every statement of taking in, handling and counting some mail, with its parameters."""
    database = Database(f"sqlite:///{tmp_path}/desk.db")
    upgrade(database)
    seen: dict[str, object] = {}

    def note(_c: object, _cursor: object, statement: str, parameters: object, _x: object, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many else parameters)  # type: ignore[index]

    event.listen(database.engine, "before_cursor_execute", note)
    keys = Keys.parse(Keys.new_line(1))
    addresses = Addresses((DeskAddress("service@desk.test"),), keys, "desk.test")
    blobs = FolderBlobs(tmp_path / "blobs")
    rules = Rules(ZoneInfo("UTC"), "here", FilePolicy(1_000_000, 20, frozenset()), WORDS)
    spool = Spool(database, blobs)
    for n in range(8):
        spool.accept(Envelope("", ("service@desk.test",), "smtp"), MAIL % (n, n, n))
    spool.close()
    Intake(database, blobs, addresses, rules).drain_once()
    with database.reading() as session:
        snapshot(session, datetime.now(UTC))
    with database.transaction() as session:
        _timers(session, database, datetime.now(UTC))
    database.close()
    return seen


def _timers(session: Session, database: Database, now: datetime) -> None:
    """What runs every minute."""
    next_id, plan = database.ids.next, reminders.Plan()
    clockwork.complete(session, next_id, now, timedelta(days=14), lock=False)
    clockwork.tell_of_due(session, next_id, now)
    due_letters.tell(session, next_id, now, lock=False)
    reminders.remind(session, next_id, now, plan, lock=False)
    reminders.close(session, next_id, now, plan, lambda: "", lock=False)
    digests.of(session, [1, 2, 3])


def test_no_statement_reads_a_whole_table(statements: dict[str, object], tmp_path: Path) -> None:
    """Each one searches by an index, or runs over a partial index that holds only what waits."""
    slow = []
    with sqlite3.connect(tmp_path / "desk.db") as connection:
        for statement, parameters in statements.items():
            if not statement.startswith(("SELECT", "UPDATE", "DELETE")) or "1!=1" in statement:
                continue
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]  # type: ignore[arg-type]
            slow += [
                (step, statement)
                for step in plan
                if step.startswith("SCAN ")
                and "USING INDEX ix_" not in step
                and step.split()[1] not in SMALL
                and not step.startswith(
                    ("SCAN anon_", "SCAN (subquery")
                )  # what another step of the same statement found
            ]
    connection.close()
    assert not slow
    assert len(statements) > 20
