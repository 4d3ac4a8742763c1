"""An SMTP server that answers as a test tells it to, and remembers what it was told."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

Answer = bytes | Callable[[socket.socket], bytes | None]  # None: the connection is gone


@dataclass
class Scripted:
    """What the server says to each command ("." is the end of DATA), and what came in."""

    answers: dict[str, Answer] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    port: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    connections: int = 0
    at_once: bool = False  # TLS from the first byte on

    def answer(self, connection: socket.socket, verb: str) -> bool:
        """Say what the script has for a command; False once the connection is to end."""
        found = self.answers.get(verb, _USUAL.get(verb, b"250 2.0.0 ok\r\n"))
        reply = found(connection) if callable(found) else found
        if reply is None:
            return False
        connection.sendall(reply)
        return not reply.startswith(b"421")


_USUAL: dict[str, Answer] = {
    "banner": b"220 relay.example.test ESMTP\r\n",
    "EHLO": b"250-relay.example.test\r\n250-SIZE 9999999\r\n250 8BITMIME\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


def close(connection: socket.socket) -> None:
    """An answer: the connection ends without a word."""
    connection.close()


def endless(connection: socket.socket) -> None:
    """An answer: a reply that does not end, as fast as it goes."""
    while True:
        connection.sendall(b"250-more\r\n" * 1000)


def drip(stop: threading.Event) -> Answer:
    """An answer: a reply line that does not end, one byte now and then."""

    def answer(connection: socket.socket) -> None:
        while not stop.wait(0.05):
            connection.sendall(b"2")

    return answer


def silent(stop: threading.Event) -> Answer:
    """An answer: none."""

    def answer(connection: socket.socket) -> None:
        stop.wait(30)

    return answer


@contextlib.contextmanager
def scripted(
    answers: dict[str, Answer] | None = None, tls: ssl.SSLContext | None = None, *, at_once: bool = False
) -> Iterator[Scripted]:
    """The server, on a free port of this machine; `at_once` is TLS without STARTTLS."""
    server = Scripted(answers or {}, tls, at_once=at_once)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(server, listener), daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept(server: Scripted, listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_serve, args=(server, connection), daemon=True).start()


def _serve(server: Scripted, connection: socket.socket) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.callback(lambda: connection.close())
        if server.tls is not None and server.at_once:
            connection = server.tls.wrap_socket(connection, server_side=True)
        if not server.answer(connection, "banner"):
            return
        file = connection.makefile("rb")
        stack.callback(file.close)
        while line := file.readline():
            server.commands.append(line.decode("utf-8", "replace").rstrip())
            verb = server.commands[-1].split(" ")[0].upper()
            if not server.answer(connection, verb):
                return
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and server.tls is not None:
                file.close()
                connection = server.tls.wrap_socket(connection, server_side=True)
                file = connection.makefile("rb")
                stack.callback(file.close)
            if verb == "DATA" and not isinstance(server.answers.get("DATA"), bytes):
                server.mails.append(_data(file))
                if not server.answer(connection, "."):
                    return


def _data(file: BinaryIO) -> bytes:
    lines = []
    while (line := file.readline()) not in (b".\r\n", b""):
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)
