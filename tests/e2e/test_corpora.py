"""All mails of the public corpora, read by `explain` and taken in over real SMTP, twice."""

import json
import os
import re
import smtplib
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from store.tables import Event, Ticket
from tests.e2e.conftest import FREELY
from tests.e2e.world import CHECKOUT, Shell, assert_ledger, files
from tests.peers.desk import DESK, Desk

CORPORA = Path(os.environ.get("CORPORA") or CHECKOUT.parent / "shared" / "corpora")
SENDER = "corpus@sample.test"
_LINE_END = re.compile(rb"\r\n|\r|\n")


@pytest.fixture(scope="module")
def rows() -> list[Path]:
    """The mails of the index."""
    index = CORPORA / "index.jsonl"
    if not index.is_file():
        pytest.skip(f"the corpora are not in {CORPORA}: name their folder in CORPORA")
    return [CORPORA / json.loads(line)["file"] for line in index.read_text(encoding="utf-8").splitlines()]


def test_explain_answers_every_mail(rows: list[Path], tmp_path: Path) -> None:
    """One JSON object for each mail, in order; none is left out, whatever it holds."""
    said = Shell(tmp_path).run("explain", "--json", *map(str, rows), bare=True)
    answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [answer["file"] for answer in answers] == [str(row) for row in rows]


@pytest.mark.timeout(600)
def test_every_mail_comes_in_twice_and_counts_once(rows: list[Path]) -> None:
    """Each mail has an outcome, the ledger adds up, all attachments are there, and the second round changes nothing."""
    mails = [_LINE_END.sub(b"\r\n", row.read_bytes()) for row in rows]
    settings = {
        **FREELY,
        "CAPS__NEW_TICKETS_PER_SENDER_2H": "100000",
        "CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "100000",
    }
    with Desk(("smtp", "work"), settings=settings) as desk:
        _hand_over(desk, mails)
        desk.wait_handled(len(mails), 240)
        assert_ledger(desk)
        first = _counts(desk)
        assert first["opened"] > len(mails) // 4
        assert files(desk)
        _hand_over(desk, mails)
        desk.wait_handled(2 * len(mails), 240)
        assert_ledger(desk)
        second = _counts(desk) - first
        assert set(second) <= {"ignored", "held"}, second
        failed = [d.reason for d in desk.dispositions() if d.rule in ("failed", "reader-failed")]
        assert failed == []


def _hand_over(desk: Desk, mails: list[bytes]) -> None:
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=30) as client:
        for raw in mails:
            client.sendmail(SENDER, DESK, raw)


def _counts(desk: Desk) -> Counter[str]:
    counts = Counter(found.kind for found in desk.dispositions())
    with desk.database.reading() as session:
        for table in (Ticket, Event):
            counts[table.__name__] = session.scalar(select(func.count()).select_from(table)) or 0
    return counts
