"""How soon a desk listens after its start, how soon a command answers, and what connections take that say nothing."""

import contextlib
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

from bench.desk import Desk
from tests.peers.common import greets, wait_for
from tests.peers.desk import ALL

ROUNDS = 5
IDLE = 1_000
_MORE = {"SMTP__MAX_CONNECTIONS": f"{IDLE + 100}", "SMTP__MAX_CONNECTIONS_PER_ADDRESS": f"{IDLE + 100}"}


def listening() -> dict[str, float]:
    """Seconds from `postdesk serve` with all roles until a port answers, in a desk that ran before; medians."""
    found: dict[str, list[float]] = {"SMTP": [], "page": []}
    with Desk(ALL) as desk:
        for _ in range(ROUNDS):
            desk.stop()
            begun = time.perf_counter()
            desk.process = subprocess.Popen(
                desk.command("serve"), env=desk.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            wait_for(partial(greets, desk.smtp, b"220 "), "the greeting")
            found["SMTP"].append(time.perf_counter() - begun)
            wait_for(partial(_answers, desk.page), "the page")
            found["page"].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in found.items()}


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return connection.recv(200).startswith(b"HTTP/1.1 ")
    return False


def help_text() -> dict[str, float]:
    """Seconds for `postdesk --help`, and for a Python that does nothing; medians."""
    wanted = {"postdesk --help": ("-m", "postdesk", "--help"), "python -c pass": ("-c", "pass")}
    return {name: statistics.median(_seconds(words) for _ in range(ROUNDS)) for name, words in wanted.items()}


def _seconds(words: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def idle_connections() -> float:
    """MB that IDLE connections take, each greeted, its EHLO answered, and silent since."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the desk inherits it
    with Desk(("smtp",), settings=_MORE) as desk, contextlib.ExitStack() as stack:
        list(_idle(desk.smtp, 10, stack))  # what the first ones load is there already
        before = desk.memory()
        list(_idle(desk.smtp, IDLE, stack))
        return desk.memory() - before


def _idle(port: int, count: int, stack: contextlib.ExitStack) -> Iterator[socket.socket]:
    for _ in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        replies = stack.enter_context(connection.makefile("rb"))
        _expect(replies.readline(), b"220 ")
        connection.sendall(b"EHLO bench.test\r\n")
        while (line := replies.readline()).startswith(b"250-"):
            pass
        _expect(line, b"250 ")
        yield connection


def _expect(line: bytes, code: bytes) -> None:
    if not line.startswith(code):
        raise ConnectionError(f"expected {code.decode()}, got {line!r}")
