"""The API as an application of its own below /api/v1: its routes, who is let in, and how faults are answered."""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.acting.rules import NotThere
from portal.api import attachments, contacts, dispositions, notes, problems, ticket_acts, tickets, uploads
from portal.api.calls import Operation
from portal.api.letting_in import Doorkeeper
from portal.api.problems import Problem
from portal.api.running import Runner
from portal.api.values import query_of
from portal.config import PortalConfig
from store.database import Busy

log = structlog.get_logger(__name__)

OPERATIONS: tuple[Operation, ...] = tuple(
    one for module in (dispositions, tickets, ticket_acts, notes, attachments, contacts) for one in module.OPERATIONS
)
_RETRY = {"Retry-After": "120"}


def create_api(config: PortalConfig) -> Starlette:
    """The API of a portal."""
    door, runner = Doorkeeper(config), Runner(config)
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for one in OPERATIONS:
        by_path[one.path][one.method] = one
    routes = [Route(path, _endpoint(door, runner, found), methods=sorted(found)) for path, found in by_path.items()]

    @cache  # made when it is first asked for: it takes a tenth of a second, and most desks never are
    def description() -> bytes:
        from portal.api import openapi

        found = openapi.describe(OPERATIONS, config.base_url, config.desk_name, config.version)
        return json.dumps(found, ensure_ascii=False).encode()

    def described(_request: Request) -> Response:
        return Response(description(), media_type="application/json")

    app = Starlette(
        routes=[*routes, Route("/openapi.json", described, methods=["GET"])],
        exception_handlers={
            Problem: _problem,
            HTTPException: _by_status,
            OperationalError: _unavailable,
            InterfaceError: _unavailable,
            PoolTimeout: _unavailable,
            Busy: _unavailable,
            NotThere: lambda _request, _error: problems.plain(404),
            Exception: lambda _request, _error: problems.plain(500),
        },
    )
    app.router.redirect_slashes = False
    return app


def _endpoint(
    door: Doorkeeper, runner: Runner, found: Mapping[str, Operation]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        one = found["GET" if request.method == "HEAD" else request.method]
        # Who may not come here gets nothing read, and nothing of what they sent is looked at.
        bearer = await run_in_threadpool(door.let_in, request, one)
        query = query_of(one.query, request.query_params)
        if not one.writes:
            return await run_in_threadpool(runner.read, request, one, bearer, query)
        body = await _body(request, one, query)
        try:
            return await run_in_threadpool(runner.write, request, one, bearer, query, body)
        finally:
            body.close()

    return answer


async def _body(request: Request, one: Operation, query: BaseModel | None) -> uploads.Body:
    if one.files:
        return await uploads.read_files(request, str(getattr(query, "name", "")))
    return await uploads.read_json(request)


def _problem(_request: Request, error: Exception) -> Response:
    return problems.answer(error) if isinstance(error, Problem) else problems.plain(500)


def _by_status(_request: Request, error: Exception) -> Response:
    status: Any = getattr(error, "status_code", 500)
    return problems.plain(status, getattr(error, "headers", None))


def _unavailable(_request: Request, error: Exception) -> Response:
    log.error("the database does not answer", exc_info=error)
    return problems.plain(503, _RETRY)
