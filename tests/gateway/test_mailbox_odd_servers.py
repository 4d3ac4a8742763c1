"""Servers that leave out what others say, or do not do it: mail is taken all the same, and what stays is told."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from gateway import mailbox_book
from gateway.envelope import Envelope
from gateway.imap_session import ImapSession
from gateway.mailbox import LostLease, MailboxConfig, MailboxFailed, MailboxPoller, PollResult
from gateway.mailbox_book import DatabaseBook
from gateway.mailbox_start import Start
from gateway.mailbox_state import MailboxState
from gateway.oauth import OAuthConfig, TokenSource
from store.database import Database
from tests.gateway.hostile_imap import DONE, HostileImap, hostile_imap, says
from tests.gateway.mailbox_world import Spool
from tests.peers.token_server import TokenServer

FEWER = b"* 1 EXISTS\r\n* OK [UIDNEXT 2] ok\r\nTAG OK [READ-WRITE]\r\n"  # no UIDVALIDITY
SOLE = b"* 1 FETCH (UID 1 "


@dataclass
class World:
    """A spool, and what is kept of the mailbox in each kind of database."""

    database: Database
    spool: Spool = field(default_factory=Spool)

    def poller(self, server: HostileImap, **changes: object) -> MailboxPoller:
        """A reader that starts now."""
        values: dict[str, object] = {"tls": "none", "timeout": 3, "batch_timeout": 3} | changes
        config = MailboxConfig("sample", "127.0.0.1", server.server_address[1], "desk", "secret-word", **values)  # type: ignore[arg-type]
        return MailboxPoller(config, self.spool.submit, book=DatabaseBook(self.database, "sample"))


@pytest.fixture
def world(database: Database) -> World:
    """One without mail."""
    return World(database)


def test_a_server_without_uidvalidity(world: World) -> None:
    """All mail is taken; and that this was decided is known at the next start, whatever the settings say then."""
    with hostile_imap(SELECT=says(FEWER)) as server:
        assert world.poller(server).poll_once() == PollResult(fetched=1, moved=1)
        assert DatabaseBook(world.database, "sample").start() == Start()
        assert world.poller(server, start="now").poll_once() == PollResult(fetched=1, moved=1)
    assert len(world.spool.mails) == 2  # it says that it moves it, and shows it again


def test_mails_that_cannot_be_moved_are_told(world: World) -> None:
    """They are counted until they are gone; each is handed over once."""
    with hostile_imap(MOVE=says(b"TAG NO [OVERQUOTA] full\r\n")) as server:
        poller = world.poller(server)
        for _ in range(2):
            poller.poll_once()
            assert (poller.state.unmovable, poller.state.failures) == (1, 0)
        DatabaseBook(world.database, "sample").hold(poller.state)
        assert DatabaseBook(world.database, "sample").load().unmovable == 1
        server.answers[b"MOVE"] = says(DONE)
        server.answers[b"SEARCH"] = says(b"* SEARCH\r\n" + DONE)
        poller.poll_once()
        assert poller.state.unmovable == 0
    assert len(world.spool.mails) == 1


def test_mails_that_are_said_to_be_moved_are_told(world: World) -> None:
    """The server says OK, and they are still there."""
    with hostile_imap() as server:
        poller = world.poller(server)
        poller.poll_once()
        assert poller.state.unmovable == 0
        poller.poll_once()
        assert poller.state.unmovable == 1
    assert len(world.spool.mails) == 1


@pytest.mark.parametrize("answer", [SOLE + b"FLAGS ())\r\n" + DONE, SOLE + b"RFC822.SIZE NIL)\r\n" + DONE, DONE])
def test_a_mail_without_a_size_is_told(world: World, answer: bytes) -> None:
    """It stays, and after three tries it counts as one that the server does not hand out."""
    with hostile_imap(SIZE=says(answer)) as server:
        poller = world.poller(server)
        for _ in range(3):
            assert poller.poll_once() == PollResult(left=1, withheld=1)
        assert poller.poll_once() == PollResult()
    assert "does not say how big" in poller.state.last_error
    assert poller.state.unfetchable == 1


def test_a_mail_much_bigger_than_its_listed_size(world: World) -> None:
    """On its own it may be as big as any mail: it is taken, not refused."""
    raw = b"Subject: x\r\n\r\n" + b"x" * 3_000_000
    with hostile_imap(FETCH=says(SOLE + b"BODY[] {%d}\r\n%b)\r\n" % (len(raw), raw) + DONE)) as server:
        assert world.poller(server, batch_timeout=60).poll_once() == PollResult(fetched=1, moved=1)
    assert world.spool.mails == [raw]


PLAIN = base64.b64encode(b"\0desk\0secret-word")


@pytest.mark.parametrize("said", [PLAIN, base64.b64encode(b"secret-word"), b"secret-word"])
@pytest.mark.parametrize("command", ["AUTHENTICATE", "SELECT"])
def test_a_password_that_is_repeated_is_hidden(world: World, command: str, said: bytes) -> None:
    """In each form in which the server heard it, at once or later."""
    offers = says(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n" + DONE)
    answers = {"CAPABILITY": offers, command: says(b"TAG NO " + said + b" is wrong\r\n")}
    with hostile_imap(**answers) as server:
        poller = world.poller(server)
        with pytest.raises(MailboxFailed):
            poller.poll_once()
    assert "… is wrong" in poller.state.last_error
    assert said.decode() not in poller.state.last_error


@pytest.mark.parametrize("kind", [b"TAG NO %b\r\n", b"%b\r\n"])
def test_a_token_that_is_repeated_is_hidden(kind: bytes) -> None:
    """As it is, and as it was sent; also in an answer that is none."""
    sent = base64.b64encode(b"user=desk\x01auth=Bearer token-1\x01\x01")
    answers = {
        "CAPABILITY": says(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + DONE),
        "AUTHENTICATE": says(kind % (b"token-1 " + sent)),
    }
    with TokenServer() as tokens, hostile_imap(**answers) as server:
        way = OAuthConfig("client_credentials", tokens.token_url, "sample", tokens.secret, scope="sample")
        config = MailboxConfig("sample", "127.0.0.1", server.server_address[1], "desk", "", tls="none", timeout=1)
        poller = MailboxPoller(config, Spool().submit, tokens=TokenSource(way))
        with pytest.raises(MailboxFailed):
            poller.poll_once()
    assert "token-1" not in poller.state.last_error
    assert sent.decode() not in poller.state.last_error
    assert "…" in poller.state.last_error


def test_long_names_have_leases_of_their_own(database: Database) -> None:
    """Mailboxes whose long names begin alike are both read."""
    one, other = (DatabaseBook(database, "x" * 59 + end) for end in "ab")
    other._holder = "elsewhere:1"
    assert one.hold(MailboxState())
    assert other.hold(MailboxState())
    assert len(one._lease) <= 60


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that each fetch moves by `seconds`."""
    clock = SimpleNamespace(now=datetime(2027, 4, 9, 12, 7, tzinfo=UTC), seconds=299.0)
    fetch = ImapSession.fetch

    def drips(self: ImapSession, uids: list[int], expected: int) -> dict[int, bytes]:
        clock.now += timedelta(seconds=clock.seconds)
        return fetch(self, uids, expected)

    monkeypatch.setattr(ImapSession, "fetch", drips)
    monkeypatch.setattr(mailbox_book, "monotonic", lambda: clock.now.timestamp())
    return clock


def slow_reader(world: World, server: HostileImap, clock: SimpleNamespace) -> tuple[MailboxPoller, list[bool]]:
    """A reader of three mails, each a portion of its own; and whether another could begin to read at each."""
    book, other = (DatabaseBook(world.database, "sample", clock=lambda: clock.now) for _ in range(2))
    other._holder = "elsewhere:1"
    taken: list[bool] = []

    def submit(envelope: Envelope, raw: bytes) -> object:
        taken.append(other.hold(MailboxState()))
        return world.spool.submit(envelope, raw)

    config = MailboxConfig("sample", "127.0.0.1", server.server_address[1], "desk", "pw", tls="none", batch_bytes=1)
    return MailboxPoller(config, submit, book=book), taken  # type: ignore[arg-type]


THREE = {
    "SELECT": says(b"* 3 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\nTAG OK [READ-WRITE]\r\n"),
    "SEARCH": says(b"* SEARCH 1 2 3\r\n" + DONE),
    "SIZE": says(b"".join(b"* %d FETCH (UID %d RFC822.SIZE 7)\r\n" % (n, n) for n in (1, 2, 3)) + DONE),
    "FETCH": says(b"".join(b"* %d FETCH (UID %d BODY[] {7}\r\na: b\r\n\r)\r\n" % (n, n) for n in (1, 2, 3)) + DONE),
}


def test_a_batch_that_drips_in_keeps_the_mailbox(world: World, slow: SimpleNamespace) -> None:
    """However slow the server is, nobody else begins to read in the middle of a visit."""
    with hostile_imap(**THREE) as server:
        poller, taken = slow_reader(world, server, slow)
        poller.poll_once()
    assert taken
    assert not any(taken)


def test_who_lost_the_mailbox_hands_nothing_over(world: World, slow: SimpleNamespace) -> None:
    """A machine that slept for long finds that another one reads, and leaves the mail to that one."""
    slow.seconds = 0.0
    with hostile_imap(**THREE) as server:
        poller, _ = slow_reader(world, server, slow)
        poller.poll_once()
        before = len(world.spool.mails)
        slow.seconds = 3600.0
        fetch = ImapSession.fetch

        def taken_meanwhile(self: ImapSession, uids: list[int], expected: int) -> dict[int, bytes]:
            found = fetch(self, uids, expected)
            other = DatabaseBook(world.database, "sample", clock=lambda: slow.now)
            other._holder = "elsewhere:1"
            assert other.hold(MailboxState())
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ImapSession, "fetch", taken_meanwhile)
            with pytest.raises(LostLease):
                slow_reader(world, server, slow)[0].poll_once()
    assert len(world.spool.mails) == before
