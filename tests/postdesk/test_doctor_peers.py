"""`postdesk doctor` against real servers: relay, mailbox, portal behind TLS. It sends nothing and moves nothing."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from postdesk.doctor.findings import Finding
from postdesk.doctor.run import examine
from postdesk.wiring import House
from tests.gateway.scripted_smtp import scripted
from tests.servers import Dovecot, Postfix

Make = Callable[..., House]


def told(house: House, topic: str) -> tuple[set[str], str]:
    """The levels of what is found, and all its words."""
    findings: list[Finding] = examine(house, [topic], seconds=10.0)
    return {one.level for one in findings}, "\n".join(" ".join(one.as_dict().values()) for one in findings)


@pytest.mark.peer
def test_a_relay_that_takes_letters(make: Make, tmp_path: Path) -> None:
    """With STARTTLS and a password; it is asked about a letter, and gets none."""
    with Dovecot() as users, Postfix(tls=True, auth_port=users.auth_port) as relay:
        assert relay.authority is not None
        relay.authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        settings = {
            "RELAY__MODE": "smtp",
            "RELAY__HOST": "localhost",
            "RELAY__PORT": str(relay.port),
            "RELAY__TLS_CA": str(tmp_path / "ca.pem"),
            "RELAY__USER": "desk",
            "RELAY__PASSWORD": "pw",
        }
        levels, words = told(make(**settings), "relay")
        assert levels == {"ok"}, words
        assert f"The relay at localhost:{relay.port} takes letters from service@desk.test" in words
        assert "Its certificate lasts until" in words
        assert relay.mails() == []
        assert "Mail queue is empty" in relay.queue()

        levels, words = told(make(**settings | {"RELAY__PASSWORD": "wrong"}), "relay")
        assert levels == {"error"}
        assert "cannot be used" in words
        assert "wrong" not in words

        levels, words = told(make(**settings | {"RELAY__TLS_CA": ""}), "relay")
        assert levels == {"error"}
        assert "is not believed" in words


@pytest.mark.peer
def test_a_relay_without_tls(make: Make) -> None:
    """Nothing goes to it in clear text instead."""
    with Postfix() as relay:
        levels, words = told(make(RELAY__MODE="smtp", RELAY__HOST="localhost", RELAY__PORT=str(relay.port)), "relay")
    assert levels == {"error"}
    assert "STARTTLS" in words


def test_a_relay_that_refuses_our_address(make: Make) -> None:
    """Its own words are told."""
    with scripted() as relay:
        relay.answers["RCPT"] = b"550 5.7.1 sender is not yours\r\n"
        settings = {"RELAY__MODE": "smtp", "RELAY__HOST": "127.0.0.1", "RELAY__TLS": "none"}
        levels, words = told(make(**settings, RELAY__PORT=str(relay.port)), "relay")
    assert levels == {"error", "ok"}
    assert "refused a letter of ours to RCPT TO: “550 5.7.1 sender is not yours”" in words
    assert relay.mails == []


@pytest.mark.peer
def test_a_mailbox(make: Make) -> None:
    """It lets us in; with a wrong password it does not; and a certificate that nobody vouches for is told."""
    box = (
        '[{{name = "service", host = "{host}", port = {port}, user = "desk", password = "{password}", tls = "{tls}"}}]'
    )
    mail = b"From: a@customer.test\r\nSubject: x\r\n\r\nx\r\n"
    with Dovecot(tls=True) as server:
        server.put(mail)
        clear = box.format(host="127.0.0.1", port=server.port, password="pw", tls="none")
        levels, words = told(make(MAILBOX=clear), "mailbox")
        assert levels == {"ok"}, words
        assert "folder INBOX holds 1 mail." in words
        assert "Its folders Processed and Refused are made" in words
        assert server.mails() == [mail]

        levels, words = told(make(MAILBOX=clear.replace('"pw"', '"other"')), "mailbox")
        assert levels == {"error"}
        assert "cannot be read" in words
        assert "other" not in words

        secure = box.format(host="localhost", port=server.tls_port, password="pw", tls="tls")
        levels, words = told(make(MAILBOX=secure), "mailbox")
        assert levels == {"error"}
        assert "is not believed" in words


class _Page(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        """A page with nothing on it."""
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def portal(issued: trustme.LeafCert, handler: type[BaseHTTPRequestHandler] = _Page) -> Iterator[str]:
    """A web server with this certificate; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    "days, name, level, words",
    [
        (90, "localhost", "ok", "answers, and its certificate lasts until"),
        (5, "localhost", "warning", "ends in 4 days"),
        (-1, "localhost", "error", "is not believed: certificate has expired"),
        (90, "other.test", "error", "is not believed"),
    ],
)
def test_the_portal(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, name: str, level: str, words: str
) -> None:
    """Reached as a browser reaches it, with the authorities of the system."""
    authority, now = trustme.CA(), datetime.now(UTC)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    ends = now + timedelta(days=days)
    issued = authority.issue_cert(name, not_before=now - timedelta(days=30), not_after=ends)
    with portal(issued) as url:
        findings = examine(make(DESK__BASE_URL=url), ["tls"], seconds=10.0)
    assert words in "\n".join(one.what for one in findings if one.level == level)


def test_a_portal_that_is_something_else(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in front that does not find us; its clock is looked at all the same."""

    class Broken(_Page):
        status = 502

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with portal(authority.issue_cert("localhost"), Broken) as url:
        house = make(DESK__BASE_URL=url)
        assert "answers, but not as the portal does: status 502" in told(house, "tls")[1]
        assert f"The clock of this machine agrees with that of {url}" in told(house, "clock")[1]
