"""The database is locked, or goes away in the middle of a commit: nothing is lost, and nothing is done twice."""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from store.tables import Outbox, ReceivedMail
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient, sending, sink
from tests.e2e.world import assert_ledger, letter_states, mail, outcomes, send_raw
from tests.faults.hurried import BUSY, Hurried
from tests.faults.losing import Losing
from tests.peers.common import wait_for
from tests.peers.desk import Desk
from tests.servers import Postgres


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program writes to the SQLite file, and does not come to an end: it knows nothing of our lock."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def raw(name: str) -> bytes:
    """A mail with line ends as on the wire."""
    message = mail(f"{name}@customer.test", f"Sample {name}")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


@pytest.mark.attack(86)
@pytest.mark.timeout(300)
def test_sqlite_is_locked_for_longer_than_we_wait() -> None:
    """451 once the wait is over; pages and lists can be read meanwhile; then mail is taken again."""
    with Hurried(BUSY, ("smtp", "work", "deliver", "portal"), settings=FREELY) as desk:
        assert send_raw(desk.smtp, raw("before")).startswith(b"250")
        desk.wait_handled(1)
        with locked(desk.folder / "desk.db"):
            refused = send_raw(desk.smtp, raw("meanwhile"))
            assert refused.startswith(b"451 4.3.0"), refused
            assert "before@customer.test" in desk.run("mail", "list")
            assert httpx2.get(f"{desk.url}/", follow_redirects=True).status_code == 200
            wait_for(lambda: "a part does not work" in desk.log(), f"the fault in the log\n{desk.log()}", 60)
            assert send_raw(desk.smtp, raw("meanwhile")).startswith(b"451 4.3.0")
        wait_for(lambda: send_raw(desk.smtp, raw("after")).startswith(b"250"), "a mail that is taken", 60)
        desk.wait_handled(desk.accepted())
        wait_for(lambda: letter_states(desk).keys() == {"sent"}, f"all letters\n{desk.log()[-3000:]}", 90)
        assert {kind for kind, _ in outcomes(desk)} == {"opened"}
        assert_ledger(desk)


@pytest.mark.attack(86)
@pytest.mark.timeout(300)
def test_sqlite_is_locked_for_a_minute() -> None:
    """With the wait that we ship: whoever is there hears 451 or 250 in the end, and what was taken is a ticket each."""
    with (
        Patient(("smtp", "work", "deliver", "portal"), settings=FREELY) as desk,
        ThreadPoolExecutor(3) as clients,
    ):
        assert send_raw(desk.smtp, raw("before")).startswith(b"250")
        desk.wait_handled(1)
        end = time.monotonic() + 60
        with locked(desk.folder / "desk.db"):
            waiting = [clients.submit(send_raw, desk.smtp, raw(f"meanwhile{n}"), patience=150) for n in range(3)]
            wait_for(lambda: time.monotonic() > end, "the minute to be over", 90)
        replies = [client.result(150)[:9] for client in waiting]
        assert set(replies) <= {b"250 2.0.0", b"451 4.3.0"}
        wait_for(lambda: send_raw(desk.smtp, raw("after")).startswith(b"250"), "a mail that is taken", 90)
        desk.wait_handled(2 + replies.count(b"250 2.0.0"), 90)
        assert {kind for kind, _ in outcomes(desk)} == {"opened"}
        assert_ledger(desk)


@pytest.mark.attack(86)
@pytest.mark.timeout(700)
def test_commits_whose_end_nobody_learns_of(postgres: Postgres) -> None:
    """Each seventh is lost, before or after it is done: one ticket a mail, each letter once, no wait for a lease."""
    count = 40
    with sink() as relay, Losing(postgres.fresh_database(), 7) as way:
        settings = {**FREELY, "WORK__BATCH": "4", "WORK__MAX_ATTEMPTS": "50", **relay.settings}
        with Patient(("smtp", "work", "deliver"), url=way.url, settings=settings) as desk:
            mails = [mail(f"c{number}@customer.test", f"Commit {number}") for number in range(count)]
            way.armed.set()
            with sending({desk.smtp: mails}) as (sender,):
                wait_for(lambda: sender.done, f"all mails handed over\n{desk.log()[-3000:]}", 120)
                wait_for(lambda: way.after >= 10, f"ten commits without an answer, not {way.after}", 300)
            way.armed.clear()
            desk.database.engine.dispose()
            desk.wait_handled(desk.accepted(), 120)
            wait_for(lambda: letter_states(desk) == {"sent": 2 * count}, f"letters: {_unsent(desk)}", 120)
            found = outcomes(desk)
            opened = [number for kind, number in found if kind == "opened"]
            assert len(opened) == len(set(opened)) == count
            assert {kind for kind, _ in found} <= {"opened", "ignored"}  # ignored: sent again after a lost 250
            assert_ledger(desk)
            _check_letters(desk, relay.got)
            assert _claimed(desk) == []


def _unsent(desk: Desk) -> str:
    with desk.database.reading() as session:
        rows = session.execute(select(Outbox.id, Outbox.state, Outbox.next_at, Outbox.lease_until)).all()
    return f"{[row for row in rows if row.state != 'sent']}\n{desk.log()[-2000:]}"


def _check_letters(desk: Desk, got: Counter[tuple[str, str]]) -> None:
    """Nothing was between the relay's 250 and our commit but commits that failed: those are tried again."""
    with desk.database.reading() as session:
        rows = session.execute(select(Outbox.recipient, Outbox.message_id)).all()
    assert set(got) == {(row.recipient.lower(), row.message_id) for row in rows}
    assert set(got.values()) == {1}


def _claimed(desk: Desk) -> list[int]:
    with desk.database.reading() as session:
        return list(session.scalars(select(ReceivedMail.id).where(ReceivedMail.waiting)))
