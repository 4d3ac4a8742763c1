"""Readiness and the health listener: what a process needs, asked with deadlines; bounded against hostile clients."""

import asyncio
import json
import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from portal.watching import Access
from postdesk import health, watching
from postdesk.health import CONNECTIONS, HealthServer, Running
from postdesk.readiness import SILENT, Part, Readiness
from postdesk.serve import Supervisor
from postdesk.wiring import House
from tests.peers.common import free_port, wait_for
from tests.peers.desk import Desk


def test_a_part_that_fails_is_named() -> None:
    """In its own words, or in ours where it raised: its text may name hosts and users."""

    def broken() -> str:
        raise OSError("password of user@host")

    readiness = Readiness([Part("a", lambda: ""), Part("b", lambda: "is full"), Part("c", broken, "does not answer")])
    assert readiness.parts() == {"a": "", "b": "is full", "c": "does not answer"}


def test_an_answer_holds_for_a_while() -> None:
    """Many who ask cost one look."""
    looked = []
    readiness = Readiness([Part("a", lambda: str(looked.append(1) or ""), keeps=3600)])
    assert [readiness.parts() for _ in range(5)] == [{"a": ""}] * 5
    assert len(looked) == 1


def test_a_part_that_hangs() -> None:
    """It is said to be silent, the others are told, and it is not asked again while it hangs."""
    release, begun = threading.Event(), []

    def hang() -> str:
        begun.append(1)
        release.wait(30)
        return ""

    readiness = Readiness([Part("a", hang, keeps=0), Part("b", lambda: "")], seconds=0.05)
    assert readiness.parts() == {"a": SILENT, "b": ""}
    assert readiness.parts() == {"a": SILENT, "b": ""}
    assert len(begun) == 1
    release.set()
    wait_for(lambda: readiness.parts() == {"a": "", "b": ""}, "the part to answer")


def test_a_process_that_ends_is_not_ready() -> None:
    """Whatever its parts say."""
    readiness = Readiness([Part("a", lambda: "")])
    readiness.drain()
    assert readiness.parts() == {"process": "is ending"}


def test_what_a_role_needs(house: House, config: Path) -> None:
    """Database, schema, blob store and disk; each one's fault is its own."""
    house.blobs.check()
    incoming = config.parent / "blobs/incoming"
    before = incoming.stat().st_mtime_ns
    assert watching.readiness(house).parts() == {"database": "", "schema": "", "blobs": "", "disk": ""}
    assert incoming.stat().st_mtime_ns == before  # nothing was written to see that
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    (config.parent / "blobs").rename(config.parent / "away")
    found = watching.readiness(house).parts()
    assert found["database"] == ""
    assert found["schema"].startswith("is not that of this program")
    assert found["blobs"] == "cannot be written"


def test_processes_that_do_not_run_are_named() -> None:
    """Those that never ran, have ended, or are dead and not yet taken off; a child sees what its parent writes down."""
    running = Running(["work 1", "deliver", "health"])
    assert running.missing().startswith("work 1, deliver, health: not running")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.read(read, 1)
        os._exit(0 if running.missing().startswith("deliver: not") else 1)
    running.note([child, 0, os.getpid()])
    os.write(write, b"!")
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert running.missing().startswith("work 1, deliver: not running")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    running.note([os.getpid()] * 3)
    assert running.missing() == ""
    os.close(read)
    os.close(write)


def test_who_helps_out_stands_in_for_nobody(make: Callable[..., House]) -> None:
    """It comes and goes: the process beside it is missed whether it runs or not."""
    relay = {"RELAY__MODE": "smtp", "RELAY__HOST": "relay.customer.test"}
    house = make(**relay, DELIVERY__PROCESSES="2", HEALTH__PORT="9090")
    supervisor = Supervisor(house, ("work", "deliver"), workers=2)
    assert [child.name for child in supervisor._children] == ["work 1", "work 2", "deliver", "deliver 2", "health"]
    assert supervisor._running.missing().startswith("work 1, deliver, health: not running")


@asynccontextmanager
async def server(access: Access = Access(), parts: Callable[[], str] = lambda: "") -> AsyncIterator[int]:  # noqa: B008
    """The listener; its port."""
    listener = HealthServer(Readiness([Part("a", parts, keeps=0)]), None, access)
    port = await listener.start("127.0.0.1", 0)
    yield port
    await listener.stop()


async def ask(port: int, request: bytes) -> bytes:
    """One request as bytes, the answer as bytes; b"" when there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def get(path: str, method: str = "GET", more: str = "") -> bytes:
    """A request."""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode()


@pytest.mark.parametrize(
    "request_bytes, beginning",
    [
        (get("/healthz"), b"HTTP/1.1 200 OK\r\n"),
        (get("/healthz?x=1"), b"HTTP/1.1 200 OK\r\n"),
        (get("/readyz"), b"HTTP/1.1 200 OK\r\n"),
        (get("/metrics"), b"HTTP/1.1 404 Not Found\r\n"),
        (get("/"), b"HTTP/1.1 404 Not Found\r\n"),
        (get("/healthz", "POST"), b"HTTP/1.1 405 Method Not Allowed\r\n"),
        (b"EHLO x\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET /healthz SMTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"\xff\x00 \x80 HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 Method Not Allowed\r\n"),
        (b"x" * 100_000, b""),
    ],
)
def test_requests(request_bytes: bytes, beginning: bytes) -> None:
    """What is asked for, and what is none; a head that does not end gets no answer."""

    async def play() -> bytes:
        async with server() as port:
            return await ask(port, request_bytes)

    answer = asyncio.run(play())
    assert answer.startswith(beginning)
    assert bool(answer) == bool(beginning)


def test_head_has_no_body() -> None:
    """The same head as GET."""

    async def play() -> tuple[bytes, bytes]:
        async with server(parts=lambda: "is away") as port:
            return await ask(port, get("/readyz", "HEAD")), await ask(port, get("/readyz"))

    head, whole = asyncio.run(play())
    assert whole.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert head == whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert json.loads(whole.partition(b"\r\n\r\n")[2]) == {"ready": False, "parts": {"a": "is away"}}


def test_a_crowd_that_says_nothing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than may be open is closed at once; those that say nothing go when their time is over."""
    monkeypatch.setattr(health, "SECONDS", 0.5)

    async def play() -> tuple[bytes, bytes]:
        async with server() as port:
            crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
            refused = await ask(port, get("/healthz"))
            for reader, writer in crowd:
                await reader.read()
                writer.close()
            return refused, await ask(port, get("/healthz"))

    refused, answered = asyncio.run(play())
    assert refused == b""
    assert answered.startswith(b"HTTP/1.1 200")


@contextmanager
def alone(**settings: str) -> Iterator[tuple[Desk, int]]:
    """A desk without the portal, and its health port."""
    port = free_port()
    with Desk(("work", "deliver"), settings={"HEALTH__PORT": str(port), **settings}) as desk:
        wait_for(lambda: _open(port), "the health listener")
        yield desk, port


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetch(port: int, path: str, token: str = "") -> tuple[int, str]:
    """Status and body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - of this machine
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_roles_without_the_portal_say_how_they_are() -> None:
    """Ready with all parts; the figures; and 503 with the fault when the blob store goes, without a path in it."""
    with alone(METRICS__NETWORKS="[]", METRICS__TOKEN="sample") as (desk, port):
        wait_for(lambda: fetch(port, "/readyz")[0] == 200, "the desk to be ready")
        assert set(json.loads(fetch(port, "/readyz")[1])["parts"]) == {
            "database", "schema", "blobs", "disk", "processes",
        }  # fmt: skip
        assert fetch(port, "/metrics")[0] == 404
        status, page = fetch(port, "/metrics", "sample")
        assert (status, "postdesk_mail_waiting 0.0" in page) == (200, True)
        with desk.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        wait_for(lambda: fetch(port, "/readyz")[0] == 503, "the schema to be missed")
        said = fetch(port, "/readyz")[1]
        assert "is not that of this program" in said
        assert str(desk.folder) not in said
        assert fetch(port, "/healthz") == (200, '{"ok": true}')
        assert desk.stop() == 0


def test_a_port_that_is_taken_is_tried_again_later() -> None:
    """As with every other listener: an earlier process may still be ending."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Desk(("work",)) as desk:
            desk.stop()
            desk.environment["POSTDESK_HEALTH__PORT"] = str(port)
            assert f"health: cannot listen on 127.0.0.1:{port}" in desk.run("serve", "--role", "work", code=75)
