"""A real Dovecot mailbox that Postdesk empties over IMAP."""

import pytest
from sqlalchemy import func, select

from store.tables import ReceivedMail
from tests.e2e.world import answer, assert_ledger, mail, outcomes
from tests.peers.desk import Desk
from tests.servers import Dovecot, wait_for

pytestmark = pytest.mark.peer

MAILBOX = """
[[mailbox]]
name = "service"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password = "pw"
poll_seconds = 0.2
"""


def moved(dovecot: Dovecot, count: int) -> None:
    """Wait until so many mails are in Processed and none is left where they came in."""
    wait_for(lambda: len(dovecot.mails("Processed")) == count and not dovecot.mails(), f"{count} processed mails")


@pytest.mark.feature("F69")
def test_a_mailbox_is_emptied_into_tickets_once() -> None:
    """A mail is taken, moved to Processed, answered by token, and neither a restart nor a second copy doubles it."""
    with Dovecot() as dovecot, Desk(("imap", "work", "deliver"), extra=MAILBOX.format(port=dovecot.port)) as desk:
        first = bytes(mail("Ann <ann@customer.test>", "By mailbox"))
        dovecot.put(first)
        moved(dovecot, 1)
        (receipt,) = desk.letters("ann@customer.test", wanted=1)
        number = str(receipt["X-Ticket"])
        assert outcomes(desk) == [("opened", number)]
        with desk.database.reading() as session:
            assert session.execute(select(ReceivedMail.source, ReceivedMail.peer)).all() == [("imap", "service")]

        assert desk.stop() == 0
        dovecot.put(bytes(answer("Ann <ann@customer.test>", receipt, "And one more thing.\n")))
        desk.start()
        moved(dovecot, 2)
        desk.wait_handled(2)
        assert outcomes(desk) == [("opened", number), ("noted", number)]

        dovecot.put(first)  # as after a move that the server undid
        moved(dovecot, 3)
        desk.wait_handled(3)
        assert outcomes(desk)[2:] == [("ignored", "")]
        assert len(desk.letters("ann@customer.test")) == 1
        assert_ledger(desk)


def test_a_mail_stays_in_the_mailbox_until_it_is_kept() -> None:
    """Killed at any moment, Postdesk leaves each mail in the mailbox or in its own store: none is lost or doubled."""
    with Dovecot() as dovecot, Desk(("imap", "work"), extra=MAILBOX.format(port=dovecot.port)) as desk:
        mails = [bytes(mail(f"m{n}@customer.test", f"Mailbox {n}")) for n in range(12)]
        desk.kill()
        dovecot.put(*mails)
        desk.start()
        wait_for(desk.accepted, "a first mail")
        desk.kill()
        desk.start()
        moved(dovecot, 12)
        with desk.database.reading() as session:
            accepted = session.scalar(select(func.count()).select_from(ReceivedMail)) or 0
        desk.wait_handled(accepted)
        found = outcomes(desk)
        assert sum(kind == "opened" for kind, _ in found) == 12
        assert {kind for kind, _ in found} <= {"opened", "ignored"}
        assert_ledger(desk)
