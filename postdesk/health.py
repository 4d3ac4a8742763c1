"""A small listener that says how the processes of this machine are: /healthz, /readyz, /metrics, and nothing else."""

import asyncio
import contextlib
import json
import mmap
import os
import signal
from array import array
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from portal.watching import FORWARDED, Access, is_address
from postdesk import watching
from postdesk.readiness import Part
from postdesk.roles import cannot_listen
from store.identity import runs

if TYPE_CHECKING:
    from portal.metrics import Metrics
    from postdesk.readiness import Readiness
    from postdesk.wiring import House

log = structlog.get_logger(__name__)

CONNECTIONS = 32  # at once; one more is closed without a word
SECONDS = 10.0  # for one request with its answer
HEAD = 4096  # bytes of a request
_END = b"\r\n\r\n"
_TICK = 0.2
_LAST = 25.0  # seconds after SIGTERM in which all others should have ended
_WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

Answer = tuple[int, str, bytes]


class HealthServer:
    """One answer to each connection, which is closed behind it: enough for probes, and little to hold on to."""

    def __init__(self, readiness: "Readiness", metrics: "Metrics | None", access: Access) -> None:
        self._readiness, self._metrics, self._access = readiness, metrics, access
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port. OSError when the address cannot be had."""
        self._server = await asyncio.start_server(self._serve, host or None, port, limit=HEAD, backlog=CONNECTIONS)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= CONNECTIONS:
            writer.transport.abort()
            return
        self._open += 1
        try:
            async with asyncio.timeout(SECONDS):
                await self._exchange(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # a client that went away, was too slow, or sent too much: nobody is there to be told
        except Exception:
            log.exception("a health check failed")
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(_END)
        method, path, headers = _read(head)
        peer = str(writer.get_extra_info("peername")[0])
        status, kind, body = await self._answer(method, path, headers, peer)
        lines = [
            f"HTTP/1.1 {status} {_WORDS[status]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        writer.write("\r\n".join(lines).encode() + _END + (b"" if method == "HEAD" else body))
        await writer.drain()
        writer.write_eof()
        await reader.read(HEAD)  # until the client has hung up: closing at once could cut the answer off

    async def _answer(self, method: str, path: str, headers: Mapping[str, str], peer: str) -> Answer:
        if not method:
            return _text(400, "not a request")
        if method not in ("GET", "HEAD"):
            return _text(405, "only GET and HEAD")
        if path == "/healthz":
            return 200, "application/json", b'{"ok": true}'
        if path == "/readyz":
            parts = await asyncio.to_thread(self._readiness.parts)
            fit = not any(parts.values())
            said = {"ready": fit, "parts": {name: fault or "ok" for name, fault in parts.items()}}
            return 200 if fit else 503, "application/json", json.dumps(said).encode()
        if path == "/metrics" and self._metrics is not None and self._may(headers, peer):
            body, kind = await asyncio.to_thread(self._metrics.page, headers.get("accept", ""))
            return 200, kind, body
        return _text(404, "no such page")

    def _may(self, headers: Mapping[str, str], peer: str) -> bool:
        host = headers.get("host", "")
        # Another name is that of a page in a browser of this machine, rebound to us: then only the token counts.
        foreign = not is_address(host) and host.partition(":")[0] != "localhost"
        forwarded = foreign or any(name in headers for name in FORWARDED)
        client = ip_address(peer.partition("%")[0])
        return self._access.allows(client, headers.get("authorization", ""), forwarded=forwarded)


def _read(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Method, path and header fields; "" for what is no request (RFC 9112 section 3)."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return "", "", {}
    fields = (line.partition(":") for line in lines)
    return words[0], words[1].partition("?")[0], {name.lower(): value.strip() for name, _, value in fields}


def _text(status: int, words: str) -> Answer:
    return status, "text/plain; charset=utf-8", f"{words}\n".encode()


class Running:
    """Which processes should run, and do: whoever starts them writes it down, in memory that all of them share.

    Those that only help out for a while are not among them: one of these must not stand in for one that died.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._pids = memoryview(mmap.mmap(-1, max(1, len(names)) * array("i").itemsize)).cast("i")

    def note(self, pids: Iterable[int]) -> None:
        """In the order of the names; 0 for one that does not run."""
        for place, pid in enumerate(pids):
            self._pids[place] = pid

    def missing(self) -> str:
        """Says which are not there; "" when all are."""
        gone = [name for name, pid in zip(self._names, self._pids, strict=False) if not pid or not runs(pid)]
        return f"{', '.join(gone)}: not running; what died is started again" if gone else ""


def run(house: "House", running: Running) -> None:
    """A process of its own beside those that run; it ends when all others have ended."""
    asyncio.run(_run(house, running))


async def _run(house: "House", running: Running) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    readiness = watching.readiness(house, Part("processes", running.missing))
    server = HealthServer(readiness, watching.metrics(house), watching.access(house))
    settings = house.settings.health
    try:
        await server.start(settings.host, settings.port)
    except OSError as error:
        raise cannot_listen("health", settings.host, settings.port, error) from error
    await stop.wait()
    readiness.drain()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST):
            while _others():
                await asyncio.sleep(_TICK)
    await server.stop()


def _others() -> list[int] | None:
    """The living children of our parent besides us; None where the system does not tell (proc_pid_task_children(5))."""
    parent = os.getppid()
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    except OSError:
        return None
    return [pid for pid in map(int, text.split()) if pid != os.getpid() and runs(pid)]
