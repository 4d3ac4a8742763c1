"""A load generator: blocking sockets, pipelined commands, several connections, in a process of its own."""

import re
import socket
import threading
import time
from collections.abc import Sequence
from multiprocessing import get_context

CONNECTIONS = 8
MAILS_PER_CONNECTION = 100


def send(port: int, mails: Sequence[bytes], recipient: str = "service@desk.test") -> float:
    """Send everything over CONNECTIONS connections at once; returns the seconds it took. Raises when one is refused."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(port, mails, recipient, sender))
    process.start()
    outcome = receiver.recv()
    process.join()
    if isinstance(outcome, str):
        raise RuntimeError(outcome)
    return float(outcome)


def _run(port: int, mails: Sequence[bytes], recipient: str, result: "object") -> None:
    stuffed = [_stuffed(mail) for mail in mails]
    faults: list[str] = []
    shares = [stuffed[n::CONNECTIONS] for n in range(CONNECTIONS)]
    threads = [threading.Thread(target=_guarded, args=(port, share, recipient, faults)) for share in shares if share]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.send(faults[0] if faults else time.perf_counter() - started)  # type: ignore[attr-defined]


def _stuffed(mail: bytes) -> bytes:
    """With its dots doubled. Most mails have none, and to search these line by line would take time of the run."""
    return re.sub(rb"(?m)^\.", b"..", mail) if mail.startswith(b".") or b"\n." in mail else mail


def _guarded(port: int, mails: Sequence[bytes], recipient: str, faults: list[str]) -> None:
    try:
        for start in range(0, len(mails), MAILS_PER_CONNECTION):
            _connection(port, mails[start : start + MAILS_PER_CONNECTION], recipient)
    except Exception as error:
        faults.append(f"{type(error).__name__}: {error}")


def _connection(port: int, mails: Sequence[bytes], recipient: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        _expect(replies, b"220")
        connection.sendall(b"EHLO bench.test\r\n")
        _expect(replies, b"250")
        head = b"MAIL FROM:<person@customer.test>\r\nRCPT TO:<" + recipient.encode() + b">\r\nDATA\r\n"
        for mail in mails:
            connection.sendall(head)
            _expect(replies, b"250")
            _expect(replies, b"250")
            _expect(replies, b"354")
            connection.sendall(mail + b".\r\n")
            _expect(replies, b"250")
        connection.sendall(b"QUIT\r\n")
        _expect(replies, b"221")


def _expect(replies: "object", code: bytes) -> None:
    while True:
        line = replies.readline()  # type: ignore[attr-defined]
        if not line.startswith(code):
            raise ConnectionError(f"expected {code.decode()}, got {line!r}")
        if line[3:4] != b"-":
            return
