"""What stands in an address and in a body, checked against its model; every fault is told at once."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from portal.api.problems import Problem

M = TypeVar("M", bound=BaseModel)
_MOST_FAULTS = 50


def query_of(model: type[M] | None, params: QueryParams) -> M | None:
    """What stands behind the question mark."""
    if model is None:
        return None
    values: dict[str, Any] = {}
    twice = []
    for name, value in params.multi_items():
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is tuple:
            values.setdefault(name, []).append(value)
        elif name in values:
            twice.append((name[:100], "This can be said once."))
        else:
            values[name] = value
    if twice:
        raise Problem(422, "Something in the query cannot be used.", twice)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem(422, "Something in the query cannot be used.", _faults(error)) from error


def body_of(model: type[M], text: bytes) -> M:
    """What the body says."""
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_url=False, include_input=False)):
            raise Problem(400, "The body is not JSON in UTF-8.") from error
        raise Problem(422, "Something in the request cannot be used.", _faults(error)) from error


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    """Where, and why; never what was sent."""
    found = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:_MOST_FAULTS]:
        found.append((_place(one), str(one["msg"]).removeprefix("Value error, ")))
    return found


def _place(one: Mapping[str, Any]) -> str:
    # A name that is not ours may be anything, a lone surrogate too.
    return ".".join(str(part)[:100] for part in one["loc"]).encode("utf-8", "replace").decode()
