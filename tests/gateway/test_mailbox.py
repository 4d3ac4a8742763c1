"""The mailbox poller against a real Dovecot."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from gateway import imap_session
from gateway.envelope import Envelope
from gateway.errors import BadContent, StorageFailed
from gateway.imap_session import ImapSession
from gateway.mailbox import MailboxConfig, MailboxFailed, MailboxPoller, PollResult
from tests.gateway.mailbox_world import Desk, Spool, mail, running
from tests.servers import Dovecot, wait_for

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def shared() -> Iterator[Dovecot]:
    """One Dovecot with a user per test."""
    with Dovecot(users=tuple((f"desk{number}", "pw") for number in range(200))) as server:
        yield server


_users = iter(range(200))


@pytest.fixture
def desk(shared: Dovecot) -> Desk:
    """A fresh mailbox."""
    return Desk(shared, f"desk{next(_users)}")


def test_mails_are_handed_over_byte_by_byte_and_moved(desk: Desk) -> None:
    """All mails arrive as they are, oldest first, and lie in "Processed" afterwards."""
    mails = [mail(1), mail(2, "é\r\n.\r\n"), mail(3, "no line end"), b"\r\n", b"\xff\xfe no header at all\r\n"]
    desk.put(*mails)
    poller = desk.poller()
    assert poller.poll_once() == PollResult(fetched=5, moved=5)
    assert desk.spool.mails == mails
    assert desk.mails() == []
    assert sorted(desk.mails("Processed")) == sorted(mails)
    assert poller.poll_once() == PollResult()
    assert poller.state.last_success
    assert poller.state.last_error == ""


def test_the_envelope_names_mailbox_and_return_path(desk: Desk) -> None:
    """The topmost Return-Path is the reverse path; without one, or with <>, it is the null reverse path."""
    heads = ["Return-Path: <ann@example.com>\r\n", "Return-path: <>\r\n", "", "Return-Path: <a b\x1bc>\r\n"]
    desk.put(
        *(mail(number, head=head) for number, head in enumerate(heads)), mail(9, "Return-Path: <x@example.com>\r\n")
    )
    desk.poller().poll_once()
    assert [envelope.reverse_path for envelope, _ in desk.spool.got] == ["ann@example.com", "", "", "", ""]
    assert {(envelope.source, envelope.peer, envelope.recipients) for envelope, _ in desk.spool.got} == {
        ("imap", "sample", ())
    }


def test_read_and_unread_mail_is_taken_and_flags_stay(desk: Desk) -> None:
    r"""\Seen is no state of ours: read mail is taken in too, and unread mail stays unread."""
    desk.put(mail(1), mail(2))
    with desk.server.client(desk.user) as client:
        client.select_folder("INBOX")
        client.add_flags([1], [b"\\Seen"])
    assert desk.poller().poll_once().moved == 2
    with desk.server.client(desk.user) as client:
        client.select_folder("Processed")
        assert len(client.search("SEEN")) == len(client.search("UNSEEN")) == 1


def test_a_temporary_failure_leaves_the_mail(desk: Desk) -> None:
    """What the store could not keep stays in the inbox and is taken in with a later poll."""
    desk.put(mail(1), mail(2), mail(3))
    desk.spool.faults[b"sample 2"] = StorageFailed("disk is full")
    poller = desk.poller()
    assert poller.poll_once() == PollResult(fetched=3, moved=2, left=1)
    assert desk.mails() == [mail(2)]
    assert "disk is full" in poller.state.last_error
    desk.spool.faults.clear()
    assert poller.poll_once() == PollResult(fetched=1, moved=1)
    assert desk.spool.mails == [mail(1), mail(3), mail(2)]


def test_mails_that_fail_do_not_block_the_others(desk: Desk) -> None:
    """With a whole batch failing the poll ends; the next one begins with the other mails."""
    desk.put(*(mail(number, "later\r\n" if number < 2 else "now\r\n") for number in range(4)))
    desk.spool.faults[b"later"] = StorageFailed()
    poller = desk.poller(batch=2)
    assert poller.poll_once() == PollResult(fetched=2, left=2)
    assert poller.poll_once() == PollResult(fetched=4, moved=2, left=2)
    assert len(desk.mails()) == 2


def test_a_submit_that_raises_or_never_ends_leaves_the_mail(desk: Desk) -> None:
    """Nothing is moved on a promise."""
    desk.put(mail(1))

    def broken(envelope: Envelope, raw: bytes) -> Future[int]:
        raise RuntimeError("no worker")

    assert MailboxPoller(desk.config(), broken).poll_once() == PollResult(fetched=1, left=1)
    endless = MailboxPoller(desk.config(commit_timeout=0.05), lambda envelope, raw: Future())
    assert endless.poll_once() == PollResult(fetched=1, left=1)
    assert "no answer in time" in endless.state.last_error
    assert desk.mails() == [mail(1)]


def test_a_mail_is_moved_only_after_it_is_kept(desk: Desk) -> None:
    """While the store works on a mail, it lies in the inbox (I1)."""
    desk.put(mail(1))
    promise, asked = Future[int](), threading.Event()

    def slow(envelope: Envelope, raw: bytes) -> Future[int]:
        asked.set()
        return promise

    poll = threading.Thread(target=MailboxPoller(desk.config(), slow).poll_once)
    poll.start()
    assert asked.wait(10)
    assert desk.mails() == [mail(1)]
    promise.set_result(1)
    poll.join(10)
    assert desk.mails() == []
    assert desk.mails("Processed") == [mail(1)]


def test_too_large_and_refused_mails_go_to_their_own_folder(desk: Desk) -> None:
    """They are not lost, not handed over again, and the reason can be read."""
    large = mail(1, "x" * 5000)
    desk.put(large, mail(2, "bare\r\n"), mail(3))
    desk.spool.faults[b"bare"] = BadContent()
    poller = desk.poller(max_size=2000)
    assert poller.poll_once() == PollResult(fetched=2, moved=1, refused=2)
    assert sorted(desk.mails("Refused")) == sorted([large, mail(2, "bare\r\n")])
    assert desk.mails() == []
    assert (poller.state.refused, poller.state.refused_at is not None) == (2, True)
    assert poller.state.refused_why.startswith("mail ")


def test_batches_are_cut_by_count_and_by_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many mails and so many bytes are fetched at once; a bigger mail is fetched alone."""
    portions: list[int] = []
    fetch = ImapSession.fetch

    def counted(self: ImapSession, uids: Sequence[int], expected: int) -> dict[int, bytes]:
        portions.append(len(uids))
        return fetch(self, uids, expected)

    monkeypatch.setattr(ImapSession, "fetch", counted)
    monkeypatch.setattr(imap_session, "WINDOW", 3)
    desk.put(*(mail(number, "x" * (4000 if number == 5 else 10)) for number in range(8)))
    assert desk.poller(batch=4, batch_bytes=3000).poll_once() == PollResult(fetched=8, moved=8)
    assert portions == [4, 1, 1, 2]


@pytest.mark.parametrize("gone", [False, True])
def test_a_mail_without_a_size_holds_nobody_up(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, gone: bool) -> None:
    """All others are taken in the same visit. Where another client took it, that is no fault."""
    desk.put(*(mail(number) for number in range(6)))
    sizes = ImapSession.sizes

    def silent(self: ImapSession, uids: Sequence[int]) -> dict[int, int]:
        if gone and 1 in uids:
            with desk.server.client(desk.user) as client:
                client.select_folder("INBOX")
                client.delete_messages([1])
                client.expunge()
        return {uid: size for uid, size in sizes(self, uids).items() if uid != 1}

    monkeypatch.setattr(ImapSession, "sizes", silent)
    poller = desk.poller(batch=2)
    left = 0 if gone else 1
    assert poller.poll_once() == PollResult(fetched=5, moved=5, left=left, withheld=left)
    assert ("does not say how big" in poller.state.last_error) is not gone


@pytest.mark.parametrize("folder", ["Desk", "Störungen & Wünsche", "受信/服务台", 'a "b" c'])
def test_other_folders_than_the_inbox(desk: Desk, folder: str) -> None:
    """Source and target may have any name."""
    name = folder.replace("/", ".")
    desk.put(mail(1), folder=name)
    desk.put(mail(2))
    poller = desk.poller(folder=name, processed=f"{name} ✓")
    assert poller.poll_once() == PollResult(fetched=1, moved=1)
    assert desk.mails(f"{name} ✓") == [mail(1)]
    assert desk.mails() == [mail(2)]


def test_a_missing_folder_is_an_error_in_words(desk: Desk) -> None:
    """The operator reads what is wrong."""
    poller = desk.poller(folder="Nowhere")
    with pytest.raises(MailboxFailed, match="Nowhere"):
        poller.poll_once()


def test_a_wrong_password_is_an_error_in_words(desk: Desk) -> None:
    """The state holds the server's answer."""
    poller = MailboxPoller(
        MailboxConfig("sample", "127.0.0.1", desk.server.port, desk.user, "no", tls="none"), desk.spool.submit
    )
    with pytest.raises(MailboxFailed, match="Authentication failed"):
        poller.poll_once()


def test_a_new_uidvalidity_forgets_what_was_known(desk: Desk) -> None:
    """UIDs of a folder that was made anew mean other mails (RFC 3501 section 2.3.1.1)."""
    desk.put(mail(1), folder="Desk")
    desk.spool.faults[b"sample 1"] = BadContent()
    poller = desk.poller(folder="Desk", refused="INBOX.no.such\x01")  # cannot be made: the move fails
    assert poller.poll_once() == PollResult(fetched=1)
    assert poller.poll_once() == PollResult()  # remembered, not handed over again
    with desk.server.client(desk.user) as client:
        client.delete_folder("Desk")
    desk.put(mail(2), folder="Desk")
    assert poller.poll_once() == PollResult(fetched=1, moved=1)
    assert desk.spool.mails == [mail(2)]


def test_mail_comes_in_while_the_move_is_refused(desk: Desk) -> None:
    """A folder that cannot be made stops neither mail nor duplicates it; the error is told."""
    desk.put(*(mail(number) for number in range(3)))
    poller = desk.poller(processed="no.such\x01", batch=2)
    assert poller.poll_once() == PollResult(fetched=3)
    desk.put(mail(3))
    assert poller.poll_once() == PollResult(fetched=1)
    assert len(desk.spool.mails) == len(desk.mails()) == 4
    assert poller.state.last_error


@pytest.mark.parametrize("offered", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
def test_servers_without_move(offered: str) -> None:
    """COPY and EXPUNGE do the same, and a mail somebody else marked as deleted is not swept along."""
    with Dovecot(extra=f"imap_capability = {offered}") as server:
        desk = Desk(server, "desk")
        desk.put(mail(1), mail(2, "later\r\n"))
        with server.client() as client:
            client.select_folder("INBOX")
            client.add_flags([2], [b"\\Deleted"])
        desk.spool.faults[b"later"] = StorageFailed()
        assert desk.poller().poll_once() == PollResult(fetched=2, moved=1, left=1)
        assert desk.mails("Processed") == [mail(1)]
        assert desk.mails() == [mail(2, "later\r\n")]


def test_folders_below_the_inbox() -> None:
    """Where all folders must be below "INBOX.", ours are too."""
    with Dovecot(prefix="INBOX.") as server:
        desk = Desk(server, "desk")
        desk.put(mail(1))
        assert desk.poller().poll_once() == PollResult(fetched=1, moved=1)
        assert desk.mails("INBOX.Processed") == [mail(1)]


@pytest.mark.parametrize("kind", ["tls", "starttls"])
def test_tls_is_verified(kind: str) -> None:
    """Both ways work with a trusted certificate, with any password, and fail with an unknown certificate."""
    with Dovecot(users=(("desk", 'pä "ss\\'),), tls=True) as server:
        port = server.tls_port if kind == "tls" else server.port
        config = MailboxConfig("sample", "localhost", port, "desk", 'pä "ss\\', tls=kind)  # type: ignore[arg-type]
        assert MailboxPoller(config, Spool().submit, tls_context=server.tls_context).poll_once() == PollResult()
        with pytest.raises(MailboxFailed, match="CERTIFICATE_VERIFY_FAILED"):
            MailboxPoller(config, Spool().submit).poll_once()


def test_a_restart_of_the_server_in_the_middle_loses_nothing() -> None:
    """The server goes away between fetch and move; the poller comes back by itself, and every mail ends once."""
    mails = [mail(number) for number in range(6)]
    with Dovecot() as server:
        desk = Desk(server, "desk")
        desk.put(*mails)

        def submit(envelope: Envelope, raw: bytes) -> Future[int]:
            if raw == mails[3] and mails[3] not in desk.spool.mails:
                server.stop()
                server.start()
            return desk.spool.submit(envelope, raw)

        poller = MailboxPoller(desk.config(batch=2, poll_seconds=0.05), submit)
        with running(poller):
            wait_for(lambda: len(desk.spool.mails) == 6, "all mails", 60)  # by then the server is back
            wait_for(lambda: len(desk.mails("Processed")) == 6, "all mails in their folder", 60)
        assert sorted(desk.mails("Processed")) == mails
        assert desk.spool.mails == mails  # the two that were kept before the restart are not handed over again
        assert poller.state.last_error


def test_stop_ends_a_poll_between_two_batches(desk: Desk) -> None:
    """What was begun is moved; the rest waits."""
    desk.put(*(mail(number) for number in range(4)))
    stop = threading.Event()

    def submit(envelope: Envelope, raw: bytes) -> Future[int]:
        stop.set()
        return desk.spool.submit(envelope, raw)

    assert MailboxPoller(desk.config(batch=2), submit).poll_once(stop) == PollResult(fetched=2, moved=2)
    assert len(desk.mails()) == 2


def test_clear_text_needs_this_very_machine() -> None:
    """A password never goes over a network in clear text, and no folder is source and target."""
    with pytest.raises(ValueError, match="clear text"):
        MailboxConfig("sample", "mail.example.com", 143, "desk", "pw", tls="none")
    with pytest.raises(ValueError, match="source and target"):
        MailboxConfig("sample", "mail.example.com", 993, "desk", "pw", folder="Refused")
    assert "hidden-word" not in repr(MailboxConfig("sample", "mail.example.com", 993, "desk", "hidden-word"))
