"""A raw SMTP and LMTP client: sends exactly the bytes it is given, which smtplib would mend."""

import contextlib
import re
import socket
import ssl

HEADER = b"From: a@attacker.test\r\nTo: desk@desk.test\r\nSubject: outer\r\n\r\n"


def code(reply: bytes) -> str:
    """Status code of a reply, "" when there was none."""
    return reply[:3].decode("latin-1")


class Raw:
    """One connection. Every wait ends by the time-out of the socket."""

    def __init__(self, port: int, timeout: float = 10.0, address: str = "") -> None:
        source = (address, 0) if address else None  # all of 127.0.0.0/8 is this machine, each address another client
        self.sock: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=source)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.sock.sendall(data)

    def line(self) -> bytes:
        """One line; what there is of it when the server closed."""
        while b"\n" not in self._buffer:
            try:
                chunk = self.sock.recv(65536)
            except (ConnectionResetError, BrokenPipeError):
                chunk = b""
            if not chunk:
                line, self._buffer = self._buffer, b""
                return line
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def reply(self) -> bytes:
        """One reply of one or more lines; b"" when the server closed."""
        reply = b""
        while True:
            line = self.line()
            reply += line
            if line[3:4] != b"-":
                return reply

    def command(self, line: bytes) -> bytes:
        """Send a line with CRLF and return the reply to it."""
        self.send(line + b"\r\n")
        return self.reply()

    def codes(self) -> list[str]:
        """Codes of all replies until the server closes."""
        return [code(reply) for reply in iter(self.reply, b"")]

    def closed(self) -> bool:
        """Wait for the server to close; False when it said something first."""
        return self.line() == b""

    def starttls(self, context: ssl.SSLContext) -> None:
        """Go over to TLS, after the reply to STARTTLS."""
        self._buffer = b""
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")

    def hello(self, greeting: bytes = b"EHLO attacker.test") -> bytes:
        """Read the banner, greet, and return the reply."""
        self.reply()
        return self.command(greeting)

    def envelope(
        self, sender: bytes = b"a@attacker.test", recipients: tuple[bytes, ...] = (b"desk@desk.test",)
    ) -> None:
        """MAIL and RCPT that must be taken."""
        replies = [self.command(b"MAIL FROM:<%s>" % sender)]
        replies += [self.command(b"RCPT TO:<%s>" % address) for address in recipients]
        assert [code(reply) for reply in replies] == ["250"] * len(replies), replies

    def start_data(self, greeting: bytes = b"EHLO attacker.test") -> None:
        """Everything up to and with the reply to DATA."""
        self.hello(greeting)
        self.envelope()
        assert code(self.command(b"DATA")) == "354"

    def content(self, data: bytes) -> bytes:
        """Send content that holds its own line ends, then the end mark; return the reply."""
        self.send(data + b".\r\n")
        return self.reply()

    def close(self) -> None:
        """Close, whatever state the connection is in."""
        with contextlib.suppress(OSError):
            self.sock.close()


def enhanced(reply: bytes) -> bool:
    """True when every line of the reply carries an enhanced status code of the right class (RFC 2034)."""
    return all(re.match(rb"([245])\d\d[ -]\1\.\d+\.\d+ ", line) for line in reply.splitlines())
