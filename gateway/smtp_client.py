"""An SMTP client connection that ends in time, whatever the server does: bounded replies, a deadline for each step."""

import hashlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Literal

from store.points import reached

Tls = Literal["starttls", "tls", "none"]
_MAX_LINE = 2_048  # RFC 5321 section 4.5.3.1.5 allows 512
_MAX_REPLY = 64 * 1024
_DOT = b"\r\n.\r\n"


class NotTheCertificate(OSError):
    """The server's certificate is another one than the settings name by its fingerprint."""


class DotUnanswered(Exception):
    """Everything was sent, and no reply came: nobody knows whether the letter was taken over."""


class _Replies:
    """The reading side of the connection: what smtplib calls a file, with a deadline over all of its reads."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock, self._remaining = sock, remaining
        self._buffer = bytearray()
        self._taken = 0

    def begin(self) -> None:
        """A new reply starts: its size counts from here."""
        self._taken = 0

    def readline(self, limit: int = _MAX_LINE) -> bytes:
        """One line. OSError when it does not end in time, or the reply does not end at all."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > min(limit, _MAX_LINE):
                raise ConnectionError("the server sent a line that does not end")
            self._sock.settimeout(self._remaining())
            data = self._sock.recv(4096)
            if not data:
                return b""
            self._buffer += data
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._taken += len(line)
        if self._taken > _MAX_REPLY:  # an endless "250-"
            raise ConnectionError("the server sent a reply that does not end")
        return line

    def close(self) -> None:
        """Forget what was read ahead: after STARTTLS nothing from before counts (RFC 3207 section 4.2)."""
        self._buffer.clear()


class SmtpConnection(smtplib.SMTP):
    """smtplib, which alone hangs on an endless `250-` and restarts its time-out with each byte."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Tls,
        context: ssl.SSLContext,
        hostname: str,
        timeout: float,
        fingerprint: str = "",
    ) -> None:
        self._tls, self._context, self._seconds, self._fingerprint = tls, context, timeout, fingerprint
        self._deadline = time.monotonic() + timeout
        self._end = float("inf")
        super().__init__(local_hostname=hostname or None, timeout=timeout)
        self._host = host  # the name that its certificate is checked against
        code, words = self.connect(host, port)
        if code != 220:
            self.close()
            raise smtplib.SMTPConnectError(code, words)

    def end_by(self, moment: float) -> None:
        """No step goes on after this moment of the monotonic clock."""
        self._end = moment

    @property
    def peer(self) -> str:
        """The address that is really spoken to."""
        return str(self.sock.getpeername()[0]) if self.sock is not None else ""

    @property
    def encrypted(self) -> bool:
        """True when nobody in between can read along."""
        return isinstance(self.sock, ssl.SSLSocket)

    def secure(self) -> None:
        """STARTTLS where it is asked for; SMTPNotSupportedError where the server does not offer it."""
        self.ehlo_or_helo_if_needed()
        if self._tls == "starttls":
            self._start_step()
            self.starttls(context=self._context)
            self._check_fingerprint(self.sock)
            self.ehlo_or_helo_if_needed()

    def hand_over(self, mail: str, rcpt: str, content: bytes) -> tuple[int, bytes]:
        """One letter to one recipient: the reply that decides about it.

        Raises DotUnanswered once the last byte was given to the network and no reply came.
        """
        reached("relay.connected")
        replies = self._envelope(mail, rcpt)
        for reply in replies[:2]:
            if not 200 <= reply[0] <= 299:  # the first digit decides (RFC 5321 section 4.2.1)
                if len(replies) == 3 and replies[2][0] == 354:
                    self.send(".\r\n")  # it takes DATA without a recipient: an empty mail to nobody ends that
                    self.getreply()
                return reply
        if replies[2][0] != 354:
            return replies[2]
        reached("relay.data")
        # Content has CRLF line ends only; a line that begins with a dot gets another one (RFC 5321 section 4.5.2).
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
        self.send(stuffed.removesuffix(b"\r\n") + _DOT)
        reached("relay.sent")
        self._start_step()  # the reply has its own time: it may wait for the other side's disk
        try:
            reply = self.getreply()
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, OSError) as error:
            raise DotUnanswered(str(error)) from error
        reached("relay.answered")
        return reply

    def _envelope(self, mail: str, rcpt: str) -> list[tuple[int, bytes]]:
        """Replies to MAIL, RCPT and DATA: at once where the server can (RFC 2920), else up to the first refusal."""
        commands = (f"MAIL FROM:{mail}", f"RCPT TO:{rcpt}", "DATA")
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command is one line")
        if self.has_extn("pipelining"):
            self.send("\r\n".join(commands) + "\r\n")
            return [self.getreply() for _ in commands]
        replies: list[tuple[int, bytes]] = []
        for command in commands:
            self.send(command + "\r\n")
            replies.append(self.getreply())
            if replies[-1][0] >= 400:
                break
        return replies

    def send(self, s: Any) -> None:
        """Send bytes within the step's time; the socket's time-out bounds the whole of sendall."""
        if self.sock is not None:
            self._start_step()
            self.sock.settimeout(self._remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """A reply within the step's time, and of bounded size."""
        if self.file is None and self.sock is not None:
            self._start_step()
            self.file = _Replies(self.sock, self._remaining)
        if self.file is not None:
            self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls != "tls":
            return sock
        secure = self._context.wrap_socket(sock, server_hostname=host)
        try:
            self._check_fingerprint(secure)
        except BaseException:
            secure.close()
            raise
        return secure

    def _check_fingerprint(self, sock: socket.socket | None) -> None:
        """Before anything is said over TLS: is it the very certificate that the settings name."""
        if not self._fingerprint:
            return
        der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
        found = hashlib.sha256(der or b"").hexdigest()
        if found != self._fingerprint:
            raise NotTheCertificate(f"the certificate is another one; its SHA-256 fingerprint is {found}")

    def _start_step(self) -> None:
        self._deadline = min(time.monotonic() + self._seconds, self._end)

    def _remaining(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server did not answer in time")
        return left
