"""Floods, crowds and slow clients: each is bounded, and honest clients are served meanwhile."""

import itertools
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from gateway.listener import Limits, ListenerConfig
from gateway.smtp_syntax import client_address, network
from tests.attacks.listening import LOOPS, ListSpool, Running, listening
from tests.attacks.smtpraw import HEADER, Raw, code
from tests.peers.common import wait_for

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=500_000)
MIB = 1 << 20


def bounded(**limits: float) -> ListenerConfig:
    """The configuration with other limits."""
    return replace(CONFIG, limits=replace(Limits(), **limits))  # type: ignore[arg-type]


def blocks_until_closed(client: Raw, block: bytes, most: int) -> bool:
    """Send the block again and again; False when the server took all of it."""
    with suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(most):
            client.send(block)
        return False
    return True


@pytest.mark.attack(12)
@pytest.mark.parametrize("loop", list(LOOPS))
@pytest.mark.parametrize("limits", [{"connections": 10}, {"per_address": 10}])
def test_crowd(tmp_path: Path, loop: str, limits: dict[str, float]) -> None:
    """Connections above the limit get 421 4.7.0 and are closed; those within it work; places are free again after."""
    with listening(bounded(**limits), ListSpool(), tmp_path, loop) as running:
        with ExitStack() as crowd:
            clients = [crowd.enter_context(Raw(running.port)) for _ in range(300)]
            banners = [client.reply() for client in clients]
            assert [code(banner) for banner in banners] == ["220"] * 10 + ["421"] * 290
            assert banners[-1].startswith(b"421 4.7.0 ")
            assert all(client.closed() for client in clients[10:])
            assert {code(client.command(b"NOOP")) for client in clients[:10]} == {"250"}
        wait_for(lambda: running.listener.connections == 0, "the crowd to leave")
        with Raw(running.port) as client:
            client.start_data()
            assert code(client.content(HEADER)) == "250"


def test_who_counts_as_one() -> None:
    """IPv4 is counted by address, mapped or not, IPv6 by /64, and a local socket as itself."""
    assert client_address(("::ffff:192.0.2.1", 1, 0, 0)) == "192.0.2.1"
    assert client_address("/run/lmtp") == ""
    assert network("192.0.2.1") == "192.0.2.1"
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") != network("2001:db8:0:1::1")


@pytest.mark.attack(13)
@pytest.mark.parametrize(
    "limits, said, reply",
    [
        ({"idle": 0.3}, b"", b"421 4.4.2"),
        ({"idle": 0.3}, b"EHLO a\r\n", b"421 4.4.2"),
        ({"idle": 0.3}, b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<desk@desk.test>\r\nDATA\r\nhalf", b"421 4.4.2"),
        ({"session": 0.3}, b"EHLO a\r\n", b"421 4.7.0"),
    ],
)
def test_silence(tmp_path: Path, limits: dict[str, float], said: bytes, reply: bytes) -> None:
    """A client that falls silent is told and closed, wherever it stopped."""
    with listening(bounded(**limits), ListSpool(), tmp_path) as running, Raw(running.port) as client:
        client.send(said)
        assert list(iter(client.reply, b""))[-1].startswith(reply)


def test_slow_store(tmp_path: Path) -> None:
    """A store slower than every time limit is waited for: the limits are for the client."""
    spool = ListSpool(held=True)
    config = bounded(idle=2.0, session=2.5, grace=0.1, min_rate=10**9)  # time enough for what is said before
    with listening(config, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        client.send(HEADER + b"x\r\n.\r\n")
        assert spool.arrived.acquire(timeout=10)
        with Raw(running.port) as later:
            assert later.codes() == ["220", "421"]
        spool.release()
        assert code(client.reply()) == "250"
    assert len(spool.kept) == 1


def trickle(client: Raw, drops: Iterator[bytes]) -> bytes:
    """Send drop by drop until the server speaks; what it says."""
    client.sock.settimeout(0.05)
    for drop in drops:
        with suppress(OSError):
            client.send(drop)
        with suppress(TimeoutError):
            return client.reply()
    raise AssertionError("the drops ran out")


@pytest.mark.attack(13)
@pytest.mark.parametrize("loop", list(LOOPS))
def test_trickle_in_data(tmp_path: Path, loop: str) -> None:
    """DATA below the minimum rate ends with 421 4.4.2 after the grace, though no pause is long."""
    spool = ListSpool()
    with listening(bounded(grace=0.8, idle=30), spool, tmp_path, loop) as running, Raw(running.port) as client:
        client.start_data()
        assert trickle(client, itertools.repeat(b"x\r\n", 200)).startswith(b"421 4.4.2 ")
    assert spool.kept == []


@pytest.mark.attack(13)
def test_trickle_in_a_command(tmp_path: Path) -> None:
    """The time for a command runs from its start: half a line more does not renew it."""
    with listening(bounded(idle=1.5), ListSpool(), tmp_path) as running, Raw(running.port) as client:
        client.hello()
        assert trickle(client, itertools.repeat(b"N", 200)).startswith(b"421 4.4.2 ")


@pytest.mark.attack(13)
def test_chatter(tmp_path: Path) -> None:
    """A client that keeps talking without a mail ends by the session limit, if not by the command limit."""
    with listening(bounded(session=1.5, commands=10**9), ListSpool(), tmp_path) as running, Raw(running.port) as client:
        client.hello()
        replies = (client.command(b"NOOP") for _ in range(10**6))
        assert next(reply for reply in replies if code(reply) != "250").startswith(b"421 4.7.0 ")


@pytest.mark.attack(13)
@pytest.mark.parametrize("loop", list(LOOPS))
@pytest.mark.parametrize("silent", [True, False])
def test_broken_handshake(tmp_path: Path, loop: str, silent: bool) -> None:
    """A client that asks for TLS and then says nothing, or nonsense, loses its connection and its place."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    config = replace(bounded(idle=1.5), tls=context)
    with listening(config, ListSpool(), tmp_path, loop) as running, Raw(running.port) as client:
        client.hello()
        assert code(client.command(b"STARTTLS")) == "220"
        if not silent:
            client.send(b"NOOP in clear\r\n" * 10)
        rest = b""
        with suppress(ConnectionResetError):
            while chunk := client.sock.recv(1000):
                rest += chunk
        assert b"421" not in rest  # nothing in clear text into a handshake
        wait_for(lambda: running.listener.connections == 0, "the connection to be cut")


@pytest.mark.attack(7, 8)
def test_flood_of_data(tmp_path: Path) -> None:
    """A client that sends far more than it may is read up to four times the limit, then cut off."""
    spool = ListSpool()
    with listening(CONFIG, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        assert blocks_until_closed(client, b"x" * 65536, 1000)
    assert spool.kept == []
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.attack(5)
def test_flood_without_a_line_end(tmp_path: Path) -> None:
    """A command that never ends is read away for a while, then cut off."""
    with listening(CONFIG, ListSpool(), tmp_path) as running, Raw(running.port) as client:
        client.hello()
        assert blocks_until_closed(client, b"x" * 65536, 1000)


class Child:
    """A listener in a process of its own, whose memory can be looked at."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.attacks.listening", str(folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)

    def __enter__(self) -> "Child":
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)  # the end of its input is the sign to stop

    def peak(self) -> int:
        """The most memory it ever had resident, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) * 1024

    def mail(self, block: bytes, times: int) -> bytes:
        """Send one mail made of blocks; the reply."""
        with Raw(self.port, 30) as client:
            client.start_data()
            for _ in range(times):
                client.send(block)
            return client.content(b"\r\n")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """A listener with the limits of the shipped configuration, warmed up."""
    with Child(tmp_path) as started:
        assert code(started.mail(b"x\r\n", 200_000)) == "250"
        yield started


@pytest.mark.attack(8)
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from Linux' /proc")
@pytest.mark.parametrize(
    "block, times, reply",
    [
        (b"\r\n" * 32768, 380, "250"),  # 24 MiB of empty lines: a bytearray each in aiosmtpd, 2 GiB
        (b"x" * 65536, 380, "250"),
        (b"x" * 65536, 1_000, "552"),  # 62 MiB, read away
        (b"\r\n..." * 13_000, 1_000, "552"),
    ],
)
def test_memory_stays_flat(child: Child, block: bytes, times: int, reply: str) -> None:
    """No mail, of whatever shape, takes more than a few blocks of memory, and others are served meanwhile."""
    before = child.peak()
    with Raw(child.port, 30) as other, Raw(child.port, 30) as flood:
        other.hello()
        flood.start_data()
        for number in range(times):
            flood.send(block)
            if number % 100 == 0:
                assert code(other.command(b"NOOP")) == "250"
        assert code(flood.content(b"\r\n")) == reply
    assert child.peak() - before < 4 * MIB


@pytest.mark.attack(5)
def test_ten_megabytes_of_command(child: Child) -> None:
    """A command line of 10 MB is 500, kept nowhere, and the session goes on."""
    before = child.peak()
    with Raw(child.port, 30) as client:
        client.hello()
        for _ in range(160):
            client.send(b"A" * 65536)
        assert client.command(b"").startswith(b"500 5.5.2 ")
        assert code(client.command(b"NOOP")) == "250"
    assert child.peak() - before < 2 * MIB


def test_reset_connections(tmp_path: Path) -> None:
    """Connections that are reset at any point leave the listener as it was."""
    said = [b"", b"EHLO a\r\n", b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<desk@desk.test>\r\nDATA\r\n" + b"x" * 400_000]
    with listening(CONFIG, ListSpool(), tmp_path) as running:
        for words in said * 5:
            with Raw(running.port) as client:
                client.send(words)
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wait_for(lambda: running.listener.connections == 0, "the connections to be gone")
        assert works(running)
    assert list((tmp_path / "incoming").iterdir()) == []


def works(running: Running) -> bool:
    """True when a new client can leave a mail."""
    with Raw(running.port) as client:
        client.start_data()
        return code(client.content(HEADER)) == "250"
