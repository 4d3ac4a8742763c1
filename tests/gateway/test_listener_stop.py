"""Stopping: transactions end, idle sessions are told, and nothing that was answered for is lost."""

import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import StorageFailed
from gateway.listener import Limits, ListenerConfig
from tests.attacks.listening import LOOPS, ListSpool, incoming, listening
from tests.attacks.smtpraw import HEADER, Raw, code
from tests.peers.common import wait_for

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=2_000_000)


@pytest.mark.parametrize("loop", list(LOOPS))
def test_running_transaction_ends(tmp_path: Path, loop: str) -> None:
    """While stopping, a mail under way is kept and then the session ends; an idle one gets 421 at once."""
    spool = ListSpool()
    with listening(CONFIG, spool, tmp_path, loop) as running, Raw(running.port) as busy, Raw(running.port) as idle:
        busy.start_data()
        idle.hello()
        stopping = running.stop(grace=20)
        assert code(idle.reply()) == "421"
        assert idle.closed()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port), timeout=5)
        busy.send(HEADER + b"x\r\n.\r\n")
        assert [code(busy.reply()), code(busy.reply())] == ["250", "421"]
        assert busy.closed()
        stopping.result(5)
    assert len(spool.kept) == 1


def test_client_that_does_not_finish(tmp_path: Path) -> None:
    """After the grace a half sent mail is broken off with 421; nothing is kept of it."""
    spool = ListSpool()
    with listening(CONFIG, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        client.send(HEADER + b"x" * 800_000)
        running.stop(grace=0.1).result(10)
        assert code(client.reply()) == "421"
        assert client.closed()
    assert spool.kept == []
    assert incoming(tmp_path) == []


@pytest.mark.parametrize("fails", [False, True])
def test_store_outlives_its_session(tmp_path: Path, fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A store that is slower than the grace goes on; if it then fails, the log says so and no half blob stays."""
    spool = ListSpool(held=True)
    with listening(CONFIG, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        client.send(HEADER + b"x" * 800_000 + b"\r\n.\r\n")
        assert spool.arrived.acquire(timeout=10)
        running.stop(grace=0.1).result(10)
        assert client.closed()
        spool.fault = StorageFailed("disk gone") if fails else None
        spool.release()
    assert len(spool.kept) == (0 if fails else 1)
    assert incoming(tmp_path) == []
    assert ("disk gone" in caplog.text) is fails


def test_stop_twice(tmp_path: Path) -> None:
    """Stopping again does nothing."""
    with listening(CONFIG, ListSpool(), tmp_path) as running:
        running.stop().result(5)
        running.stop().result(5)


@pytest.mark.parametrize("loop", list(LOOPS))
def test_client_that_never_reads(tmp_path: Path, loop: str) -> None:
    """A client that reads no reply and is cut off by its time limit does not hold its place for ever."""
    config = replace(CONFIG, limits=Limits(idle=0.4, commands=10_000_000, per_address=1))
    with listening(config, ListSpool(), tmp_path, loop) as running, Raw(running.port) as client:
        client.hello()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sock.settimeout(0.3)
        with suppress(OSError):  # nothing more fits into the buffers, or the server has cut the connection
            for _ in range(10_000):
                client.send(b"NOOP\r\n" * 10_000)
        wait_for(lambda: running.listener.connections == 0, "the connection to be cut")
