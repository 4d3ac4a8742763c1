"""Pages for machines that watch: is the process alive, can it work, and the figures. Nothing of any ticket."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from desk.status import Status
from portal.peer import client_of
from portal.visit import Portal
from portal.watching import FORWARDED

log = structlog.get_logger(__name__)

_SECONDS = 2.0  # what the database has to answer in


class Health:
    """The process lives: 200 as long as it can answer. A database that is away is no reason to start it again."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._reading: asyncio.Task[Status] | None = None  # one for all who ask, however long it takes

    async def __call__(self, _request: Request) -> Response:
        """Waits a moment for the figures; no thread is needed to say that there are none."""
        now = await self._status()
        if now is None:
            return JSONResponse({"ok": False, "database": "does not answer"})
        return JSONResponse(
            {
                "ok": True,
                "database": "answers",
                "state": now.state,
                "last_handled": now.last_handled.isoformat() if now.last_handled else None,
                "waiting": now.waiting,
                "held": now.held,
                "difference": now.difference,
                "letters_waiting": now.letters_waiting,
                "letters_failing": now.letters_failing,
            }
        )

    async def _status(self) -> Status | None:
        loop, portal = asyncio.get_running_loop(), self._portal
        if self._reading is None or self._reading.done() or self._reading.get_loop() is not loop:
            reading = run_in_threadpool(portal.board.read, portal.config.clock())
            self._reading = loop.create_task(reading)
        reading_now = self._reading
        await asyncio.wait({reading_now}, timeout=_SECONDS)
        if not reading_now.done():
            return None
        try:
            return reading_now.result()
        except SQLAlchemyError as error:
            # Its text can name hosts and users: it is for the log, not for whoever asks.
            log.error("the database does not answer", exc_info=error)
            return None


def ready(portal: Portal, _request: Request) -> Response:
    """The process can do its work: 200, or 503 with the part that does not do its own."""
    parts = portal.config.ready()
    fit = not any(parts.values())
    words = {name: fault or "ok" for name, fault in parts.items()}
    return JSONResponse({"ready": fit, "parts": words}, 200 if fit else 503)


def metrics(portal: Portal, request: Request) -> Response:
    """The figures for Prometheus; for everybody else there is no such page."""
    config = portal.config
    if config.metrics is None:
        raise HTTPException(404)
    client, trusted = client_of(request, config.trusted_proxies)
    forwarded = not trusted and any(name in request.headers for name in FORWARDED)
    if not config.metrics_access.allows(client, request.headers.get("authorization", ""), forwarded=forwarded):
        raise HTTPException(404)
    body, kind = config.metrics.page(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": kind})
