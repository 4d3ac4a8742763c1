"""Which mails are taken: all, those since now, those since then where UIDs changed; many at once, and others' hands."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import imap_session
from gateway.envelope import Envelope
from gateway.imap_session import ImapSession
from gateway.mailbox import MailboxFailed, MailboxPoller, PollResult
from gateway.mailbox_book import DatabaseBook
from gateway.mailbox_start import Start
from gateway.stopping import Stop
from store.database import Database
from store.identity import name_of
from tests.gateway.mailbox_world import Desk, mail, running
from tests.servers import Dovecot, wait_for

pytestmark = pytest.mark.peer
CHECKOUT = Path(__file__).parents[2]


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


@pytest.fixture
def book(database: Database) -> DatabaseBook:
    """What is kept, in each kind of database."""
    return DatabaseBook(database, "sample")


def reads(desk: Desk, book: DatabaseBook, **changes: Any) -> MailboxPoller:
    """A poller with a book."""
    return MailboxPoller(desk.config(**{"folder": "Desk"} | changes), desk.spool.submit, book=book)


def append(desk: Desk, raw: bytes, arrived: datetime, folder: str = "Desk") -> None:
    """Lay in a mail that arrived then."""
    with desk.server.client(desk.user) as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        client.append(folder, raw, msg_time=arrived)


def anew(desk: Desk, folder: str = "Desk") -> None:
    """Make the folder anew, so that its UIDs mean other mails."""
    with desk.server.client(desk.user) as client:
        client.delete_folder(folder)
        client.create_folder(folder)


def test_old_mails_stay_where_they_are(desk: Desk, book: DatabaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """With start = now only what comes after the first visit is taken, also by a process that starts later."""
    monkeypatch.setattr(imap_session, "WINDOW", 2)  # several steps from the end of the folder
    old = [mail(number) for number in range(5)]
    desk.put(*old, folder="Desk")
    assert reads(desk, book, start="now").poll_once() == PollResult()
    desk.put(mail(7), mail(8), mail(9), folder="Desk")
    assert reads(desk, book, start="now").poll_once() == PollResult(fetched=3, moved=3)
    assert desk.spool.mails == [mail(7), mail(8), mail(9)]
    assert desk.mails("Desk") == old
    assert reads(desk, book, start="all").poll_once() == PollResult()  # the word is for the first visit


def test_new_uids_lose_no_new_mail(desk: Desk, book: DatabaseBook) -> None:
    """Where UIDVALIDITY changes, mails that arrived since the first visit are taken, and older ones stay."""
    desk.put(mail(0), folder="Desk")
    assert reads(desk, book, start="now").poll_once() == PollResult()
    anew(desk)
    now = datetime.now(UTC)
    append(desk, mail(1), now - timedelta(days=400))
    append(desk, mail(2), now)
    append(desk, mail(3), now - timedelta(hours=5))  # of the same day, mostly: SEARCH cannot tell it
    append(desk, mail(4), now)
    poller = reads(desk, book, start="now")
    assert poller.poll_once() == PollResult(fetched=2, moved=2)
    assert desk.spool.mails == [mail(2), mail(4)]
    assert desk.mails("Desk") == [mail(1), mail(3)]
    # From here on it is by UID again: an old mail that somebody moves in is meant.
    append(desk, mail(5), now - timedelta(days=30))
    assert poller.poll_once() == PollResult(fetched=1, moved=1)
    assert desk.spool.mails[-1] == mail(5)
    assert desk.mails("Desk") == [mail(1), mail(3)]


def test_new_uids_while_mail_cannot_be_kept(desk: Desk, book: DatabaseBook) -> None:
    """What arrived since then and could not be kept is not taken for old with the next visit."""
    assert_start(desk, book)
    anew(desk)
    append(desk, mail(1, "later\r\n"), datetime.now(UTC))
    desk.spool.faults[b"later"] = OSError("disk is full")
    poller = reads(desk, book, start="now")
    assert poller.poll_once() == PollResult(fetched=1, left=1)
    desk.spool.faults.clear()
    assert poller.poll_once() == PollResult(fetched=1, moved=1)


def test_new_uids_while_another_client_removes_mail(
    desk: Desk, book: DatabaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that slips through the listing, because places change meanwhile, is taken with the next visit."""
    assert_start(desk, book)
    anew(desk)
    for number in range(1, 6):
        append(desk, mail(number), datetime.now(UTC))
    monkeypatch.setattr(imap_session, "WINDOW", 2)
    search = ImapSession._search
    asked: list[int] = []

    def meanwhile(self: ImapSession, first: int, last: int, *criteria: object) -> list[int]:
        if len(asked) == 1:
            with desk.server.client(desk.user) as client:
                client.select_folder("Desk")
                client.delete_messages([client.search()[0]])
                client.expunge()
                client.append("Desk", mail(6))
        asked.append(first)
        return search(self, first, last, *criteria)

    monkeypatch.setattr(ImapSession, "_search", meanwhile)
    poller = reads(desk, book, start="now")
    poller._visit(threading.Event())
    assert len(desk.spool.mails) == 4  # which one slips through is the server's choice
    assert poller._session
    assert poller._session.more_arrived  # there is another visit at once
    poller.poll_once()
    assert sorted(desk.spool.mails) == [mail(number) for number in (2, 3, 4, 5, 6)]


def test_new_uids_of_more_mail_than_is_listed(desk: Desk, book: DatabaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one listing has no room for is new as well."""
    monkeypatch.setattr(imap_session, "WINDOW", 2)
    monkeypatch.setattr(imap_session, "LISTED", 2)
    assert_start(desk, book)
    anew(desk)
    for number in range(1, 6):
        append(desk, mail(number), datetime.now(UTC))
    poller = reads(desk, book, start="now")
    assert [poller.poll_once().moved for _ in range(4)] == [2, 2, 1, 0]


def assert_start(desk: Desk, book: DatabaseBook) -> None:
    """A first visit that leaves one old mail."""
    append(desk, mail(0), datetime.now(UTC) - timedelta(days=3))
    assert reads(desk, book, start="now").poll_once() == PollResult()


def test_all_mails_are_taken_when_uids_change(desk: Desk, book: DatabaseBook) -> None:
    """With start = all the folder is emptied, whatever its UIDs mean; nothing comes in twice."""
    desk.put(mail(1), folder="Desk")
    poller = reads(desk, book)
    assert poller.poll_once().moved == 1
    anew(desk)
    append(desk, mail(2), datetime.now(UTC) - timedelta(days=400))
    assert poller.poll_once().moved == 1
    assert desk.spool.mails == [mail(1), mail(2)]
    with desk.server.client(desk.user) as client:
        validity = int(client.select_folder("Desk")[b"UIDVALIDITY"])
    assert book.start() == Start(validity)


def test_start_from_now_on_a_running_desk(desk: Desk, book: DatabaseBook) -> None:
    """A big first visit is told in the middle that the rest is old."""
    desk.put(*(mail(number) for number in range(6)), folder="Desk")
    uids = ImapSession(desk.config(folder="Desk"))
    with uids:
        validity, following = uids.uid_validity, uids.uid_next

    def submit(envelope: Envelope, raw: bytes) -> Future[int]:
        if raw == mail(1):  # another process: `postdesk mailbox start-from-now`
            book.set_start(Start(validity, following, datetime.now(UTC)))
        return desk.spool.submit(envelope, raw)

    poller = MailboxPoller(desk.config(folder="Desk", batch=2), submit, book=book)
    assert poller.poll_once() == PollResult(fetched=2, moved=2)
    desk.put(mail(9), folder="Desk")
    assert poller.poll_once() == PollResult(fetched=1, moved=1)
    assert desk.spool.mails == [mail(0), mail(1), mail(9)]
    assert len(desk.mails("Desk")) == 4


def test_a_folder_that_moves_away_and_comes_back(desk: Desk, book: DatabaseBook) -> None:
    """While it is away the words say so; afterwards the mail in it is taken once."""
    desk.put(mail(1), folder="Desk")
    poller = reads(desk, book, poll_seconds=0.05, idle_seconds=0.05)
    with running(poller):
        wait_for(lambda: desk.spool.mails == [mail(1)], "the first mail", 60)
        with desk.server.client(desk.user) as client:
            client.rename_folder("Desk", "Elsewhere")
            client.append("Elsewhere", mail(2))
            wait_for(lambda: "Desk" in poller.state.last_error, "the fault", 60)
            client.rename_folder("Elsewhere", "Desk")
        wait_for(lambda: mail(2) in desk.mails("Processed"), "the second mail", 60)
    assert desk.spool.mails == [mail(1), mail(2)]


def test_the_folder_for_processed_mail_goes_away(desk: Desk) -> None:
    """It is made anew, on the connection that knew it."""
    desk.put(mail(1))
    poller = desk.poller(poll_seconds=0.05, idle_seconds=0.05)
    with running(poller):
        wait_for(lambda: desk.mails("Processed") == [mail(1)], "the first mail", 60)
        with desk.server.client(desk.user) as client:
            client.delete_folder("Processed")
        desk.put(mail(2))
        wait_for(lambda: desk.mails("Processed") == [mail(2)], "the second mail", 60)
    assert desk.spool.mails == [mail(1), mail(2)]


def test_mails_that_another_client_takes_while_we_fetch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the other's; the rest of the batch is taken at once, and no fault is told."""
    desk.put(*(mail(number) for number in range(4)))
    fetch = ImapSession.fetch
    taken: list[int] = []

    def late(self: ImapSession, uids: Sequence[int], expected: int) -> dict[int, bytes]:
        if not taken:
            with desk.server.client(desk.user) as client:
                client.select_folder("INBOX")
                taken.extend(client.search()[1:3])
                client.delete_messages(taken)
                client.expunge()
        return fetch(self, uids, expected)

    monkeypatch.setattr(ImapSession, "fetch", late)
    poller = desk.poller()
    poller.poll_once()
    assert poller.poll_once() == PollResult()
    assert desk.spool.mails == [mail(0), mail(3)]
    assert desk.mails("Processed") == [mail(0), mail(3)]
    assert desk.mails() == []
    assert poller.state.unfetchable == 0


def test_a_second_process_waits_its_turn(desk: Desk, database: Database) -> None:
    """One reads, the other stands by; when the first lets go, the other goes on."""
    first = reads(desk, DatabaseBook(database, "sample"), folder="INBOX")
    second_book = DatabaseBook(database, "sample")
    second_book._holder = "elsewhere:1"
    with running(first):
        wait_for(lambda: first.state.last_success, "a visit", 60)
        assert not second_book.hold(first.state)
    assert second_book.hold(first.state)
    assert not DatabaseBook(database, "sample").hold(first.state)
    second_book._holder = "elsewhere:1"
    second_book.let_go(first.state)
    assert DatabaseBook(database, "sample").hold(first.state)


def test_a_reader_that_died_here_keeps_nobody_waiting(database: Database) -> None:
    """On this machine a process is seen dead; on another one the lease has to run out."""
    from gateway.mailbox import MailboxState

    reader, here = DatabaseBook(database, "sample"), DatabaseBook(database, "sample")
    reader._holder = f"elsewhere.{name_of()}"
    assert reader.hold(MailboxState())
    assert not here.hold(MailboxState())
    reader.let_go(MailboxState())
    reader._holder = name_of().rpartition(":")[0] + ":999999999.1"
    assert reader.hold(MailboxState())
    assert here.hold(MailboxState())


def test_the_state_is_seen_by_others(database: Database) -> None:
    """Written at changes and for a sign of life, not for each mail; read again by the next process."""
    from dataclasses import replace

    from gateway.mailbox import MailboxState

    book = DatabaseBook(database, "sample")
    state = MailboxState(mode="idle", last_error="x", failures=2, failing_since=datetime(2027, 1, 1, tzinfo=UTC))
    assert book.note(state)
    assert book.load() == replace(state, mode="")
    assert book.note(replace(state, taken=5))  # progress so soon after is not worth a write
    assert book.note(replace(state, taken=5, failures=0))
    assert book.load().failures == 0
    assert book.start() is None
    book.set_start(Start(7, 8, datetime(2027, 1, 1, tzinfo=UTC)))
    book.hold(state)
    assert book.start() == Start(7, 8, datetime(2027, 1, 1, tzinfo=UTC))


FIRST_RUN = """
import resource, sys
from concurrent.futures import Future
from gateway.mailbox import MailboxConfig, MailboxPoller
from gateway.stopping import Stop

kept, stop = [], Stop()

def submit(envelope, raw):
    kept.append(raw[:80])
    if len(kept) == int(sys.argv[2]):
        stop.set()
    done = Future()
    done.set_result(len(kept))
    return done

config = MailboxConfig("sample", "127.0.0.1", int(sys.argv[1]), "desk", "pw", tls="none")
poller = MailboxPoller(config, submit)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = poller.poll_once(stop)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(result.moved, poller.state.taken, grown, len(set(kept)))
"""


def first_run(server: Dovecot, stop_at: int) -> tuple[int, int, int, int]:
    """A process that reads until it has so many mails: moved, taken, grown by so many KiB, different mails."""
    call = [sys.executable, "-c", FIRST_RUN, str(server.port), str(stop_at)]
    done = subprocess.run(call, capture_output=True, text=True, cwd=CHECKOUT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    moved, taken, grown, different = map(int, done.stdout.splitlines()[-1].split())  # above it, what is logged
    return moved, taken, grown, different


@pytest.mark.timeout(400)
def test_a_first_run_over_ten_thousand_mails() -> None:
    """It can be interrupted and goes on where it was, each mail once, and the memory does not grow with the mailbox."""
    filler = b"x" * 76 + b"\r\n"
    with Dovecot() as server:
        server.lay(b"Message-ID: <%d@sample.test>\r\nSubject: s\r\n\r\n%b" % (n, filler * 130) for n in range(10_000))
        moved, taken, grown, different = first_run(server, 4_001)
        assert (moved, taken, different) == (4_050, 4_050, 4_050)
        assert grown < 64 << 10  # KiB; the mails are 100 MB
        moved, taken, grown, different = first_run(server, 0)
        assert (moved, different) == (5_950, 5_950)
        assert grown < 64 << 10
        with server.client() as client:
            assert client.folder_status("Processed", ["MESSAGES"])[b"MESSAGES"] == 10_000
            assert client.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0


def test_progress_is_in_the_state(desk: Desk) -> None:
    """While it goes on, others see how much is taken and how much waits; at the end nothing waits."""
    desk.put(*(mail(number) for number in range(6)))
    seen: list[tuple[int, int]] = []

    def submit(envelope: Envelope, raw: bytes) -> Future[int]:
        seen.append((poller.state.taken, poller.state.waiting))
        return desk.spool.submit(envelope, raw)

    poller = MailboxPoller(desk.config(batch=2), submit)
    poller.poll_once()
    assert seen == [(0, 6), (0, 6), (2, 4), (2, 4), (4, 2), (4, 2)]
    assert (poller.state.taken, poller.state.waiting) == (6, 0)


def test_a_database_that_is_away_is_a_fault_like_another(desk: Desk, tmp_path: Path) -> None:
    """The reader goes on trying, and takes nothing that it could not account for."""
    gone = Database(f"sqlite:///{tmp_path}/missing/desk.db", create=False)
    desk.put(mail(1))
    poller = MailboxPoller(desk.config(), desk.spool.submit, book=DatabaseBook(gone, "sample"))
    with pytest.raises(MailboxFailed):
        poller.poll_once()
    with Stop() as stop:
        stop.set()
        poller.run(stop)
    assert desk.mails() == [mail(1)]
    gone.close()
