"""The schema changes while processes of two releases run; the newer release is a copy of this one with more steps."""

import contextlib
import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient, Senders, sending
from tests.e2e.world import CHECKOUT, assert_ledger, mail, outcomes
from tests.peers.common import free_port
from tests.peers.desk import Desk
from tests.servers import wait_for

ROLES = ("smtp", "work", "deliver", "schedule")
PARTS = ("postdesk", "gateway", "desk", "store", "portal", "templates", "config")
STEP = '''"""{what}."""

import sqlalchemy as sa
from alembic import op

from store.migrations.indexes import add_index

revision = "{revision}"
down_revision = "{before}"
{more}

def upgrade() -> None:
    """Forward."""
    {upgrade}
'''
MOVE = '''

def move(connection: sa.Connection, most: int) -> int:
    """So many more."""
    some = "SELECT id FROM ticket WHERE mood IS NULL LIMIT :most"
    return connection.execute(sa.text(f"UPDATE ticket SET mood = 'calm' WHERE id IN ({some})"), {"most": most}).rowcount
'''
ADDS = """op.add_column("ticket", sa.Column("mood", sa.String(20), nullable=True))
    op.create_table("colour", sa.Column("id", sa.Integer(), primary_key=True))"""
STEPS = (
    ("Tickets have a mood", "", ADDS, ""),
    ("Tickets are found by mood", "concurrently = True\n", 'add_index("ix_ticket_mood", "ticket", ["mood"])', ""),
    ("Old tickets get a mood", 'phase = "move"\n', "pass", MOVE),
    ("Tickets need no colour", 'phase = "contract"\noldest = "{first}"\n', 'op.drop_table("colour")', ""),
)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next release: a copy of this one with four more steps."""
    root = tmp_path_factory.mktemp("newer")
    for part in PARTS:
        shutil.copytree(CHECKOUT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    versions = root / "store" / "migrations" / "versions"
    last = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    first = f"{int(last) + 1:04d}"
    for number, (what, more, upgrade, after) in enumerate(STEPS, int(first)):
        revision, before = f"{number:04d}", f"{number - 1:04d}"
        filled = STEP.format(
            what=what, revision=revision, before=before, more=more.format(first=first), upgrade=upgrade
        )
        (versions / f"{revision}_next.py").write_text(filled + after, encoding="utf-8")
    return root


class Newer(Patient):
    """A process of the next release on the desk of an older one; it takes no mail from the net."""

    def __init__(self, old: Desk, code: Path) -> None:
        super().__init__(("work", "deliver", "schedule"), settings=FREELY)
        self.folder, self.database = old.folder, old.database
        self.environment = {**old.environment, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        self.environment["POSTDESK_SMTP__PORT"] = str(free_port())

    def __enter__(self) -> "Newer":
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "process"):
            self.stop()


@contextlib.contextmanager
def mails_coming(desk: Desk) -> Iterator[Senders]:
    """One after the other, until the end of the block."""

    def made(number: int) -> EmailMessage:
        return mail(f"u{number}@customer.test", f"While it changes {number}")

    with sending({desk.smtp: [made(number) for number in range(5000)]}) as (senders,):
        yield senders


def come_further(desk: Desk) -> None:
    """Mail still becomes tickets, or this ends in an error."""
    before = len(desk.dispositions())
    wait_for(lambda: len(desk.dispositions()) >= before + 3, f"more tickets\n{desk.log()[-3000:]}", 180)


@pytest.mark.attack(90)
@pytest.mark.timeout(900)  # a minute on a machine that does nothing else
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_releases_at_once(request: pytest.FixtureRequest, newer: Path, kind: str) -> None:
    """Old and new side by side, restarted in between; nothing goes as long as an old one lives; no mail is lost."""
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres").fresh_database()
    with Patient(ROLES, url=url, settings=FREELY) as old, Newer(old, newer) as new:
        with mails_coming(old) as senders:
            come_further(old)
            wait_for(lambda: "work" in old.run("processes"), "the processes in their table", 120)
            first = _expanded(new)
            come_further(old)
            old.stop()
            old.start()
            old.run("mail", "list")
            come_further(old)
            new.start()
            wait_for(lambda: f"schema {int(first) + 3:04d}" in new.run("processes"), "the new processes", 120)
            come_further(old)
            senders.stop.set()
            senders.join(60)
            old.wait_handled(senders.kept)
            assert old.stop() == 0
        _contracted(new)
        assert "Install the version that the other machines run." in old.run("check", code=78)
        assert "wants a Postdesk that knows" in old.run("serve", code=78)
        assert new.stop() == 0
        found = outcomes(old)
        assert {kind for kind, _ in found} <= {"opened", "ignored"}
        opened = [number for kind, number in found if kind == "opened"]
        assert len(opened) == len(set(opened)) >= senders.kept
        assert_ledger(old)


def _expanded(new: Newer) -> str:
    """All that adds or moves is done, and what takes away waits; the first of the new steps."""
    shown = new.run("migrate", "--show").splitlines()
    assert [line.partition(" ")[2] for line in shown[1:5]] == [
        "adds: Tickets have a mood",
        "adds: Tickets are found by mood",
        "moves data: Old tickets get a mood",
        "takes away: Tickets need no colour",
    ]
    assert "waits for processes that know only older schemas" in shown[5]
    said = new.run("migrate", code=75)
    assert "takes away what older processes still use, and these live" in said
    assert "takes away what older processes still use, and these live" in new.run("migrate", "--later")
    with new.database.engine.connect() as connection:
        found = inspect(connection)
        assert "ix_ticket_mood" in {index["name"] for index in found.get_indexes("ticket")}
        assert found.has_table("colour")
        assert connection.execute(text("SELECT count(*) FROM ticket WHERE mood = 'calm'")).scalar()
    return shown[1].partition(" ")[0]


def _contracted(new: Newer) -> None:
    """The old ones have taken themselves off: nothing is in the way."""
    assert "takes away: Tickets need no colour" in new.run("migrate")
    with new.database.engine.connect() as connection:
        assert not inspect(connection).has_table("colour")
    assert "nothing to do" in new.run("migrate", "--show")
