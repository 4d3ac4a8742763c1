"""The listener as honest clients meet it: smtplib over real sockets, on asyncio's loop and on uvloop."""

import errno
import smtplib
import ssl
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import trustme

from gateway.errors import Error, ShuttingDown, StorageFailed, StorageFull
from gateway.listener import Limits, Listener, ListenerConfig, Verdict, listening_socket
from store.blobs import FolderBlobs
from tests.attacks.listening import LOOPS, FullDisk, ListSpool, Running, incoming, listening
from tests.attacks.smtpraw import HEADER, Raw, code

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=2_000_000)
LMTP = replace(CONFIG, protocol="lmtp")
MAIL = b"From: ann@example.com\r\nSubject: sample\r\n\r\nHello\r\n.\r\n..\r\n"


@pytest.fixture
def spool() -> ListSpool:
    """A spool that keeps mails in a list."""
    return ListSpool()


@pytest.fixture(params=list(LOOPS))
def smtp(request: pytest.FixtureRequest, spool: ListSpool, tmp_path: Path) -> Iterator[Running]:
    """An SMTP listener on either event loop."""
    with listening(CONFIG, spool, tmp_path, request.param) as running:
        yield running


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority for this test alone."""
    return trustme.CA()


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """TLS as `postdesk` sets it up for a listener."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("localhost").configure_cert(context)
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts the test's authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_mail_is_kept_as_sent(smtp: Running, spool: ListSpool) -> None:
    """Content and envelope of a mail arrive unchanged under one Received line of ours."""
    with smtplib.SMTP("127.0.0.1", smtp.port, local_hostname="client.example.com") as client:
        client.sendmail("Ann@Example.com", ["desk@desk.test", "Other@desk.test"], MAIL)
    (envelope, raw), now = spool.kept[0], datetime.now(UTC)
    assert spool.mails == [MAIL]
    assert (envelope.reverse_path, envelope.recipients) == ("Ann@Example.com", ("desk@desk.test", "Other@desk.test"))
    assert (envelope.source, envelope.peer, envelope.helo) == ("smtp", "127.0.0.1", "client.example.com")
    assert envelope.received_at is None  # that is when it is stored
    trace = raw[: -len(MAIL)].decode()
    assert trace.startswith("Received: from client.example.com ([127.0.0.1])\r\n\tby desk.test with ESMTP id ")
    assert abs(parsedate_to_datetime(trace.rpartition(";")[2].strip()) - now) < timedelta(minutes=1)


def test_extensions_are_announced(smtp: Running) -> None:
    """EHLO names what is offered, and nothing that is not."""
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.ehlo()
        assert client.esmtp_features == {
            "size": "2000000", "8bitmime": "", "smtputf8": "", "pipelining": "", "enhancedstatuscodes": "",
        }  # fmt: skip


@pytest.mark.parametrize("size", [200_000, 300_000, 1_900_000])
def test_large_mail_goes_to_the_blob_store(smtp: Running, spool: ListSpool, tmp_path: Path, size: int) -> None:
    """A mail on either side of the memory bound is kept whole, and leaves no half blob."""
    mail = MAIL + b"0123456789.\r\n" * (size // 13)
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.sendmail("ann@example.com", ["desk@desk.test"], mail)
    assert spool.mails == [mail]
    assert incoming(tmp_path) == []


def test_pipelined_mails_are_answered_in_order(smtp: Running, spool: ListSpool) -> None:
    """Two whole transactions in one segment get their replies in order (RFC 2920)."""
    one = b"MAIL FROM:<>\r\nRCPT TO:<desk@desk.test>\r\nDATA\r\n" + MAIL.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    with Raw(smtp.port) as client:
        client.hello()
        client.send(one + one + b"QUIT\r\n")
        assert client.codes() == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert spool.mails == [MAIL, MAIL]


def test_lmtp_answers_for_each_recipient(spool: ListSpool, tmp_path: Path) -> None:
    """One submit, and one reply for each RCPT that was taken, doubles included (RFC 2033 section 4.2)."""
    with listening(LMTP, spool, tmp_path) as running, Raw(running.port) as client:
        assert code(client.hello(b"EHLO mx.example.com")) == "500"
        assert code(client.command(b"LHLO mx.example.com")) == "250"
        client.envelope(recipients=(b"desk@desk.test", b"other@desk.test", b"desk@desk.test"))
        assert code(client.command(b"RCPT TO:<nobody@desk.test>")) == "550"
        client.command(b"DATA")
        client.send(HEADER + b"x\r\n.\r\nQUIT\r\n")
        assert client.codes() == ["250", "250", "250", "221"]
    ((envelope, raw),) = spool.kept
    assert envelope.recipients == ("desk@desk.test", "other@desk.test")
    assert envelope.source == "lmtp"
    assert b" with LMTP id " in raw


@pytest.mark.parametrize("loop", list(LOOPS))
def test_starttls(spool: ListSpool, tmp_path: Path, authority: trustme.CA, loop: str) -> None:
    """A mail over STARTTLS is kept as ESMTPS; the extension is gone from the second EHLO."""
    config = replace(CONFIG, tls=server_context(authority))
    mail = MAIL * 8000
    with listening(config, spool, tmp_path, loop) as running:
        with smtplib.SMTP("127.0.0.1", running.port) as client:
            client._host = "localhost"  # type: ignore[attr-defined]  # the name smtplib checks the certificate for
            client.starttls(context=client_context(authority))
            client.ehlo()
            assert not client.has_extn("starttls")
            client.sendmail("ann@example.com", ["desk@desk.test"], mail)
        assert spool.mails == [mail]
        assert b" with ESMTPS id " in spool.kept[0][1]


@pytest.mark.parametrize("loop", list(LOOPS))
def test_starttls_injection_is_discarded(spool: ListSpool, tmp_path: Path, authority: trustme.CA, loop: str) -> None:
    """What is sent in clear behind STARTTLS is not run, and nothing said before it counts (CVE-2011-0411)."""
    config = replace(CONFIG, tls=server_context(authority))
    with listening(config, spool, tmp_path, loop) as running, Raw(running.port) as client:
        client.hello()
        client.command(b"MAIL FROM:<plain@attacker.test>")
        client.send(b"STARTTLS\r\nNOOP\r\nEHLO evil.test\r\nMAIL FROM:<evil@attacker.test>\r\n")
        assert code(client.reply()) == "220"
        client.starttls(client_context(authority))
        assert code(client.command(b"RCPT TO:<desk@desk.test>")) == "503"
        assert code(client.command(b"MAIL FROM:<a@attacker.test>")) == "503"
        assert code(client.command(b"EHLO again.test")) == "250"
        client.envelope()


@pytest.mark.parametrize(
    "fault, reply",
    [
        (StorageFailed("/var/secret is gone"), StorageFailed.reply),
        (StorageFull(), StorageFull.reply),
        (RuntimeError("postgresql://u:pw@db/x\r\n250 injected"), Error.reply),
        (OSError(errno.ENOSPC, "No space left on device"), Error.reply),
    ],
)
@pytest.mark.parametrize("filler", [0, 400_000])
def test_spool_failure_is_temporary(
    spool: ListSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Exception, reply: str, filler: int
) -> None:
    """A failing spool is told in fixed words, logged, leaves no half blob, and the session goes on."""
    spool.fault = fault
    with listening(CONFIG, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        assert client.content(HEADER + b"x" * filler + b"\r\n") == reply.encode() + b"\r\n"
        assert incoming(tmp_path) == []
        spool.fault = None
        client.envelope()
        client.command(b"DATA")
        assert client.content(HEADER) == b"250 2.0.0 Kept as 1\r\n"
    assert "a mail was not kept" in caplog.text
    assert type(fault).__name__ in caplog.text
    assert str(fault).partition("\r")[0] in caplog.text


def test_spool_that_is_closing_ends_the_session(spool: ListSpool, tmp_path: Path) -> None:
    """A 421 from the spool is followed by the end of the connection, as the code promises."""
    spool.fault = ShuttingDown()
    with listening(CONFIG, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        assert code(client.content(HEADER)) == "421"
        assert client.closed()


def test_spool_that_refuses_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An exception out of submit itself, or a future that it cancels, is a temporary failure too."""

    class Refusing(ListSpool):
        def submit(self, *_: object) -> "Future[int]":
            if not self.waiting:
                self.waiting.append(self.release)
                raise RuntimeError("queue is gone")
            future: Future[int] = Future()
            future.cancel()
            return future

    with listening(CONFIG, Refusing(), tmp_path) as running, Raw(running.port) as client:
        client.hello()
        for _ in range(2):
            client.envelope()
            client.command(b"DATA")
            assert client.content(HEADER + b"x" * 400_000 + b"\r\n") == Error.reply.encode() + b"\r\n"
        assert incoming(tmp_path) == []
    assert "queue is gone" in caplog.text


def test_full_disk_while_reading(spool: ListSpool, tmp_path: Path) -> None:
    """A blob that cannot be written: the rest is read away, the answer is 452 4.3.1, the session goes on."""
    blobs = FullDisk(tmp_path)
    with listening(CONFIG, spool, tmp_path, blobs=blobs) as running, Raw(running.port) as client:
        client.start_data()
        assert client.content(HEADER + b"x" * 900_000 + b"\r\n") == StorageFull.reply.encode() + b"\r\n"
        client.envelope()
        client.command(b"DATA")
        assert code(client.content(HEADER)) == "250"
    assert len(spool.kept) == 1
    assert [writer.aborted for writer in blobs.opened] == [True]


def test_unknown_recipient_lookup_failure(spool: ListSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """When recipients cannot be looked up, RCPT is answered 451 and the reason is in the log."""

    def broken(_: str) -> Verdict:
        raise LookupError("no table")

    with listening(CONFIG, spool, tmp_path, knows=broken) as running, Raw(running.port) as client:
        client.hello()
        client.command(b"MAIL FROM:<>")
        assert client.command(b"RCPT TO:<desk@desk.test>") == Error.reply.encode() + b"\r\n"
        assert code(client.command(b"NOOP")) == "250"
    assert "no table" in caplog.text


def test_line_ends_can_be_normalised(spool: ListSpool, tmp_path: Path) -> None:
    """By setting, bare CR and LF are made CRLF instead of being refused; still one mail."""
    with listening(replace(CONFIG, normalise_line_ends=True), spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        assert code(client.content(HEADER + b"a\nb\rc\n.\nd\r\n")) == "250"
    assert spool.mails == [HEADER + b"a\r\nb\r\nc\r\n.\r\nd\r\n"]


def test_sockets_can_be_shared(spool: ListSpool, tmp_path: Path) -> None:
    """Two sockets on one port, as two processes open them; TCP_NODELAY is set on what they accept."""
    with listening_socket("127.0.0.1", 0, shared=True) as first:
        second = listening_socket("127.0.0.1", first.getsockname()[1], shared=True)
    listener = Listener(CONFIG, spool.submit, FolderBlobs(tmp_path), lambda _: Verdict.ACCEPT, sock=second)
    with Running(listener, LOOPS["asyncio"]()) as running, smtplib.SMTP("127.0.0.1", running.port) as client:
        assert client.noop()[0] == 250
        assert running.listener.connections == 1


def test_every_address(spool: ListSpool, tmp_path: Path) -> None:
    """An empty host listens on every address, and IPv4 clients are known by their IPv4 address."""
    with listening(replace(CONFIG, host=""), spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        assert code(client.content(HEADER)) == "250"
    assert spool.kept[0][0].peer == "127.0.0.1"


def test_limits_have_the_documented_defaults() -> None:
    """The bounds that the operator's guide names."""
    limits = Limits()
    assert (limits.connections, limits.per_address, limits.recipients, limits.commands) == (200, 20, 100, 300)
    assert (limits.min_rate, limits.session) == (500, 1800)
