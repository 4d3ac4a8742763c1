"""What a process does: one function for each group of roles. Each ends soon after SIGTERM, with its work done."""

import asyncio
import contextlib
import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from gateway.outage import Outage
from gateway.stopping import Stop
from postdesk import hooking, mailboxes, schedule, sending
from postdesk.wake import Wake
from postdesk.wiring import House

if TYPE_CHECKING:
    import uvicorn

    from gateway.listener import Listener
    from gateway.spool import Spool

log = structlog.get_logger(__name__)

ALL = ("smtp", "lmtp", "imap", "work", "deliver", "schedule", "portal")
FRONT = ("smtp", "lmtp", "imap", "schedule", "portal")
GRACE = 20.0  # seconds that running SMTP transactions have to end in
HELPS_AFTER = timedelta(seconds=0.5)  # that a mail waits before one that helps out takes it
HELPS = 60.0  # seconds without work after which a process that helps out ends: its memory is for others then
UNUSABLE = 78  # EX_CONFIG: starting again will not help
LATER = 75  # EX_TEMPFAIL: starting again a little later may help


class CannotStart(Exception):
    """Why a process ends at once, in words for the person who started it, and the exit code."""

    def __init__(self, text: str, code: int = UNUSABLE) -> None:
        super().__init__(text)
        self.code = code


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def workers(one_writer: bool) -> int:
    """Processes that handle mail, when nobody has said how many: with one writer a third would mostly wait."""
    processors = os.cpu_count() or 2
    return min(2, processors) if one_writer else max(min(2, processors), processors // 2)


def work(house: House, mail: Wake, letters: Wake, more: Wake) -> None:
    """Turn received mail into tickets."""
    stop = _stop_on_signal()
    intake = house.intake(notify=letters.set, on_whole=more.set)  # those who help out may have work
    outage = Outage("handling mail")
    while not stop.is_set():
        if not _guarded(outage, intake.drain_once, stop):
            mail.wait(house.settings.work.poll_seconds)


def help_work(house: House, letters: Wake, more: Wake) -> None:
    """Turn mail into tickets as well while there is much, and end; fresh mail is for the first process."""
    stop = _stop_on_signal()
    intake = house.intake(notify=letters.set, patience=HELPS_AFTER)
    outage = Outage("helping to handle mail")
    last = time.monotonic()
    while not stop.is_set() and time.monotonic() - last < HELPS:
        if _guarded(outage, intake.drain_once, stop):
            last = time.monotonic()
        else:
            more.wait(house.settings.work.poll_seconds)


def deliver(house: House, letters: Wake, more: Wake) -> None:
    """Send letters, and messages to webhooks, each of those in a thread of its own: none waits for another."""
    stop = _stop_on_signal()
    _no_header_injection()
    threads = [
        threading.Thread(target=_repeat, args=(house, name, step, stop), name=name, daemon=True)
        for name, step in hooking.steps(house, stop.is_set)
    ]
    for thread in threads:
        thread.start()
    deliverer = house.deliverer(stop.is_set)
    step = partial(deliverer.drain_once, on_whole=more.set)  # those who help out may have work
    outage = Outage("sending letters")
    while not stop.is_set():
        if not _guarded(outage, step, stop):
            letters.wait(house.settings.work.poll_seconds)
    deliverer.close()
    for thread in threads:
        thread.join(GRACE)


def help_deliver(house: House, more: Wake, number: int) -> None:
    """Send letters as well while there are many, and end; a lone letter is for the first process, woken for it."""
    stop = _stop_on_signal()
    _no_header_injection()
    deliverer = house.deliverer(stop.is_set, number)
    outage = Outage("helping to send letters")
    most = few = sending.fair_part(house, deliverer.batch, number)
    last = time.monotonic()
    while not stop.is_set() and (begun := time.monotonic()) - last < HELPS:
        if done := _guarded(outage, partial(deliverer.drain_once, most), stop):
            last = time.monotonic()
            most = sending.how_many(few, deliverer.batch, done, last - begun)
        else:
            more.wait(house.settings.work.poll_seconds)
    deliverer.close()


def _no_header_injection() -> None:
    """Some releases of Python turn words of a subject into fields of their own: with one of those no letter leaves."""
    from gateway.header_policy import check_header_injection

    try:
        check_header_injection()
    except RuntimeError as error:
        raise CannotStart(f"deliver: {error}") from error


def _repeat(house: House, name: str, step: Callable[[], int], stop: threading.Event) -> None:
    outage = Outage(name)
    while not stop.is_set():
        if not _guarded(outage, step, stop):
            stop.wait(house.settings.work.poll_seconds)


def _guarded(outage: Outage, step: Callable[[], int], stop: threading.Event) -> int:
    """One round; what fails is told and tried again, later each time: the queue keeps what is not done."""
    try:
        done = step()
    except Exception as error:
        stop.wait(outage.failed(error))
        return 0
    outage.worked()
    return done


def front(house: House, mail: Wake, ready: Wake, roles: Collection[str]) -> None:
    """Listen for mail and for browsers, read mailboxes, keep the timers."""
    with contextlib.suppress(ImportError):  # faster, but the standard loop does as well
        import uvloop

        uvloop.install()
    asyncio.run(_front(house, mail, ready, roles))


async def _front(house: House, mail: Wake, ready: Wake, roles: Collection[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    spool = house.spool(notify=mail.set) if {"smtp", "lmtp", "imap"} & set(roles) else None
    listeners = await _listeners(house, spool, roles) if spool else []
    page = await _page(house, roles)
    ended = Stop()
    threads = mailboxes.start(house, spool, ended) if spool and "imap" in roles else []
    timers = schedule.start(house) if "schedule" in roles else None
    ready.set()
    await stop.wait()
    log.info("stopping: what was begun is finished first")
    house.readiness.drain()
    ended.set()
    await asyncio.gather(*(listener.stop(GRACE) for listener in listeners))
    if page:
        server, task = page
        server.should_exit = True
        await task
    if timers:
        timers()
    for thread in threads:
        await asyncio.to_thread(thread.join, GRACE)
    if spool:
        await asyncio.to_thread(spool.close)


async def _listeners(house: House, spool: "Spool", roles: Collection[str]) -> "list[Listener]":
    from gateway.listener import Listener
    from gateway.listener_config import Verdict

    def knows(address: str) -> Verdict:
        return Verdict.ACCEPT if house.addresses.find(address) else Verdict.UNKNOWN

    started = []
    for protocol in ("smtp", "lmtp"):
        config = house.listener(protocol) if protocol in roles else None
        if config:
            listener = Listener(config, spool.submit, house.blobs, knows)
            try:
                await listener.start()
            except OSError as error:
                raise cannot_listen(protocol, config.host, config.port, error) from error
            started.append(listener)
    return started


def cannot_listen(role: str, host: str, port: int, error: OSError) -> CannotStart:
    """An address in use is free again once an earlier Postdesk has ended; anything else is for the settings."""
    code = LATER if error.errno == errno.EADDRINUSE else UNUSABLE
    return CannotStart(f"{role}: cannot listen on {host}:{port}: {error.strerror}", code)


async def _page(house: House, roles: Collection[str]) -> "tuple[uvicorn.Server, asyncio.Task[None]] | None":
    if "portal" not in roles or not house.settings.portal.enabled:
        return None
    import uvicorn

    from gateway.listener import listening_socket
    from portal.app import create_app
    from postdesk.page_wire import PageConnection, most_at_once

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # signals are ours: the whole process stops in order

    portal = house.settings.portal
    try:
        opened = listening_socket(portal.host, portal.port)
    except OSError as error:
        raise cannot_listen("portal", portal.host, portal.port, error) from error
    config = uvicorn.Config(
        await asyncio.to_thread(lambda: create_app(house.portal())),  # mail is taken meanwhile
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        http=PageConnection,
        ws="none",
        limit_concurrency=most_at_once(),
    )
    server = Server(config)
    return server, asyncio.create_task(server.serve(sockets=[opened]))
