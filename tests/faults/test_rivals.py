"""Two machines at one mailbox, four workers at one queue: each mail is taken once, and handled once."""

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from store.tables import ReceivedMail
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient
from tests.e2e.world import assert_ledger, mail, outcomes
from tests.peers.common import wait_for
from tests.servers import Dovecot

pytestmark = pytest.mark.peer
MAILBOX = """
[[mailbox]]
name = "service"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password = "pw"
idle_minutes = 0
poll_seconds = 0.2
batch = 5
"""
COUNT = 60


class Second(Patient):
    """The same desk once more: its settings, key and database, and processes of its own."""

    def __init__(self, first: Patient) -> None:
        super().__init__(("imap", "work"), workers=2)
        self.folder, self.database, self.environment = first.folder, first.database, first.environment

    def __enter__(self) -> "Second":
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Dovecot, Patient, Patient]]:
    """A mailbox, and two desks that are one."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    settings = {**FREELY, "WORK__BATCH": "1"}
    with Dovecot() as dovecot:
        extra = MAILBOX.format(port=dovecot.port)
        with Patient(("imap", "work"), url=url, settings=settings, workers=2, extra=extra) as one, Second(one) as other:
            yield dovecot, one, other


@pytest.mark.attack(89)
@pytest.mark.timeout(300)
def test_each_mail_once(two: tuple[Dovecot, Patient, Patient]) -> None:
    """Also when the machine that reads is killed, and the other one takes over."""
    dovecot, one, other = two
    mails = [bytes(mail(f"r{number}@customer.test", f"Rivals {number}")) for number in range(COUNT)]
    dovecot.put(*mails[: COUNT // 2])
    wait_for(lambda: one.accepted() >= 10, f"the first mails\n{one.log()[-3000:]}", 60)
    one.kill()  # it may be the one that reads; the leases of the dead are seen by the other, on the same machine
    dovecot.put(*mails[COUNT // 2 :])
    one.start()
    wait_for(lambda: not dovecot.mails(), f"an empty mailbox\n{one.log()[-3000:]}", 120)
    one.wait_handled(one.accepted(), 120)
    found = outcomes(one)
    opened = [number for kind, number in found if kind == "opened"]
    assert len(opened) == len(set(opened)) == COUNT
    assert {kind for kind, _ in found} <= {"opened", "ignored"}  # ignored: kept, and not moved before the kill
    assert_ledger(one)
    with one.database.reading() as session:
        assert not session.scalars(select(ReceivedMail.id).where(ReceivedMail.waiting)).all()
    assert other.process.poll() is None
