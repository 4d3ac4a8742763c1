"""The SMTP and LMTP listener: opens the socket, watches the clock for all sessions, and drains them at the end."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import structlog

from gateway.handover import Submit
from gateway.listener_config import Limits, ListenerConfig, Verdict
from gateway.smtp_connection import Connection, Service
from gateway.smtp_session import LmtpSession, SmtpSession
from store.blobs import BlobStore

__all__ = ["Limits", "Listener", "ListenerConfig", "Submit", "Verdict", "listening_socket"]

log = structlog.get_logger(__name__)

_BACKLOG = 256
_TICK = 1.0  # seconds between two looks at the clock, fewer when the limits are shorter
_AFTERMATH = 2.0  # seconds for sessions to end after they were cut off


def listening_socket(host: str, port: int, shared: bool = False) -> socket.socket:
    """A bound socket; `shared` lets several processes listen on the same port (SO_REUSEPORT)."""
    if not host and socket.has_dualstack_ipv6():
        host, both = "::", True
    else:
        host, both = host or "0.0.0.0", False  # noqa: S104 - an empty host asks for every address
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)
    family, kind, proto, _, address = found[0]
    opened = socket.socket(family, kind, proto)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        opened.bind(address)
        opened.setblocking(False)
    except BaseException:
        opened.close()
        raise
    return opened


class Listener:
    """One listening socket and its sessions. Use `start` and `stop` on one running event loop.

    `submit` takes a mail over and tells by its future when the mail is durable; `knows` is asked
    about each recipient on the event loop, so it must only look into memory. A socket that is
    handed in is owned by the listener from then on.
    """

    def __init__(
        self,
        config: ListenerConfig,
        submit: Submit,
        blobs: BlobStore,
        knows: Callable[[str], Verdict],
        sock: socket.socket | None = None,
    ) -> None:
        self.config = config
        self._parts = (config, submit, blobs, knows)
        self._socket = sock
        self._server: asyncio.Server | None = None
        self._service: Service | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def connections(self) -> int:
        """Open connections, for the status page."""
        return len(self._service.sessions) if self._service else 0

    async def start(self) -> int:
        """Listen; return the port. OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        service = self._service = Service(*self._parts, loop)
        session = LmtpSession if self.config.protocol == "lmtp" else SmtpSession
        opened = self._socket or listening_socket(self.config.host, self.config.port)
        self._socket = opened = _with_protocol(opened)
        self._server = await loop.create_server(lambda: session(service), sock=opened, backlog=_BACKLOG)
        self._watch = loop.create_task(self._watch_clock(service))
        name = opened.getsockname()
        log.debug("a listener listens", protocol=self.config.protocol, on=name)
        return int(name[1]) if isinstance(name, tuple) else 0

    async def _watch_clock(self, service: Service) -> None:
        limits = self.config.limits
        tick = min(_TICK, limits.idle / 4, limits.session / 4, limits.grace / 4)
        while True:
            await asyncio.sleep(tick)
            now = service.loop.time()
            for session in tuple(service.sessions):
                try:
                    session.check(now)
                except Exception:
                    log.exception("the time limits of a session could not be checked")

    async def stop(self, grace: float) -> None:
        """Accept no more, let transactions end within `grace` seconds, then cut off what is left."""
        if self._server is None or self._service is None:
            return
        self._server.close()
        self._server = None
        service = self._service
        service.draining = True
        for session in tuple(service.sessions):
            session.drain()
        await _ended(service.sessions, grace)
        for session in tuple(service.sessions):
            session.abandon()
        pending = await _ended(service.sessions, _AFTERMATH)
        for session in tuple(service.sessions):
            session.abort()
        for task in pending:
            log.warning("a session did not end in time and is broken off")
            task.cancel()  # a store it waits for is shielded, and looked after by the future itself
        await asyncio.gather(*pending, return_exceptions=True)
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


async def _ended(sessions: set[Connection], timeout: float) -> "set[asyncio.Task[None]]":
    """Wait for these sessions; return the tasks that still run."""
    tasks = {session.task for session in sessions if session.task is not None}
    if not tasks:
        return set()
    _, pending = await asyncio.wait(tasks, timeout=timeout)
    return pending


def _with_protocol(opened: socket.socket) -> socket.socket:
    """asyncio sets TCP_NODELAY only where the socket says IPPROTO_TCP; without, each EHLO stalls 45 ms."""
    with contextlib.suppress(AttributeError):
        if opened.proto == 0 and opened.family in (socket.AF_INET, socket.AF_INET6):
            return socket.socket(opened.family, opened.type, socket.IPPROTO_TCP, fileno=opened.detach())
    return opened
