"""Runs an operation: its body checked, a repeated request answered from before, refusals made to problems."""

from dataclasses import replace

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from desk import audit
from desk.acting.people import Wrong
from desk.acting.rules import NotThere, Refused
from desk.audit import Origin
from desk.tokens import Bearer
from portal.api import contacts, problems, repeats, ticket_acts
from portal.api.calls import Answer, Call, Operation
from portal.api.problems import NOT_THERE, Problem
from portal.api.repeats import Kept, Repeat
from portal.api.uploads import Body
from portal.api.values import body_of
from portal.config import PortalConfig
from portal.peer import peer_of


class Runner:
    """Works in a thread, because the database waits."""

    def __init__(self, config: PortalConfig) -> None:
        self._config = config

    def read(self, request: Request, one: Operation, bearer: Bearer, query: BaseModel | None) -> Response:
        """What changes nothing."""
        with audit.acting(self._origin(request, bearer)):
            return _response(one.run(Call(self._config, request, self._config.clock(), bearer, query)))

    def write(self, request: Request, one: Operation, bearer: Bearer, query: BaseModel | None, body: Body) -> Response:
        """What changes something, once."""
        with audit.acting(self._origin(request, bearer)):
            return self._write(request, one, bearer, query, body)

    def _origin(self, request: Request, bearer: Bearer) -> Origin:
        person, peer = bearer.person, peer_of(request, self._config.trusted_proxies)
        return Origin("api", person.staff_id, person.contact_id, via=f"token {bearer.token_id}", peer=peer)

    def _write(self, request: Request, one: Operation, bearer: Bearer, query: BaseModel | None, body: Body) -> Response:
        call = Call(self._config, request, self._config.clock(), bearer, query, uploads=body.uploads)
        header = request.headers.get(repeats.HEADER) if one.method == "POST" else None
        path = request.url.path + "?" + request.url.query
        repeat = repeats.of(header, bearer.account_id, one.method, path, body.digest)
        if one.body is not None:
            call = replace(call, body=body_of(one.body, body.json))
        if repeat is None:
            return _done(one, call)
        before = repeat.begin(self._config.database, call.now)
        return _again(before) if before is not None else self._once(one, call, repeat)

    def _once(self, one: Operation, call: Call, repeat: Repeat) -> Response:
        try:
            response = _done(one, call)
        except Problem as problem:
            response = problems.answer(problem)
        except BaseException:
            repeat.forget(self._config.database)
            raise
        body = bytes(response.body).decode()
        repeat.keep(self._config.database, Kept(response.status_code, response.headers.get("location", ""), body))
        return response


def _done(one: Operation, call: Call) -> Response:
    try:
        return _response(one.run(call))
    except NotThere:
        raise Problem(404, NOT_THERE) from None
    except Refused as refused:
        faults = contacts.faults_of(refused) if isinstance(refused, Wrong) else ticket_acts.faults_of(refused)
        raise Problem(422, str(refused.said), faults) from refused


def _response(answer: Answer) -> Response:
    if answer.response is not None:
        return answer.response
    text = answer.body.model_dump_json() if answer.body is not None else ""
    return Response(text.encode(), answer.status, dict(answer.headers), "application/json")


def _again(before: Kept) -> Response:
    headers = {"Idempotency-Replayed": "true"} | ({"Location": before.location} if before.location else {})
    kind = "application/json" if before.status < 400 else problems.MEDIA_TYPE
    return Response(before.body.encode(), before.status, headers, kind)
