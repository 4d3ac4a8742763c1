"""A power cut, by a disk that drops what was not synced: whatever was answered for is there."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.crash.crashing import batch, crash
from tests.crash.disk import require_disks
from tests.crash.invariants import lost, violations
from tests.crash.scene import Scene, on_disks, scene
from tests.servers import Postgres, wait_for

pytestmark = [pytest.mark.attack(87), pytest.mark.timeout(1200)]

# Point and pass. At the third mail that is kept two others have just been answered for: only a sync saves them.
POINTS = (
    ("listener.kept", 3),
    ("blob.renamed", 1),
    ("intake.committed", 1),
    ("relay.answered", 2),
    ("folder.renamed", 1),
    ("mailbox.moved", 2),
)
# Our connections ask for synchronous_commit themselves, whatever the default of the server is; and no clock of it saves
# a commit that nobody waited for.
REAL = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "off", "wal_writer_delay": "10s"}


@pytest.fixture(params=["sqlite", "postgres"])
def powered(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A desk whose files, and whose database, lie on disks that forget."""
    require_disks()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Postgres(**REAL)) if request.param == "postgres" else None
        found = stack.enter_context(scene(server.fresh_database() if server else "", mailboxes=True))
        yield stack.enter_context(on_disks(found, server))


def test_power_cut_loses_nothing_that_was_answered_for(powered: Scene) -> None:
    """Cut at six points, and once in the middle of everything: mails, tickets, files and letters are there.

    What a mailbox was rid of, and what a pipe took with exit code 0, was answered for as well.
    """
    for point, number in POINTS:
        assert crash(powered, point, number, "power") == [], f"after {point}\n{powered.desk.log()[-3000:]}"
    for ways in (("smtp", "lmtp"), ("pipe",), ("smtp", "lmtp"), ("mailbox", "plain mailbox"), ("pipe",)):
        powered.send(batch(powered, ways))
    told = sum(one.told for one in powered.sent) + 3
    wait_for(lambda: sum(one.told for one in powered.sent) >= told or powered.handed_over, "some mails taken", 60)
    powered.power_cut()  # this time the service still runs when the power goes
    assert lost(powered) == []
    powered.note_window()
    powered.desk.start()
    powered.rest()
    assert violations(powered, strict=True) == []
