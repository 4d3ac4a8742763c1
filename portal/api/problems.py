"""What went wrong, as problem details (RFC 9457): a sentence to read, and the fields that it is about."""

import http
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is none: a status, a sentence, the faults of single fields, headers."""

    def __init__(
        self,
        status: int,
        detail: str,
        faults: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.faults, self.headers = status, detail, tuple(faults), dict(headers or {})


NOT_THERE = "There is no such thing, or not for the owner of this token."
DETAILS = {
    400: "The request cannot be read.",
    404: NOT_THERE,
    405: "This address does not take that method.",
    413: "That is too large.",
    500: "There is a problem with the service. Try again later.",
    503: "The service is closed for the moment. Try again in a few minutes.",
}


def answer(problem: Problem) -> Response:
    """The problem as a response."""
    try:
        title = http.HTTPStatus(problem.status).phrase
    except ValueError:
        title = "Error"
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}
    if problem.faults:
        body["errors"] = [{"field": field, "detail": detail} for field, detail in problem.faults]
    text = json.dumps(body, ensure_ascii=False)
    return Response(text.encode(), problem.status, problem.headers, MEDIA_TYPE)


def plain(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The problem of a status by itself."""
    return answer(Problem(status, DETAILS.get(status, DETAILS[400 if status < 500 else 500]), headers=headers))
