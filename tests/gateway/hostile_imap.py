"""An IMAP server that follows the protocol until the one answer where it does not."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

Answer = Callable[[socket.socket, bytes], None]


def says(text: bytes) -> Answer:
    """Send these bytes, TAG replaced."""
    return lambda connection, tag: connection.sendall(text.replace(b"TAG", tag))


def repeats(block: bytes, pause: float = 0.0, after: bytes = b"") -> Answer:
    """Send `after`, then the same bytes for ever, or until the client is gone."""

    def answer(connection: socket.socket, tag: bytes) -> None:
        connection.sendall(after)
        while True:
            connection.sendall(block)
            time.sleep(pause)

    return answer


def tells(text: bytes, *, close: bool = False) -> Answer:
    """Answer IDLE with these bytes, then hang up, or wait for DONE and end it."""

    def answer(connection: socket.socket, tag: bytes) -> None:
        connection.sendall(text)
        if close:
            connection.shutdown(socket.SHUT_RDWR)
            return
        connection.recv(100)
        connection.sendall(tag + b" OK done\r\n")

    return answer


DONE = b"TAG OK done\r\n"
NORMAL: dict[bytes, Answer] = {
    b"CAPABILITY": says(b"* CAPABILITY IMAP4rev1 STARTTLS MOVE\r\n" + DONE),
    b"SELECT": says(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\nTAG OK [READ-WRITE]\r\n"),
    b"SEARCH": says(b"* SEARCH 1\r\n" + DONE),
    b"SIZE": says(b"* 1 FETCH (UID 1 RFC822.SIZE 20)\r\n" + DONE),
    b"FETCH": says(b"* 1 FETCH (UID 1 BODY[] {20}\r\nSubject: x\r\n\r\nabcd\r\n)\r\n" + DONE),
    b"LIST": says(b'* LIST () "/" Processed\r\n' + DONE),
    b"LOGOUT": says(b"* BYE\r\n" + DONE),
}


class HostileImap(socketserver.ThreadingTCPServer):
    """`answers` replaces normal ones by command; "" is the greeting. `seen` holds what the clients sent."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[bytes, Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answers = {b"": says(b"* OK hello\r\n")} | NORMAL | answers
        self.seen: list[bytes] = []


class Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    server: HostileImap

    def handle(self) -> None:
        """Answer each line by its command."""
        with contextlib.suppress(OSError):  # the client leaves, as it should
            self.server.answers[b""](self.connection, b"")
            for line in self.rfile:
                self.server.seen.append(line)
                tag, _, command = line.strip().partition(b" ")
                words = command.upper().removeprefix(b"UID ").split()
                name = b"SIZE" if b"RFC822.SIZE" in command else words[0] if words else b""
                self.server.answers.get(name, says(DONE))(self.connection, tag)


@contextlib.contextmanager
def hostile_imap(**answers: Answer) -> Iterator[HostileImap]:
    """A running server; the name of an argument is the command, GREETING the first line."""
    table = {b"" if name == "GREETING" else name.encode(): answer for name, answer in answers.items()}
    with HostileImap(table) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
