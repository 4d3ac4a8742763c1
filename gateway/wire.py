"""Both directions of one SMTP connection: lines and blocks in, replies out, bounded in memory either way."""

import asyncio

HIGH_WATER = 128 * 1024  # stop reading from the socket above this; the kernel then slows the client


class ConnectionGone(Exception):
    """The client closed the connection, or lost it."""


class LineTooLong(Exception):
    """A command line above the limit; it has been read away."""


class Flood(Exception):
    """More was sent without a line end than anyone honest sends."""


class Wire:
    """What a session reads from and writes to.

    Replies are held until the session has to wait for input, so that a client that
    pipelines (RFC 2920) is answered in one segment. Input stops flowing while the
    session is busy: reading is resumed only when it waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, line_limit: int, drop_limit: int) -> None:
        self.received = 0  # bytes, over the whole connection
        self._loop = loop
        self._line_limit = line_limit
        self._drop_limit = drop_limit
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._replies: list[bytes] = []
        self._eof = False
        self._reading_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None  # pending while the transport's buffer is full

    def attach(self, transport: asyncio.Transport) -> None:
        """Use this transport from now on: at the start, and again after STARTTLS."""
        self._transport = transport

    # What the protocol is told by the event loop

    def feed(self, data: bytes) -> None:
        """Take bytes off the socket."""
        self.received += len(data)
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def feed_eof(self) -> None:
        """Note that nothing more will come; what is buffered is still read."""
        self._eof = True
        self._wake()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The client reads its replies too slowly."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client reads again, or is gone."""
        if self._writable is not None:
            self._writable.set_result(None)
            self._writable = None

    # What the session reads

    async def line(self) -> bytes:
        """The next line with its end. LineTooLong once an overlong one has passed by."""
        dropped = seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > self._line_limit:
                dropped += seen
                seen = 0
                self._buffer.clear()
                if dropped > self._drop_limit:
                    raise Flood
            await self._more()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if dropped or len(line) > self._line_limit:
            raise LineTooLong
        return line

    async def block(self) -> bytearray:
        """Whatever has come in, at least one byte."""
        while not self._buffer:
            await self._more()
        block = self._buffer
        self._buffer = bytearray()
        return block

    def unread(self, data: bytes | bytearray) -> None:
        """Put back what belongs to the next command."""
        self._buffer[:0] = data

    def forget_input(self) -> None:
        """Drop what came in clear text behind STARTTLS (RFC 3207 section 4.2, CVE-2011-0411)."""
        self._buffer.clear()
        self._reading_paused = False  # starting TLS resumes the transport itself

    async def _more(self) -> None:
        """Answer what is answered, then wait until the buffer grows or the input ends."""
        had = len(self._buffer)
        self.flush()
        if self._writable is not None:
            await self._writable
        if len(self._buffer) > had:
            return
        if self._eof:
            raise ConnectionGone
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the session writes

    def reply(self, status: bytes) -> None:
        """Queue one reply line; CRLF is added."""
        self._replies.append(status)

    def flush(self) -> None:
        """Hand the queued replies to the socket."""
        if self._replies:
            data = b"\r\n".join(self._replies) + b"\r\n"
            self._replies.clear()
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(data)

    @property
    def closing(self) -> bool:
        """True once the connection is closed, closing, or not there yet."""
        return self._transport is None or self._transport.is_closing()

    def close(self) -> None:
        """Send what is queued and close."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close without waiting for the client to read anything."""
        if self._transport is not None:
            self._transport.abort()
