"""The HTTP connections of the page: only so many, and none keeps its place by saying nothing or too little.

uvicorn counts requests, not connections that have yet to ask. They share the process, and so its open files, with the
listeners of mail: without these bounds, whoever opens a thousand connections and falls silent keeps all mail out.
"""

import asyncio
import resource

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_AT_ONCE = 1_000
HEAD_SECONDS = 30.0  # for the head of a request, from the connection or the last response on
BODY_SECONDS = 600.0  # for what follows it: a large file by a slow line
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def most_at_once() -> int:
    """Connections to the page; half of the files that this process may open stay for mail."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_AT_ONCE if files == resource.RLIM_INFINITY else min(MOST_AT_ONCE, files // 2)


class PageConnection(H11Protocol):
    """One connection, with a deadline for whatever we wait for from the client."""

    _timer: asyncio.TimerHandle | None = None
    _awaited: object = None  # the state of the client that the timer runs for

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Wait for a request, or turn the client away."""
        super().connection_made(transport)
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            transport.write(_FULL)
            transport.close()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Part of a request does not renew the time for it."""
        if not self.transport.is_closing():  # one that was turned away is not listened to
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        """The next request has its own time."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        seconds = {h11.IDLE: HEAD_SECONDS, h11.SEND_BODY: BODY_SECONDS}.get(self.conn.their_state)
        if seconds is None or self.transport.is_closing():
            self._forget()
        elif self._awaited is not self.conn.their_state:
            self._forget()
            self._awaited = self.conn.their_state
            self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._awaited = None
