"""Waiting in IDLE against a real Dovecot: mail comes at once, every fault ends in a new connection, none is lost."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.imap_wire import OverBudget
from gateway.mailbox import MailboxPoller
from gateway.mailbox_patience import FAULTS, Patience
from tests.gateway.hostile_imap import DONE, hostile_imap, says, tells
from tests.gateway.mailbox_world import Desk, Spool, mail, running
from tests.servers import Dovecot, wait_for

FAR = 3600.0  # whatever arrives in a test did not arrive by a poll


@pytest.fixture(scope="module")
def shared() -> Iterator[Dovecot]:
    """One Dovecot with a user per test."""
    with Dovecot(users=tuple((f"desk{number}", "pw") for number in range(100))) as server:
        yield server


_users = iter(range(100))


@pytest.fixture
def desk(shared: Dovecot) -> Desk:
    """A fresh mailbox."""
    return Desk(shared, f"desk{next(_users)}")


def waits(desk: Desk, **changes: Any) -> MailboxPoller:
    """A poller that only IDLE can wake."""
    return desk.poller(**{"poll_seconds": FAR, "idle_seconds": FAR} | changes)


def idles(poller: MailboxPoller) -> None:
    """Until it waits in IDLE."""
    wait_for(lambda: poller.state.mode == "idle", "the wait in IDLE", 60)


@pytest.mark.peer
def test_mail_comes_without_a_poll(desk: Desk) -> None:
    """The server tells of each mail; one connection serves for all of them."""
    poller = waits(desk)
    with running(poller):
        idles(poller)
        for number in range(3):
            desk.put(mail(number))
            wait_for(lambda count=number + 1: len(desk.spool.mails) == count, f"mail {number}", 60)  # type: ignore[misc]
        wait_for(lambda: len(desk.mails("Processed")) == 3, "the moves", 60)
    assert desk.spool.mails == [mail(0), mail(1), mail(2)]
    assert poller.state.last_error == ""


@pytest.mark.peer
def test_flags_of_others_are_no_mail(desk: Desk) -> None:
    """Another client that marks mails is told to us as well, and no reason to look."""
    desk.put(mail(0), folder="Processed")
    poller = waits(desk, folder="Processed", processed="Done")
    with running(poller):
        idles(poller)
        desk.put(mail(1), folder="Processed")
        wait_for(lambda: len(desk.spool.mails) == 2, "the mail", 60)
    assert len(desk.mails("Done")) == 2


@pytest.mark.peer
def test_a_stop_ends_the_wait_at_once(desk: Desk) -> None:
    """SIGTERM does not wait for the server, and the wait costs no processor time."""
    poller = waits(desk)
    begun = time.process_time()
    with running(poller):
        idles(poller)
    assert time.process_time() - begun < 5  # a busy loop would be at it for the whole wait of `running`


@pytest.mark.peer
def test_the_server_restarts_while_we_wait() -> None:
    """The end of the connection is noticed, and mail that comes after it is taken."""
    with Dovecot() as server:
        desk = Desk(server, "desk")
        poller = waits(desk)
        with running(poller):
            idles(poller)
            server.stop()
            server.start()
            desk.put(mail(1))
            wait_for(lambda: desk.mails("Processed") == [mail(1)], "the mail after the restart", 60)
    assert desk.spool.mails == [mail(1)]


@pytest.mark.peer
def test_the_servers_process_is_killed_while_we_wait() -> None:
    """An end of file is no reason for a busy loop: it is a fault, and a new connection follows."""
    with Dovecot() as server:
        desk = Desk(server, "desk")
        poller = waits(desk)
        with running(poller):
            idles(poller)
            server.kill_sessions()
            wait_for(lambda: poller.state.failures, "the fault", 60)
            desk.put(mail(1))
            wait_for(lambda: desk.mails("Processed") == [mail(1)], "the mail", 60)
            wait_for(lambda: not poller.state.failures, "the end of the fault", 60)
    assert "closed the connection" in poller.state.last_error
    assert desk.spool.mails == [mail(1)]


@pytest.mark.peer
def test_the_wait_is_renewed_and_looks_in_any_case(desk: Desk) -> None:
    """A notice that never came costs one wait, not the mail."""
    poller = waits(desk, idle_seconds=0.05)
    with running(poller):
        idles(poller)
        first = poller.state.last_success
        wait_for(lambda: poller.state.last_success != first, "another look", 60)
        desk.put(mail(1))
        wait_for(lambda: desk.mails("Processed") == [mail(1)], "the mail", 60)


@pytest.mark.peer
def test_a_server_without_idle_is_polled() -> None:
    """What is not offered is not asked for."""
    with Dovecot(extra="imap_capability = IMAP4rev1 UIDPLUS MOVE") as server:
        desk = Desk(server, "desk")
        poller = desk.poller(poll_seconds=0.05)
        with running(poller):
            wait_for(lambda: poller.state.mode == "poll", "polling", 60)
            desk.put(mail(1))
            wait_for(lambda: desk.mails("Processed") == [mail(1)], "the mail", 60)
    assert poller.state.last_error == ""


@pytest.mark.peer
def test_one_mailbox_that_fails_disturbs_no_other(desk: Desk, shared: Dovecot) -> None:
    """Each has a thread and a connection of its own."""
    other = Desk(shared, f"desk{next(_users)}")
    broken = MailboxPoller(replace(other.config(), password="wrong"), other.spool.submit)
    poller = waits(desk)
    with running(broken), running(poller):
        wait_for(lambda: broken.state.failures, "the fault", 60)
        desk.put(mail(1))
        wait_for(lambda: desk.spool.mails == [mail(1)], "the mail of the other", 60)


IDLES = says(b"* CAPABILITY IMAP4rev1 MOVE IDLE\r\n" + DONE)


def hostile(port: int, spool: Spool, **changes: Any) -> MailboxPoller:
    """A poller of a hostile server."""
    from gateway.mailbox import MailboxConfig

    values: dict[str, Any] = {"tls": "none", "timeout": 2.0, "poll_seconds": FAR, "idle_seconds": FAR} | changes
    return MailboxPoller(MailboxConfig("sample", "127.0.0.1", port, "desk", "secret-word", **values), spool.submit)


@pytest.mark.parametrize(
    "told, words",
    [
        (b"+ idling\r\n" + b"* 1 FETCH (FLAGS (\\Seen))\r\n" * 60_000, OverBudget.__name__),
        (b"+ idling\r\n" + b"x" * 1_200_000, OverBudget.__name__),
        (b"+ idling\r\n* BYE go away\r\n", "says goodbye"),
        (b"+ idling\r\nnot", "closed the connection"),
        (b"* 7 EXISTS\r\n" * 90_000, OverBudget.__name__),
        (b"garbage\r\n", "unexpected response"),
    ],
    ids=["flood", "line", "bye", "half", "before", "garbage"],
)
def test_a_wait_is_bounded(told: bytes, words: str) -> None:
    """A server that floods, or leaves, ends the wait; the words say how, and the mail was taken once."""
    spool = Spool()
    with hostile_imap(CAPABILITY=IDLES, IDLE=tells(told, close=True)) as server:
        poller = hostile(server.server_address[1], spool)
        with running(poller):
            wait_for(lambda: words in poller.state.last_error, words, 60)
    assert len(spool.mails) == 1


def test_a_server_that_refuses_idle_is_polled() -> None:
    """It offers IDLE and says NO: it is asked now and then, and that is no fault."""
    with hostile_imap(
        CAPABILITY=IDLES, IDLE=says(b"TAG NO not for you\r\n"), SEARCH=says(b"* SEARCH\r\n" + DONE)
    ) as server:
        poller = hostile(server.server_address[1], Spool(), poll_seconds=0.05)
        with running(poller):
            wait_for(lambda: poller.state.mode == "poll", "polling", 60)
            wait_for(lambda: sum(b"SELECT" in line for line in server.seen) > 3, "some polls", 60)
    assert poller.state.failures == 0
    assert sum(b"IDLE" in line for line in server.seen) == 2


def test_a_mail_that_the_server_only_says_it_moved_is_kept_once() -> None:
    """It would come in again with every visit, for ever."""
    spool = Spool()
    with hostile_imap(CAPABILITY=IDLES, IDLE=tells(b"+ idling\r\n* 1 EXISTS\r\n")) as server:
        poller = hostile(server.server_address[1], spool)
        with running(poller):
            wait_for(lambda: sum(b"MOVE" in line for line in server.seen) > 2, "some moves", 60)
    assert len(spool.mails) == 1
    assert "still there" in poller.state.last_error


def test_a_silent_server_does_not_hold_up_the_end() -> None:
    """The wake-up ends a wait for a line that never comes."""
    from gateway.imap_wire import BoundedClient
    from gateway.stopping import Stop

    with hostile_imap() as server, Stop() as stop:
        client = BoundedClient("127.0.0.1", server.server_address[1], 30.0, None)
        threading.Timer(0.05, stop.set).start()
        assert client.line_or_wake(FAR, stop.fileno()) is None
        client.shutdown()


def test_stop_wakes_all_who_wait() -> None:
    """One request, many waiters, and it stays readable; set twice does no harm."""
    import select

    from gateway.stopping import Stop

    with Stop() as stop:
        assert select.select([stop], [], [], 0)[0] == []
        stop.set()
        stop.set()
        assert select.select([stop], [], [], 0)[0] == [stop]
        assert select.select([stop], [], [], 0)[0] == [stop]


def test_patience_is_learnt() -> None:
    """A habit of the server shortens the wait; several faults in a row end it for a while."""
    patience = Patience(300)
    assert patience.cut(200)
    assert patience.seconds == 150
    assert patience.cut(30)
    assert patience.seconds == 60
    for _ in range(FAULTS):
        assert patience.allows
        assert not patience.cut(1)
    assert not patience.allows
    assert not Patience(0).allows
