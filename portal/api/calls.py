"""One request to the API, the operations there are, and what each of them takes and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from desk.access import Person
from desk.tokens import Bearer
from portal.config import PortalConfig
from portal.forms import Upload

M = TypeVar("M", bound=BaseModel)
ROOT = "/api/v1"
# token: anyone with one · staff: who works at the desk · people: staff, and contacts who keep those of theirs
Who = Literal["token", "staff", "people"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in, with what it says."""

    config: PortalConfig
    request: Request
    now: datetime
    bearer: Bearer
    query: BaseModel | None = None
    body: BaseModel | None = None
    uploads: Sequence[Upload] = ()

    @property
    def person(self) -> Person:
        """As the rules of access see whoever holds the token."""
        return self.bearer.person

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def asked(self, model: type[M]) -> M:
        """What stands behind the question mark."""
        assert isinstance(self.query, model)  # noqa: S101 - as its operation says
        return self.query

    def said(self, model: type[M]) -> M:
        """What the body says."""
        return cast(M, self.body)

    def url(self, path: str) -> str:
        """The address of something else of the API."""
        return f"{self.config.base_url}{ROOT}{path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a model as JSON, or a response as it is."""

    body: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done, and all that its description needs."""

    method: Literal["GET", "POST", "PATCH"]
    path: str
    name: str
    summary: str
    run: Callable[[Call], Answer]
    answers: type[BaseModel] | None  # None: a file
    who: Who = "token"
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    files: bool = False  # the body is a file, or several
    status: int = 200
    etag: bool = False
    more: tuple[int, ...] = ()  # statuses beside those that follow from the above

    @property
    def writes(self) -> bool:
        """True for what a token that may only read is not for."""
        return self.method != "GET"

    @property
    def problems(self) -> tuple[int, ...]:
        """The statuses of the problems that it can answer with."""
        found = {401, 429, 500, 503, *self.more}
        if self.writes:
            found |= {400, 403, 413, 415, 422}
        if self.method == "POST":
            found |= {409}
        if self.method == "PATCH":
            found |= {412}
        if self.who != "token":
            found |= {403}
        if "{" in self.path:
            found |= {404}
        if self.query is not None:
            found |= {422}
        return tuple(sorted(found))

    @property
    def parameters(self) -> list[tuple[str, dict[str, Any]]]:
        """Those of the path, with their schemas."""
        parts = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        number = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,30}$"}
        key = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
        return [(part.partition(":")[0], key if part.endswith(":key") else number) for part in parts]
