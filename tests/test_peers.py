"""Each peer starts, does the one thing it is there for, and leaves nothing behind."""

import contextlib
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE

import psycopg
import pytest
from imapclient import IMAPClient
from sqlalchemy import select, update

from store.database import Database
from store.migrations import is_current
from store.tables import Tally
from tests import empty
from tests.peers import common
from tests.servers import Dovecot, Postfix, Postgres, chromium, require, wait_for

MAIL = (
    b"From: ann@example.com\r\nTo: service@desk.test\r\nSubject: sample\r\n"
    b"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"
)

ROOT = Path(__file__).parents[1]


class LmtpSink(socketserver.ThreadingTCPServer):
    """The smallest LMTP server: keeps the envelope and the mail."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), LmtpSession)
        self.got: list[tuple[str, list[str], bytes]] = []


class LmtpSession(socketserver.StreamRequestHandler):
    """One LMTP conversation (RFC 2033)."""

    server: LmtpSink

    def handle(self) -> None:
        """Answer command by command."""
        sender, recipients = "", list[str]()
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"MAIL":
                sender, recipients = line.decode().strip(), []
            if verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.got.append((sender, recipients, body))
                self.wfile.write(b"250 kept\r\n" * (len(recipients) - 1))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def lmtp_sink() -> Iterator[LmtpSink]:
    """A running LMTP server."""
    with LmtpSink() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def gone(folder: Path, port: int) -> bool:
    """True when nothing of a peer is left."""
    with socket.socket() as probe:
        return not folder.exists() and probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.peer
def test_dovecot_keeps_mail_over_a_restart_and_cleans_up() -> None:
    """Mail put into Dovecot is there after a restart, and nothing after the end."""
    with Dovecot() as server:
        server.put(MAIL)
        server.stop()
        server.start()
        assert server.mails() == [MAIL]
    assert gone(server.folder, server.port)


@pytest.mark.peer
def test_dovecot_speaks_tls() -> None:
    """Both kinds of TLS stand up to a verifying client."""
    with Dovecot(users=(("a", "x"), ("b", "y")), tls=True) as server:
        with IMAPClient(server.host, server.tls_port, ssl_context=server.tls_context, timeout=10) as client:
            client.login("b", "y")
        with IMAPClient(server.host, server.port, ssl=False, timeout=10) as client:
            client.starttls(server.tls_context)
            client.login("a", "x")


@pytest.mark.peer
def test_postfix_hands_desk_mail_to_lmtp(lmtp_sink: LmtpSink) -> None:
    """Mail for desk.test, sub-address included, goes to the LMTP server."""
    with Postfix(lmtp_to=("127.0.0.1", lmtp_sink.server_address[1])) as server:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            client.sendmail("ann@example.com", ["service+incident@desk.test"], MAIL)
        ((sender, recipients, mail),) = wait_for(lambda: lmtp_sink.got, "the mail by LMTP")
    assert "<ann@example.com>" in sender
    assert recipients == ["service+incident@desk.test"]
    assert mail.endswith(MAIL)
    assert gone(server.folder, server.port)


@pytest.mark.peer
def test_postfix_relays_to_another_postfix() -> None:
    """A relay hands mail on to a second Postfix, where it ends in the sink with its envelope."""
    with Postfix() as end, Postfix(relay_to=("127.0.0.1", end.port)) as relay:
        with smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
            client.sendmail("service@desk.test", ["ann@example.com"], MAIL)
        (mail,) = end.mails(1)
    assert mail.startswith(b"Return-Path: <service@desk.test>\nX-Original-To: ann@example.com\n")
    assert b"Subject: sample\n" in mail


@pytest.mark.peer
def test_postfix_takes_submission_only_with_tls_and_password() -> None:
    """With TLS and Dovecot's users, mail is relayed for a signed-in client and for nobody else."""
    with Dovecot() as users, Postfix(tls=True, auth_port=users.auth_port) as server:
        assert server.authority
        context = ssl.create_default_context()
        server.authority.configure_trust(context)
        with smtplib.SMTP("localhost", server.port, timeout=10) as client:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("service@desk.test", ["ann@example.com"], MAIL)
            client.starttls(context=context)
            client.login("desk", "pw")
            client.sendmail("service@desk.test", ["ann@example.com"], MAIL)
        assert len(server.mails(1)) == 1


@pytest.mark.peer
def test_postgres_gives_separate_databases_and_cleans_up() -> None:
    """Two fresh databases do not see each other, and survive a power cut of the server."""
    with Postgres() as server:
        one, two = (server.fresh_database().replace("+psycopg", "") for _ in range(2))
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE t AS SELECT 'ä' AS word")
            connection.execute("SET LOCAL synchronous_commit = on")
        server.kill()
        server.start()
        with psycopg.connect(one) as connection:
            assert connection.execute("SELECT word FROM t").fetchone() == ("ä",)
        with psycopg.connect(two) as connection:
            assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    assert gone(server.folder, server.port)


@pytest.mark.peer
def test_chromium_shows_a_page() -> None:
    """The browser renders a page and runs a form."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<h1>Sign in</h1><label>Mail <input></label>")
        page.get_by_label("Mail").fill("ann@example.com")
        assert page.get_by_role("heading").inner_text() == "Sign in"
        assert page.get_by_label("Mail").input_value() == "ann@example.com"


class SlowPage(BaseHTTPRequestHandler):
    """A button that leads to a page whose text comes well after its head, when `asked` is set."""

    text = b"<!doctype html><title>Slow</title><p role=status>Done</p>"
    asked = threading.Event()

    def do_GET(self) -> None:
        """The button at /, the page at /slow."""
        slow = self.path == "/slow"
        body = self.text if slow else b"<a href=/slow>Go</a>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if slow:
            self.wfile.write(body[:20])
            assert self.asked.wait(30)
            body = body[20:]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.mark.peer
def test_a_click_ends_when_the_page_is_there() -> None:
    """Not when it begins to come: what is looked at next is on it."""
    SlowPage.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowPage) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        later = threading.Timer(1.0, SlowPage.asked.set)
        later.start()
        try:
            with chromium() as browser:
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{server.server_port}/")
                page.get_by_role("link").click()
                assert page.get_by_role("status").is_visible()
        finally:
            server.shutdown()
            later.join()


def test_ports_are_of_one_process_alone() -> None:
    """Two processes that ask for many at the same time get none that the other one has."""
    program = "from tests.peers.common import free_port; print(*(free_port() for _ in range(300)), flush=True); input()"
    call = [sys.executable, "-c", program]
    with contextlib.ExitStack() as stack:
        others = [
            stack.enter_context(subprocess.Popen(call, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT)) for _ in range(3)
        ]
        found = [int(port) for one in others if one.stdout for port in one.stdout.readline().split()]
        found += [common.free_port() for _ in range(100)]  # while the others live: with them their ports are free again
        for one in others:
            one.communicate("\n")
    assert len(found) == len(set(found)) == 1000


@pytest.mark.peer
def test_a_start_that_fails_leaves_nothing() -> None:
    """A peer that cannot start says why and removes its folder."""
    server = Dovecot(extra="no_such_setting = 1")
    with pytest.raises(RuntimeError, match="no_such_setting"):
        server.__enter__()
    assert gone(server.folder, server.port)


def test_a_missing_peer_is_skipped_or_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing program skips with the package to install; with CI=true it fails."""
    monkeypatch.setitem(common._PACKAGES, "no-such-peer", "sample-package")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install the package sample-package"):
        require("no-such-peer")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-peer is not installed"):
        require("no-such-peer")


@pytest.mark.peer
def test_empty_databases_are_as_migrated_and_apart(postgres: Postgres, tmp_path: Path) -> None:
    """Copies have the newest tables and the ledger; what one is given no other has; PostgreSQL drops it in the end."""
    with postgres.migrated_database() as one, postgres.migrated_database() as two:
        made = [Database(one), Database(two), *(empty.migrated(tmp_path / f"{name}.db") for name in ("a", "b"))]
        for database in made:
            assert is_current(database)
            with database.transaction() as session:
                assert session.scalars(select(Tally.value)).unique().all() == [0]
                session.execute(update(Tally).values(value=7))
        for database in made:
            database.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one.replace("+psycopg", ""))
