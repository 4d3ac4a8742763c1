"""Slow and silent clients, and TLS, at the running service: cut off by the clock, with honest ones served meanwhile."""

import itertools
import select
import ssl
from collections.abc import Iterator

import pytest
import trustme

from tests.attacks.service import cost
from tests.attacks.smtp_world import SERVICE, HastyDesk, from_path, header, number_of, raw_of, start_data, works
from tests.attacks.smtpraw import Raw, code
from tests.attacks.wire_cases import INNER, LOOK_ALIKES
from tests.e2e.conftest import FREELY
from tests.peers.desk import Desk

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service that loses its patience after seconds, offers STARTTLS, and mends line ends."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = AUTHORITY.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    tls = {"SMTP__TLS_CERTIFICATE": str(folder / "cert.pem"), "SMTP__TLS_KEY": str(folder / "key.pem")}
    with HastyDesk(("smtp", "work"), settings={**FREELY, **tls, "SMTP__MEND_LINE_ENDS": "true"}) as desk:
        yield desk


def context() -> ssl.SSLContext:
    """TLS that trusts the authority of the certificate, and nothing else."""
    made = ssl.create_default_context()
    AUTHORITY.configure_trust(made)
    return made


@pytest.mark.attack(1)
@pytest.mark.parametrize("name", list(LOOK_ALIKES))
def test_look_alikes_where_line_ends_are_mended(hasty: Desk, name: str) -> None:
    """With smtp.mend_line_ends the outer mail is taken with the inner one as its text, and still nothing of its own."""
    before = hasty.accepted()
    with Raw(hasty.smtp, 60) as client:
        start_data(client, b"smuggler@attacker.test")
        client.send(header(f"Outer {name}") + b"body" + LOOK_ALIKES[name][0] + INNER + b"QUIT\r\n")
        number = number_of(client.reply())
        assert client.codes() == ["221"]
    raw = raw_of(hasty, number)
    assert raw.count(b"SMUGGLED") == 1
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert (hasty.accepted(), from_path(hasty, "ceo@desk.test")) == (before + 1, 0)


def ask_for_tls(client: Raw) -> None:
    """Up to the reply to STARTTLS; the handshake is never begun."""
    client.hello()
    assert code(client.command(b"STARTTLS")) == "220"


def until_closed(clients: dict[str, Raw], drops: dict[str, bytes], desk: Desk) -> dict[str, bytes]:
    """Drip into the clients that drip, leave an honest mail again and again, until all are closed; what each heard."""
    heard = dict.fromkeys(clients, b"")
    opened = dict(clients)
    for number in itertools.count():
        works(desk, b"honest%d@customer.test" % number)
        assert number < 1000, f"never cut off: {', '.join(opened)}"
        ready, _, _ = select.select([client.sock for client in opened.values()], [], [], 0.2)
        for name, client in list(opened.items()):
            try:
                if client.sock in ready:
                    said = client.sock.recv(65536)
                    heard[name] += said
                    if not said:
                        del opened[name]
                elif name in drops:
                    client.send(drops[name])
            except (ConnectionResetError, BrokenPipeError):
                del opened[name]
        if not opened:
            return heard
    raise AssertionError


@pytest.mark.attack(13)
def test_slow_clients(hasty: Desk) -> None:
    """Slow and silent ones are cut off wherever they stand, told so outside of a handshake; honest ones are served."""
    expected = {
        "silent from the start": b"421 4.4.2 Waited too long for a command\r\n",
        "half a command": b"421 4.4.2 Waited too long for a command\r\n",
        "half a command, then drops": b"421 4.4.2 Waited too long for a command\r\n",
        "silent in the content": b"421 4.4.2 Data comes too slowly\r\n",
        "content in drops": b"421 4.4.2 Data comes too slowly\r\n",
        "silent after STARTTLS": b"",
        "STARTTLS in drops": b"",
    }
    drops = {"half a command, then drops": b"N", "content in drops": b"x\r\n", "STARTTLS in drops": b"\x16"}
    clients = {name: Raw(hasty.smtp, 60) for name in expected}
    with cost(hasty, cpu=20, memory=32):
        clients["silent from the start"].reply()
        for name in ("half a command", "half a command, then drops"):
            clients[name].hello()
            clients[name].send(b"NOO")
        for name in ("silent in the content", "content in drops"):
            start_data(clients[name], b"slow@attacker.test")
            clients[name].send(header("Half"))
        for name in ("silent after STARTTLS", "STARTTLS in drops"):
            ask_for_tls(clients[name])
        assert until_closed(clients, drops, hasty) == expected
    for client in clients.values():
        client.close()
    assert from_path(hasty, "slow@attacker.test") == 0


@pytest.mark.attack(13)
def test_endless_noop(attacked: Desk) -> None:
    """After 300 commands without a mail: 421 and the end."""
    with Raw(attacked.smtp, 60) as client:
        client.hello()
        client.send(b"NOOP\r\n" * 1000)
        assert client.codes() == ["250"] * 299 + ["421"]


@pytest.mark.attack(14)
@pytest.mark.parametrize(
    "injected", [b"RSET\r\n", b"EHLO evil.test\r\nMAIL FROM:<evil@attacker.test>\r\nRCPT TO:<%s>\r\nDATA\r\n" % SERVICE]
)
def test_commands_behind_starttls(hasty: Desk, injected: bytes) -> None:
    """What came in clear text behind STARTTLS is never answered or run, and the session starts anew with EHLO."""
    with Raw(hasty.smtp, 60) as client:
        assert b"STARTTLS" in client.hello()
        client.envelope(b"clear@customer.test", (SERVICE,))
        client.send(b"STARTTLS\r\n" + injected)
        assert code(client.reply()) == "220"
        client.starttls(context())
        # In TLS nothing of before is left: not the greeting, not the envelope, not what was injected.
        assert code(client.command(b"MAIL FROM:<evil@attacker.test>")) == "503"
        assert code(client.command(b"RCPT TO:<%s>" % SERVICE)) == "503"
        greeting = client.command(b"EHLO customer.test")
        assert code(greeting) == "250"
        assert b"STARTTLS" not in greeting
        assert code(client.command(b"STARTTLS")) == "503"
        assert code(client.command(b"DATA")) == "503"
        client.envelope(b"secret@customer.test", (SERVICE,))
        assert code(client.command(b"DATA")) == "354"
        mail = header("In TLS") + b"x\r\n"
        assert raw_of(hasty, number_of(client.content(mail))) == mail
    assert from_path(hasty, "evil@attacker.test") == from_path(hasty, "clear@customer.test") == 0


@pytest.mark.attack(14)
def test_old_tls(hasty: Desk) -> None:
    """TLS below 1.2 is refused in the handshake."""
    old = context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with Raw(hasty.smtp, 60) as client:
        ask_for_tls(client)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            client.starttls(old)
