"""The canary on real ways: through Postfix out and in, and through Postfix and a Dovecot mailbox."""

import email
import email.policy
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from sqlalchemy import select, update

from desk.canary import advice, flight, flights
from store.tables import Canary, Ticket
from tests.e2e.world import assert_ledger, let_time_pass
from tests.peers.desk import STAFF, Desk
from tests.servers import Dovecot, Postfix, wait_for

pytestmark = pytest.mark.peer
ROLES = ("lmtp", "work", "deliver")
# The desk's domain comes back to us by LMTP, but for the member of staff, whose letters end in the Maildir.
STAFF_STAY = f"transport_maps = inline:{{{STAFF}=virtual}}\n"
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


def through(desk: Desk, postfix: Postfix, **more: str) -> None:
    """Let a desk that is not yet started hand its letters to this Postfix."""
    chosen = {"MODE": "smtp", "HOST": "localhost", "PORT": str(postfix.port), "TLS": "none"}
    desk.environment |= {f"POSTDESK_RELAY__{name}": value for name, value in chosen.items()}
    desk.environment |= {f"POSTDESK_{name}": value for name, value in more.items()}


def opened(desk: Desk) -> list[str]:
    """The numbers of all tickets."""
    with desk.database.reading() as session:
        return list(session.scalars(select(Ticket.number)))


def test_out_by_a_relay_and_in_by_lmtp() -> None:
    """It comes back, each leg has its time, no ticket is opened, no letter written; list and ledger agree."""
    desk = Desk(ROLES)
    with Postfix(lmtp_to=("127.0.0.1", desk.lmtp)) as postfix, ExitStack() as stack:
        through(desk, postfix)
        stack.enter_context(desk)
        said = desk.run("canary", "send", "--wait", "45")
        for words in ("Sent to service+c-", "The relay took it, after", "It came in", "Mail comes through."):
            assert words in said
        (flight,) = [json.loads(line) for line in desk.run("canary", "list", "--json").splitlines()]
        assert flight["state"] == "sent"
        assert flight["sent_at"] < flight["arrived_at"] <= flight["handled_at"]
        assert flight["seconds"] > 0
        assert [(found.kind, found.rule) for found in desk.dispositions()] == [("ignored", "canary")]
        assert opened(desk) == []
        assert "back after" in desk.run("canary", "list")
        assert_ledger(desk)


def test_out_by_a_relay_and_in_by_a_mailbox() -> None:
    """The same where mail is fetched over IMAP: what Postfix delivers into the mailbox is found there."""
    with Dovecot() as dovecot, Postfix() as postfix, ExitStack() as stack:
        desk = Desk(("imap", "work", "deliver"), extra=MAILBOX.format(port=dovecot.port))
        through(desk, postfix)
        stack.enter_context(desk)
        desk.run("canary", "send", "--wait", "0", code=69)
        (raw,) = postfix.mails(1)
        dovecot.put(raw)
        desk.wait_handled(1)
        assert [(found.kind, found.rule) for found in desk.dispositions()] == [("ignored", "canary")]
        with desk.database.reading() as session:
            assert session.scalars(select(Canary.handled_at)).one()


def test_one_that_is_lost_is_told_and_so_is_the_way_when_it_is_mended() -> None:
    """A relay that is down: the command says where it is stuck, the page and a letter say it, and the end of it too."""
    desk = Desk((*ROLES, "portal"))
    with Postfix(lmtp_to=("127.0.0.1", desk.lmtp), extra=STAFF_STAY) as postfix, ExitStack() as stack:
        through(desk, postfix, CANARY__EVERY_MINUTES="60", CANARY__LATE_MINUTES="15")
        postfix.stop()
        stack.enter_context(desk)
        said = desk.run("canary", "send", "--wait", "0", code=69)
        assert "Not back after 0 seconds." in said
        wait_for(lambda: "does not take it" in advice_of(desk), "a word of the relay")
        with desk.database.transaction() as session:
            session.execute(update(Canary).values(sent_at=datetime.now(UTC) - timedelta(minutes=16)))
        desk.run("timers", "run", "canary")
        assert "Mail may not come through" in page(desk)
        postfix.start()
        desk.run("canary", "send", "--wait", "45")
        desk.run("timers", "run", "canary")
        wait_for(lambda: "Mail may not come through" not in page(desk), "the page to know")
        let_time_pass(desk.database)  # the first letter waits for the relay to be tried again
        subjects = told(postfix)
        assert [word in " ".join(subjects) for word in ("may not come through", "comes through again")] == [True, True]


def advice_of(desk: Desk) -> str:
    """What `canary` would say of the latest one."""
    with desk.database.reading() as session:
        found = flight(session, flights(session, 1)[0].id)
    return str(advice(found)) if found else ""


def page(desk: Desk) -> str:
    """The status page."""
    with urlopen(desk.url, timeout=10) as answer:  # noqa: S310 - our own page
        return str(answer.read().decode())


def told(postfix: Postfix) -> list[str]:
    """Subjects of the letters to staff that went through the relay, once there are two."""

    def found() -> list[str]:
        letters = [email.message_from_bytes(raw, policy=email.policy.default) for raw in postfix.mails()]
        return [str(letter["Subject"]) for letter in letters if letter["X-Original-To"] == STAFF]

    wait_for(lambda: len(found()) >= 2, f"two letters to staff\n{postfix.log()}", 40)
    return found()
